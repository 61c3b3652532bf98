/* The event log's line. */
#include "serve/log_event.h"
#include "serve/log_line.h"

scrim_status log_event_write(log_file *log, double time_s, const char *level, const char *event, const char *message,
                             scrim_error *error) {
  log_line line;
  log_line_begin(&line);
  log_line_time(&line, "time", time_s);
  log_line_string(&line, "level", level);
  log_line_string(&line, "event", event);
  log_line_string(&line, "message", message);
  log_line_end(&line);
  return log_file_write(log, line.bytes, line.n, error);
}
