/* Speaker encoders of every kind: unit rows, the way back to the samples, long and short speech, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "talkers_world.h"
#include "voice_deid/encoder_parts.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SAMPLES = SPEAKER_LEAST_SAMPLES, LONG = 2 * SPEAKER_SEGMENT + 4321, MOST = 64 };
static random_source *source;
static tape *t;
static float speech[LONG];

static int open_all(void **state) {
  (void)state;
  talkers_speak(1, 1, speech, LONG);
  if (random_source_from_seed(&source, 1, NULL) != SCRIM_OK) return 1;
  return tape_create(&t, &cpu_backend, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  tape_free(t);
  random_source_free(source);
  return 0;
}

/* A small one of kind i, its running statistics those of a pass over the speech. */
static speaker_encoder *make(size_t i) {
  speaker_encoder_settings s;
  speaker_encoder *e = NULL;
  assert_int_equal(speaker_encoder_defaults(&s, speaker_encoder_kind_at(i), NULL), SCRIM_OK);
  s.width = 8;
  s.dimensions = 16;
  s.front.bands = s.front.cepstra ? s.front.bands : 20;
  assert_int_equal(random_begin(source, "weights", &i, sizeof i, NULL), SCRIM_OK);
  assert_int_equal(speaker_encoder_create(&e, &s, source, NULL), SCRIM_OK);
  for (int pass = 0; pass < 20; pass++) {
    tape_reset(t);
    tape_training(t, 1);
    assert_non_null(speaker_encoder_embed(t, e, tape_input(t, speech, 2, (int[]){4, SAMPLES})));
  }
  tape_training(t, 0);
  return e;
}

