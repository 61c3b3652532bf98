/* Filters with markers, from outside: trained, saved, applied in every mode; beside a prior; and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "snow_world.h"
#include <cmocka.h>
#include <scrim.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 3, POINTS = 1500 };

static float rows[FRAMES][POINTS * SNOW_COLUMNS], out_rows[POINTS * SNOW_COLUMNS];
static uint8_t labels[FRAMES][POINTS];
static const uint8_t *label_of[FRAMES];
static scrim_view frames[FRAMES];
static scrim_marker_data data = {frames, label_of, FRAMES};
static scrim_key *key;
static scrim_filter *filter;

static scrim_config config_of(const char *const *settings) {
  scrim_config config;
  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  for (; *settings != NULL; settings++) assert_int_equal(scrim_config_parse(&config, *settings, NULL), SCRIM_OK);
  return config;
}
#define CONFIG(...) config_of((const char *const[]){__VA_ARGS__, NULL})

static int open_all(void **state) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {4};
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) {
    snow_frame(rows[i], labels[i], POINTS, 20 + i);
    frames[i] = (scrim_view){.kind = SCRIM_POINTS, .data = rows[i], .rows = POINTS, .columns = SNOW_COLUMNS};
    label_of[i] = labels[i];
  }
  const scrim_config config = CONFIG("intensity=1", "marker_width=16", "floor=0");
  const scrim_train_options options = {.seed = 3};
  return scrim_key_create(&key, bytes, NULL) != SCRIM_OK ||
         scrim_cloud_train_marker(&filter, &data, NULL, &config, &options, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  scrim_filter_free(filter);
  scrim_key_free(key);
  return 0;
}

static scrim_cloud_report apply(const scrim_filter *f, const scrim_config *config, size_t *n) {
  scrim_session *s;
  scrim_cloud_report report;
  scrim_view out = {.kind = SCRIM_POINTS, .data = out_rows, .columns = SNOW_COLUMNS, .capacity = POINTS};
  assert_int_equal(scrim_session_create(&s, f, key, config, NULL), SCRIM_OK);
  assert_int_equal(scrim_apply(s, &frames[0], &out, NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_report_get(s, &report, NULL), SCRIM_OK);
  static uint8_t mark[POINTS];
  memcpy(mark, report.mark, sizeof mark);
  report.mark = mark;
  *n = out.rows;
  scrim_session_free(s);
  return report;
}

/* Of the points that are flakes or marked, the share that is both. */
static double overlap(const uint8_t *mark) {
  size_t both = 0, any = 0;
  for (size_t i = 0; i < POINTS; i++) {
    both += mark[i] && labels[0][i];
    any += mark[i] || labels[0][i];
  }
  return (double)both / (double)any;
}

static void flakes_are_marked_and_removed(void **state) {
  size_t n, kept = 0;
  (void)state;
  scrim_config config = CONFIG("mode=1");
  scrim_cloud_report report = apply(filter, &config, &n);
  assert_true(overlap(report.mark) > 0.97);
  assert_int_equal(n, POINTS);
  assert_int_equal(report.capped, 0);
  static uint8_t mark[POINTS];
  memcpy(mark, report.mark, sizeof mark);
  config = CONFIG("mode=2", "threads=3");
  report = apply(filter, &config, &n);
  assert_memory_equal(report.mark, mark, sizeof mark);
  assert_int_equal(n, POINTS - report.marked);
  for (size_t i = 0; i < POINTS; i++)
    if (!mark[i]) assert_memory_equal(out_rows + SNOW_COLUMNS * kept++, rows[0] + SNOW_COLUMNS * i, 16);
  config = CONFIG("mode=3");
  report = apply(filter, &config, &n);
  for (size_t i = 0; i < POINTS; i++) assert_int_equal(isnan(out_rows[SNOW_COLUMNS * i]) ? 1 : 0, mark[i]);
}

