/* Trials, equal error rates and identification against values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/verification.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

static scrim_interval eer_of(const double *mated, size_t n_mated, const double *others, size_t n_others,
                             double *threshold) {
  verification_trial trial[64];
  verification_trials t = {trial, n_mated + n_others, n_mated, 4};
  for (size_t i = 0; i < n_mated; i++) trial[i] = (verification_trial){mated[i], (int)i % 4, (int)i % 4};
  for (size_t i = 0; i < n_others; i++)
    trial[n_mated + i] = (verification_trial){others[i], (int)i % 4, ((int)i + 1) % 4};
  scrim_interval eer;
  assert_int_equal(verification_eer(&eer, threshold, &t, 1, NULL), SCRIM_OK);
  return eer;
}

static void equal_error_rates_by_hand(void **state) {
  (void)state;
  double threshold;
  /* Apart: no error. */
  assert_float_equal(eer_of((double[]){0.9, 0.8}, 2, (double[]){0.3, 0.2, 0.1}, 3, &threshold).value, 0, 1e-15);
  /* One of four mated below one of four others: both rates are a quarter at 0.5. */
  assert_float_equal(eer_of((double[]){0.9, 0.8, 0.7, 0.4}, 4, (double[]){0.5, 0.3, 0.2, 0.1}, 4, &threshold).value,
                     0.25, 1e-15);
  assert_float_equal(threshold, 0.5, 0);
  /* All scores equal: a coin. */
  assert_float_equal(eer_of((double[]){1, 1}, 2, (double[]){1, 1, 1}, 3, &threshold).value, 0.5, 1e-15);
  /* The wrong way round: always wrong. */
  assert_float_equal(eer_of((double[]){0.1, 0.2}, 2, (double[]){0.8, 0.9}, 2, &threshold).value, 1, 1e-15);
  /*
   * Two mated at 0.9 and 0.5, two others at 0.5 and 0.1. Above 0.5: misses 1/2, accepts 0; from 0.5: 0 and 1/2. The
   * line between them crosses at 1/4.
   */
  assert_float_equal(eer_of((double[]){0.9, 0.5}, 2, (double[]){0.5, 0.1}, 2, &threshold).value, 0.25, 1e-15);
}

/* Unit rows of four utterances of two speakers in the plane, in degrees. */
static void plane_rows(float *rows, const double *degrees, size_t n) {
  for (size_t i = 0; i < n; i++) {
    rows[2 * i] = (float)cos(degrees[i] * 0.017453292519943295);
    rows[2 * i + 1] = (float)sin(degrees[i] * 0.017453292519943295);
  }
}

static void pairs_leave_out_the_utterance_itself(void **state) {
  (void)state;
  static const int32_t speaker[] = {0, 0, 1, 1};
  float rows[8];
  plane_rows(rows, (double[]){0, 60, 90, 180}, 4);
  const verification_set set = {rows, speaker, 4, 2, 2}, other = set;
  verification_trials t;
  assert_int_equal(verification_all_pairs(&t, &set, &set, verification_cosine, NULL, NULL), SCRIM_OK);
  assert_int_equal(t.n, 6);
  assert_int_equal(t.mated, 2);
  assert_float_equal(t.trial[0].score, 0.5, 1e-6); /* 0 against 1: 60 degrees */
  assert_int_equal(t.trial[0].enrolled, t.trial[0].tried);
  verification_trials_free(&t);
  assert_int_equal(verification_all_pairs(&t, &set, &other, verification_cosine, NULL, NULL), SCRIM_OK);
  assert_int_equal(t.n, 12);
  assert_int_equal(t.mated, 4);
  verification_trials_free(&t);
}

