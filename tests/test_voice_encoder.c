/* scrim/voice_encoder.h: parameters of each kind, a file that is trained, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "talkers_world.h"
#include "voice_deid/speaker_encoder.h"
#include <cmocka.h>
#include <scrim/audio.h>
#include <scrim/voice_encoder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TALKERS = 4, CLIP = 18000 };
static char folder[] = "/tmp/scrim-voices-XXXXXX";
static char path[TALKERS][64], encoder_path[64];
static scrim_voice_clip clips[TALKERS];
static const scrim_voice_corpus corpus = {clips, TALKERS, NULL, 0};

static int open_all(void **state) {
  (void)state;
  static const char *const names[TALKERS] = {"anna", "bert", "carl", "dora"};
  static float x[CLIP];
  if (mkdtemp(folder) == NULL) return 1;
  snprintf(encoder_path, sizeof encoder_path, "%s/encoder.scrim", folder);
  for (int i = 0; i < TALKERS; i++) {
    talkers_speak(i, 1, x, CLIP);
    snprintf(path[i], sizeof path[i], "%s/%d.wav", folder, i);
    clips[i] = (scrim_voice_clip){path[i], names[i]};
    if (scrim_audio_write(path[i], x, CLIP, 1, TALKERS_RATE, 16, NULL) != SCRIM_OK) return 1;
  }
  return 0;
}

static int close_all(void **state) {
  (void)state;
  for (int i = 0; i < TALKERS; i++) remove(path[i]);
  remove(encoder_path);
  return rmdir(folder);
}

static scrim_config config_of(const char *kind, const char *const *sets) {
  scrim_config config;
  assert_int_equal(scrim_voice_encoder_config(&config, kind, NULL), SCRIM_OK);
  for (; *sets; sets++) assert_int_equal(scrim_config_parse(&config, *sets, NULL), SCRIM_OK);
  return config;
}

static void each_kind_has_its_own_defaults(void **state) {
  (void)state;
  scrim_config config;
  scrim_error error;
  for (size_t i = 0; scrim_voice_encoder_kind_at(i); i++) {
    speaker_encoder_settings s;
    double width, mean_removal;
    assert_int_equal(speaker_encoder_defaults(&s, scrim_voice_encoder_kind_at(i), NULL), SCRIM_OK);
    config = config_of(scrim_voice_encoder_kind_at(i), (const char *const[]){NULL});
    assert_int_equal(scrim_config_get(&config, "width", &width, NULL), SCRIM_OK);
    assert_int_equal(scrim_config_get(&config, "mean_removal", &mean_removal, NULL), SCRIM_OK);
    assert_int_equal(width, s.width);
    assert_int_equal(mean_removal, s.front.mean_removal);
    for (size_t k = 0; k < config.n; k++)
      assert_true(config.value[k] >= config.params[k].min && config.value[k] <= config.params[k].max);
  }
  assert_int_equal(scrim_voice_encoder_config(&config, "oracle", &error), SCRIM_E_PARAM);
  assert_int_equal(scrim_voice_encoder_config(NULL, "tdnn", &error), SCRIM_E_ARGUMENT);
}

static void a_trained_file_loads(void **state) {
  (void)state;
  static const char *const sets[] = {"width=8", "dimensions=12", "bands=20", "linear=1",       "low_hz=0",   "epochs=1",
                                     "crops=1", "seconds=0.5",   "batch=3",  "mean_removal=0", "window=320", NULL};
  const scrim_config config = config_of("tdnn", sets);
  scrim_voice_encoder_fit fit;
  speaker_encoder *e;
  tensorfile *file;
  assert_int_equal(scrim_voice_train_encoder(encoder_path, "tdnn", &corpus, &config, NULL, &fit, NULL), SCRIM_OK);
  assert_int_equal(fit.speakers + fit.held_out, TALKERS);
  assert_int_equal(fit.classes, 3 * fit.speakers);
  assert_int_equal(speaker_encoder_load(&e, encoder_path, NULL), SCRIM_OK);
  const speaker_encoder_settings *s = speaker_encoder_about(e);
  assert_string_equal(s->kind, "tdnn");
  assert_true(s->width == 8 && s->dimensions == 12 && s->front.bands == 20 && s->front.scale == FRONT_END_LINEAR);
  assert_true(s->front.low_hz == 0 && s->front.mean_removal == 0 && s->front.window == 320);
  speaker_encoder_free(e);
  assert_int_equal(tensorfile_open(&file, encoder_path, NULL), SCRIM_OK);
  assert_string_equal(tensorfile_meta(file, "trained.speakers"), "2");
  assert_string_equal(tensorfile_meta(file, "param.epochs"), "1");
  for (size_t i = 0; i < TALKERS; i++) {
    const char *name, *value;
    for (size_t k = 0; tensorfile_meta_at(file, k, &name, &value); k++) assert_null(strstr(value, clips[i].speaker));
  }
  tensorfile_close(file);
}

/* The file is that of the test before. */
static void a_file_tells_what_it_is(void **state) {
  (void)state;
  scrim_voice_encoder *e;
  const char *name, *value, *kind = NULL, *speakers = NULL;
  assert_int_equal(scrim_voice_encoder_open(&e, encoder_path, NULL), SCRIM_OK);
  for (size_t i = 0; scrim_voice_encoder_info(e, i, &name, &value); i++) {
    if (strcmp(name, "kind") == 0) kind = value;
    if (strcmp(name, "trained.speakers") == 0) speakers = value;
  }
  assert_non_null(kind);
  assert_non_null(speakers);
  assert_string_equal(kind, "tdnn");
  assert_string_equal(speakers, "2");
  assert_false(scrim_voice_encoder_info(NULL, 0, &name, &value));
  scrim_voice_encoder_free(e);
  assert_int_equal(scrim_voice_encoder_open(&e, path[0], NULL), SCRIM_E_FORMAT);
  assert_null(e);
  assert_int_equal(scrim_voice_encoder_open(&e, NULL, NULL), SCRIM_E_ARGUMENT);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  scrim_config config, other;
  scrim_error error;
  const scrim_voice_corpus nobody = {clips, 0, NULL, 0}, few = {clips, 3, NULL, 0};
  config = config_of("tdnn", (const char *const[]){"window=600", NULL});
  assert_int_equal(scrim_voice_train_encoder(NULL, "tdnn", &corpus, NULL, NULL, NULL, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_train_encoder("x", "oracle", &corpus, NULL, NULL, NULL, &error), SCRIM_E_PARAM);
  assert_int_equal(scrim_voice_train_encoder("x", "tdnn", &nobody, NULL, NULL, NULL, &error), SCRIM_E_DATA);
  assert_int_equal(scrim_voice_train_encoder("x", "tdnn", &few, NULL, NULL, NULL, &error), SCRIM_E_DATA);
  assert_int_equal(scrim_voice_train_encoder("x", "tdnn", &corpus, &config, NULL, NULL, &error), SCRIM_E_PARAM);
  assert_string_equal(error.message, "front end: window 600, must be 32 to 512");
  memset(&other, 0, sizeof other);
  assert_int_equal(scrim_voice_train_encoder("x", "tdnn", &corpus, &other, NULL, NULL, &error), SCRIM_E_ARGUMENT);
  assert_int_not_equal(access("x", F_OK), 0);
  config = config_of("tdnn", (const char *const[]){"width=4", "epochs=1", "crops=1", "batch=2", "seconds=0.5", NULL});
  assert_int_equal(scrim_voice_train_encoder("/nowhere/x", "tdnn", &corpus, &config, NULL, NULL, &error), SCRIM_E_IO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_kind_has_its_own_defaults),
      cmocka_unit_test(a_trained_file_loads),
      cmocka_unit_test(a_file_tells_what_it_is),
      cmocka_unit_test(what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
