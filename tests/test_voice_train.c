/* Trainings of a voice filter from files: targets, then a generator. */
#include "core/memory.h"
#include "deid_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <scrim.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SPEAKERS = 24, SAMPLES = 18000, NAME = 128 };

static char folder[] = "/tmp/test_voice_train_XXXXXX";
static char clip_path[SPEAKERS][NAME], speaker_id[SPEAKERS][16], encoder_path[DEID_ENCODERS][NAME], room_path[NAME];
static scrim_voice_clip clips[SPEAKERS];
static const char *const encoders[] = {encoder_path[0], encoder_path[1]}, *const rooms[] = {room_path};
static const scrim_voice_corpus corpus = {.clips = clips, .n_clips = SPEAKERS, .rooms = rooms, .n_rooms = 1};

static int save_encoder(int i) {
  speaker_encoder *e = deid_encoder(i);
  tensorfile_writer *writer = NULL;
  snprintf(encoder_path[i], NAME, "%s/encoder%d", folder, i);
  scrim_status status = tensorfile_writer_create(&writer, NULL);
  if (status == SCRIM_OK) status = speaker_encoder_put(e, "", writer, NULL);
  if (status == SCRIM_OK) status = tensorfile_save(writer, encoder_path[i], NULL);
  tensorfile_writer_free(writer);
  speaker_encoder_free(e);
  return status == SCRIM_OK;
}

static int open_all(void **state) {
  (void)state;
  static float x[SAMPLES];
  if (mkdtemp(folder) == NULL || !save_encoder(0) || !save_encoder(1)) return 1;
  for (int s = 0; s < SPEAKERS; s++) {
    snprintf(clip_path[s], NAME, "%s/%d.wav", folder, s);
    snprintf(speaker_id[s], sizeof speaker_id[s], "s%d", s);
    clips[s] = (scrim_voice_clip){clip_path[s], speaker_id[s]};
    voice_speech(x, SAMPLES, 16000, 90 + 8 * s);
    for (int i = 1; i < SAMPLES; i++) x[i] -= 0.03f * (float)s * x[i - 1];
    if (scrim_audio_write(clip_path[s], x, SAMPLES, 1, 16000, 16, NULL) != SCRIM_OK) return 1;
  }
  memset(x, 0, sizeof x);
  x[5] = 0.5f;
  x[45] = -0.25f;
  snprintf(room_path, NAME, "%s/room.wav", folder);
  return scrim_audio_write(room_path, x, 1000, 1, 16000, 32, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  for (int s = 0; s < SPEAKERS; s++) remove(clip_path[s]);
  for (int i = 0; i < DEID_ENCODERS; i++) remove(encoder_path[i]);
  remove(room_path);
  return rmdir(folder);
}

static scrim_config small(void) {
  static const char *const settings[] = {"epochs=2",          "latent=4", "hidden=16",          "near=1",
                                         "segment=1",         "steps=2",  "generator_epochs=1", "generator_hidden=16",
                                         "generator_batch=4", "cut=0.5"};
  scrim_config config;
  assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    assert_int_equal(scrim_config_parse(&config, settings[i], NULL), SCRIM_OK);
  return config;
}

static scrim_filter *targets(void) {
  const scrim_config config = small();
  scrim_filter *filter;
  scrim_error error;
  if (scrim_voice_train_targets(&filter, encoders, DEID_ENCODERS, &corpus, &config, NULL, &error) != SCRIM_OK)
    fail_msg("%s", error.message);
  return filter;
}

/* Applies it in a mode to the first clip's voice; answers the status of the session, or of the call. */
static scrim_status apply(const scrim_filter *filter, const char *mode, float *x, size_t n) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {4};
  scrim_key *key;
  scrim_config config;
  scrim_session *s = NULL;
  assert_int_equal(scrim_key_create(&key, bytes, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_parse(&config, mode, NULL), SCRIM_OK);
  scrim_status status = scrim_session_create(&s, filter, key, &config, NULL);
  scrim_view view = {.kind = SCRIM_AUDIO, .data = x, .rows = n, .columns = 1, .capacity = n, .rate = 16000};
  if (status == SCRIM_OK) status = scrim_apply(s, &view, &view, NULL);
  scrim_session_free(s);
  scrim_key_free(key);
  return status;
}

static const char *info(const scrim_filter *filter, const char *wanted) {
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strcmp(name, wanted) == 0) return value;
  return NULL;
}

static void a_filter_of_encoders_targets_and_rooms(void **state) {
  (void)state;
  static float x[40000];
  scrim_filter *filter = targets();
  const voice_model *m = filter_model(filter, &voice_filter);
  assert_int_equal(m->n_encoders, DEID_ENCODERS);
  assert_int_equal(m->n_rooms, 1);
  assert_true(m->rooms[0] == 1 && fabsf(m->rooms[40] + 0.5f) < 1e-4f); /* the direct path leads, and is 1 */
  assert_non_null(info(filter, "targets.active_units"));
  assert_non_null(info(filter, "targets.drawn_nearest_50"));
  voice_speech(x, 40000, 16000, 120);
  const float before = x[20000];
  assert_int_equal(apply(filter, "mode=0", x, 40000), SCRIM_OK);
  assert_true(x[20000] != before);
  assert_int_equal(apply(filter, "mode=1", x, 40000), SCRIM_E_UNSUPPORTED); /* no generator yet */
  scrim_filter_free(filter);
}

