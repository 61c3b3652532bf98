/* Characters of JSON strings: all of Unicode, raw and escaped, and what is none. */
#include "serve/json_char.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static size_t take(const char *text, size_t n, uint32_t *code) {
  *code = 0xffffffffu;
  return json_char(text, text + n, code);
}

static size_t encode(uint32_t c, char *to) {
  if (c < 0x80) return (size_t)sprintf(to, "%c", (int)c);
  if (c < 0x800) return (size_t)sprintf(to, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
  if (c < 0x10000)
    return (size_t)sprintf(to, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
  return (size_t)sprintf(to, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 63)),
                         (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
}

static size_t escape(uint32_t c, char *to) {
  if (c < 0x10000) return (size_t)sprintf(to, "\\u%04x", (unsigned)c);
  return (size_t)sprintf(to, "\\u%04X\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                         (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
}

static void takes_all_of_unicode(void **state) {
  (void)state;
  for (uint32_t c = 1; c < 0x110000; c++) {
    const int is_surrogate = c >= 0xd800 && c < 0xe000;
    char text[16];
    uint32_t code;
    size_t n = escape(c, text);
    assert_int_equal(take(text, n, &code), is_surrogate ? 0 : n);
    if (!is_surrogate) assert_int_equal(code, c);
    assert_int_equal(take(text, n - 1, &code), 0); /* cut */

    n = encode(c, text);
    const int is_plain = !is_surrogate && c >= 0x20 && c != '"' && c != '\\';
    assert_int_equal(take(text, n, &code), is_plain ? n : 0);
    if (is_plain) assert_int_equal(code, c);
    if (n > 1) assert_int_equal(take(text, n - 1, &code), 0);
  }
}

static void takes_short_escapes(void **state) {
  (void)state;
  static const char pairs[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
  for (const char *pair = pairs; *pair != '\0'; pair += 2) {
    const char text[2] = {'\\', pair[0]};
    uint32_t code;
    assert_int_equal(take(text, 2, &code), 2);
    assert_int_equal(code, (unsigned char)pair[1]);
  }
}

static void refuses_what_is_no_character(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t n;
  } bad[] = {
      {"", 0},
      {"\0", 1},
      {"\x1f", 1},
      {"\"", 1},
      {"\\", 1},
      {"\\a", 2},
      {"\\\0", 2},
      {"\\u0000", 6},
      {"\\u00g0", 6},
      {"\\U0041", 6},
      {"\\ud800", 6},
      {"\\udc00", 6},
      {"\\ud800x", 7},
      {"\\ud800\\n", 8},
      {"\\ud800\\ud800", 12},
      {"\x80", 1},
      {"\xbf", 1},
      {"\xc0\x80", 2},
      {"\xc1\xbf", 2},
      {"\xe0\x80\x80", 3},
      {"\xe0\x9f\xbf", 3},
      {"\xf0\x80\x80\x80", 4},
      {"\xf0\x8f\xbf\xbf", 4},
      {"\xed\xa0\x80", 3},
      {"\xed\xbf\xbf", 3},
      {"\xf4\x90\x80\x80", 4},
      {"\xf8\x88\x80\x80\x80", 5},
      {"\xff", 1},
      {"\xfe", 1},
      {"\xc3(", 2},
      {"\xe2\x28\xa1", 3},
      {"\xe2\x82(", 3},
      {"\xf0\x9f\x98(", 4},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint32_t code;
    assert_int_equal(take(bad[i].text, bad[i].n, &code), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_all_of_unicode),
      cmocka_unit_test(takes_short_escapes),
      cmocka_unit_test(refuses_what_is_no_character),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
