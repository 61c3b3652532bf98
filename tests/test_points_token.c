/* Words and numbers of text: what strtod says, in the C locale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/points_token.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static points_token word(const char *text) {
  return (points_token){text, strlen(text)};
}

static void words_stand_between_blanks_and_commas(void **state) {
  (void)state;
  static const char text[] = " one\ttwo,three ,\r\n four";
  static const char *const expected[] = {"one", "two", "three", "four"};
  const char *at = text, *end = text + sizeof text - 1;
  points_token token;
  for (size_t i = 0; i < 4; i++) {
    assert_true(points_token_next(&at, end, &token));
    assert_true(points_token_is(&token, expected[i]));
    assert_false(points_token_is(&token, "fours"));
  }
  assert_false(points_token_next(&at, end, &token));
  assert_false(points_token_next(&at, end, &token));
}

static void counts_are_whole_and_fit(void **state) {
  (void)state;
  uint64_t value;
  points_token good[] = {word("0"), word("007"), word("9223372036854775807")};
  points_token bad[] = {word(""),
                        word("-1"),
                        word("+1"),
                        word("1.0"),
                        word("1e3"),
                        word("0x1"),
                        word("9223372036854775808"),
                        word("99999999999999999999")};
  static const uint64_t values[] = {0, 7, INT64_MAX};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_true(points_token_count(&good[i], &value) && value == values[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(points_token_count(&bad[i], &value));
}

static void expect_number(const char *text) {
  double value, expected = strtod(text, NULL);
  points_token token = word(text);
  if (!points_token_number(&token, &value)) fail_msg("'%s' was refused", text);
  if (!(value == expected || (isnan(value) && isnan(expected))))
    fail_msg("%s: %.17g, not %.17g", text, value, expected);
}

static void numbers_are_the_nearest_doubles(void **state) {
  (void)state;
  static const char *const edges[] = {"0",
                                      "-0",
                                      "1",
                                      "+1.5",
                                      ".5",
                                      "5.",
                                      "-0.1",
                                      "4320978.61",
                                      "9007199254740993",
                                      "9007199254740992",
                                      "0.1234567890123456789012345",
                                      "1234567890123456789",
                                      "1e22",
                                      "1e23",
                                      "1e-5",
                                      "4.9e-324",
                                      "1e400",
                                      "-1e400",
                                      "1e-400",
                                      "nan",
                                      "NaN",
                                      "inf",
                                      "-inf",
                                      "0.0000000000000000000001",
                                      "123456789.123456789"};
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) expect_number(edges[i]);
  uint64_t x = 88172645463325252u;
  for (int i = 0; i < 200000; i++) {
    char text[64];
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    snprintf(text, sizeof text, "%s%llu.%0*llu", x & 1 ? "-" : "", (unsigned long long)(x >> (20 + i % 40)), 1 + i % 9,
             (unsigned long long)(x % 1000000000u));
    expect_number(text);
  }
}

static void other_words_are_no_numbers(void **state) {
  (void)state;
  static const char *const bad[] = {"", "-", ".", "+.", "1.2.3", "1e", "0x10", "1,5", "one", "1a", "--1", "nano", "1 "};
  double value;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    points_token token = word(bad[i]);
    if (points_token_number(&token, &value)) fail_msg("'%s' was taken for %g", bad[i], value);
  }
  char digits[300];
  memset(digits, '1', sizeof digits);
  points_token token = {digits, sizeof digits};
  assert_false(points_token_number(&token, &value));
}

static void printed_numbers_read_back(void **state) {
  (void)state;
  static const double values[] = {0, 1.5, 0.1f, 0.1, 4320978.625, 4320978.6123046875, -1e300, 1e-40f, INFINITY};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    for (int single = 0; single < 2; single++) {
      char text[NUMBER_TEXT];
      double back;
      points_token token = {text, points_token_print(values[i], single, text)};
      assert_true(points_token_number(&token, &back));
      assert_true(single ? (float)back == (float)values[i] : back == values[i]);
    }
  }
  char text[NUMBER_TEXT];
  assert_memory_equal(text, "0.1", points_token_print(0.1f, 1, text));
}

static void shown_words_are_short_and_printable(void **state) {
  (void)state;
  char shown[POINTS_TOKEN_SHOWN];
  points_token token = {"a\x01\xff\0b", 5};
  assert_string_equal(points_token_show(&token, shown), "a???b");
  token = word("abcdefghijklmnopqrstuvwxyz");
  assert_string_equal(points_token_show(&token, shown), "abcdefghijklmnopqrstuvwx");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_stand_between_blanks_and_commas),
      cmocka_unit_test(counts_are_whole_and_fit),
      cmocka_unit_test(numbers_are_the_nearest_doubles),
      cmocka_unit_test(other_words_are_no_numbers),
      cmocka_unit_test(printed_numbers_read_back),
      cmocka_unit_test(shown_words_are_short_and_printable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
