/* Numbers as text in the C locale, whatever the program has set. */
#include "core/number.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The thread's locale is exchanged for the call; the process's, which belongs to the program, is left alone. */
static locale_t number_enter_c_locale(locale_t *c) {
  *c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0); /* static storage in the C libraries that we know: cannot fail */
  return *c == (locale_t)0 ? (locale_t)0 : uselocale(*c);
}

static void number_leave_c_locale(locale_t c, locale_t before) {
  if (c == (locale_t)0) return;
  uselocale(before);
  freelocale(c);
}

int number_parse(const char *text, double *value) {
  if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0') return 0;
  locale_t c, before = number_enter_c_locale(&c);
  char *end;
  *value = strtod(text, &end);
  number_leave_c_locale(c, before);
  return *end == '\0' && isfinite(*value);
}

void number_print(char text[NUMBER_TEXT], double value) {
  locale_t c, before = number_enter_c_locale(&c);
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, NUMBER_TEXT, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  number_leave_c_locale(c, before);
}

void number_print_rounded(char text[NUMBER_TEXT], double value, int digits) {
  if (digits <= 0) {
    number_print(text, value);
    return;
  }
  locale_t c, before = number_enter_c_locale(&c);
  snprintf(text, NUMBER_TEXT, "%.*g", digits < 17 ? digits : 17, value);
  number_leave_c_locale(c, before);
}
