/* Words and numbers of text. */
#include "formats/points_token.h"
#include "formats/decimal.h"
#include <math.h>
#include <string.h>

enum { DIGITS_MAX = 19, EXACT_POWER = 22, NUMBER_MAX = 127 };

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

int points_token_next(const char **at, const char *end, points_token *token) {
  const char *from = *at;
  while (from < end && is_blank(*from)) from++;
  const char *to = from;
  while (to < end && !is_blank(*to)) to++;
  *token = (points_token){from, (size_t)(to - from)};
  *at = to;
  return to > from;
}

int points_token_is(const points_token *token, const char *word) {
  return strlen(word) == token->n && memcmp(word, token->text, token->n) == 0;
}

int points_token_count(const points_token *token, uint64_t *value) {
  uint64_t sum = 0;
  for (size_t i = 0; i < token->n; i++) {
    if (token->text[i] < '0' || token->text[i] > '9') return 0;
    uint64_t digit = (uint64_t)(token->text[i] - '0');
    if (sum > (INT64_MAX - digit) / 10) return 0;
    sum = sum * 10 + digit;
  }
  *value = sum;
  return token->n > 0;
}

/*
 * Up to 19 digits without an exponent: whole number and power of ten are exact doubles, so that one division rounds
 * once (W. Clinger, "How to read floating point numbers accurately", 1990). 0: not of this plain kind.
 */
static int parse_plain(const points_token *token, double *value) {
  static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char *at = token->text, *end = at + token->n;
  int negative = at < end && *at == '-', digits = 0, point = 0, places = 0;
  uint64_t whole = 0;
  if (at < end && (*at == '-' || *at == '+')) at++;
  for (; at < end; at++) {
    if (*at == '.' && !point) {
      point = 1;
      continue;
    }
    if (*at < '0' || *at > '9' || ++digits > DIGITS_MAX) return 0;
    whole = whole * 10 + (uint64_t)(*at - '0');
    places += point;
  }
  if (digits == 0 || whole > (uint64_t)1 << 53) return 0;
  *value = (negative ? -(double)whole : (double)whole) / powers[places];
  return 1;
}

int points_token_number(const points_token *token, double *value) {
  if (parse_plain(token, value)) return 1;
  float single;
  const char *end = token->text + token->n;
  if (token->n > NUMBER_MAX || decimal_parse(token->text, end, &single) != end) return 0;
  char text[NUMBER_MAX + 1];
  memcpy(text, token->text, token->n);
  text[token->n] = '\0';
  if (!number_parse(text, value)) *value = (double)single; /* nan, inf, or beyond the range of doubles */
  return 1;
}

const char *points_token_show(const points_token *token, char shown[POINTS_TOKEN_SHOWN]) {
  size_t n = token->n < POINTS_TOKEN_SHOWN - 1 ? token->n : POINTS_TOKEN_SHOWN - 1;
  for (size_t i = 0; i < n; i++) shown[i] = token->text[i] >= ' ' && token->text[i] <= '~' ? token->text[i] : '?';
  shown[n] = '\0';
  return shown;
}

size_t points_token_print(double value, int single, char text[NUMBER_TEXT]) {
  if (single || !isfinite(value)) return decimal_print((float)value, text);
  number_print(text, value);
  return strlen(text);
}