/* Flakes stay where they are, and the rest moves as it does where there are none. */
static void what_is_marked_is_not_moved_and_moves_nothing(void **state) {
  static float with[POINTS * SNOW_COLUMNS];
  static uint8_t mark[POINTS];
  size_t n;
  (void)state;
  const scrim_config config = CONFIG("mode=0", "iterations=2");
  scrim_cloud_report report = apply(filter, &config, &n);
  assert_true(report.marked > POINTS / 14 && report.moved == POINTS - report.marked);
  memcpy(with, out_rows, sizeof with);
  memcpy(mark, report.mark, sizeof mark);
  const float *const before = rows[0];
  static float without[POINTS * SNOW_COLUMNS];
  memcpy(without, before, sizeof without);
  for (size_t i = 0; i < POINTS; i++)
    if (mark[i]) without[SNOW_COLUMNS * i] = NAN;
  frames[0].data = without;
  const scrim_config by_rule = CONFIG("mode=0", "iterations=2", "measure=8");
  report = apply(filter, &by_rule, &n);
  frames[0].data = rows[0];
  assert_int_equal(report.marked, 0);
  for (size_t i = 0; i < POINTS; i++)
    assert_memory_equal(with + SNOW_COLUMNS * i, mark[i] ? before + SNOW_COLUMNS * i : out_rows + SNOW_COLUMNS * i, 12);
}

static void the_cap_and_the_threshold_hold(void **state) {
  size_t n;
  (void)state;
  scrim_config config = CONFIG("mode=2", "cap=0.02");
  scrim_cloud_report report = apply(filter, &config, &n);
  assert_int_equal(report.capped, 1);
  assert_int_equal(report.marked, POINTS / 50);
  config = CONFIG("mode=1", "threshold=0", "cap=0.5");
  report = apply(filter, &config, &n);
  assert_true(report.marked == POINTS / 2 && report.outliers > POINTS / 2);
  config = CONFIG("mode=1", "threshold=1");
  assert_int_equal(apply(filter, &config, &n).marked, 0);
}

static void a_saved_filter_marks_alike(void **state) {
  static uint8_t mark[POINTS];
  char path[] = "/tmp/scrim_marker_XXXXXX";
  scrim_filter *again;
  size_t n;
  (void)state;
  const int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(scrim_filter_save(filter, path, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_open(&again, path, NULL), SCRIM_OK);
  const scrim_config config = CONFIG("mode=1");
  memcpy(mark, apply(filter, &config, &n).mark, sizeof mark);
  assert_memory_equal(apply(again, &config, &n).mark, mark, sizeof mark);
  scrim_filter_free(again);
  unlink(path);
}

/* What can be read of a filter's metadata. */
static const char *meta(const scrim_filter *f, const char *wanted) {
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(f, i, &name, &value); i++)
    if (strcmp(name, wanted) == 0) return value;
  return "";
}

static void a_prior_is_taken_along(void **state) {
  scrim_filter *prior, *both;
  scrim_config stored;
  double value;
  (void)state;
  const scrim_config small = CONFIG("width=8", "latent=4", "epochs=1", "shapes=20", "points=64", "cap=0.125");
  assert_int_equal(scrim_cloud_train_prior(&prior, NULL, &small, NULL, NULL), SCRIM_OK);
  const scrim_config quick = CONFIG("marker_epochs=1", "baseline=0.5");
  assert_int_equal(scrim_cloud_train_marker(&both, &data, prior, &quick, NULL, NULL), SCRIM_OK);
  assert_string_equal(meta(both, "procedural"), "1");
  assert_string_equal(meta(both, "marker_procedural"), "0");
  assert_int_equal(scrim_filter_config(both, &stored, NULL), SCRIM_OK);
  static const struct {
    const char *name;
    double value;
  } expected[] = {{"cap", 0.125}, {"width", 8}, {"baseline", 0.5}, {"k", 9}, {"measure", 9}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    assert_int_equal(scrim_config_get(&stored, expected[i].name, &value, NULL), SCRIM_OK);
    assert_true(value == expected[i].value);
  }
  size_t n;
  scrim_config config = CONFIG("mode=0", "step=3", "objects=4096");
  assert_int_equal(apply(both, &config, &n).time_step, 3);
  config = CONFIG("mode=0", "objects=0");
  assert_true(apply(both, &config, &n).time_step == 0);
  scrim_filter_free(prior);
  scrim_filter_free(both);
}

