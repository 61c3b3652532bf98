#include "purifier/score_form.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void sums_within_a_thousandth_pass(void **state) {
  (void)state;
  const float rows[] = {0.5f, 0.5f, 0.0f, 0.3334f, 0.3333f, 0.3338f, 1.0f, 0.0f, 0.0f};
  assert_int_equal(score_form_check(SCORE_PROBABILITIES, rows, 3, 3, NULL), SCRIM_OK);
}

/* The error names the row at fault, zero-based, and its value. */
static void refuse(score_form form, const float *rows, size_t n, size_t k, int64_t row, const char *says) {
  scrim_error error = {SCRIM_OK, -1, ""};
  assert_int_equal(score_form_check(form, rows, n, k, &error), SCRIM_E_DATA);
  assert_int_equal(error.status, SCRIM_E_DATA);
  assert_int_equal(error.row, row);
  if (strstr(error.message, says) == NULL) fail_msg("'%s' does not say '%s'", error.message, says);
}

static void bad_rows_are_named(void **state) {
  (void)state;
  refuse(SCORE_PROBABILITIES, (float[]){0.5f, 0.5f, 0.5f, 0.625f}, 2, 2, 1, "1.125");
  refuse(SCORE_PROBABILITIES, (float[]){0.5f, 0.4375f}, 1, 2, 0, "0.9375");
  refuse(SCORE_PROBABILITIES, (float[]){1.5f, -0.5f}, 1, 2, 0, "1.5");
  refuse(SCORE_PROBABILITIES, (float[]){-0.25f, 1.25f}, 1, 2, 0, "-0.25");
  refuse(SCORE_PROBABILITIES, (float[]){0.5f, 0.5f, NAN, 0.5f}, 2, 2, 1, "nan");
  refuse(SCORE_LOGITS, (float[]){0, 1, 2, INFINITY}, 2, 2, 1, "inf");
  refuse(SCORE_LOG_PROBABILITIES, (float[]){-0.6931472f, -0.6931472f, -0.1f, -0.1f}, 2, 2, 1, "1.8");
  refuse(SCORE_LOG_PROBABILITIES, (float[]){0.5f, -3}, 1, 2, 0, "0.5");
}

static void forms_agree(void **state) {
  (void)state;
  const float probabilities[3] = {0.7f, 0.2f, 0.1f};
  float logits[3], log_probabilities[3], back[3];
  for (int j = 0; j < 3; j++) {
    log_probabilities[j] = logf(probabilities[j]);
    logits[j] = log_probabilities[j] + 5;
  }
  assert_int_equal(score_form_check(SCORE_LOG_PROBABILITIES, log_probabilities, 1, 3, NULL), SCRIM_OK);
  score_form_to_probabilities(SCORE_LOGITS, logits, 3, back);
  for (int j = 0; j < 3; j++) assert_true(fabsf(back[j] - probabilities[j]) < 1e-6f);
  score_form_to_probabilities(SCORE_LOG_PROBABILITIES, log_probabilities, 3, back);
  for (int j = 0; j < 3; j++) assert_true(fabsf(back[j] - probabilities[j]) < 1e-6f);
  score_form_from_probabilities(SCORE_LOGITS, probabilities, 3, back);
  for (int j = 0; j < 3; j++) assert_true(fabsf(back[j] - log_probabilities[j]) < 1e-6f);
}

static void zero_has_a_finite_logarithm(void **state) {
  (void)state;
  float row[2] = {1, 0};
  score_form_from_probabilities(SCORE_LOG_PROBABILITIES, row, 2, row);
  assert_true(isfinite(row[1]));
  assert_int_equal(score_form_check(SCORE_LOG_PROBABILITIES, row, 1, 2, NULL), SCRIM_OK);
}

static void huge_logits_do_not_overflow(void **state) {
  (void)state;
  const float logits[3] = {3e38f, 3e38f, -3e38f};
  float row[3];
  score_form_to_probabilities(SCORE_LOGITS, logits, 3, row);
  assert_true(fabsf(row[0] - 0.5f) < 1e-6f && fabsf(row[1] - 0.5f) < 1e-6f && row[2] == 0);
}

static void the_first_of_equals_is_the_label(void **state) {
  (void)state;
  assert_int_equal(score_argmax((float[]){0.2f, 0.4f, 0.4f}, 3), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_within_a_thousandth_pass),
      cmocka_unit_test(bad_rows_are_named),
      cmocka_unit_test(forms_agree),
      cmocka_unit_test(zero_has_a_finite_logarithm),
      cmocka_unit_test(huge_logits_do_not_overflow),
      cmocka_unit_test(the_first_of_equals_is_the_label),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
