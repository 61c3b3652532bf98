/* Filters with a prior from outside: training, files, which frames it is for, what rides along, keys, memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include <cmocka.h>
#include <math.h>
#include <scrim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OBJECTS = 40, POINTS = 300, COLUMNS = 4 };
static float objects[OBJECTS * POINTS * 3], in_data[POINTS * COLUMNS], out_data[POINTS * COLUMNS];
static scrim_key *key, *other_key;
static scrim_filter *filter;

static scrim_config config_of(const char *const *settings) {
  scrim_config config;
  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  for (; *settings != NULL; settings++) assert_int_equal(scrim_config_parse(&config, *settings, NULL), SCRIM_OK);
  return config;
}
#define CONFIG(...) config_of((const char *const[]){__VA_ARGS__, NULL})
#define SMALL "width=8", "latent=4", "epochs=2", "batch=4", "points=32", "shapes=20"

static int open_all(void **state) {
  (void)state;
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {4}, others[SCRIM_KEY_BYTES] = {5};
  const scrim_prior_data data = {objects, OBJECTS, POINTS};
  const scrim_config config = CONFIG(SMALL);
  return scrim_key_create(&key, bytes, NULL) != SCRIM_OK || scrim_key_create(&other_key, others, NULL) != SCRIM_OK ||
         scrim_cloud_shapes(objects, NULL, OBJECTS, POINTS, 1, NULL) != SCRIM_OK ||
         scrim_cloud_train_prior(&filter, &data, &config, NULL, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  scrim_filter_free(filter);
  scrim_key_free(key);
  scrim_key_free(other_key);
  return 0;
}

static scrim_session *session(const scrim_key *with, scrim_config config) {
  scrim_session *s;
  assert_int_equal(scrim_session_create(&s, filter, with, &config, NULL), SCRIM_OK);
  return s;
}

/* Object i with a fourth column that only a copy gives back. */
static scrim_view frame(size_t object) {
  for (size_t i = 0; i < POINTS; i++) {
    const uint32_t ring = 0x7f800001u + (uint32_t)i;
    memcpy(in_data + i * COLUMNS, objects + (object * POINTS + i) * 3, 3 * sizeof *in_data);
    memcpy(in_data + i * COLUMNS + 3, &ring, sizeof ring);
  }
  return (scrim_view){.kind = SCRIM_POINTS, .data = in_data, .rows = POINTS, .columns = COLUMNS};
}

static scrim_cloud_report apply(scrim_session *s, const scrim_view *in) {
  scrim_cloud_report report;
  scrim_view out = {.kind = SCRIM_POINTS, .data = out_data, .columns = COLUMNS, .capacity = POINTS};
  assert_int_equal(scrim_apply(s, in, &out, NULL), SCRIM_OK);
  assert_int_equal(out.rows, in->rows);
  assert_int_equal(scrim_cloud_report_get(s, &report, NULL), SCRIM_OK);
  for (size_t i = 0; i < out.rows; i++)
    assert_memory_equal(out_data + i * COLUMNS + 3, in_data + i * COLUMNS + 3, sizeof *out_data);
  return report;
}

static void objects_are_diffused_and_scenes_projected(void **state) {
  (void)state;
  float diffused[POINTS * COLUMNS];
  const scrim_view in = frame(3);
  scrim_session *s = session(key, CONFIG("step=7", "floor=0"));
  assert_int_equal(apply(s, &in).time_step, 7);
  memcpy(diffused, out_data, sizeof diffused);
  scrim_session_free(s);
  s = session(key, CONFIG("step=7", "floor=0", "objects=299"));
  scrim_cloud_report report = apply(s, &in);
  assert_int_equal(report.time_step, 0);
  assert_true(report.moved > POINTS / 2);
  assert_memory_not_equal(out_data, diffused, sizeof diffused);
  scrim_session_free(s);
  s = session(key, CONFIG("step=7", "floor=0"));
  for (size_t n = 31; n < 36; n++) { /* too few to have neighbours */
    const scrim_view few = {.kind = SCRIM_POINTS, .data = in_data, .rows = n, .columns = COLUMNS};
    assert_int_equal(apply(s, &few).time_step, n > 32 ? 7 : 0);
  }
  scrim_session_free(s);
  s = session(key, CONFIG("step=0", "floor=0"));
  report = apply(s, &in);
  assert_true(report.passed && report.moved == 0);
  assert_memory_equal(out_data, in_data, sizeof in_data);
  scrim_session_free(s);
}

