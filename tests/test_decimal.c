/* Decimal text to float32 and back: against strtof, numpy's shortest digits, and every kind of tie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/decimal.h"
#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* A small generator, so that every run tests the same numbers. */
static uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 16;
}

/* The text is one number, and it is what strtof makes of it. */
static void expect_strtof(const char *text) {
  float value = 42;
  const char *end = text + strlen(text);
  assert_ptr_equal(decimal_parse(text, end, &value), end);
  float expected = strtof(text, NULL);
  if (bits_of(value) != bits_of(expected)) fail_msg("%s: %08x, expected %08x", text, bits_of(value), bits_of(expected));
}

static void numbers_are_read(void **state) {
  (void)state;
  static const char *const texts[] = {"0",
                                      "-0",
                                      "+0",
                                      "1",
                                      "-1",
                                      "+1.5",
                                      ".5",
                                      "5.",
                                      "-.25",
                                      "0.1",
                                      "1e5",
                                      "1E+5",
                                      "1e-5",
                                      "3.4028235e38",
                                      "3.5e38",
                                      "-3.5e38",
                                      "1.17549435e-38",
                                      "1e-38",
                                      "1e-45",
                                      "7e-46",
                                      "8e-46",
                                      "1e-400",
                                      "1e400",
                                      "0e400",
                                      "0e99999999999",
                                      "1e99999999999",
                                      "1e-99999999999",
                                      "16777217",
                                      "16777219",
                                      "33554433",
                                      "123456789012345678901234567890",
                                      "0.000000000000000000000000000000000000000000000000001e51",
                                      "00000000000000000000000000000000001.5",
                                      "0.30000000000000004",
                                      "9007199254740993",
                                      "0.99999997",
                                      "0.999999970197677612304687",
                                      "1.00000005960464477539062"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) expect_strtof(texts[i]);
}

static void words_are_read(void **state) {
  (void)state;
  static const char *const texts[] = {"inf", "-inf", "+Inf", "INFINITY", "-iNfInItY"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) expect_strtof(texts[i]);
  float value = 0;
  const char *nan = "-NaN";
  assert_ptr_equal(decimal_parse(nan, nan + 4, &value), nan + 4);
  assert_true(isnan(value));
}

static void others_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",    "-",     "+",   ".",  "-.", "e5",  "1e",
                                      "1e+", "1.5e-", "abc", "in", "na", "--1", " 1"};
  float value;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_null(decimal_parse(texts[i], texts[i] + strlen(texts[i]), &value));
  static const char *const stops[] = {"0x1", "1_0", "1..2", "1,5", "1e5e5", "nan(1)", "1-"};
  for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
    const char *end = stops[i] + strlen(stops[i]), *after = decimal_parse(stops[i], end, &value);
    assert_true(after > stops[i] && after < end);
  }
}

static void length_is_limited(void **state) {
  (void)state;
  char text[DECIMAL_MAX + 2];
  memset(text, '7', sizeof text);
  text[1] = '.';
  float value;
  assert_ptr_equal(decimal_parse(text, text + DECIMAL_MAX, &value), text + DECIMAL_MAX);
  assert_null(decimal_parse(text, text + DECIMAL_MAX + 1, &value));
}

/* Never looks past the end: the next character would make another number of it. */
static void end_is_respected(void **state) {
  (void)state;
  float value;
  const char *text = "12345e3";
  assert_ptr_equal(decimal_parse(text, text + 2, &value), text + 2);
  assert_true(value == 12);
  assert_null(decimal_parse(text, text + 6, &value));
}

static void random_texts_agree_with_strtof(void **state) {
  (void)state;
  uint64_t seed = 1;
  char text[80];
  for (int i = 0; i < 200000; i++) {
    int digits = 1 + (int)(next_random(&seed) % 25), point = (int)(next_random(&seed) % (unsigned)(digits + 1)), n = 0;
    for (int d = 0; d < digits; d++) {
      if (d == point) text[n++] = '.';
      text[n++] = (char)('0' + next_random(&seed) % 10);
    }
    sprintf(text + n, "e%d", (int)(next_random(&seed) % 90) - 50);
    expect_strtof(text);
  }
}

