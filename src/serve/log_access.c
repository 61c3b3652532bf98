/* The access log's line. */
#include "serve/log_access.h"
#include "serve/log_line.h"
#include <string.h>

scrim_status log_access_write(log_file *log, const log_access_entry *entry, scrim_error *error) {
  char trace_id[33] = "";
  if (entry->trace != NULL) memcpy(trace_id, traceparent_trace_id(entry->trace), sizeof trace_id - 1);
  log_line line;
  log_line_begin(&line);
  log_line_time(&line, "time", entry->time_s);
  log_line_string(&line, "method", entry->method);
  log_line_string(&line, "route", entry->route);
  log_line_string(&line, "model", entry->model);
  log_line_whole(&line, "status", (uint64_t)entry->status);
  log_line_string(&line, "reason", entry->reason);
  log_line_string(&line, "client", entry->client);
  log_line_string(&line, "trace", entry->trace == NULL ? NULL : trace_id);
  log_line_whole(&line, "bytes_in", entry->bytes_in);
  log_line_whole(&line, "bytes_out", entry->bytes_out);
  log_line_whole(&line, "rows", entry->rows);
  log_line_seconds(&line, "seconds", entry->seconds);
  if (entry->upstream_seconds >= 0) log_line_seconds(&line, "upstream_seconds", entry->upstream_seconds);
  log_line_end(&line);
  return log_file_write(log, line.bytes, line.n, error);
}