/* What the gauge of a network that has hardly been trained says is not worth much, but it is heard. */
static void noise_chooses_the_step(void **state) {
  (void)state;
  const scrim_view in = frame(5);
  scrim_session *s = session(key, CONFIG("clean_noise=0", "step_least=0", "floor=100"));
  scrim_cloud_report report = apply(s, &in);
  assert_in_range(report.time_step, 2, 30);
  assert_true(!report.passed && report.moved > POINTS / 2);
  const int step = report.time_step;
  scrim_session_free(s);
  s = session(key, CONFIG("clean_noise=0", "step_least=0", "step_scale=0.5"));
  assert_in_range(apply(s, &in).time_step, 1, step - 1);
  scrim_session_free(s);
  s = session(key, CONFIG("clean_noise=0", "step_scale=100", "step_cap=12"));
  assert_int_equal(apply(s, &in).time_step, 12);
  scrim_session_free(s);
  s = session(key, CONFIG("clean_noise=100", "step_least=5"));
  report = apply(s, &in);
  assert_true(!report.passed && report.time_step == 5 && report.moved > POINTS / 2);
  scrim_session_free(s);
  s = session(key, CONFIG("clean_noise=100", "step_least=0", "floor=0"));
  report = apply(s, &in);
  assert_true(report.passed && report.time_step == 0 && report.moved == 0);
  assert_memory_equal(out_data, in_data, sizeof in_data);
  scrim_session_free(s);
}

static void noise_is_the_keys(void **state) {
  (void)state;
  float first[POINTS * COLUMNS];
  const scrim_view in = frame(2);
  scrim_session *s = session(key, CONFIG("step=9", "floor=0", "noise=1", "threads=3"));
  apply(s, &in);
  memcpy(first, out_data, sizeof first);
  apply(s, &in);
  assert_memory_equal(out_data, first, sizeof first);
  scrim_session_free(s);
  s = session(key, CONFIG("step=9", "floor=0", "noise=1"));
  apply(s, &in);
  assert_memory_equal(out_data, first, sizeof first);
  scrim_session_free(s);
  s = session(other_key, CONFIG("step=9", "floor=0", "noise=1"));
  apply(s, &in);
  assert_memory_not_equal(out_data, first, sizeof first);
  scrim_session_free(s);
}

/* Two passes are the filter on what the filter gave, but for noise, and for the order that sums are made in. */
static void objects_are_restored_as_often_as_asked(void **state) {
  (void)state;
  float once[POINTS * COLUMNS], twice[POINTS * COLUMNS];
  scrim_view in = frame(6);
  scrim_session *s = session(key, CONFIG("step=6", "passes=1", "noise=0"));
  apply(s, &in);
  memcpy(once, out_data, sizeof once);
  memcpy(in_data, once, sizeof once);
  apply(s, &in);
  memcpy(twice, out_data, sizeof twice);
  scrim_session_free(s);
  in = frame(6);
  s = session(key, CONFIG("step=6", "passes=2", "noise=0"));
  apply(s, &in);
  assert_memory_not_equal(out_data, once, sizeof once);
  for (size_t i = 0; i < POINTS; i++)
    for (size_t at = i * COLUMNS; at < i * COLUMNS + 3; at++) assert_true(fabsf(out_data[at] - twice[at]) < 1e-5f);
  scrim_session_free(s);
}

static void training_is_repeatable_and_saved(void **state) {
  (void)state;
  const scrim_prior_data data = {objects, OBJECTS, POINTS};
  const scrim_config config = CONFIG(SMALL);
  const char *const names[] = {"/tmp/scrim-prior-a-XXXXXX", "/tmp/scrim-prior-b-XXXXXX"};
  char paths[2][40], *bytes[2];
  size_t sizes[2];
  for (int i = 0; i < 2; i++) {
    scrim_filter *made, *back;
    scrim_config stored;
    double baseline, clean_noise;
    strcpy(paths[i], names[i]);
    const int fd = mkstemp(paths[i]);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(scrim_cloud_train_prior(&made, &data, &config, NULL, NULL), SCRIM_OK);
    assert_int_equal(scrim_filter_save(made, paths[i], NULL), SCRIM_OK);
    scrim_filter_free(made);
    assert_int_equal(scrim_filter_open(&back, paths[i], NULL), SCRIM_OK);
    assert_int_equal(scrim_filter_config(back, &stored, NULL), SCRIM_OK);
    assert_int_equal(scrim_config_get(&stored, "baseline", &baseline, NULL), SCRIM_OK);
    assert_true(baseline > 0.05 && baseline < 0.5);
    assert_int_equal(scrim_config_get(&stored, "clean_noise", &clean_noise, NULL), SCRIM_OK);
    assert_true(clean_noise > 0);
    scrim_filter_free(back);
    FILE *file = fopen(paths[i], "rb");
    assert_non_null(file);
    bytes[i] = malloc(1 << 20);
    assert_non_null(bytes[i]);
    sizes[i] = fread(bytes[i], 1, 1 << 20, file);
    fclose(file);
    remove(paths[i]);
  }
  assert_int_equal(sizes[0], sizes[1]);
  assert_memory_equal(bytes[0], bytes[1], sizes[0]);
  free(bytes[0]);
  free(bytes[1]);
}

