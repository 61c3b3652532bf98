/* STOI against an independent computation of the same signals (NumPy, double), and where it must be 1 or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/stoi.h"
#include "voice_world.h"
#include <cmocka.h>

enum { N = 20000, RATE = 10000 };
static float clean[N], processed[N];

static double measure(size_t n, double rate) {
  double value = -9;
  assert_int_equal(stoi(&value, clean, processed, n, rate, NULL), SCRIM_OK);
  return value;
}

static void values_as_computed_elsewhere(void **state) {
  (void)state;
  static const struct {
    float noise;
    double stoi;
  } known[] = {{0.02f, 0.8877385}, {0.2f, 0.4214773}, {1, 0.0641036}};
  voice_speech(clean, N, RATE, 150);
  for (size_t k = 0; k < 3; k++) {
    uint64_t random = 7;
    for (size_t i = 0; i < N; i++) processed[i] = clean[i] + known[k].noise * (float)voice_noise(&random);
    assert_float_equal(measure(N, RATE), known[k].stoi, 2e-5);
  }
}

static void the_same_speech_is_1_at_any_level_and_rate(void **state) {
  (void)state;
  voice_speech(clean, N, 16000, 150);
  for (size_t i = 0; i < N; i++) processed[i] = 0.3f * clean[i];
  assert_float_equal(measure(N, 16000), 1, 1e-6);
  voice_speech(clean, N, RATE, 150);
  for (size_t i = 0; i < N; i++) processed[i] = 0;
  assert_float_equal(measure(N, RATE), 0, 0);
}

static void too_little_speech_has_none(void **state) {
  (void)state;
  scrim_error error;
  double value;
  voice_speech(clean, N, RATE, 150);
  assert_int_equal(stoi(&value, clean, clean, 3000, RATE, &error), SCRIM_E_DATA);
  for (size_t i = 0; i < N; i++) clean[i] = 0;
  clean[100] = 1; /* one click: two windows */
  assert_int_equal(stoi(&value, clean, clean, N, RATE, &error), SCRIM_E_DATA);
  assert_int_equal(stoi(&value, clean, clean, 1, RATE, &error), SCRIM_E_DATA);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  double value;
  scrim_status status = SCRIM_E_MEMORY;
  voice_speech(clean, N, RATE, 150);
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    memory_fail_at(n, 0);
    status = stoi(&value, clean, clean, N, RATE, NULL);
    memory_fail_at(0, 0);
    assert_true(n < 100 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_as_computed_elsewhere),
      cmocka_unit_test(the_same_speech_is_1_at_any_level_and_rate),
      cmocka_unit_test(too_little_speech_has_none),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
