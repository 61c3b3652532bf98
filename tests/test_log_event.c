/* The event log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/log_event.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdlib.h>

static void a_line_an_event(void **state) {
  const char *path = files_path(*state, "log");
  log_file *log;
  size_t n;
  assert_int_equal(log_file_open(&log, path, NULL), SCRIM_OK);
  assert_int_equal(log_event_write(log, 2, "error", "reload", "'x': line\n2", NULL), SCRIM_OK);
  assert_int_equal(log_event_write(log, 3, "info", "start", NULL, NULL), SCRIM_OK);
  log_file_close(log);
  char *bytes = files_read(path, &n);
  assert_string_equal(bytes, "{\"time\":\"1970-01-01T00:00:02.000Z\",\"level\":\"error\",\"event\":\"reload\","
                             "\"message\":\"'x': line\\u000a2\"}\n"
                             "{\"time\":\"1970-01-01T00:00:03.000Z\",\"level\":\"info\",\"event\":\"start\"}\n");
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_line_an_event, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
