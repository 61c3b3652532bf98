/* Filling a caller's scrim_error. */
#include "core/error.h"
#include "core/path.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * Names in messages may come from hostile files. A message is one printable line, so that whoever prints it sends no
 * control sequence to a terminal and no forged line to a log.
 */
static void error_make_printable(char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
}

static void error_fill(scrim_error *error, scrim_status status, int64_t row, const char *format, va_list arguments) {
  if (error == NULL) return;
  error->status = status;
  error->row = row;
  if (vsnprintf(error->message, sizeof error->message, format, arguments) < 0) error->message[0] = '\0';
  error_make_printable(error->message);
}

scrim_status fail(scrim_error *error, scrim_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  error_fill(error, status, -1, format, arguments);
  va_end(arguments);
  return status;
}

scrim_status fail_row(scrim_error *error, scrim_status status, int64_t row, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  error_fill(error, status, row, format, arguments);
  va_end(arguments);
  return status;
}

scrim_status fail_errno(scrim_error *error, scrim_status status, const char *format, ...) {
  int reason = errno; /* before anything below can change it */
  va_list arguments;
  va_start(arguments, format);
  error_fill(error, status, -1, format, arguments);
  va_end(arguments);
  if (error == NULL) return status;

  char words[80];
  if (strerror_r(reason, words, sizeof words) != 0) snprintf(words, sizeof words, "error %d", reason);
  /* The cause matters more than the end of a long path: it overwrites what would push it out. */
  size_t tail = strlen(words) + 2, room = sizeof error->message - 1 - tail;
  size_t length = strlen(error->message);
  if (length > room) length = room;
  snprintf(error->message + length, sizeof error->message - length, ": %s", words);
  return status;
}

void fail_in_file(scrim_error *error, const char *path) {
  if (error == NULL) return;
  char message[sizeof error->message];
  memcpy(message, error->message, sizeof message);
  (void)fail_row(error, error->status, error->row, "'%s': %s", path_shown(path), message);
}
