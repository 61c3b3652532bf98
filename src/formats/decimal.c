/*
 * Decimal text <-> float32.
 *
 * A float32 has 24 bits, a double 53. An estimate in double, a few units off in its last place, therefore decides
 * which float is nearest unless it falls within those few units of the middle between two floats: about one number in
 * 30 million, and only those pay for strtof.
 */
#include "formats/decimal.h"
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MAX_DIGITS = 19,    /* kept digits: 10^19 - 1 fits in 64 bits */
  MAX_POWER = 63,     /* covers every normal float32 with MAX_DIGITS digits */
  MAX_EXPONENT = 9999 /* larger ones are clamped: the value is 0 or infinite by far */
};

static const double powers[MAX_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31,
    1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47,
    1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55, 1e56, 1e57, 1e58, 1e59, 1e60, 1e61, 1e62, 1e63};

/* value * 10^e, |e| <= MAX_POWER; two roundings: the power's and the product's. */
static double scaled(double value, int e) {
  return e < 0 ? value / powers[-e] : value * powers[e];
}

/* The float nearest to m * 10^e. Answers 0 where the estimate cannot tell: near a tie, or outside the normal range. */
static int estimate(uint64_t m, int e, float *value) {
  const uint64_t below_float = ((uint64_t)1 << 29) - 1; /* bits of a double that a float32 has no room for */
  const uint64_t tie = (uint64_t)1 << 28;
  const uint64_t margin = 8; /* units in the last place; dropped digits, m, power and product cost less than 4 */
  if (e < -MAX_POWER || e > MAX_POWER) return 0;
  double d = scaled((double)m, e);
  if (!(d >= FLT_MIN && d < FLT_MAX)) return 0;
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  if ((bits & below_float) - (tie - margin) <= 2 * margin) return 0;
  *value = (float)d;
  return 1;
}

/* strtof in the C locale, of text that is known to be a number. Answers 0 if the system cannot give that locale. */
static int exact(const char *text, size_t n, float *value) {
  char copy[DECIMAL_MAX + 1];
  memcpy(copy, text, n);
  copy[n] = '\0';
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (c == (locale_t)0) return 0;
  locale_t before = uselocale(c);
  *value = strtof(copy, NULL);
  uselocale(before);
  freelocale(c);
  return 1;
}

/* The small letters of `word` in any case: by their bytes, for a locale may have other ideas of what is a capital I. */
static int same_word(const char *at, const char *word, size_t n) {
  for (size_t i = 0; i < n; i++)
    if ((at[i] | 0x20) != word[i]) return 0;
  return 1;
}

/* nan, inf or infinity at the front of [at, end). */
static const char *parse_word(const char *at, const char *end, float *value) {
  static const struct {
    const char *text;
    size_t n;
    float value;
  } words[] = {{"infinity", 8, INFINITY}, {"inf", 3, INFINITY}, {"nan", 3, NAN}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if ((size_t)(end - at) < words[i].n || !same_word(at, words[i].text, words[i].n)) continue;
    *value = words[i].value;
    return at + words[i].n;
  }
  return NULL;
}

/* The exponent after 'e', added to *e. NULL if no digit follows. */
static const char *parse_exponent(const char *at, const char *end, int *e) {
  int negative = at < end && *at == '-';
  at += negative || (at < end && *at == '+');
  const char *digits = at;
  int n = 0;
  for (; at < end && *at >= '0' && *at <= '9'; at++) n = n < MAX_EXPONENT ? n * 10 + (*at - '0') : n;
  *e += negative ? -n : n;
  return at == digits ? NULL : at;
}

/* Digits with an optional point: the first MAX_DIGITS significant ones into *m, so that the value is *m * 10^*e. */
static const char *parse_digits(const char *at, const char *end, uint64_t *m, int *e) {
  const char *start = at, *point = NULL;
  uint64_t digits = 0;
  int kept = 0, shift = 0;
  for (; at < end; at++) {
    unsigned digit = (unsigned char)*at - (unsigned)'0';
    if (digit <= 9 && kept < MAX_DIGITS) {
      digits = digits * 10 + digit;
      kept += digits != 0;
      shift -= point != NULL;
    } else if (digit <= 9) {
      shift += point == NULL;
    } else if (*at == '.' && point == NULL) {
      point = at;
    } else {
      break;
    }
  }
  *m = digits;
  *e = shift;
  return at - start == (point != NULL) ? NULL : at;
}

