/* States of speech, and what gains become. */
#include "core/memory.h"
#include "voice_deid/envelope.h"
#include "voice_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

enum { SAMPLES = 48000 };

static float x[SAMPLES], states[(SAMPLES / ENVELOPE_HOP + 2) * ENVELOPE_STATE], activity[SAMPLES / ENVELOPE_HOP + 2];

static envelope *make(void) {
  envelope *e;
  assert_int_equal(envelope_create(&e, NULL), SCRIM_OK);
  return e;
}

static void nodes_reach_from_the_first_sample_to_the_last(void **state) {
  (void)state;
  assert_int_equal(envelope_nodes(1), 1);
  assert_int_equal(envelope_nodes(2), 2);
  assert_int_equal(envelope_nodes(ENVELOPE_HOP + 1), 2);
  assert_int_equal(envelope_nodes(ENVELOPE_HOP + 2), 3);
}

static void states_are_normal_where_there_is_speech(void **state) {
  (void)state;
  envelope *e = make();
  voice_speech(x, SAMPLES, 16000, 130);
  memset(x + 20000, 0, 12000 * sizeof *x);
  envelope_measure(e, x, SAMPLES, states, activity);
  const int nodes = envelope_nodes(SAMPLES);
  double total = 0, mean[ENVELOPE_STATE] = {0}, square[ENVELOPE_STATE] = {0};
  for (int j = 0; j < nodes; j++) {
    assert_true(activity[j] >= 0 && activity[j] <= 1);
    assert_true(states[j * ENVELOPE_STATE + ENVELOPE_CEPSTRA] == activity[j]);
    if (activity[j] < 1) continue;
    total++;
    for (int q = 0; q < ENVELOPE_CEPSTRA; q++) {
      mean[q] += (double)states[j * ENVELOPE_STATE + q];
      square[q] += pow((double)states[j * ENVELOPE_STATE + q], 2);
    }
  }
  for (int q = 0; q < ENVELOPE_CEPSTRA; q++) {
    assert_true(fabs(mean[q] / total) < 0.3);
    assert_true(square[q] / total > 0.5 && square[q] / total < 1.5);
  }
  for (int j = 22000 / ENVELOPE_HOP; j < 30000 / ENVELOPE_HOP; j++) {
    for (int q = 0; q < ENVELOPE_STATE; q++) assert_true(states[j * ENVELOPE_STATE + q] == 0);
  }
  memset(x, 0, sizeof x);
  envelope_measure(e, x, SAMPLES, states, activity);
  for (int i = 0; i < nodes * ENVELOPE_STATE; i++) assert_true(states[i] == 0);
  envelope_free(e);
}

static void loudness_makes_no_difference(void **state) {
  (void)state;
  envelope *e = make();
  static float loud[sizeof states / sizeof *states];
  voice_speech(x, SAMPLES, 16000, 130);
  envelope_measure(e, x, SAMPLES, loud, activity);
  for (size_t i = 0; i < SAMPLES; i++) x[i] *= 0.125f;
  envelope_measure(e, x, SAMPLES, states, activity);
  for (int i = 0; i < envelope_nodes(SAMPLES) * ENVELOPE_STATE; i++) assert_true(fabsf(states[i] - loud[i]) < 1e-3f);
  envelope_free(e);
}

/* Log magnitude in dB at w of the cepstra that gains have. */
static double magnitude(const envelope *e, const float *gains, double hz) {
  double sum = 0;
  for (int b = 0; b < ENVELOPE_BANDS; b++) {
    for (int m = 1; m <= ENVELOPE_ORDER; m++) {
      const double c = (double)envelope_cepstra(e)[b * ENVELOPE_ORDER + m - 1];
      sum += (double)gains[b] * c * cos(m * hz / 8000 * voice_turn / 2);
    }
  }
  return sum * 20 / log(10);
}

static void gains_become_the_cepstra_of_their_curve(void **state) {
  (void)state;
  envelope *e = make();
  float gains[ENVELOPE_BANDS];
  for (int b = 0; b < ENVELOPE_BANDS; b++) gains[b] = 6; /* level alone, which is left out */
  for (double hz = 0; hz <= 8000; hz += 250) assert_true(fabs(magnitude(e, gains, hz)) < 1e-3);
  for (int b = 0; b < ENVELOPE_BANDS; b++) gains[b] = b < ENVELOPE_BANDS / 2 ? 6 : -6; /* crosses 0 near 1.8 kHz */
  assert_true(fabs(magnitude(e, gains, 300) - magnitude(e, gains, 1000)) < 0.6);
  assert_true(fabs(magnitude(e, gains, 1000) - magnitude(e, gains, 5000) - 12) < 0.6);
  assert_true(fabs(magnitude(e, gains, 7000) - magnitude(e, gains, 5000)) < 0.6);
  envelope_free(e);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  envelope *e;
  for (unsigned long n = 1;; n++) {
    memory_fail_at(n, 0);
    const scrim_status status = envelope_create(&e, NULL);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_null(e);
  }
  envelope_free(e);
  envelope_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_reach_from_the_first_sample_to_the_last),
      cmocka_unit_test(states_are_normal_where_there_is_speech),
      cmocka_unit_test(loudness_makes_no_difference),
      cmocka_unit_test(gains_become_the_cepstra_of_their_curve),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
