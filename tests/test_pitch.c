/* Pitch of voices and of what is none. */
#include "core/memory.h"
#include "voice_deid/pitch.h"
#include "voice_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SAMPLES = 48000 };

static float x[SAMPLES];

static double pitch_of(size_t n) {
  double hz = -1;
  assert_int_equal(pitch_median(x, n, &hz, NULL), SCRIM_OK);
  return hz;
}

static void voices_have_theirs(void **state) {
  (void)state;
  static const double pitches[] = {85, 120, 150, 199, 240, 330};
  for (size_t i = 0; i < sizeof pitches / sizeof *pitches; i++) {
    voice_speech(x, SAMPLES, 16000, pitches[i]);
    assert_true(fabs(pitch_of(SAMPLES) / pitches[i] - 1) < 0.02);
  }
}

static void noise_and_silence_have_none(void **state) {
  (void)state;
  uint64_t noise = 3;
  for (size_t i = 0; i < SAMPLES; i++) x[i] = (float)voice_noise(&noise);
  assert_true(pitch_of(SAMPLES) == 0);
  for (size_t i = 0; i < SAMPLES; i++) x[i] = 0;
  assert_true(pitch_of(SAMPLES) == 0);
  assert_true(pitch_of(1) == 0);
}

static void classes_are_by_pitch(void **state) {
  (void)state;
  assert_int_equal(pitch_class(0), 1);
  assert_int_equal(pitch_class(100), 0);
  assert_int_equal(pitch_class(150), 0);
  assert_int_equal(pitch_class(180), 1);
  assert_int_equal(pitch_class(211), 2);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  double hz;
  for (unsigned long n = 1;; n++) {
    memory_fail_at(n, 0);
    const scrim_status status = pitch_median(x, SAMPLES, &hz, NULL);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(voices_have_theirs),
      cmocka_unit_test(noise_and_silence_have_none),
      cmocka_unit_test(classes_are_by_pitch),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