static void a_generator_comes_on_top(void **state) {
  (void)state;
  static float x[60000], y[60000];
  scrim_filter *filter = targets(), *better;
  scrim_error error;
  scrim_config config;
  assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_parse(&config, "strength=5", NULL), SCRIM_OK);
  if (scrim_voice_train_generator(&better, filter, &corpus, &config, NULL, &error) != SCRIM_OK)
    fail_msg("%s", error.message);
  assert_string_equal(info(better, "targets.bound"), info(filter, "targets.bound"));
  assert_non_null(info(better, "generator.loss"));
  assert_string_equal(info(better, "param.strength"), "5"); /* what was asked for stays */
  assert_string_equal(info(better, "param.steps"), "2");    /* and so does what the filter had */
  voice_speech(x, 60000, 16000, 120);
  memcpy(y, x, sizeof x);
  assert_int_equal(apply(better, "mode=1", x, 60000), SCRIM_OK);
  assert_memory_not_equal(x, y, sizeof x);
  memcpy(x, y, sizeof x);
  assert_int_equal(apply(better, "mode=0", x, 60000), SCRIM_OK);
  scrim_filter_free(filter);
  scrim_filter_free(better);
}

static void the_same_seed_gives_the_same_file(void **state) {
  (void)state;
  scrim_filter *a = targets(), *b = targets();
  char one[NAME], two[NAME];
  snprintf(one, NAME, "%s/a", folder);
  snprintf(two, NAME, "%s/b", folder);
  assert_int_equal(scrim_filter_save(a, one, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(b, two, NULL), SCRIM_OK);
  FILE *f = fopen(one, "rb"), *g = fopen(two, "rb");
  assert_true(f && g);
  int c, d;
  do {
    c = getc(f);
    d = getc(g);
    assert_int_equal(c, d);
  } while (c != EOF);
  fclose(f);
  fclose(g);
  remove(one);
  remove(two);
  scrim_filter_free(a);
  scrim_filter_free(b);
}

static int stop(const scrim_progress *progress, void *context) {
  (void)progress;
  return *(int *)context;
}

static void wrong_calls_are_refused(void **state) {
  (void)state;
  scrim_config config = small(), other = {0}; /* never initialised */
  scrim_filter *filter;
  scrim_error error;
  int yes = 1;
  const scrim_train_options stopped = {.progress = stop, .context = &yes};
  scrim_voice_corpus few = corpus, missing = corpus;
  few.n_clips = 19;
  const char *const nowhere[] = {"/nowhere/encoder"};
#define TRAIN(e, n, c, s, o) scrim_voice_train_targets(&filter, e, n, c, s, o, &error)
  assert_int_equal(TRAIN(encoders, 0, &corpus, &config, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(TRAIN(encoders, 9, &corpus, &config, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(TRAIN(NULL, 1, &corpus, &config, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(TRAIN(encoders, 2, NULL, &config, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(TRAIN(encoders, 2, &corpus, &other, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(TRAIN(nowhere, 1, &corpus, &config, NULL), SCRIM_E_IO);
  assert_int_equal(TRAIN(encoders, 2, &few, &config, NULL), SCRIM_E_DATA);
  assert_int_equal(TRAIN(encoders, 2, &corpus, &config, &stopped), SCRIM_E_CANCELLED);
  assert_null(filter);
  missing.clips = (scrim_voice_clip[]){{"/nowhere/clip.wav", "x"}};
  missing.n_clips = 1;
  assert_int_equal(TRAIN(encoders, 2, &missing, &config, NULL), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "clip.wav"));
  assert_int_equal(scrim_voice_train_targets(NULL, encoders, 2, &corpus, &config, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_train_generator(&filter, NULL, &corpus, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  scrim_filter *made = targets();
  few.n_clips = 3;
  assert_int_equal(scrim_voice_train_generator(&filter, made, NULL, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_voice_train_generator(&filter, made, &few, NULL, NULL, NULL), SCRIM_E_DATA);
  assert_int_equal(scrim_voice_train_generator(&filter, made, &corpus, NULL, &stopped, NULL), SCRIM_E_CANCELLED);
  scrim_filter_free(made);
}

static void failed_requests_are_reported(void **state) {
  (void)state;
  const scrim_config config = small();
  scrim_filter *made = targets();
  for (unsigned long n = 1;; n += 1 + n / 3) {
    scrim_filter *filter, *better;
    memory_fail_at(n, 0);
    const scrim_status one = scrim_voice_train_targets(&filter, encoders, 2, &corpus, &config, NULL, NULL);
    const unsigned long asked = memory_requests();
    memory_fail_at(n, 0);
    const scrim_status two = scrim_voice_train_generator(&better, made, &corpus, NULL, NULL, NULL);
    const unsigned long asked_too = memory_requests();
    memory_fail_at(0, 0);
    assert_true(one == SCRIM_OK || (one == SCRIM_E_MEMORY && filter == NULL));
    assert_true(two == SCRIM_OK || (two == SCRIM_E_MEMORY && better == NULL));
    scrim_filter_free(filter);
    scrim_filter_free(better);
    if (asked < n && asked_too < n) break;
  }
  scrim_filter_free(made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_filter_of_encoders_targets_and_rooms), cmocka_unit_test(a_generator_comes_on_top),
      cmocka_unit_test(the_same_seed_gives_the_same_file),      cmocka_unit_test(wrong_calls_are_refused),
      cmocka_unit_test(failed_requests_are_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