static void wrong_calls_are_refused(void **state) {
  scrim_filter *f, *none;
  scrim_session *s;
  scrim_error error;
  (void)state;
  assert_int_equal(scrim_cloud_train(&none, NULL, NULL, NULL), SCRIM_OK);
  scrim_config config = CONFIG("measure=9");
  assert_int_equal(scrim_session_create(&s, none, key, &config, &error), SCRIM_E_PARAM);
  assert_non_null(strstr(error.message, "no marker"));
  config = CONFIG("k=10");
  assert_int_equal(scrim_session_create(&s, filter, key, &config, &error), SCRIM_E_PARAM);
  assert_non_null(strstr(error.message, "trained with 9"));
  config = CONFIG("k=10", "measure=8");
  assert_int_equal(scrim_session_create(&s, filter, key, &config, &error), SCRIM_OK);
  scrim_session_free(s);
  assert_int_equal(scrim_session_create(&s, filter, key, NULL, NULL), SCRIM_OK);
  scrim_view in = {.kind = SCRIM_POINTS, .data = rows[0], .rows = 10, .columns = 3};
  scrim_view out = {.kind = SCRIM_POINTS, .data = out_rows, .columns = 3, .capacity = POINTS};
  assert_int_equal(scrim_apply(s, &in, &out, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "the fourth"));
  in.rows = 0;
  in.columns = out.columns = 4;
  assert_int_equal(scrim_apply(s, &in, &out, NULL), SCRIM_OK);
  scrim_session_free(s);

  const scrim_train_options options = {.checkpoint = "state"};
  assert_int_equal(scrim_cloud_train_marker(NULL, &data, NULL, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_cloud_train_marker(&f, &data, NULL, NULL, &options, NULL), SCRIM_E_ARGUMENT);
  scrim_marker_data wrong = {frames, NULL, FRAMES};
  assert_int_equal(scrim_cloud_train_marker(&f, &wrong, NULL, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  wrong = (scrim_marker_data){frames, label_of, 1};
  assert_int_equal(scrim_cloud_train_marker(&f, &wrong, NULL, NULL, NULL, NULL), SCRIM_E_DATA);
  frames[1].columns = 3;
  config = CONFIG("intensity=1");
  assert_int_equal(scrim_cloud_train_marker(&f, &data, NULL, &config, NULL, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "frame 1: 3 columns"));
  frames[1].columns = SNOW_COLUMNS;
  assert_int_equal(scrim_cloud_scene(NULL, NULL, NULL, 1, 1, NULL), SCRIM_E_ARGUMENT);
  scrim_filter_free(none);
}

static void out_of_memory_is_said(void **state) {
  const scrim_config quick = CONFIG("marker_epochs=1", "marker_width=4");
  scrim_filter *f;
  (void)state;
  for (size_t i = 0; i < FRAMES; i++) frames[i].rows = 40;
  for (unsigned long at = 1;; at += 1 + at / 8) {
    memory_fail_at(at, 0);
    const scrim_status status = scrim_cloud_train_marker(&f, &data, NULL, &quick, NULL, NULL);
    const int failed = memory_requests() >= at;
    memory_fail_at(0, 0);
    assert_int_equal(status, failed ? SCRIM_E_MEMORY : SCRIM_OK);
    if (!failed) break;
  }
  for (size_t i = 0; i < FRAMES; i++) frames[i].rows = POINTS;
  scrim_filter_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flakes_are_marked_and_removed),  cmocka_unit_test(what_is_marked_is_not_moved_and_moves_nothing),
      cmocka_unit_test(the_cap_and_the_threshold_hold), cmocka_unit_test(a_saved_filter_marks_alike),
      cmocka_unit_test(a_prior_is_taken_along),         cmocka_unit_test(wrong_calls_are_refused),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