static tensorfile *file_of(const speaker_encoder *e, const char *prefix) {
  tensorfile_writer *writer = NULL;
  unsigned char *bytes;
  size_t n;
  tensorfile *file;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(speaker_encoder_put(e, prefix, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  tensorfile_writer_free(writer);
  memory_free(bytes);
  return file;
}

static void embed(const speaker_encoder *e, const float *x, size_t n, float out[MOST]) {
  assert_int_equal(speaker_encoder_embed_samples(e, t, x, n, out, NULL), SCRIM_OK);
}

static double cosine(const float *a, const float *b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (double)a[i] * b[i];
  return sum;
}

static void rows_have_unit_length(void **state) {
  (void)state;
  for (size_t i = 0; speaker_encoder_kind_at(i); i++) {
    speaker_encoder *e = make(i);
    tape_reset(t);
    const tensor *y = speaker_encoder_embed(t, e, tape_input(t, speech, 2, (int[]){3, SAMPLES}));
    assert_int_equal(y->rank, 2);
    assert_int_equal(y->dim[0], 3);
    assert_int_equal(y->dim[1], 16);
    for (int r = 0; r < 3; r++) assert_true(fabs(cosine(y->data + 16 * r, y->data + 16 * r, 16) - 1) < 1e-5);
    assert_true(cosine(y->data, y->data + 16, 16) < 0.999999);
    speaker_encoder_free(e);
  }
}

/* What is loaded is folded: the same answers from other weights. */
static void a_file_keeps_the_answers(void **state) {
  (void)state;
  for (size_t i = 0; speaker_encoder_kind_at(i); i++) {
    speaker_encoder *e = make(i), *loaded, *again;
    float before[MOST], after[MOST];
    tensorfile *file = file_of(e, "encoder.3.");
    assert_int_equal(speaker_encoder_is_in(file, "encoder.3."), 1);
    assert_int_equal(speaker_encoder_is_in(file, "encoder.4."), 0);
    assert_int_equal(speaker_encoder_get(&loaded, "encoder.3.", file, NULL), SCRIM_OK);
    tensorfile_close(file);
    assert_string_equal(speaker_encoder_about(loaded)->kind, speaker_encoder_kind_at(i));
    embed(e, speech, 3 * SAMPLES, before);
    embed(loaded, speech, 3 * SAMPLES, after);
    for (int k = 0; k < 16; k++) assert_true(fabsf(before[k] - after[k]) < 2e-4f);
    file = file_of(loaded, "");
    assert_int_equal(speaker_encoder_get(&again, "", file, NULL), SCRIM_OK);
    tensorfile_close(file);
    embed(again, speech, 3 * SAMPLES, before);
    for (int k = 0; k < 16; k++) assert_true(fabsf(before[k] - after[k]) < 1e-5f);
    speaker_encoder_free(again);
    speaker_encoder_free(loaded);
    speaker_encoder_free(e);
  }
}

/* The sum of two places of the embedding of x [SAMPLES]; with its gradient [SAMPLES] unless that is NULL. */
static double two_places(const speaker_encoder *e, const float *samples, float *gradient) {
  tape_reset(t);
  tensor *x = tape_variable(t, samples, 2, (int[]){1, SAMPLES});
  tensor *loss = op_sum(t, op_slice(t, speaker_encoder_embed(t, e, x), 1, 3, 2));
  assert_int_equal(tape_status(t, NULL), SCRIM_OK);
  if (gradient) {
    assert_int_equal(tape_backward(t, loss, NULL), SCRIM_OK);
    memcpy(gradient, x->grad, SAMPLES * sizeof *gradient);
  }
  return (double)loss->data[0];
}

/* A small step up the slope gains what the slope says. Weights of a loaded encoder take no gradient. */
static void the_way_back_reaches_the_samples(void **state) {
  (void)state;
  float start[SAMPLES], slope[SAMPLES], moved[SAMPLES];
  uint64_t noise = 3;
  for (size_t i = 0; i < SAMPLES; i++) start[i] = speech[i] + (float)(0.05 * voice_noise(&noise));
  for (size_t i = 0; speaker_encoder_kind_at(i); i++) {
    speaker_encoder *e = make(i), *loaded;
    tensorfile *file = file_of(e, "");
    assert_int_equal(speaker_encoder_get(&loaded, "", file, NULL), SCRIM_OK);
    tensorfile_close(file);
    two_places(loaded, start, slope);
    double square = 0, value[2];
    for (size_t k = 0; k < SAMPLES; k++) square += (double)slope[k] * slope[k];
    for (int side = 0; side < 2; side++) {
      const double step = (side ? 1 : -1) * 0.0005 / square; /* gains 0.0005 */
      for (size_t k = 0; k < SAMPLES; k++) moved[k] = start[k] + (float)(step * slope[k]);
      value[side] = two_places(loaded, moved, NULL);
    }
    assert_true(fabs((value[1] - value[0]) / 0.001 - 1) < 0.05);
    const nn_params *p = speaker_encoder_params(loaded);
    for (size_t k = 0; k < nn_params_count(p); k++) assert_null(nn_params_at(p, k, NULL, NULL)->grad);
    speaker_encoder_free(loaded);
    speaker_encoder_free(e);
  }
}

static void speech_of_any_length_has_an_embedding(void **state) {
  (void)state;
  float whole[MOST], part[MOST], mean[MOST] = {0};
  speaker_encoder *e = make(2);
  const size_t each = (LONG + 2) / 3;
  embed(e, speech, LONG, whole);
  for (size_t s = 0; s < 3; s++) {
    embed(e, speech + s * (LONG - each) / 2, each, part);
    for (int k = 0; k < 16; k++) mean[k] += part[k];
  }
  assert_true(fabs(cosine(whole, mean, 16) / sqrt(cosine(mean, mean, 16)) - 1) < 1e-5);
  for (size_t n = 1; n < 20000; n = n * 5 + 3) {
    embed(e, speech, n, part);
    assert_true(fabs(cosine(part, part, 16) - 1) < 1e-5);
  }
  scrim_error error;
  assert_int_equal(speaker_encoder_embed_samples(e, t, speech, 0, part, &error), SCRIM_E_DATA);
  speaker_encoder_free(e);
}

/* A file with one thing changed. */
static void assert_refused(const speaker_encoder *e, const char *name, const char *value, scrim_status wanted) {
  tensorfile_writer *writer = NULL;
  unsigned char *bytes;
  size_t n;
  tensorfile *file;
  speaker_encoder *out = NULL;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(speaker_encoder_put(e, "", writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put_meta(writer, name, value, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  assert_int_equal(speaker_encoder_get(&out, "", file, NULL), wanted);
  assert_null(out);
  tensorfile_close(file);
  tensorfile_writer_free(writer);
  memory_free(bytes);
}

static void bad_files_are_refused(void **state) {
  (void)state;
  speaker_encoder *e = make(0), *out = NULL;
  scrim_error error;
  assert_refused(e, "kind", "oracle", SCRIM_E_FORMAT);
  assert_refused(e, "width", "7", SCRIM_E_FORMAT);
  assert_refused(e, "width", "100000", SCRIM_E_FORMAT);
  assert_refused(e, "width", "8.5", SCRIM_E_FORMAT);
  assert_refused(e, "dimensions", "-16", SCRIM_E_FORMAT);
  assert_refused(e, "front.bands", "nan", SCRIM_E_FORMAT);
  assert_refused(e, "front.scale", "2", SCRIM_E_FORMAT);
  tensorfile *file = file_of(e, "a.");
  assert_int_equal(speaker_encoder_get(&out, "b.", file, &error), SCRIM_E_FORMAT);
  assert_string_equal(error.message, "no speaker encoder: metadata 'b.kind' is missing");
  tensorfile_close(file);
  assert_int_equal(speaker_encoder_load(&out, "/nowhere/encoder.scrim", &error), SCRIM_E_IO);
  assert_null(out);
  speaker_encoder_free(e);
}

static void settings_are_checked(void **state) {
  (void)state;
  speaker_encoder_settings s;
  speaker_encoder *e = NULL;
  scrim_error error;
  assert_int_equal(speaker_encoder_defaults(&s, "oracle", &error), SCRIM_E_PARAM);
  assert_string_equal(error.message, "no speaker encoder is of kind 'oracle' (there are: tdnn, resnet, statistics)");
  assert_int_equal(speaker_encoder_defaults(&s, "tdnn", NULL), SCRIM_OK);
  s.width = 3;
  assert_int_equal(speaker_encoder_create(&e, &s, NULL, &error), SCRIM_E_PARAM);
  s.width = 8;
  s.dimensions = SPEAKER_MOST_DIMENSIONS + 1;
  assert_int_equal(speaker_encoder_create(&e, &s, NULL, &error), SCRIM_E_PARAM);
  assert_string_equal(error.message, "encoder: dimensions 257, must be 2 to 256");
  assert_null(e);
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  speaker_encoder *e = make(1);
  tensorfile *file = file_of(e, "");
  scrim_status status = SCRIM_E_MEMORY;
  float out[MOST];
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    speaker_encoder *loaded = NULL;
    tape *own = NULL;
    memory_fail_at(at, 0);
    status = speaker_encoder_get(&loaded, "", file, NULL);
    if (status == SCRIM_OK) status = tape_create(&own, &cpu_backend, NULL);
    if (status == SCRIM_OK) status = speaker_encoder_embed_samples(loaded, own, speech, 500, out, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    tape_free(own);
    speaker_encoder_free(loaded);
    assert_true(at < 1000);
  }
  tensorfile_close(file);
  speaker_encoder_free(e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_have_unit_length),
      cmocka_unit_test(a_file_keeps_the_answers),
      cmocka_unit_test(the_way_back_reaches_the_samples),
      cmocka_unit_test(speech_of_any_length_has_an_embedding),
      cmocka_unit_test(bad_files_are_refused),
      cmocka_unit_test(settings_are_checked),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
