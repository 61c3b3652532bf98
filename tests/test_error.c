/* Messages: filled, bounded, printable, with the cause at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/error.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#undef fail /* cmocka's macro hides the function under test */

static void fills_status_row_and_message(void **state) {
  (void)state;
  scrim_error error;
  assert_int_equal(fail(&error, SCRIM_E_PARAM, "%s is %d", "x", 7), SCRIM_E_PARAM);
  assert_int_equal(error.status, SCRIM_E_PARAM);
  assert_int_equal(error.row, -1);
  assert_string_equal(error.message, "x is 7");

  assert_int_equal(fail_row(&error, SCRIM_E_DATA, 12, "row %d", 12), SCRIM_E_DATA);
  assert_int_equal(error.row, 12);
  assert_string_equal(error.message, "row 12");
}

static void null_error_is_fine(void **state) {
  (void)state;
  assert_int_equal(fail(NULL, SCRIM_E_DATA, "x"), SCRIM_E_DATA);
  assert_int_equal(fail_row(NULL, SCRIM_E_DATA, 1, "x"), SCRIM_E_DATA);
  assert_int_equal(fail_errno(NULL, SCRIM_E_IO, "x"), SCRIM_E_IO);
}

static void errno_in_words(void **state) {
  (void)state;
  scrim_error error;
  errno = ENOENT;
  assert_int_equal(fail_errno(&error, SCRIM_E_IO, "cannot open '%s'", "a"), SCRIM_E_IO);
  assert_string_equal(error.message, "cannot open 'a': No such file or directory");
}

static void cause_survives_a_long_path(void **state) {
  (void)state;
  char path[1000];
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  scrim_error error;
  errno = ENOSPC;
  fail_errno(&error, SCRIM_E_IO, "cannot write '%s'", path);
  size_t length = strlen(error.message);
  assert_int_equal(length, sizeof error.message - 1);
  static const char tail[] = "pp: No space left on device";
  assert_string_equal(error.message + length - strlen(tail), tail);
}

static void long_messages_are_cut(void **state) {
  (void)state;
  scrim_error error;
  fail(&error, SCRIM_E_DATA, "%0999d", 1);
  assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

static void control_characters_do_not_pass(void **state) {
  (void)state;
  scrim_error error;
  fail(&error, SCRIM_E_FORMAT, "tensor '%s'", "a\nb\x1b[31m\x7f\xc3\xa9");
  assert_string_equal(error.message, "tensor 'a?b?[31m?\xc3\xa9'");
}

static void a_file_is_named_in_front(void **state) {
  (void)state;
  scrim_error error;
  fail_row(&error, SCRIM_E_FORMAT, 3, "bad");
  fail_in_file(&error, "a.scrim");
  assert_string_equal(error.message, "'a.scrim': bad");
  assert_int_equal(error.status, SCRIM_E_FORMAT);
  assert_int_equal(error.row, 3);
  char path[1000];
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  fail(&error, SCRIM_E_FORMAT, "the cause");
  fail_in_file(&error, path);
  assert_non_null(strstr(error.message, "pp': the cause"));
  fail_in_file(NULL, "x");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fills_status_row_and_message),
      cmocka_unit_test(null_error_is_fine),
      cmocka_unit_test(errno_in_words),
      cmocka_unit_test(cause_survives_a_long_path),
      cmocka_unit_test(long_messages_are_cut),
      cmocka_unit_test(control_characters_do_not_pass),
      cmocka_unit_test(a_file_is_named_in_front),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
