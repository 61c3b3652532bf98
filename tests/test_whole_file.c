/* Files read whole: limits, secrets, and what is no file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/whole_file.h"
#include "support/files.h"
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void reads_up_to_the_limit(void **state) {
  const char *path = files_path(*state, "data");
  unsigned char *bytes;
  size_t n;
  scrim_error error;
  files_write(path, "abc\0def", 7);
  assert_int_equal(whole_file_read(&bytes, &n, path, 7, WHOLE_FILE_PLAIN, NULL), SCRIM_OK);
  assert_int_equal(n, 7);
  assert_memory_equal(bytes, "abc\0def", 8); /* with the NUL behind it */
  whole_file_free(bytes, n);
  assert_int_equal(whole_file_read(&bytes, &n, path, 6, WHOLE_FILE_PLAIN, &error), SCRIM_E_FORMAT);
  assert_null(bytes);
  assert_int_equal(n, 0);
  assert_non_null(strstr(error.message, "has 7 bytes, at most 6"));
  files_write(path, "", 0);
  assert_int_equal(whole_file_read(&bytes, &n, path, 0, WHOLE_FILE_PLAIN, NULL), SCRIM_OK);
  assert_int_equal(n, 0);
  whole_file_free(bytes, n);
  whole_file_free(NULL, 0);
}

static void secrets_are_for_their_owner(void **state) {
  const char *path = files_path(*state, "secret");
  static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601};
  unsigned char *bytes;
  size_t n;
  scrim_error error;
  files_write(path, "x", 1);
  for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
    assert_int_equal(chmod(path, open_modes[i]), 0);
    assert_int_equal(whole_file_read(&bytes, &n, path, 9, WHOLE_FILE_SECRET, &error), SCRIM_E_KEY);
    assert_null(bytes);
    assert_non_null(strstr(error.message, "must be 0600"));
    assert_int_equal(whole_file_read(&bytes, &n, path, 9, WHOLE_FILE_PLAIN, NULL), SCRIM_OK);
    whole_file_free(bytes, n);
  }
  assert_int_equal(chmod(path, 0400), 0);
  assert_int_equal(whole_file_read(&bytes, &n, path, 9, WHOLE_FILE_SECRET, NULL), SCRIM_OK);
  whole_file_free(bytes, n);
}

static void what_is_no_file(void **state) {
  const char *fifo = files_path(*state, "fifo");
  unsigned char *bytes;
  size_t n;
  scrim_error error;
  assert_int_equal(whole_file_read(&bytes, &n, fifo, 9, WHOLE_FILE_PLAIN, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No such file"));
  assert_int_equal(mkfifo(fifo, 0600), 0);
  assert_int_equal(whole_file_read(&bytes, &n, fifo, 9, WHOLE_FILE_PLAIN, &error), SCRIM_E_IO); /* and does not hang */
  assert_non_null(strstr(error.message, "not a regular file"));
  assert_int_equal(whole_file_read(&bytes, &n, *state, 9, WHOLE_FILE_PLAIN, &error), SCRIM_E_IO);
}

static void memory_runs_out(void **state) {
  const char *path = files_path(*state, "data");
  unsigned char *bytes;
  size_t n;
  files_write(path, "abc", 3);
  memory_fail_at(1, 1);
  scrim_status status = whole_file_read(&bytes, &n, path, 9, WHOLE_FILE_PLAIN, NULL);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_E_MEMORY);
  assert_null(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(reads_up_to_the_limit, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(secrets_are_for_their_owner, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_is_no_file, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(memory_runs_out, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
