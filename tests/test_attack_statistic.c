/* The statistics of single rows, by hand. */
#include "purifier/attack_statistic.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_near(double value, double expected) {
  if (!(fabs(value - expected) < 1e-6)) fail_msg("%.12g is not %.12g", value, expected);
}

static void test_values_by_hand(void **unused) {
  (void)unused;
  const float row[3] = {0.7f, 0.2f, 0.1f};
  assert_near(statistic_of(STATISTIC_TRUE_CONFIDENCE, row, 3, 1), log(0.2 / 0.8));
  assert_near(statistic_of(STATISTIC_MAX_CONFIDENCE, row, 3, 1), log(0.7 / 0.3));
  assert_near(statistic_of(STATISTIC_ENTROPY, row, 3, 1), 0.7 * log(0.7) + 0.2 * log(0.2) + 0.1 * log(0.1));
  /* -(1 - p_y) log p_y - sum over the others of p log(1 - p), with its sign turned */
  assert_near(statistic_of(STATISTIC_MODIFIED_ENTROPY, row, 3, 1), 0.8 * log(0.2) + 0.7 * log(0.3) + 0.1 * log(0.9));
}

static void test_saturated_rows_stay_finite_and_ordered(void **unused) {
  (void)unused;
  const float one_hot[3] = {1, 0, 0}, close[3] = {1, 1e-6f, 0}, closer[3] = {1, 1e-7f, 0};
  for (int s = STATISTIC_TRUE_CONFIDENCE; s <= STATISTIC_MODIFIED_ENTROPY; s++)
    for (int label = 0; label < 3; label++) assert_true(isfinite(statistic_of((attack_statistic)s, one_hot, 3, label)));
  /* All three have a top score of exactly 1, and what remains still tells them apart. */
  double a = statistic_log_odds(close, 3, 0), b = statistic_log_odds(closer, 3, 0),
         c = statistic_log_odds(one_hot, 3, 0);
  assert_true(a < b && b < c);
  assert_true(statistic_of(STATISTIC_MODIFIED_ENTROPY, one_hot, 3, 0) >
              statistic_of(STATISTIC_MODIFIED_ENTROPY, one_hot, 3, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_values_by_hand),
                                     cmocka_unit_test(test_saturated_rows_stay_finite_and_ordered)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
