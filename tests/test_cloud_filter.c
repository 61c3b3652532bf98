/* The filter from outside: every mode, what passes, what is reported, streams, hostile frames, memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "core/memory.h"
#include <cmocka.h>
#include <scrim.h>
#include <stdio.h>
#include <unistd.h>

enum { MOST = 1500, COLUMNS = 5 };

static float in_data[MOST * COLUMNS], out_data[MOST * COLUMNS];
static scrim_key *key;
static scrim_filter *filter;

static int open_all(void **state) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {4};
  (void)state;
  return scrim_key_create(&key, bytes, NULL) != SCRIM_OK || scrim_cloud_train(&filter, NULL, NULL, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  scrim_filter_free(filter);
  scrim_key_free(key);
  return 0;
}

static scrim_session *session(const char *const *settings) {
  scrim_config config;
  scrim_session *s;
  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  for (; *settings != NULL; settings++) assert_int_equal(scrim_config_parse(&config, *settings, NULL), SCRIM_OK);
  assert_int_equal(scrim_session_create(&s, filter, key, &config, NULL), SCRIM_OK);
  return s;
}
#define SESSION(...) session((const char *const[]){__VA_ARGS__, NULL})

static scrim_view view(float *data, size_t n) {
  return (scrim_view){.kind = SCRIM_POINTS, .data = data, .rows = n, .columns = COLUMNS, .capacity = MOST};
}

/* n points, and in the other columns bits that only a copy gives back: signalling not-a-numbers among them. */
static scrim_view frame(cloud_shape shape, size_t n, uint64_t seed) {
  cloud_make(in_data, n, COLUMNS, shape, seed);
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t ring = 0x7f800001u + i, time = i;
    memcpy(in_data + i * COLUMNS + 3, &ring, sizeof ring);
    memcpy(in_data + i * COLUMNS + 4, &time, sizeof time);
  }
  return view(in_data, n);
}

static scrim_cloud_report apply(scrim_session *s, const scrim_view *in, scrim_view *out) {
  scrim_cloud_report report;
  *out = view(out_data, 0);
  assert_int_equal(scrim_apply(s, in, out, NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_report_get(s, &report, NULL), SCRIM_OK);
  assert_int_equal(report.points, in->rows);
  assert_true(report.milliseconds >= 0);
  return report;
}

static void moving_changes_coordinates_only(void **state) {
  (void)state;
  scrim_view out;
  scrim_session *s = SESSION("mode=0", "iterations=2");
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
    const scrim_view in = frame(shape, MOST, 3);
    const scrim_cloud_report report = apply(s, &in, &out);
    size_t moved = 0;
    assert_int_equal(out.rows, MOST);
    for (size_t i = 0; i < MOST; i++) {
      const float *before = in_data + i * COLUMNS, *after = out_data + i * COLUMNS;
      const int is_other = memcmp(before, after, 3 * sizeof *before) != 0;
      moved += (size_t)is_other;
      assert_memory_equal(after + 3, before + 3, 2 * sizeof *before);
      if (!copies_is_valid(before)) assert_false(is_other);
    }
    assert_int_equal(report.moved, moved);
    assert_int_equal(report.marked, 0);
    assert_int_equal(report.passed, 0);
    if (shape == CLOUD_UNIFORM) assert_true(moved > MOST / 2);
    if (shape == CLOUD_PLANE || shape == CLOUD_EQUAL) assert_int_equal(moved, 0);
  }
  scrim_session_free(s);
}