/* The middle between two floats goes to the even one; one digit more or less decides otherwise. */
static void ties_go_to_even(void **state) {
  (void)state;
  uint64_t seed = 2;
  char text[256];
  for (int i = 0; i < 5000; i++) {
    uint32_t bits = 0x30000000u + (uint32_t)(next_random(&seed) % 0x18000000u);
    double middle = ((double)float_of(bits) + (double)float_of(bits + 1)) / 2;
    int n = sprintf(text, "%.100f", middle);
    expect_strtof(text);
    text[n - 1] = '1';
    expect_strtof(text);
    sprintf(text, "%.17g", middle);
    expect_strtof(text);
    sprintf(text, "%.17g", nextafter(middle, 0));
    expect_strtof(text);
  }
}

/* Prints, reads back with both readers, and answers the text. */
static const char *expect_round_trip(float value) {
  static char text[DECIMAL_CHARS + 1];
  size_t n = decimal_print(value, text);
  assert_true(n <= DECIMAL_CHARS);
  text[n] = '\0';
  float back = 0;
  assert_ptr_equal(decimal_parse(text, text + n, &back), text + n);
  if (bits_of(back) != bits_of(value) || bits_of(strtof(text, NULL)) != bits_of(value))
    fail_msg("%08x is printed as %s", bits_of(value), text);
  return text;
}

static void floats_round_trip(void **state) {
  (void)state;
  for (uint64_t bits = 0; bits < 0x7f800000u; bits += 10007) {
    expect_round_trip(float_of((uint32_t)bits));
    expect_round_trip(-float_of((uint32_t)bits));
  }
  for (uint32_t bits = 0; bits < 3000; bits++) expect_round_trip(float_of(bits));
  for (int e = -149; e < 128; e++) {
    uint32_t bits = bits_of(ldexpf(1, e));
    for (uint32_t near = bits - (bits > 2 ? 2 : 0); near <= bits + 2; near++) expect_round_trip(float_of(near));
  }
  expect_round_trip(float_of(0x7f7fffff));
}

static void digits_are_numpys(void **state) {
  (void)state;
  FILE *file = fopen("tests/data/formats/shortest.txt", "r");
  assert_non_null(file);
  unsigned bits;
  char expected[32];
  int n = 0;
  for (; fscanf(file, "%x %31s", &bits, expected) == 2; n++)
    assert_string_equal(expect_round_trip(float_of(bits)), expected);
  fclose(file);
  assert_int_equal(n, 25);
}

static void special_values_are_printed(void **state) {
  (void)state;
  static const struct {
    float value;
    const char *text;
  } cases[] = {{0, "0"}, {-0.0f, "-0"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}, {NAN, "nan"}, {-1, "-1"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[DECIMAL_CHARS];
    assert_int_equal(decimal_print(cases[i].value, text), strlen(cases[i].text));
    assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
  }
}

/* A program may run where the decimal point is a comma. Needs such a locale on the machine. */
static void locale_does_not_matter(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
  const char *found = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && found == NULL; i++) found = setlocale(LC_NUMERIC, names[i]);
  if (found == NULL) {
    puts("skipped: no locale with a decimal comma");
    skip();
  }
  float value = 0;
  const char *text = "1.000000059604644775390625"; /* a tie: only strtof can tell */
  const char *after = decimal_parse(text, text + strlen(text), &value);
  char printed[DECIMAL_CHARS];
  size_t n = decimal_print(0.5f, printed);
  setlocale(LC_NUMERIC, "C");
  assert_ptr_equal(after, text + strlen(text));
  assert_true(value == 1);
  assert_int_equal(n, 3);
  assert_memory_equal(printed, "0.5", 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_read),       cmocka_unit_test(words_are_read),
      cmocka_unit_test(others_are_refused),     cmocka_unit_test(length_is_limited),
      cmocka_unit_test(end_is_respected),       cmocka_unit_test(random_texts_agree_with_strtof),
      cmocka_unit_test(ties_go_to_even),        cmocka_unit_test(floats_round_trip),
      cmocka_unit_test(digits_are_numpys),      cmocka_unit_test(special_values_are_printed),
      cmocka_unit_test(locale_does_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
