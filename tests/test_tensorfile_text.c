/* UTF-8, byte by byte, and the text that a header may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/tensorfile_parts.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* Encodes any number up to 21 bits in the given length, right or wrong. */
static size_t encode(unsigned code, size_t length, char bytes[4]) {
  static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = length; i-- > 1; code >>= 6) bytes[i] = (char)(0x80 | (code & 0x3f));
  bytes[0] = (char)(lead[length] | code);
  return length;
}

/* The length that the standard wants; 0 for what is no character, or is NUL. */
static size_t due_length(unsigned code) {
  if (code == 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return 0;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

static void every_code_point_in_every_length(void **state) {
  (void)state;
  static const unsigned end[5] = {0, 0x80, 0x800, 0x10000, 0x200000};
  for (size_t length = 1; length <= 4; length++)
    for (unsigned code = 0; code < end[length]; code++) {
      char bytes[4];
      int valid = tensorfile_is_utf8(bytes, encode(code, length, bytes));
      if (valid != (due_length(code) == length)) fail_msg("U+%04X in %zu bytes", code, length);
    }
}

static void cut_and_stray_bytes_are_refused(void **state) {
  (void)state;
  static const char euro[] = "\xe2\x82\xac", clef[] = "\xf0\x9d\x84\x9e";
  assert_true(tensorfile_is_utf8("", 0));
  assert_true(tensorfile_is_utf8(euro, 3) && tensorfile_is_utf8(clef, 4));
  for (size_t n = 1; n < 3; n++) assert_false(tensorfile_is_utf8(euro, n) || tensorfile_is_utf8(euro + n, 3 - n));
  for (size_t n = 1; n < 4; n++) assert_false(tensorfile_is_utf8(clef, n) || tensorfile_is_utf8(clef + n, 4 - n));
  assert_false(tensorfile_is_utf8("a\xff", 2) || tensorfile_is_utf8("\xf8\x88\x80\x80\x80", 5));
}

/* Outside strings few bytes are allowed; inside, all printable ones. */
static void every_byte_in_and_out_of_strings(void **state) {
  (void)state;
  for (int c = 0; c < 256; c++) {
    char outside[8] = "{ ? }", inside[8] = "{\"?\"}";
    outside[2] = inside[2] = (char)c;
    int fine_outside = c != 0 && strchr("{}[],: \t\r\n0123456789", c) != NULL;
    int fine_inside = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
    if (c != '"') /* which would begin a string that does not end */
      assert_int_equal(tensorfile_check_text(outside, 5, NULL), fine_outside ? SCRIM_OK : SCRIM_E_FORMAT);
    assert_int_equal(tensorfile_check_text(inside, 5, NULL), fine_inside ? SCRIM_OK : SCRIM_E_FORMAT);
  }
}

static scrim_status check(const char *text) {
  return tensorfile_check_text(text, strlen(text), NULL);
}

static void escapes_and_numbers(void **state) {
  (void)state;
  assert_int_equal(check("{\"\\\"\"}"), SCRIM_OK);
  assert_int_equal(check("{\"\\\\\"}"), SCRIM_OK);
  assert_int_equal(check("{\"\\\\u0000\"}"), SCRIM_OK); /* a backslash, then plain text */
  assert_int_equal(check("{\"\\u0000\"}"), SCRIM_E_FORMAT);
  assert_int_equal(check("{\"\\\"}"), SCRIM_E_FORMAT);
  assert_int_equal(check("{0,10,100}"), SCRIM_OK);
  assert_int_equal(check("{00}"), SCRIM_E_FORMAT);
  assert_int_equal(check("{[012]}"), SCRIM_E_FORMAT);
  assert_int_equal(check("{{{}}}"), SCRIM_OK);
  assert_int_equal(check("{{{{"), SCRIM_E_FORMAT);
  assert_int_equal(check("{[[]],[[]]}"), SCRIM_OK); /* depth, not number */
  assert_int_equal(check(""), SCRIM_E_FORMAT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_point_in_every_length),
      cmocka_unit_test(cut_and_stray_bytes_are_refused),
      cmocka_unit_test(every_byte_in_and_out_of_strings),
      cmocka_unit_test(escapes_and_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