static void procedural_objects_are_made_where_none_are_given(void **state) {
  (void)state;
  scrim_filter *made;
  const char *name, *value;
  int told = 0;
  const scrim_config config = CONFIG(SMALL, "baseline=0.5");
  assert_int_equal(scrim_cloud_train_prior(&made, NULL, &config, NULL, NULL), SCRIM_OK);
  for (size_t i = 0; scrim_filter_info(made, i, &name, &value); i++) {
    told += strcmp(name, "procedural") == 0 && strcmp(value, "1") == 0;
    told += strcmp(name, "objects") == 0 && strcmp(value, "20") == 0;
    told += strcmp(name, "param.baseline") == 0 && strcmp(value, "0.5") == 0; /* the caller knows better */
  }
  assert_int_equal(told, 3);
  scrim_filter_free(made);
}

static void shapes_are_labelled(void **state) {
  (void)state;
  float few[3 * 5 * 3], more[25 * 5 * 3];
  int32_t labels[25];
  assert_int_equal(scrim_cloud_shapes(few, NULL, 3, 5, 9, NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_shapes(more, labels, 25, 5, 9, NULL), SCRIM_OK);
  assert_memory_equal(few, more, sizeof few);
  for (int32_t i = 0; i < 25; i++) {
    assert_int_equal(labels[i], i % SCRIM_CLOUD_FAMILIES);
    assert_non_null(scrim_cloud_family_name(labels[i]));
  }
  assert_null(scrim_cloud_family_name(-1));
  assert_null(scrim_cloud_family_name(SCRIM_CLOUD_FAMILIES));
  assert_int_equal(scrim_cloud_shapes(NULL, NULL, 3, 5, 9, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_cloud_shapes(few, NULL, 0, 5, 9, NULL), SCRIM_E_ARGUMENT);
}

static void training_refuses(void **state) {
  (void)state;
  scrim_filter *made = filter;
  scrim_error error;
  scrim_prior_data data = {objects, OBJECTS, POINTS};
  scrim_config config = CONFIG(SMALL);
  assert_int_equal(scrim_cloud_train_prior(NULL, &data, &config, NULL, &error), SCRIM_E_ARGUMENT);
  data.n = 19;
  assert_int_equal(scrim_cloud_train_prior(&made, &data, &config, NULL, &error), SCRIM_E_DATA);
  assert_null(made);
  data.n = OBJECTS;
  const float held = objects[(2 * POINTS + 7) * 3 + 1];
  objects[(2 * POINTS + 7) * 3 + 1] = NAN;
  assert_int_equal(scrim_cloud_train_prior(&made, &data, &config, NULL, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "object 2, point 7"));
  objects[(2 * POINTS + 7) * 3 + 1] = held;
  assert_int_equal(scrim_config_init(&config, "scores", NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_train_prior(&made, &data, &config, NULL, &error), SCRIM_E_ARGUMENT);
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  const scrim_prior_data data = {objects, 20, POINTS};
  const scrim_config config = CONFIG("width=8", "latent=2", "epochs=1", "batch=20", "points=8");
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    scrim_filter *made = NULL;
    scrim_session *s = NULL;
    scrim_view in = frame(1), out = {.kind = SCRIM_POINTS, .data = out_data, .columns = COLUMNS, .capacity = POINTS};
    memory_fail_at(at, 0);
    status = scrim_cloud_train_prior(&made, &data, &config, NULL, NULL);
    if (status == SCRIM_OK) status = scrim_session_create(&s, made, key, NULL, NULL);
    if (status == SCRIM_OK) status = scrim_apply(s, &in, &out, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    if (status != SCRIM_OK) assert_int_equal(out.rows, 0);
    scrim_session_free(s);
    scrim_filter_free(made);
    assert_true(at < 5000);
  }
}

static void warm_sessions_allocate_nothing(void **state) {
  (void)state;
  scrim_session *s = session(key, CONFIG("step=5", "floor=0", "leaps=0", "threads=2", "polish=1"));
  for (size_t n = POINTS; n > 0; n /= 2) {
    scrim_view in = frame(4);
    in.rows = n;
    if (n < POINTS) memory_fail_at(1, 1);
    apply(s, &in);
    if (n < POINTS) assert_int_equal(memory_requests(), 0);
    memory_fail_at(0, 0);
  }
  scrim_session_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(objects_are_diffused_and_scenes_projected),
      cmocka_unit_test(noise_chooses_the_step),
      cmocka_unit_test(noise_is_the_keys),
      cmocka_unit_test(objects_are_restored_as_often_as_asked),
      cmocka_unit_test(training_is_repeatable_and_saved),
      cmocka_unit_test(procedural_objects_are_made_where_none_are_given),
      cmocka_unit_test(shapes_are_labelled),
      cmocka_unit_test(training_refuses),
      cmocka_unit_test(out_of_memory_is_said),
      cmocka_unit_test(warm_sessions_allocate_nothing),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
