/* Training of speaker encoders: talkers are learnt, the same seed gives the same bits, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "talkers_corpus.h"
#include "voice_deid/encoder_train.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TALKERS = 8, CLIP = 32000 };
static speech_corpus corpus;
static const encoder_settings small = {.encoder = {.kind = "statistics",
                                                   .width = 16,
                                                   .dimensions = 16,
                                                   .front = {.window = 400,
                                                             .hop = 200,
                                                             .n_fft = 512,
                                                             .bands = 24,
                                                             .cepstra = 16,
                                                             .scale = FRONT_END_MEL,
                                                             .low_hz = 60,
                                                             .high_hz = 7800}},
                                       .epochs = 3,
                                       .batch = 6,
                                       .crops = 1,
                                       .seconds = 0.6,
                                       .speeds = 3,
                                       .augment = 1,
                                       .rate = 0.01,
                                       .decay = 0.01,
                                       .margin = 0.1,
                                       .scale = 12};

static int open_all(void **state) {
  (void)state;
  return !talkers_corpus(&corpus, TALKERS, CLIP);
}

static int close_all(void **state) {
  (void)state;
  speech_corpus_free(&corpus);
  return 0;
}

static void assert_same(const speaker_encoder *a, const speaker_encoder *b) {
  const nn_params *p = speaker_encoder_params(a), *q = speaker_encoder_params(b);
  assert_int_equal(nn_params_count(p), nn_params_count(q));
  for (size_t i = 0; i < nn_params_count(p); i++) {
    const tensor *x = nn_params_at(p, i, NULL, NULL), *y = nn_params_at(q, i, NULL, NULL);
    assert_memory_equal(x->data, y->data, x->n * sizeof *x->data);
  }
}

/* Talkers 0 and 4 of 8 are held out: 5 crops of each. */
static void talkers_are_learnt(void **state) {
  (void)state;
  speaker_encoder *e;
  scrim_voice_encoder_fit fit;
  encoder_settings s = small;
  const scrim_train_options options = {.seed = 1};
  s.epochs = 12;
  s.crops = 3;
  assert_int_equal(encoder_train(&e, &fit, &corpus, &s, &options, NULL), SCRIM_OK);
  assert_int_equal(fit.speakers, 6);
  assert_int_equal(fit.held_out, 2);
  assert_int_equal(fit.classes, 18);
  assert_int_equal(fit.epochs, 12);
  assert_true(fit.eer < 0.15);
  const nn_params *p = speaker_encoder_params(e);
  size_t values = 0;
  for (size_t i = 0; i < nn_params_count(p); i++) {
    const char *name;
    const tensor *w = nn_params_at(p, i, &name, NULL);
    assert_string_not_equal(name, "centres");
    assert_null(w->grad);
    values += strstr(name, "running") ? 0 : w->n;
  }
  assert_int_equal(values, fit.values);
  speaker_encoder_free(e);
}

static int stop_in_the_second(const scrim_progress *progress, void *context) {
  (void)context;
  return progress->step >= 5;
}

static void resuming_gives_the_same_bits(void **state) {
  (void)state;
  speaker_encoder *whole, *resumed = NULL;
  scrim_voice_encoder_fit fit, again;
  char path[] = "/tmp/scrim-encoder-XXXXXX";
  const int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  remove(path);
  scrim_train_options options = {.seed = 3};
  assert_int_equal(encoder_train(&whole, &fit, &corpus, &small, &options, NULL), SCRIM_OK);
  options.checkpoint = path;
  options.progress = stop_in_the_second;
  assert_int_equal(encoder_train(&resumed, &again, &corpus, &small, &options, NULL), SCRIM_E_CANCELLED);
  options.progress = NULL;
  options.resume = 1;
  encoder_settings other = small;
  other.margin = 0.2;
  assert_int_equal(encoder_train(&resumed, &again, &corpus, &other, &options, NULL), SCRIM_E_STATE);
  assert_int_equal(encoder_train(&resumed, &again, &corpus, &small, &options, NULL), SCRIM_OK);
  assert_same(whole, resumed);
  assert_true(fit.eer == again.eer && fit.best_epoch == again.best_epoch);
  speaker_encoder_free(resumed);
  speaker_encoder_free(whole);
}

static void too_little_speech_is_refused(void **state) {
  (void)state;
  speaker_encoder *e = NULL;
  scrim_voice_encoder_fit fit;
  scrim_error error;
  const scrim_train_options options = {.seed = 1};
  speech_corpus few = corpus;
  few.n_speakers = 3;
  assert_int_equal(encoder_train(&e, &fit, &few, &small, &options, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "3 speakers, at least 4 are needed");
  corpus.clips[2].n = corpus.clips[3].n = 7000;
  assert_int_equal(encoder_train(&e, &fit, &corpus, &small, &options, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "speaker 'b' says 14000 samples, at least 16000 are needed");
  corpus.clips[2].n = corpus.clips[3].n = CLIP;
  encoder_settings s = small;
  s.encoder.width = 0;
  assert_int_equal(encoder_train(&e, &fit, &corpus, &s, &options, &error), SCRIM_E_PARAM);
  assert_null(e);
}

/* Requests that fail while the encoder is made, in the first steps and in validation. */
static void out_of_memory_is_said(void **state) {
  (void)state;
  scrim_status status = SCRIM_E_MEMORY;
  encoder_settings s = small;
  const scrim_train_options options = {.seed = 1};
  s.epochs = 1;
  s.encoder.width = 4;
  for (unsigned long at = 1; status != SCRIM_OK; at += at < 40 ? 1 : 13) {
    speaker_encoder *e = NULL;
    scrim_voice_encoder_fit fit;
    memory_fail_at(at, 1);
    status = encoder_train(&e, &fit, &corpus, &s, &options, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || (status == SCRIM_E_MEMORY && e == NULL));
    speaker_encoder_free(e);
    assert_true(at < 3000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(talkers_are_learnt),
      cmocka_unit_test(resuming_gives_the_same_bits),
      cmocka_unit_test(too_little_speech_is_refused),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