/* Marks are the same in all three modes; what becomes of marked rows is what differs. */
static void marked_points_are_kept_left_out_or_blanked(void **state) {
  (void)state;
  static float marked_data[MOST * COLUMNS];
  static uint8_t mark[MOST];
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
    const char *const modes[] = {"mode=1", "mode=2", "mode=3"};
    const scrim_view in = frame(shape, MOST, 4);
    size_t marked = 0, kept = 0;
    for (size_t mode = 0; mode < 3; mode++) {
      scrim_view out;
      scrim_session *s = SESSION(modes[mode], "measure=3", "k=8");
      const scrim_cloud_report report = apply(s, &in, &out);
      if (mode == 0) {
        memcpy(mark, report.mark, sizeof mark);
        for (size_t i = 0; i < MOST; i++) marked += mark[i];
        assert_memory_equal(out_data, in_data, sizeof in_data);
        for (size_t i = 0; i < MOST; i++)
          if (!mark[i]) memcpy(marked_data + COLUMNS * kept++, in_data + COLUMNS * i, COLUMNS * sizeof *in_data);
        if (shape == CLOUD_UNIFORM) assert_in_range(marked, 1, MOST / 3);
      } else {
        assert_memory_equal(report.mark, mark, sizeof mark);
      }
      assert_int_equal(report.marked, marked);
      assert_int_equal(out.rows, mode == 1 ? kept : MOST);
      if (mode == 1) assert_memory_equal(out_data, marked_data, kept * COLUMNS * sizeof *in_data);
      for (size_t i = 0; i < MOST && mode == 2; i++) {
        const float *after = out_data + i * COLUMNS;
        if (mark[i]) assert_true(isnan(after[0]) && isnan(after[1]) && isnan(after[2]));
        assert_memory_equal(after + 3 * mark[i], in_data + i * COLUMNS + 3 * mark[i],
                            (COLUMNS - 3 * mark[i]) * sizeof *after);
      }
      scrim_session_free(s);
    }
  }
}

static void in_place_is_the_same(void **state) {
  (void)state;
  const char *const modes[] = {"mode=0", "mode=1", "mode=2", "mode=3"};
  for (size_t mode = 0; mode < 4; mode++) {
    scrim_session *s = SESSION(modes[mode], "measure=4", "k=5");
    const scrim_view in = frame(CLOUD_MIXED, MOST, 4);
    scrim_view out, same = view(in_data, MOST);
    apply(s, &in, &out);
    assert_int_equal(scrim_apply(s, &in, &same, NULL), SCRIM_OK);
    assert_int_equal(same.rows, out.rows);
    assert_memory_equal(in_data, out_data, out.rows * COLUMNS * sizeof *in_data);
    scrim_session_free(s);
  }
}

static void below_the_floor_nothing_changes(void **state) {
  (void)state;
  const scrim_view in = frame(CLOUD_UNIFORM, MOST, 4);
  scrim_view out;
  scrim_session *s = SESSION("baseline=0");
  scrim_cloud_report report = apply(s, &in, &out);
  assert_true(report.distortion > 0.1 && report.distortion < 1);
  assert_true(report.moved > 0 && !report.passed);
  scrim_session_free(s);

  char baseline[40];
  for (int above = 0; above <= 1; above++) {
    snprintf(baseline, sizeof baseline, "baseline=%.17g", report.distortion * (above ? 0.999 : 1.001) / 2);
    s = SESSION(baseline, "floor=2");
    const scrim_cloud_report again = apply(s, &in, &out);
    assert_int_equal(again.passed, !above);
    assert_int_equal(again.moved > 0, above);
    if (!above) assert_memory_equal(out_data, in_data, sizeof in_data);
    scrim_session_free(s);
  }
}

static void the_cap_holds(void **state) {
  (void)state;
  uint32_t first[51];
  scrim_view out;
  for (size_t n = 0; n <= 50; n++) {
    const scrim_view in = frame(CLOUD_MIXED, n, n);
    cloud_first(in_data, n, COLUMNS, first);
    scrim_session *s = SESSION("mode=2", "measure=0", "threshold=0", "cap=0.5");
    const scrim_cloud_report report = apply(s, &in, &out);
    size_t marked = 0;
    for (uint32_t i = 0; i < n; i++) marked += report.mark[i] && first[i] == i;
    assert_int_equal(marked, report.outliers < report.places / 2 ? report.outliers : report.places / 2);
    assert_int_equal(report.capped, report.outliers > report.places / 2);
    assert_int_equal(out.rows, n - report.marked);
    for (size_t i = 0; i < n; i++) assert_int_equal(report.mark[i], first[i] < n && report.mark[first[i]]);
    scrim_session_free(s);
  }
}

