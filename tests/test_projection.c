/* Planes stay, noise on them goes, and every point is moved from where all points were before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "core/memory.h"
#include "pointcloud_defense/projection.h"
#include <cmocka.h>

enum { MOST = 1200 };

static float xyz[3 * MOST], scratch[3 * MOST];
static neighbours *nearest;
static pool *workers;

static int open_all(void **state) {
  (void)state;
  nearest = neighbours_create();
  return nearest == NULL || pool_create(&workers, 2, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  neighbours_free(nearest);
  pool_free(workers);
  return 0;
}

static scrim_status project(size_t n, size_t k, int iterations) {
  const survey_request request = {.n = n, .k = k, .pool = workers};
  return projection_run(&request, nearest, iterations, xyz, scratch, NULL);
}

/* A plane with noise across it. */
static void noisy_plane(double noise) {
  random_source *r;
  cloud_make(xyz, MOST, 3, CLOUD_PLANE, 3);
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  for (size_t i = 0; i < MOST; i++) xyz[3 * i + 2] = (float)(noise * random_normal(r));
  random_source_free(r);
}

static void noise_shrinks_with_every_iteration(void **state) {
  (void)state;
  double before = 1e9;
  for (int iterations = 0; iterations <= 3; iterations++) {
    double sum = 0;
    noisy_plane(0.01);
    assert_int_equal(project(MOST, 16, iterations), SCRIM_OK);
    for (size_t i = 0; i < MOST; i++) sum += fabsf(xyz[3 * i + 2]);
    assert_true(sum < (iterations == 1 ? 0.5 : 1) * before);
    before = sum;
  }
}

static void planes_stay(void **state) {
  (void)state;
  float before[3 * MOST];
  cloud_make(xyz, MOST, 3, CLOUD_PLANE, 9);
  memcpy(before, xyz, sizeof xyz);
  assert_int_equal(project(MOST, 16, 2), SCRIM_OK);
  assert_memory_equal(xyz, before, sizeof xyz);
}

static void iterations_follow_each_other(void **state) {
  (void)state;
  float twice[3 * MOST];
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
    cloud_make(xyz, MOST, 3, shape, 2);
    assert_int_equal(project(MOST, 8, 2), SCRIM_OK);
    memcpy(twice, xyz, sizeof xyz);
    cloud_make(xyz, MOST, 3, shape, 2);
    assert_int_equal(project(MOST, 8, 1), SCRIM_OK);
    assert_int_equal(project(MOST, 8, 1), SCRIM_OK);
    assert_memory_equal(xyz, twice, sizeof xyz);
  }
}

static void nothing_else_moves(void **state) {
  (void)state;
  float before[3 * MOST];
  cloud_make(xyz, MOST, 3, CLOUD_MIXED, 2);
  memcpy(before, xyz, sizeof xyz);
  assert_int_equal(project(MOST, 16, 1), SCRIM_OK);
  for (size_t i = 0; i < MOST; i++) {
    if (!copies_is_valid(before + 3 * i)) assert_memory_equal(xyz + 3 * i, before + 3 * i, 3 * sizeof *xyz);
  }
  const float *copy = NULL;
  for (size_t i = 0; i < MOST; i++) {
    if (before[3 * i] != 0.25f || before[3 * i + 1] != 0.25f || before[3 * i + 2] != 0.25f) continue;
    if (copy != NULL) assert_memory_equal(xyz + 3 * i, copy, 3 * sizeof *xyz);
    copy = xyz + 3 * i;
  }
  assert_non_null(copy);
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  neighbours *fresh = neighbours_create();
  const survey_request request = {.n = MOST, .k = 8, .pool = workers};
  assert_non_null(fresh);
  cloud_make(xyz, MOST, 3, CLOUD_UNIFORM, 2);
  memory_fail_at(1, 0);
  assert_int_equal(projection_run(&request, fresh, 1, xyz, scratch, NULL), SCRIM_E_MEMORY);
  memory_fail_at(0, 0);
  neighbours_free(fresh);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_shrinks_with_every_iteration),
      cmocka_unit_test(planes_stay),
      cmocka_unit_test(iterations_follow_each_other),
      cmocka_unit_test(nothing_else_moves),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
