/* Inference against the network that it was folded from, and markers in files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "pointcloud_defense/marker.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { ROWS = NEIGHBOURS_LANES };

static random_source *source;

static int open_source(void **state) {
  (void)state;
  return random_source_from_seed(&source, 3, NULL) != SCRIM_OK;
}

static int close_source(void **state) {
  (void)state;
  random_source_free(source);
  return 0;
}

static marker make(int width, int intensity) {
  marker m;
  assert_int_equal(marker_create(&m, &(marker_shape){width, intensity}, source, NULL), SCRIM_OK);
  for (size_t i = 0; i < marker_width(&m.shape); i++) {
    m.mean[i] = (float)random_normal(source);
    m.scale[i] = (float)(0.5 + random_uniform(source));
  }
  m.rule[MARKER_K] = 9;
  m.rule[MARKER_THRESHOLD] = 0.25f;
  return m;
}

static void draw(float *features) {
  for (size_t i = 0; i < ROWS * MARKER_FEATURES; i++) features[i] = (float)(3 * random_normal(source));
}

static void folded_is_the_same(void **state) {
  (void)state;
  for (int intensity = 0; intensity <= 1; intensity++) {
    marker m = make(intensity ? 37 : MARKER_MOST_WIDTH, intensity);
    const size_t width = marker_width(&m.shape);
    float features[ROWS * MARKER_FEATURES], x[ROWS * MARKER_FEATURES], likely[ROWS], expected[ROWS * 2];
    marker_plan *plan;
    draw(features);
    for (size_t i = 0; i < ROWS * width; i++) x[i] = (features[i] - m.mean[i % width]) * m.scale[i % width];
    assert_int_equal(nn_mlp_predict(&m.network, x, ROWS, 1, expected, NULL), SCRIM_OK);
    assert_int_equal(marker_plan_create(&plan, &m, NULL), SCRIM_OK);
    marker_plan_run(plan, features, ROWS, likely);
    for (size_t i = 0; i < ROWS; i++) assert_true(fabsf(likely[i] - expected[2 * i + 1]) < 1e-4f);
    marker_plan_run(plan, features + width, 1, expected);
    assert_true(expected[0] == likely[1]); /* whoever a point came with */
    assert_int_equal(marker_plan_intensity(plan), intensity);
    assert_int_equal(marker_plan_k(plan), 9);
    assert_true(marker_plan_threshold(plan) == 0.25);
    marker_plan_free(plan);
    marker_free(&m);
  }
}

/* The marker as a file, opened. */
static tensorfile *file_of(const marker *m) {
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(marker_put(m, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  return file;
}

static void files_keep_markers(void **state) {
  (void)state;
  marker m = make(12, 1), again;
  tensorfile *file = file_of(&m);
  float features[ROWS * MARKER_FEATURES], likely[2][ROWS];
  assert_int_equal(marker_is_in(file), 1);
  assert_int_equal(marker_get(&again, file, NULL), SCRIM_OK);
  assert_memory_equal(again.rule, m.rule, sizeof m.rule);
  draw(features);
  const marker *both[] = {&m, &again};
  for (int i = 0; i < 2; i++) {
    marker_plan *plan;
    assert_int_equal(marker_plan_create(&plan, both[i], NULL), SCRIM_OK);
    marker_plan_run(plan, features, ROWS, likely[i]);
    marker_plan_free(plan);
  }
  assert_memory_equal(likely[0], likely[1], sizeof likely[0]);
  marker_free(&again);
  marker_free(&m);
  tensorfile_close(file);
}

static void wrong_files_are_refused(void **state) {
  static const float rules[][MARKER_RULES] = {{0, 0.5f}, {65, 0.5f}, {2.5f, 0.5f}, {9, -0.5f}, {9, 2}};
  marker read;
  (void)state;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    marker m = make(4, 0);
    memcpy(m.rule, rules[i], sizeof m.rule);
    tensorfile *file = file_of(&m);
    assert_int_equal(marker_get(&read, file, NULL), SCRIM_E_FORMAT);
    tensorfile_close(file);
    marker_free(&m);
  }
  marker m = make(MARKER_MOST_WIDTH + 1, 0);
  tensorfile *file = file_of(&m);
  scrim_error error;
  assert_int_equal(marker_get(&read, file, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "width 257"));
  tensorfile_close(file);
  marker_free(&m);
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  marker m = make(8, 0), read;
  tensorfile *file = file_of(&m);
  marker_plan *plan;
  for (unsigned long at = 1;; at++) {
    memory_fail_at(at, 0);
    const scrim_status status = marker_get(&read, file, NULL);
    const int failed = memory_requests() >= at;
    memory_fail_at(0, 0);
    assert_int_equal(status, failed ? SCRIM_E_MEMORY : SCRIM_OK);
    if (!failed) break;
  }
  marker_free(&read);
  for (unsigned long at = 1;; at++) {
    memory_fail_at(at, 0);
    const scrim_status status = marker_plan_create(&plan, &m, NULL);
    const int failed = memory_requests() >= at;
    memory_fail_at(0, 0);
    assert_int_equal(status, failed ? SCRIM_E_MEMORY : SCRIM_OK);
    if (!failed) break;
  }
  marker_plan_free(plan);
  tensorfile_close(file);
  marker_free(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(folded_is_the_same),
      cmocka_unit_test(files_keep_markers),
      cmocka_unit_test(wrong_files_are_refused),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_source, close_source);
}