const char *decimal_parse(const char *at, const char *end, float *value) {
  const char *start = at;
  int negative = at < end && *at == '-';
  at += negative || (at < end && *at == '+');
  uint64_t m;
  int e;
  const char *after = parse_digits(at, end, &m, &e);
  if (after == NULL) {
    after = parse_word(at, end, value);
    if (after != NULL && negative) *value = -*value;
    return after;
  }
  if (after < end && (*after == 'e' || *after == 'E')) after = parse_exponent(after + 1, end, &e);
  if (after == NULL || after - start > DECIMAL_MAX) return NULL;
  float magnitude = 0;
  if (m != 0 && !estimate(m, e, &magnitude) && !exact(at, (size_t)(after - at), &magnitude)) return NULL;
  *value = negative ? -magnitude : magnitude;
  return after;
}

/* Whether m * 10^e is read as `value`. */
static int reads_back(uint64_t m, int e, float value) {
  float back;
  char text[48];
  if (!estimate(m, e, &back)) {
    int n = snprintf(text, sizeof text, "%" PRIu64 "e%d", m, e);
    if (!exact(text, (size_t)n, &back)) return 0;
  }
  return back == value;
}

/* k with 10^k <= value < 10^(k + 1), value > 0. */
static int exponent10(float value) {
  int e2; /* 2^(e2 - 1) <= value */
  frexpf(value, &e2);
  int k = ((e2 - 1) * 30103 - (e2 < 1 ? 99999 : 0)) / 100000; /* rounded down: k or k - 1 */
  return k + (scaled(value, -(k + 1)) >= 1);
}

/* value * 10^e to the nearest whole number, which has at most ten digits. */
static uint64_t whole(float value, int e) {
  return (uint64_t)(scaled(value, e) + 0.5);
}

/*
 * Digits and exponent of a positive finite value. Nine digits always read back; every number of six is the six digits
 * of its nearest float, so that fewer than six are found by dropping zeros. Below the normal range fewer may do.
 */
static uint32_t shortest(float value, int *exponent) {
  int k = exponent10(value), e = k - 8, least = value < FLT_MIN ? 1 : 6;
  uint64_t m = 0;
  for (int digits = 8; digits >= least; digits--) {
    uint64_t fewer = whole(value, digits - 1 - k);
    if (!reads_back(fewer, k + 1 - digits, value)) break;
    m = fewer;
    e = k + 1 - digits;
  }
  if (m == 0) m = whole(value, -e);
  uint32_t left = (uint32_t)m;
  for (; left % 10 == 0; left /= 10) e++;
  *exponent = e;
  return left;
}

/* digits d.ddd * 10^k, k being the exponent of the first of n digits. */
static char *lay_out_plain(char *to, const char *digits, int n, int k) {
  if (k < 0) {
    *to++ = '0';
    *to++ = '.';
    for (int i = k + 1; i < 0; i++) *to++ = '0';
  }
  for (int i = 0; i < n || i <= k; i++) {
    if (i > 0 && i == k + 1) *to++ = '.';
    *to++ = i < n ? digits[i] : '0';
  }
  return to;
}

static char *lay_out_exponent(char *to, const char *digits, int n, int k) {
  *to++ = digits[0];
  if (n > 1) *to++ = '.';
  for (int i = 1; i < n; i++) *to++ = digits[i];
  *to++ = 'e';
  *to++ = k < 0 ? '-' : '+';
  *to++ = (char)('0' + abs(k) / 10);
  *to++ = (char)('0' + abs(k) % 10);
  return to;
}

size_t decimal_print(float value, char to[DECIMAL_CHARS]) {
  char *at = to;
  if (signbit(value) && !isnan(value)) *at++ = '-';
  value = fabsf(value);
  if (!isfinite(value) || value == 0) {
    const char *word = isnan(value) ? "nan" : isinf(value) ? "inf" : "0";
    size_t n = strlen(word);
    memcpy(at, word, n);
    return (size_t)(at - to) + n;
  }
  int e;
  uint32_t m = shortest(value, &e);
  char digits[12];
  int n = 0;
  for (; m != 0; m /= 10) digits[sizeof digits - 1 - (size_t)n++] = (char)('0' + m % 10);
  const char *first = digits + sizeof digits - n;
  int k = e + n - 1;
  at = k < -4 || k >= 16 ? lay_out_exponent(at, first, n, k) : lay_out_plain(at, first, n, k);
  return (size_t)(at - to);
}
