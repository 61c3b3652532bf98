/* vector_math.h against the C library in double, over whole ranges and at the ends of them. */
#include "tensor/vector_math.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <float.h>

enum { STEPS = 200000 };

/* Distance of got from want in units of the last place of a float of want's size. */
static double ulps(float got, double want) {
  const float size = fmaxf(fabsf((float)want), FLT_MIN);
  return fabs((double)got - want) / (double)(nextafterf(size, INFINITY) - size);
}

static double precise_sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

static double precise_softplus(double x) {
  return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double precise_cdf(double x) {
  return erfc(-x * sqrt(0.5)) / 2;
}

static double precise_density(double x) {
  return exp(-x * x / 2) / sqrt(2 * acos(-1));
}

#define RANGE(name, fast, precise, low, high, limit)                                                                   \
  static void name(void **state) {                                                                                     \
    (void)state;                                                                                                       \
    for (int i = 0; i <= STEPS; i++) {                                                                                 \
      const float x = (float)((low) + ((double)(high) - (low)) * i / STEPS);                                           \
      if (ulps(fast(x), precise((double)x)) <= (limit)) continue;                                                      \
      fail_msg("at %.9g: %.9g, not %.9g", (double)x, (double)fast(x), precise((double)x));                             \
    }                                                                                                                  \
  }

RANGE(exp_is_within_1_ulp, vector_exp, exp, -87.3, 88.7, 1.05)
RANGE(tanh_is_within_3_ulp, vector_tanh, tanh, -12, 12, 2.6)
RANGE(tanh_near_0_is_within_3_ulp, vector_tanh, tanh, -0.1, 0.1, 2.6)
RANGE(sigmoid_is_within_3_ulp, vector_sigmoid, precise_sigmoid, -80, 80, 2.6)
RANGE(log_is_within_1_ulp, vector_log, log, 1e-3, 20, 1.0)
RANGE(log_near_1_is_within_1_ulp, vector_log, log, 0.99, 1.01, 1.0)
RANGE(softplus_is_within_2_ulp, vector_softplus, precise_softplus, -60, 60, 2.0)

RANGE(upper_normal_cdf_is_within_4_ulp, vector_normal_cdf, precise_cdf, 0, 12, 4.0)

/* In the tail the rounding of x^2 / 2 counts; the product with x in gelu does not notice. */
static void normal_tail_loses_only_what_x_squared_does(void **state) {
  (void)state;
  for (float x = -12; x < 0; x += 1e-4f) {
    assert_true(fabs((double)vector_normal_cdf(x) / precise_cdf((double)x) - 1) < 1e-7 * (4 + (double)(x * x)));
    assert_true(fabs((double)vector_normal_density(x) / precise_density((double)x) - 1) < 1e-7 * (2 + (double)(x * x)));
  }
}

static void log_of_all_magnitudes(void **state) {
  (void)state;
  for (float x = FLT_TRUE_MIN; x < FLT_MAX / 2; x *= 1.875f) assert_true(ulps(vector_log(x), log((double)x)) <= 1);
}

static void ends_of_the_ranges(void **state) {
  (void)state;
  assert_true(vector_exp(INFINITY) == INFINITY && vector_exp(88.73f) == INFINITY && vector_exp(1e9f) == INFINITY);
  assert_true(vector_exp(-INFINITY) == 0 && vector_exp(-1e9f) == 0 && vector_exp(0) == 1);
  assert_true(vector_exp(-100) > 0); /* subnormal */
  assert_true(vector_tanh(INFINITY) == 1 && vector_tanh(-INFINITY) == -1);
  assert_true(vector_tanh(-0.0f) == 0 && signbit(vector_tanh(-0.0f)));
  assert_true(vector_sigmoid(INFINITY) == 1 && vector_sigmoid(-INFINITY) == 0 && vector_sigmoid(0) == 0.5f);
  assert_true(vector_softplus(INFINITY) == INFINITY && vector_softplus(-INFINITY) == 0);
  assert_true(vector_log(INFINITY) == INFINITY && vector_log(1) == 0);
  assert_true(vector_normal_cdf(INFINITY) == 1 && vector_normal_cdf(-INFINITY) == 0 && vector_normal_cdf(-1e30f) == 0);
  assert_true(isnan(vector_normal_cdf(NAN)));
  assert_true(isnan(vector_exp(NAN)) && isnan(vector_tanh(NAN)) && isnan(vector_sigmoid(NAN)));
  assert_true(isnan(vector_softplus(NAN)) && isnan(vector_log(NAN)));
}

/* Whole numbers, so that every order of summing gives the same: all lengths around the 16 lanes. */
static void reductions_take_every_value(void **state) {
  (void)state;
  float x[67], y[67];
  for (int i = 0; i < 67; i++) {
    x[i] = (float)(i * 37 % 101 - 50);
    y[i] = (float)(i * 53 % 11 - 5);
  }
  for (size_t n = 1; n <= 67; n++) {
    float sum = 0, dot = 0, spread = 0, centred = 0, top = x[0];
    for (size_t i = 0; i < n; i++) {
      sum += x[i];
      dot += x[i] * y[i];
      spread += (x[i] - 3) * (x[i] - 3);
      centred += (x[i] - 3) * y[i];
      top = fmaxf(top, x[i]);
    }
    assert_true(vector_sum(x, n) == sum && vector_dot(x, y, n) == dot && vector_max(x, n) == top);
    assert_true(vector_spread(x, 3, n) == spread && vector_centred_dot(x, 3, y, n) == centred);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exp_is_within_1_ulp),
      cmocka_unit_test(tanh_is_within_3_ulp),
      cmocka_unit_test(tanh_near_0_is_within_3_ulp),
      cmocka_unit_test(sigmoid_is_within_3_ulp),
      cmocka_unit_test(log_is_within_1_ulp),
      cmocka_unit_test(log_near_1_is_within_1_ulp),
      cmocka_unit_test(softplus_is_within_2_ulp),
      cmocka_unit_test(upper_normal_cdf_is_within_4_ulp),
      cmocka_unit_test(normal_tail_loses_only_what_x_squared_does),
      cmocka_unit_test(log_of_all_magnitudes),
      cmocka_unit_test(ends_of_the_ranges),
      cmocka_unit_test(reductions_take_every_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
