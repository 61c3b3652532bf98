/* Numbers as text: the same double comes back, in every locale, and nothing else is a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/number.h"
#include <cmocka.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double values[] = {0,       -0.0,    1,      0.1,  1.0 / 3, -2.5e-7, 1e22, 123456789012345678.0,
                                DBL_MAX, DBL_MIN, 5e-324, 1e-4, 16777217};

static void values_come_back(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    char text[NUMBER_TEXT];
    double value;
    number_print(text, values[i]);
    assert_true(number_parse(text, &value));
    assert_memory_equal(&value, &values[i], sizeof value); /* the sign of zero too */
  }
}

static void short_where_short_will_do(void **state) {
  (void)state;
  char text[NUMBER_TEXT];
  number_print(text, 0.1);
  assert_string_equal(text, "0.1");
  number_print(text, 250);
  assert_string_equal(text, "250");
}

static void rounded_where_asked(void **state) {
  (void)state;
  char text[NUMBER_TEXT];
  number_print_rounded(text, 2.0 / 3, 4);
  assert_string_equal(text, "0.6667");
  number_print_rounded(text, 0.5, 4);
  assert_string_equal(text, "0.5");
  number_print_rounded(text, 1.0 / 3, 0); /* not at all: it comes back */
  double value;
  assert_true(number_parse(text, &value) && value == 1.0 / 3);
}

static void what_is_no_number(void **state) {
  (void)state;
  static const char *const bad[] = {"",       " 1",    "1 ", "1,5", "0x10", "nan", "inf", "-inf", "1e999",
                                    "-1e999", "1.2.3", "e5", "--1", "1e",   "+",   "1\n", "1f"};
  double value;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(number_parse(bad[i], &value));
  assert_true(number_parse("+1.5E2", &value));
  assert_true(value == 150);
  assert_true(number_parse(".5", &value));
}

/* A system without a locale that writes commas cannot tell; most have none of these installed. */
static void commas_of_the_program_do_not_matter(void **state) {
  (void)state;
  static const char *const with_comma[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
  int found = 0;
  for (size_t i = 0; i < 4 && !found; i++) found = setlocale(LC_NUMERIC, with_comma[i]) != NULL;
  if (!found) {
    puts("skipped: no locale with a decimal comma");
    skip();
  }
  char text[NUMBER_TEXT];
  double value;
  number_print(text, 0.5);
  assert_string_equal(text, "0.5");
  number_print_rounded(text, 0.25, 4);
  assert_string_equal(text, "0.25");
  assert_true(number_parse("0.25", &value));
  assert_true(value == 0.25);
  assert_string_equal(localeconv()->decimal_point, ","); /* and the program's locale is as it was */
  setlocale(LC_NUMERIC, "C");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_come_back),
      cmocka_unit_test(short_where_short_will_do),
      cmocka_unit_test(rounded_where_asked),
      cmocka_unit_test(what_is_no_number),
      cmocka_unit_test(commas_of_the_program_do_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
