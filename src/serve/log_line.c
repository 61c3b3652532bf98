/* One line of JSON. */
#include "serve/log_line.h"
#include "core/tensorfile_parts.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The end of a line that would not fit is dropped: no caller has one, and a log must not write behind a buffer. */
static void log_line_add(log_line *line, const char *text, size_t n) {
  size_t room = LOG_LINE_BYTES - line->n;
  if (n > room) n = room;
  memcpy(line->bytes + line->n, text, n);
  line->n += n;
}

void log_line_raw(log_line *line, const char *text) {
  log_line_add(line, text, strlen(text));
}

static void log_line_name(log_line *line, const char *name) {
  log_line_raw(line, line->bytes[line->n - 1] == '{' ? "\"" : ",\"");
  log_line_raw(line, name);
  log_line_raw(line, "\":");
}

void log_line_begin(log_line *line) {
  line->n = 0;
  log_line_raw(line, "{");
}

void log_line_end(log_line *line) {
  log_line_raw(line, "}\n");
}

/* Whole characters of at most LOG_LINE_VALUE bytes. */
static size_t cut_length(const char *value) {
  size_t n = strlen(value);
  if (n <= LOG_LINE_VALUE) return n;
  for (n = LOG_LINE_VALUE; n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80;) n--;
  return n;
}

void log_line_string(log_line *line, const char *name, const char *value) {
  if (value == NULL) return;
  size_t n = cut_length(value);
  int is_utf8 = tensorfile_is_utf8(value, n);
  log_line_name(line, name);
  log_line_raw(line, "\"");
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)value[i];
    char escape[8];
    if (c >= 0x80 && !is_utf8)
      log_line_raw(line, "?");
    else if (c == '"' || c == '\\')
      log_line_add(line, (char[]){'\\', (char)c}, 2);
    else if (c < 0x20 || c == 0x7f)
      log_line_add(line, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
    else
      log_line_add(line, value + i, 1);
  }
  log_line_raw(line, "\"");
}

void log_line_whole(log_line *line, const char *name, uint64_t value) {
  char text[24];
  log_line_name(line, name);
  log_line_add(line, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)value));
}

void log_line_seconds(log_line *line, const char *name, double value) {
  /* Through whole microseconds, because a locale may write a comma. */
  uint64_t us = value > 0 && value < 1e9 ? (uint64_t)(value * 1e6 + 0.5) : 0;
  char text[32];
  log_line_name(line, name);
  log_line_add(line, text,
               (size_t)snprintf(text, sizeof text, "%llu.%06llu", (unsigned long long)(us / 1000000),
                                (unsigned long long)(us % 1000000)));
}

void log_line_time(log_line *line, const char *name, double time_s) {
  /* Years of four digits: a clock that is further off is shown as 1970. */
  uint64_t ms = time_s > 0 && time_s < 253402300799.0 ? (uint64_t)(time_s * 1e3 + 0.5) : 0;
  time_t seconds = (time_t)(ms / 1000);
  struct tm utc;
  char text[80];
  gmtime_r(&seconds, &utc);
  log_line_name(line, name);
  log_line_add(line, text,
               (size_t)snprintf(text, sizeof text, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03uZ\"", utc.tm_year + 1900,
                                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                                (unsigned)(ms % 1000)));
}
