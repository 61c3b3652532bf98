/* Lossy, but the same sound at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "formats/audio_codec.h"
#include "voice_world.h"
#include <cmocka.h>
#include <string.h>

enum { N = 24000 };
static float x[N], y[N + 1];

/* Where y fits x best, within 2000 samples, and how well it does there. */
static int best_lag(double *correlation) {
  int best = 0;
  *correlation = -1;
  for (int lag = -2000; lag <= 2000; lag++) {
    double xy = 0, xx = 0, yy = 0;
    for (int i = 4000; i < N - 4000; i++) {
      xy += x[i] * y[i + lag];
      xx += x[i] * x[i];
      yy += y[i + lag] * y[i + lag];
    }
    if (xy / sqrt(xx * yy) <= *correlation) continue;
    *correlation = xy / sqrt(xx * yy);
    best = lag;
  }
  return best;
}

static void codecs_keep_the_sound_and_its_time(void **state) {
  (void)state;
  static const audio_codec all[] = {AUDIO_CODEC_MP3, AUDIO_CODEC_VORBIS, AUDIO_CODEC_OPUS};
  voice_speech(x, N, 16000, 120);
  for (size_t c = 0; c < 3; c++) {
    double correlation;
    y[N] = 77;
    assert_int_equal(audio_codec_pass(x, N, 16000, all[c], 0.5, y, NULL), SCRIM_OK);
    assert_float_equal(y[N], 77, 0);
    assert_int_equal(best_lag(&correlation), 0);
    assert_true(correlation > 0.95);
    assert_true(memcmp(x, y, sizeof x) != 0);
  }
}

static void more_compression_loses_more(void **state) {
  (void)state;
  double error[2] = {0, 0};
  voice_speech(x, N, 16000, 120);
  for (int c = 0; c < 2; c++) {
    assert_int_equal(audio_codec_pass(x, N, 16000, AUDIO_CODEC_MP3, c, y, NULL), SCRIM_OK);
    for (int i = 0; i < N; i++) error[c] += (y[i] - x[i]) * (y[i] - x[i]);
  }
  assert_true(error[1] > 2 * error[0]);
}

static void what_a_codec_does_not_have_is_refused(void **state) {
  (void)state;
  scrim_error error;
  assert_int_equal(audio_codec_pass(x, N, 11025, AUDIO_CODEC_OPUS, 0.5, y, &error), SCRIM_E_UNSUPPORTED);
}

static void one_sample_comes_back_as_one(void **state) {
  (void)state;
  x[0] = 0.25f;
  assert_int_equal(audio_codec_pass(x, 1, 16000, AUDIO_CODEC_VORBIS, 0.5, y, NULL), SCRIM_OK);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  voice_speech(x, N, 16000, 120);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    memory_fail_at(n, 1);
    status = audio_codec_pass(x, N, 16000, AUDIO_CODEC_VORBIS, 0.5, y, NULL);
    memory_fail_at(0, 0);
    assert_true(n < 50 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codecs_keep_the_sound_and_its_time),    cmocka_unit_test(more_compression_loses_more),
      cmocka_unit_test(what_a_codec_does_not_have_is_refused), cmocka_unit_test(one_sample_comes_back_as_one),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
