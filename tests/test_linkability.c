/* D_sys of score distributions whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "voice_deid/linkability.h"
#include "voice_world.h"
#include <cmocka.h>

enum { MATED = 4000, OTHERS = 20000 };
static verification_trial trial[MATED + OTHERS];

static double measure(size_t mated, size_t others) {
  double d = -9;
  const verification_trials t = {trial, mated + others, mated, 2};
  assert_int_equal(linkability(&d, &t, NULL), SCRIM_OK);
  return d;
}

/* Mated scores uniform on [shift, 1 + shift), the others on [0, 1). */
static double of_uniform(double shift) {
  uint64_t random = 5;
  for (int i = 0; i < MATED + OTHERS; i++)
    trial[i] = (verification_trial){voice_noise(&random) + 0.5 + (i < MATED ? shift : 0), 0, i >= MATED};
  return measure(MATED, OTHERS);
}

/* Where the two overlap the ratio is 1 and tells nothing; the share of mated scores beyond is `shift`. */
static void uniform_scores(void **state) {
  (void)state;
  assert_float_equal(of_uniform(0), 0, 0.05);
  assert_float_equal(of_uniform(0.5), 0.5, 0.04);
  assert_float_equal(of_uniform(1.5), 1, 0);
}

/* 10 mated at 0 and 30 at 1; 30 others at 0 and 10 at 1: LR is 3 at 1, D = 1/2 there, weighted with 3/4. */
static void histogram_by_hand(void **state) {
  (void)state;
  for (int i = 0; i < 80; i++) {
    const int mated = i < 40;
    trial[i] = (verification_trial){mated ? i >= 10 : i >= 70, 0, !mated};
  }
  assert_float_equal(measure(40, 40), 0.375, 1e-12);
}

static void few_or_equal_scores_tell_nothing(void **state) {
  (void)state;
  trial[0] = (verification_trial){1, 0, 0};
  trial[1] = (verification_trial){0, 0, 1};
  assert_true(isnan(measure(1, 1))); /* no two bins */
  for (int i = 0; i < 40; i++) trial[i] = (verification_trial){1, 0, i >= 20};
  assert_float_equal(measure(20, 20), 0, 0);
  scrim_error error;
  double d;
  assert_int_equal(linkability(&d, &(verification_trials){trial, 1, 1, 2}, &error), SCRIM_E_DATA);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniform_scores),
      cmocka_unit_test(histogram_by_hand),
      cmocka_unit_test(few_or_equal_scores_tell_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
