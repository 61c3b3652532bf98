#include "complain.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print_command(const command *c) {
  fprintf(stderr, "scrim: %s%s%s: ", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
}

int complain(const command *c, const char *file, const scrim_error *error) {
  print_command(c);
  if (file && strcmp(file, "-") == 0) file = "stdin";
  if (file && !strstr(error->message, file)) fprintf(stderr, "%s: ", file);
  fprintf(stderr, "%s\n", error->message);
  return scrim_status_exit_code(error->status);
}

int complain_usage(const command *c, const char *format, ...) {
  va_list values;
  print_command(c);
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fprintf(stderr, "\nTry 'scrim %s%s%s --help'.\n", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
  return EXIT_USAGE;
}

scrim_status complain_later(scrim_error *error, scrim_status status, int64_t row, const char *format, ...) {
  va_list values;
  error->status = status;
  error->row = row;
  va_start(values, format);
  vsnprintf(error->message, sizeof error->message, format, values);
  va_end(values);
  return status;
}

void complain_count_from(scrim_error *error, int64_t first) {
  char said[32], message[sizeof error->message];
  if (error->row < 0 || first == 0) return;
  int length = snprintf(said, sizeof said, "row %lld", (long long)error->row);
  error->row += first;
  const char *at = strstr(error->message, said);
  if (!at) return;
  snprintf(message, sizeof message, "%.*srow %lld%s", (int)(at - error->message), error->message, (long long)error->row,
           at + length);
  memcpy(error->message, message, sizeof message);
}
