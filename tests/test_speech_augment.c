/* Augmented crops: drawn from the stream alone, of the speaker, at the level and the speed that are asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "talkers_corpus.h"
#include "voice_deid/speech_augment.h"
#include <cmocka.h>
#include <stdlib.h>

enum { CROP = 8000, CLIP = 12000, DRAWS = 60 };
static speech_corpus corpus;
static random_source *source;

static int open_all(void **state) {
  (void)state;
  if (!talkers_corpus(&corpus, 3, CLIP)) return 1;
  return random_source_from_seed(&source, 1, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  random_source_free(source);
  speech_corpus_free(&corpus);
  return 0;
}

static speech_augment *make(const speech_corpus *c) {
  speech_augment *a;
  assert_int_equal(random_begin(source, "noise", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(speech_augment_create(&a, c, CROP, 1, source, NULL), SCRIM_OK);
  return a;
}

static void draw(speech_augment *a, unsigned number, size_t speaker, size_t speed, float *x) {
  assert_int_equal(random_begin(source, "crop", &number, sizeof number, NULL), SCRIM_OK);
  assert_int_equal(speech_augment_crop(a, speaker, speed, source, x, NULL), SCRIM_OK);
}

static double level_of(const float *x) {
  double square = 0;
  for (size_t i = 0; i < CROP; i++) square += (double)x[i] * x[i];
  return 10 * log10(square / CROP);
}

static void the_stream_decides(void **state) {
  (void)state;
  static float x[CROP], y[CROP];
  speech_augment *a = make(&corpus), *b = make(&corpus);
  for (unsigned i = 0; i < 8; i++) {
    draw(a, i, 1, i % SPEECH_SPEEDS, x);
    draw(b, i, 1, i % SPEECH_SPEEDS, y);
    assert_memory_equal(x, y, sizeof x);
    draw(b, i + 100, 1, i % SPEECH_SPEEDS, y);
    assert_memory_not_equal(x, y, sizeof x);
  }
  speech_augment_free(a);
  speech_augment_free(b);
}

static void levels_lie_where_they_should(void **state) {
  (void)state;
  static float x[CROP];
  double low = 0, high = -100;
  speech_augment *a = make(&corpus);
  for (unsigned i = 0; i < DRAWS; i++) {
    draw(a, i, i % 3, i % SPEECH_SPEEDS, x);
    const double level = level_of(x);
    low = fmin(low, level);
    high = fmax(high, level);
    for (size_t k = 0; k < CROP; k++) assert_true(isfinite(x[k]));
  }
  assert_true(low >= -36.1 && low < -32 && high <= -13.9 && high > -18);
  speech_augment_free(a);
}

/* Energy of x at hz, in a share of all. */
static double share_at(const float *x, double hz) {
  double re = 0, im = 0, all = 0;
  for (size_t i = 0; i < CROP; i++) {
    re += x[i] * cos(voice_turn * hz * (double)i / 16000);
    im += x[i] * sin(voice_turn * hz * (double)i / 16000);
    all += (double)x[i] * x[i];
  }
  return 2 * (re * re + im * im) / (all * CROP);
}

/* A tone of 1000 Hz is one of 900 and of 1100 Hz at the other speeds, and the tone in most crops the strongest part. */
static void speeds_move_the_pitch(void **state) {
  (void)state;
  static float x[CROP];
  static const double hz[SPEECH_SPEEDS] = {1000, 900, 1100};
  speech_corpus tone;
  assert_true(talkers_corpus(&tone, 1, CLIP));
  for (size_t c = 0; c < 2; c++)
    for (size_t i = 0; i < CLIP; i++)
      tone.clips[c].samples[i] = (int16_t)(8000 * sin(voice_turn * 1000 * (double)i / 16000));
  tone.clips[1].n = 1; /* too short to be cut from */
  speech_augment *a = make(&tone);
  for (size_t speed = 0; speed < SPEECH_SPEEDS; speed++) {
    int clear = 0;
    for (unsigned i = 0; i < 20; i++) {
      draw(a, i, 0, speed, x);
      clear += share_at(x, hz[speed]) > 0.5;
    }
    assert_true(clear >= 7);
  }
  speech_augment_free(a);
  speech_corpus_free(&tone);
}

static void clean_crops_go_round(void **state) {
  (void)state;
  static float x[CROP], all[2 * CLIP];
  for (size_t i = 0; i < 2 * CLIP; i++) all[i] = (float)corpus.clips[2 + i / CLIP].samples[i % CLIP] / 32768;
  for (size_t start = 0; start < 5 * CLIP; start += 7777) {
    speech_clean_crop(&corpus, 1, start, x, CROP);
    for (size_t i = 0; i < CROP; i++) assert_true(x[i] == all[(start + i) % (2 * CLIP)]);
  }
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  static float x[CROP];
  scrim_status status = SCRIM_E_MEMORY;
  assert_int_equal(random_begin(source, "noise", NULL, 0, NULL), SCRIM_OK);
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    speech_augment *a = NULL;
    memory_fail_at(at, 0);
    status = speech_augment_create(&a, &corpus, CROP, 1, source, NULL);
    if (status == SCRIM_OK) status = speech_augment_crop(a, 0, 1, source, x, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    speech_augment_free(a);
    assert_true(at < 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_stream_decides),    cmocka_unit_test(levels_lie_where_they_should),
      cmocka_unit_test(speeds_move_the_pitch), cmocka_unit_test(clean_crops_go_round),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