static void no_returns_pass(void **state) {
  (void)state;
  scrim_view in = frame(CLOUD_UNIFORM, MOST, 9), out;
  for (size_t i = 0; i < MOST; i += 3)
    for (int a = 0; a < 3; a++) in_data[i * COLUMNS + (size_t)a] = i % 2 ? 0.0f : -0.0f;
  scrim_session *s = SESSION("zero=1");
  scrim_cloud_report report = apply(s, &in, &out);
  assert_int_equal(report.nowhere, MOST / 3);
  assert_int_equal(report.places, MOST - MOST / 3);
  for (size_t i = 0; i < MOST; i += 3)
    assert_memory_equal(out_data + i * COLUMNS, in_data + i * COLUMNS, 3 * sizeof *in_data);
  scrim_session_free(s);
  s = SESSION("zero=0");
  report = apply(s, &in, &out);
  assert_int_equal(report.nowhere, 0);
  assert_int_equal(report.places, MOST - MOST / 3 + 1);
  scrim_session_free(s);
}

static void small_and_wild_frames_are_fine(void **state) {
  (void)state;
  const char *const modes[] = {"mode=0", "mode=1", "mode=2", "mode=3"};
  for (size_t mode = 0; mode < 4; mode++)
    for (int measure = 0; measure <= 8; measure++) {
      char rule[20];
      snprintf(rule, sizeof rule, "measure=%d", measure);
      scrim_session *s = SESSION(modes[mode], rule);
      for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++)
        for (size_t n = 0; n <= 4; n++) {
          const scrim_view in = frame(shape, n, n + 1);
          scrim_view out;
          apply(s, &in, &out);
          assert_true(mode == 2 || out.rows == n);
          assert_true(n == 0 || out.rows > 0);
        }
      scrim_view in = frame(CLOUD_UNIFORM, 30, 1), out;
      for (size_t i = 0; i < 30 * COLUMNS; i++) in_data[i] = NAN;
      const scrim_cloud_report report = apply(s, &in, &out);
      assert_int_equal(report.nowhere, 30);
      assert_int_equal(out.rows, 30);
      assert_memory_equal(out_data, in_data, 30 * COLUMNS * sizeof *in_data);
      scrim_session_free(s);
    }
}

static void threads_change_nothing(void **state) {
  (void)state;
  static float before[MOST * COLUMNS];
  const char *const threads[] = {"threads=1", "threads=3"};
  for (size_t i = 0; i < 2; i++) {
    scrim_view in = frame(CLOUD_LIDAR, MOST, 2), out;
    scrim_session *s = SESSION(threads[i], "iterations=3");
    apply(s, &in, &out);
    if (i == 0) memcpy(before, out_data, sizeof before);
    assert_memory_equal(out_data, before, sizeof before);
    scrim_session_free(s);
  }
}

/* Rows in another order come out in that order; only sums of distances may be rounded otherwise. */
static void order_of_rows_does_not_matter(void **state) {
  (void)state;
  static float before[MOST * COLUMNS];
  scrim_view in = frame(CLOUD_UNIFORM, MOST, 2), out;
  scrim_session *s = SESSION("iterations=1", "k=12");
  const scrim_cloud_report report = apply(s, &in, &out);
  memcpy(before, out_data, sizeof before);
  for (size_t i = 0; i < MOST / 2; i++)
    for (size_t c = 0; c < COLUMNS; c++) {
      const float held = in_data[i * COLUMNS + c];
      in_data[i * COLUMNS + c] = in_data[(MOST - 1 - i) * COLUMNS + c];
      in_data[(MOST - 1 - i) * COLUMNS + c] = held;
    }
  const scrim_cloud_report turned = apply(s, &in, &out);
  assert_true(fabs(turned.distortion - report.distortion) <= 1e-12 * report.distortion);
  for (size_t i = 0; i < MOST; i++)
    for (size_t c = 0; c < 3; c++) assert_true(out_data[(MOST - 1 - i) * COLUMNS + c] == before[i * COLUMNS + c]);
  scrim_session_free(s);
}

