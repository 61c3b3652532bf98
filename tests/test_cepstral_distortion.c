/* MCD against an independent computation of the same signals (NumPy, double), and by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/cepstral_distortion.h"
#include "voice_world.h"
#include <cmocka.h>

enum { N = 16000 };
static float clean[N], processed[N];

static double measure(size_t n) {
  double value = -9;
  assert_int_equal(cepstral_distortion(&value, clean, processed, n, NULL), SCRIM_OK);
  return value;
}

static void values_as_computed_elsewhere(void **state) {
  (void)state;
  static const struct {
    float noise;
    double mcd;
  } known[] = {{0.002f, 16.633151}, {0.02f, 23.584116}, {0.2f, 29.197361}};
  voice_speech(clean, N, 16000, 150);
  for (size_t k = 0; k < 3; k++) {
    uint64_t random = 7;
    for (size_t i = 0; i < N; i++) processed[i] = clean[i] + known[k].noise * (float)voice_noise(&random);
    assert_float_equal(measure(N), known[k].mcd, 1e-3);
  }
}

/* The level is c[0], which does not count; digital silence is no distortion of itself. */
static void level_is_no_distortion(void **state) {
  (void)state;
  uint64_t random = 3;
  for (size_t i = 0; i < N; i++) clean[i] = 0.1f * (float)voice_noise(&random);
  for (size_t i = 0; i < N; i++) processed[i] = 4 * clean[i];
  assert_float_equal(measure(N), 0, 1e-5);
  for (size_t i = 0; i < N; i++) clean[i] = processed[i] = 0;
  assert_float_equal(measure(N), 0, 0);
}

static void shorter_than_a_window_is_refused(void **state) {
  (void)state;
  scrim_error error;
  double value;
  assert_int_equal(cepstral_distortion(&value, clean, clean, 399, &error), SCRIM_E_DATA);
  assert_float_equal(measure(400), 0, 0);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  double value;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    memory_fail_at(n, 0);
    status = cepstral_distortion(&value, clean, clean, 800, NULL);
    memory_fail_at(0, 0);
    assert_true(n < 100 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_as_computed_elsewhere),
      cmocka_unit_test(level_is_no_distortion),
      cmocka_unit_test(shorter_than_a_window_is_refused),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
