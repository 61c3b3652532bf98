/* Logs that are appended to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "serve/log_file.h"
#include "support/files.h"
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void lines_are_added_behind_old_ones(void **state) {
  const char *path = files_path(*state, "log");
  struct stat info;
  log_file *log;
  size_t n;
  mode_t before = umask(0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(log_file_open(&log, path, NULL), SCRIM_OK);
    assert_int_equal(log_file_write(log, "line\n", 5, NULL), SCRIM_OK);
    log_file_close(log);
  }
  umask(before);
  char *bytes = files_read(path, &n);
  assert_string_equal(bytes, "line\nline\n");
  free(bytes);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 07777, 0640);
  assert_int_equal(log_file_open(&log, "-", NULL), SCRIM_OK);
  log_file_close(log); /* and leaves standard error open */
  log_file_close(NULL);
}

static void *write_lines(void *context) {
  for (int i = 0; i < 500; i++)
    assert_int_equal(log_file_write(context, "0123456789012345678901234567890123456789\n", 41, NULL), SCRIM_OK);
  return NULL;
}

static void threads_do_not_mix_lines(void **state) {
  const char *path = files_path(*state, "log");
  log_file *log;
  pthread_t threads[4];
  size_t n;
  assert_int_equal(log_file_open(&log, path, NULL), SCRIM_OK);
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, write_lines, log), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  log_file_close(log);
  char *bytes = files_read(path, &n);
  assert_int_equal(n, 4 * 500 * 41);
  for (size_t i = 0; i < n; i += 41) assert_memory_equal(bytes + i, "0123456789012345678901234567890123456789\n", 41);
  free(bytes);
}

static void what_cannot_be_opened_or_written(void **state) {
  log_file *log;
  scrim_error error;
  assert_int_equal(log_file_open(&log, *state, &error), SCRIM_E_IO);
  assert_null(log);
  assert_int_equal(log_file_open(&log, "/nonexistent/log", &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No such file"));
  assert_int_equal(log_file_open(&log, "/dev/full", NULL), SCRIM_OK);
  assert_int_equal(log_file_write(log, "x\n", 2, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "/dev/full': No space left"));
  log_file_close(log);
  for (unsigned long n = 1; n <= 2; n++) {
    memory_fail_at(n, 0);
    scrim_status status = log_file_open(&log, files_path(*state, "log"), NULL);
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_null(log);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(lines_are_added_behind_old_ones, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(threads_do_not_mix_lines, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_cannot_be_opened_or_written, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