static void a_stream_makes_its_own_baseline(void **state) {
  (void)state;
  scrim_cloud_report report;
  scrim_session *s = SESSION("frames=16", "baseline=0", "floor=1.1");
  for (uint64_t i = 0; i < 12; i++) {
    scrim_view in = frame(CLOUD_UNIFORM, MOST, i), out = view(out_data, 0);
    assert_int_equal(scrim_push(s, &in, &out, NULL), SCRIM_OK);
    assert_int_equal(out.rows, MOST);
    assert_int_equal(scrim_cloud_report_get(s, &report, NULL), SCRIM_OK);
    assert_int_equal(report.passed, i >= 7); /* clean as all the others, once there are enough of them */
    assert_int_equal(report.baseline > 0, i >= 7);
  }
  scrim_view in = frame(CLOUD_UNIFORM, MOST, 1), out = view(out_data, 0);
  assert_int_equal(scrim_flush(s, &out, NULL), SCRIM_OK);
  assert_int_equal(out.rows, 0);
  assert_int_equal(apply(s, &in, &out).passed, 0); /* apply knows nothing of streams, and this one is over */
  assert_int_equal(scrim_push(s, &in, &out, NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_report_get(s, &report, NULL), SCRIM_OK);
  assert_int_equal(report.passed, 0);
  scrim_session_free(s);
}

static void reports_need_a_frame(void **state) {
  (void)state;
  scrim_cloud_report report;
  scrim_error error;
  scrim_session *s = SESSION("mode=1");
  assert_int_equal(scrim_cloud_report_get(s, &report, &error), SCRIM_E_STATE);
  assert_int_equal(scrim_cloud_report_get(NULL, &report, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_cloud_report_get(s, NULL, &error), SCRIM_E_ARGUMENT);
  scrim_view in = frame(CLOUD_UNIFORM, 10, 1), out = view(out_data, 0);
  apply(s, &in, &out);
  in.columns = out.columns = 2;
  assert_int_equal(scrim_apply(s, &in, &out, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "2 columns; points have 3 at least: x, y, z");
  scrim_session_free(s);
}

static void training_finds_the_baseline(void **state) {
  (void)state;
  static float data[3][MOST * COLUMNS];
  scrim_view frames[3], out;
  double expected = 0, value;
  scrim_session *s = SESSION("mode=1");
  for (size_t i = 0; i < 3; i++) {
    frames[i] = view(data[i], 500 * (i + 1));
    cloud_make(data[i], frames[i].rows, COLUMNS, i == 1 ? CLOUD_LIDAR : CLOUD_UNIFORM, i);
    const double found = apply(s, &frames[i], &out).distortion;
    if (found > expected) expected = found;
  }
  scrim_session_free(s);
  const scrim_cloud_data training = {frames, 3};
  scrim_filter *trained;
  scrim_config config;
  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "quantile", 1, NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_train(&trained, &training, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_config(trained, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&config, "baseline", &value, NULL), SCRIM_OK);
  assert_true(value == expected);
  scrim_filter_free(trained);

  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "baseline", 0.5, NULL), SCRIM_OK); /* the caller knows better */
  assert_int_equal(scrim_cloud_train(&trained, &training, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_config(trained, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&config, "baseline", &value, NULL), SCRIM_OK);
  assert_true(value == 0.5);
  scrim_filter_free(trained);
}

static void training_refuses(void **state) {
  (void)state;
  scrim_filter *trained = filter;
  scrim_error error;
  scrim_config config;
  scrim_view frames[2] = {frame(CLOUD_UNIFORM, 10, 1), frame(CLOUD_UNIFORM, 10, 1)};
  scrim_cloud_data data = {frames, 2};
  assert_int_equal(scrim_cloud_train(NULL, &data, NULL, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_config_init(&config, "scores", NULL), SCRIM_OK);
  assert_int_equal(scrim_cloud_train(&trained, &data, &config, &error), SCRIM_E_ARGUMENT);
  assert_null(trained);
  frames[1].kind = SCRIM_SCORES;
  assert_int_equal(scrim_cloud_train(&trained, &data, NULL, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "frame 1: input is scores, the filter takes points");
  frames[1].kind = SCRIM_POINTS;
  frames[1].columns = 2;
  assert_int_equal(scrim_cloud_train(&trained, &data, NULL, &error), SCRIM_E_DATA);
  frames[0].rows = 2;
  data.n_frames = 1;
  assert_int_equal(scrim_cloud_train(&trained, &data, NULL, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "none of 1 frames has points at 3 places");
  data.n_frames = 0;
  assert_int_equal(scrim_cloud_train(&trained, &data, NULL, &error), SCRIM_E_ARGUMENT);
}

/* Whatever request for memory fails, the call says so and nothing leaks; with the sanitiser this is the proof. */
static void out_of_memory_is_said(void **state) {
  (void)state;
  static float data[MOST * COLUMNS];
  scrim_view frames = view(data, 100);
  const scrim_cloud_data training = {&frames, 1};
  cloud_make(data, 100, COLUMNS, CLOUD_UNIFORM, 1);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    scrim_filter *trained = NULL;
    scrim_session *s = NULL;
    scrim_view in = frame(CLOUD_UNIFORM, 200, 1), out = view(out_data, 0);
    memory_fail_at(at, 0);
    status = scrim_cloud_train(&trained, &training, NULL, NULL);
    if (status == SCRIM_OK) status = scrim_session_create(&s, trained, key, NULL, NULL);
    if (status == SCRIM_OK) status = scrim_apply(s, &in, &out, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    if (status != SCRIM_OK) assert_int_equal(out.rows, 0);
    scrim_session_free(s);
    scrim_filter_free(trained);
    assert_true(at < 1000);
  }
}

static void warm_sessions_allocate_nothing(void **state) {
  (void)state;
  const char *const modes[] = {"mode=0", "mode=1", "mode=2", "mode=3"};
  for (size_t mode = 0; mode < 4; mode++) {
    scrim_session *s = SESSION(modes[mode], "threads=2");
    for (size_t n = MOST; n > 0; n /= 2) {
      scrim_view in = frame(CLOUD_LIDAR, n, n), out;
      if (n < MOST) memory_fail_at(1, 1);
      apply(s, &in, &out);
      if (n < MOST) assert_int_equal(memory_requests(), 0);
      memory_fail_at(0, 0);
    }
    scrim_session_free(s);
  }
}

static void files_hold_all_of_it(void **state) {
  (void)state;
  scrim_filter *back;
  scrim_config config;
  double value;
  char path[] = "/tmp/scrim-cloud-XXXXXX";
  const int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(scrim_config_init(&config, "cloud", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "k", 11, NULL), SCRIM_OK);
  scrim_filter *made;
  assert_int_equal(scrim_cloud_train(&made, NULL, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(made, path, NULL), SCRIM_OK);
  scrim_filter_free(made);
  assert_int_equal(scrim_filter_open(&back, path, NULL), SCRIM_OK);
  assert_string_equal(scrim_filter_kind(back), "cloud");
  assert_int_equal(scrim_filter_columns(back), 0);
  assert_int_equal(scrim_filter_config(back, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&config, "k", &value, NULL), SCRIM_OK);
  assert_true(value == 11);
  scrim_filter_free(back);
  remove(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(moving_changes_coordinates_only),
      cmocka_unit_test(marked_points_are_kept_left_out_or_blanked),
      cmocka_unit_test(in_place_is_the_same),
      cmocka_unit_test(below_the_floor_nothing_changes),
      cmocka_unit_test(the_cap_holds),
      cmocka_unit_test(no_returns_pass),
      cmocka_unit_test(small_and_wild_frames_are_fine),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(order_of_rows_does_not_matter),
      cmocka_unit_test(a_stream_makes_its_own_baseline),
      cmocka_unit_test(reports_need_a_frame),
      cmocka_unit_test(training_finds_the_baseline),
      cmocka_unit_test(training_refuses),
      cmocka_unit_test(out_of_memory_is_said),
      cmocka_unit_test(warm_sessions_allocate_nothing),
      cmocka_unit_test(files_hold_all_of_it),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