static void identification_by_hand(void **state) {
  (void)state;
  /* Speaker 0 is enrolled near 5 degrees, 1 near 95, 2 has one utterance and takes no part. */
  static const int32_t speaker[] = {0, 1, 0, 1, 0, 1, 0, 1, 2};
  static const double clean[] = {0, 90, 10, 100, 1, 91, 2, 92, 45};
  static const double tried[] = {270, 270, 270, 270, 20, 80, 70, 85, 5}; /* the first four are enrolled, not tried */
  float a[18], b[18];
  plane_rows(a, clean, 9);
  plane_rows(b, tried, 9);
  const verification_set enrolled = {a, speaker, 9, 2, 3}, trials = {b, speaker, 9, 2, 3};
  scrim_interval found;
  assert_int_equal(verification_identify(&found, &enrolled, &trials, 5, 1, NULL), SCRIM_OK);
  assert_float_equal(found.value, 0.75, 1e-15); /* 70 degrees is nearer to 95 */
  assert_true(found.low >= 0.5 && found.low < 0.75 && found.high == 1);
  assert_int_equal(verification_identify(&found, &enrolled, &enrolled, 1, 1, NULL), SCRIM_OK);
  assert_float_equal(found.value, 1, 0);

  static const int32_t alone[] = {0, 1, 2};
  const verification_set singles = {a, alone, 3, 2, 3};
  scrim_error error;
  assert_int_equal(verification_identify(&found, &singles, &singles, 5, 1, &error), SCRIM_E_DATA);
}

static void versions_are_compared_row_by_row(void **state) {
  (void)state;
  static const int32_t speaker[] = {0, 1};
  float a[4], b[4];
  plane_rows(a, (double[]){0, 0}, 2);
  plane_rows(b, (double[]){60, 90}, 2);
  const verification_set x = {a, speaker, 2, 2, 2}, y = {b, speaker, 2, 2, 2};
  double accepted, cosine;
  verification_compare(&x, &y, 0.4, &accepted, &cosine);
  assert_float_equal(accepted, 0.5, 0);
  assert_float_equal(cosine, 0.25, 1e-6);
}

/* The interval is that of the speakers: with speakers who are all alike it is as narrow as can be. */
static void intervals_hold_the_figure(void **state) {
  (void)state;
  double threshold;
  const scrim_interval e =
      eer_of((double[]){0.9, 0.4, 0.8, 0.7, 0.6, 0.3, 0.95, 0.2}, 8, (double[]){0.1, 0.5, 0.35, 0.65}, 4, &threshold);
  assert_true(e.low <= e.value && e.value <= e.high && e.low < e.high);
  const scrim_interval again =
      eer_of((double[]){0.9, 0.4, 0.8, 0.7, 0.6, 0.3, 0.95, 0.2}, 8, (double[]){0.1, 0.5, 0.35, 0.65}, 4, &threshold);
  assert_memory_equal(&e, &again, sizeof e);
}

static void unusable_trials_are_refused(void **state) {
  (void)state;
  scrim_error error;
  scrim_interval eer;
  double threshold;
  verification_trial wild[] = {{0.5, 0, 0}, {NAN, 0, 1}}, mated[] = {{0.5, 0, 0}};
  assert_int_equal(verification_eer(&eer, &threshold, &(verification_trials){wild, 2, 1, 2}, 1, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "trial 1"));
  assert_int_equal(verification_eer(&eer, &threshold, &(verification_trials){mated, 1, 1, 1}, 1, &error), SCRIM_E_DATA);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  static const int32_t speaker[] = {0, 0, 1, 1};
  float rows[8];
  plane_rows(rows, (double[]){0, 20, 90, 110}, 4);
  const verification_set set = {rows, speaker, 4, 2, 2};
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    verification_trials t;
    scrim_interval figure;
    double threshold;
    memory_fail_at(n, 0);
    status = verification_all_pairs(&t, &set, &set, verification_cosine, NULL, NULL);
    if (status == SCRIM_OK) status = verification_eer(&figure, &threshold, &t, 1, NULL);
    if (status == SCRIM_OK) status = verification_identify(&figure, &set, &set, 1, 1, NULL);
    memory_fail_at(0, 0);
    verification_trials_free(&t);
    assert_true(n < 100 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_error_rates_by_hand),        cmocka_unit_test(pairs_leave_out_the_utterance_itself),
      cmocka_unit_test(identification_by_hand),           cmocka_unit_test(versions_are_compared_row_by_row),
      cmocka_unit_test(intervals_hold_the_figure),        cmocka_unit_test(unusable_trials_are_refused),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
