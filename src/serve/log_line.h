/* One line of JSON in a buffer of fixed size: names are the program's own, values are escaped and cut. */
#ifndef SERVE_LOG_LINE_H
#define SERVE_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

/* A value of LOG_LINE_VALUE bytes has up to six times as many when each is escaped; there is room for five such. */
enum { LOG_LINE_BYTES = 8192, LOG_LINE_VALUE = 240 };

typedef struct log_line {
  char bytes[LOG_LINE_BYTES];
  size_t n;
} log_line;

void log_line_begin(log_line *line);                                       /* { */
void log_line_string(log_line *line, const char *name, const char *value); /* NULL: the field is left out */
void log_line_whole(log_line *line, const char *name, uint64_t value);
void log_line_seconds(log_line *line, const char *name, double value); /* to the microsecond */
void log_line_time(log_line *line, const char *name, double time_s);   /* "2026-01-31T23:59:59.123Z" */
void log_line_raw(log_line *line, const char *text);                   /* as it stands */
void log_line_end(log_line *line);                                     /* } and a newline */

#endif
