/* Prediction of signals whose filter is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "voice_deid/linear_prediction.h"
#include "voice_world.h"
#include <cmocka.h>

enum { N = 20000 };
static double x[N], residual[N], again[N];

static void finds_the_filter_that_made_the_signal(void **state) {
  (void)state;
  const double made[] = {1, -1.2, 0.81};
  uint64_t random = 2;
  for (int i = 0; i < N; i++) residual[i] = voice_noise(&random);
  prediction_synthesise(residual, N, made, 2, x);
  double a[5];
  assert_true(prediction_find(x, N, 4, a));
  assert_float_equal(a[0], 1, 0);
  assert_float_equal(a[1], -1.2, 0.03);
  assert_float_equal(a[2], 0.81, 0.03);
  assert_float_equal(a[3], 0, 0.03);
  assert_float_equal(a[4], 0, 0.03);
}

static void residual_and_back(void **state) {
  (void)state;
  double a[21];
  float speech[400];
  voice_speech(speech, 400, 16000, 120);
  for (int i = 0; i < 400; i++) x[i] = speech[i];
  assert_true(prediction_find(x, 400, 20, a));
  prediction_residual(x, 400, a, 20, residual);
  double before = 0, after = 0;
  for (int i = 0; i < 400; i++) {
    before += x[i] * x[i];
    after += residual[i] * residual[i];
  }
  assert_true(after < 0.2 * before);
  prediction_synthesise(residual, 400, a, 20, again);
  for (int i = 0; i < 400; i++) assert_float_equal(again[i], x[i], 1e-9);
}

static void silence_predicts_nothing(void **state) {
  (void)state;
  const double nothing[50] = {0};
  double a[11];
  assert_false(prediction_find(nothing, 50, 10, a));
  for (int i = 0; i <= 10; i++) assert_float_equal(a[i], i == 0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_filter_that_made_the_signal),
      cmocka_unit_test(residual_and_back),
      cmocka_unit_test(silence_predicts_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
