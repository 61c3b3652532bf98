/* 16-bit floats: all 65536 values both ways, and rounding against the definition. */
#include "serve/half.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

/* The value by the definition: fraction and exponent put together in double. */
static double value_of(unsigned bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const unsigned exponent = bits >> fraction_bits & ((1u << exponent_bits) - 1);
  const unsigned fraction = bits & ((1u << fraction_bits) - 1);
  const double sign = bits & 0x8000u ? -1 : 1;
  if (exponent == (1u << exponent_bits) - 1) return fraction ? (double)NAN : sign * INFINITY;
  if (exponent == 0) return sign * ldexp(fraction, 1 - bias - fraction_bits);
  return sign * ldexp(1 + ldexp(fraction, -fraction_bits), (int)exponent - bias);
}

static void every_value_goes_there_and_back(void **state) {
  (void)state;
  for (unsigned bits = 0; bits < 65536; bits++) {
    const double half = value_of(bits, 5, 10), bfloat = value_of(bits, 8, 7);
    const float as_half = half_to_float((uint16_t)bits), as_bfloat = bfloat_to_float((uint16_t)bits);
    assert_true(isnan(half) ? isnan(as_half) : (double)as_half == half);
    assert_true(isnan(bfloat) ? isnan(as_bfloat) : (double)as_bfloat == bfloat);
    assert_int_equal(!!signbit(as_half), bits >> 15);
    assert_int_equal(!!signbit(as_bfloat), bits >> 15);
    if (!isnan(half)) assert_int_equal(half_from_float(as_half), bits);
    if (!isnan(bfloat)) assert_int_equal(bfloat_from_float(as_bfloat), bits);
    if (isnan(half)) assert_true(isnan(half_to_float(half_from_float(as_half))));
    if (isnan(bfloat)) assert_true(isnan(bfloat_to_float(bfloat_from_float(as_bfloat))));
  }
}

/* Between two neighbours: the middle goes to the even one, what is next to the middle to the nearer. */
static void check_between(uint16_t low, uint16_t (*from)(float), float (*to)(uint16_t)) {
  const uint16_t high = (uint16_t)(low + 1);
  const double middle = ((double)to(low) + (double)to(high)) / 2;
  const float tie = (float)middle;
  assert_true((double)tie == middle);
  assert_int_equal(from(tie), low & 1 ? high : low);
  assert_int_equal(from(nextafterf(tie, 0)), low);
  assert_int_equal(from(nextafterf(tie, FLT_MAX)), high);
  assert_int_equal(from(-tie), (low & 1 ? high : low) | 0x8000);
}

static void rounds_to_nearest_even(void **state) {
  (void)state;
  for (unsigned low = 0; low < 0x7bff; low++) check_between((uint16_t)low, half_from_float, half_to_float);
  for (unsigned low = 0; low < 0x7f7f; low++) check_between((uint16_t)low, bfloat_from_float, bfloat_to_float);
}

static void ends_of_the_range(void **state) {
  (void)state;
  assert_int_equal(half_from_float(65504), 0x7bff);
  assert_int_equal(half_from_float(65519.996f), 0x7bff);
  assert_int_equal(half_from_float(65520), 0x7c00); /* the tie goes to what would be 65536 */
  assert_int_equal(half_from_float(FLT_MAX), 0x7c00);
  assert_int_equal(half_from_float(-INFINITY), 0xfc00);
  assert_int_equal(half_from_float(FLT_TRUE_MIN), 0);
  assert_int_equal(half_from_float(-0.0f), 0x8000);
  assert_int_equal(bfloat_from_float(FLT_MAX), 0x7f80);
  assert_int_equal(bfloat_from_float(INFINITY), 0x7f80);
  assert_int_equal(bfloat_from_float(-0.0f), 0x8000);

  const uint32_t thin = 0x7f800001u; /* a NaN that is all in the bits that are dropped */
  float nan;
  memcpy(&nan, &thin, sizeof nan);
  assert_true(isnan(half_to_float(half_from_float(nan))));
  assert_true(isnan(bfloat_to_float(bfloat_from_float(nan))));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_value_goes_there_and_back),
      cmocka_unit_test(rounds_to_nearest_even),
      cmocka_unit_test(ends_of_the_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
