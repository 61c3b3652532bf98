/* The pass over a cloud: the same as neighbours and planes one by one; copies, nowhere points and threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "core/memory.h"
#include "pointcloud_defense/plane.h"
#include "pointcloud_defense/survey.h"
#include <cmocka.h>

enum { MOST = 2500 };

static float xyz[3 * MOST], moved[3 * MOST];
static survey_point points[MOST];

static void survey(cloud_shape shape, size_t n, size_t k, unsigned threads, int planes) {
  neighbours *index = neighbours_create();
  pool *p;
  assert_non_null(index);
  assert_int_equal(pool_create(&p, threads, NULL), SCRIM_OK);
  cloud_make(xyz, n, 3, shape, n + shape);
  assert_int_equal(neighbours_build(index, xyz, n, 3, NULL), SCRIM_OK);
  const survey_request request = {.index = index, .xyz = xyz, .n = n, .k = k, .pool = p, .planes = planes};
  memset(points, 0x55, sizeof points);
  memset(moved, 0x55, sizeof moved);
  memory_fail_at(1, 1);
  survey_run(&request, points, planes ? moved : NULL);
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
  pool_free(p);
  neighbours_free(index);
}

static void as_one_by_one(void **state) {
  (void)state;
  static uint32_t first[MOST], near[NEIGHBOURS_MAX + 1];
  static float squared[NEIGHBOURS_MAX + 1];
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
    const size_t n = 300, k = 5 + shape;
    survey(shape, n, k, 1, 1);
    cloud_first(xyz, n, 3, first);
    for (size_t i = 0; i < n; i++) {
      const float *at = xyz + 3 * i;
      best_plane p;
      float expected[3] = {at[0], at[1], at[2]};
      double distance = 0, sum = 0, sum_squared = 0;
      const int is_place = first[i] != COPIES_NONE;
      const size_t count = is_place ? cloud_nearest(xyz, n, 3, first, at, first[i], k, near, squared) : 0;
      if (is_place) distance = plane_fit(xyz + 3 * first[i], xyz, 3, near, count, &p);
      if (is_place) plane_project(&p, distance, at, expected);
      for (size_t j = 0; j < count; j++) sum += sqrtf(squared[j]), sum_squared += squared[j];
      assert_true(points[i].plane == (float)fabs(distance));
      assert_true(points[i].spacing == (count > 0 ? (float)(sum / (double)count) : 0));
      assert_true(points[i].squared == (count > 0 ? (float)(sum_squared / (double)count) : 0));
      assert_true(points[i].farthest == (!is_place ? 0 : count < k ? INFINITY : sqrtf(squared[k - 1])));
      assert_memory_equal(moved + 3 * i, expected, sizeof expected);
    }
  }
}

static void threads_change_nothing(void **state) {
  (void)state;
  static survey_point before[MOST];
  static float moved_before[3 * MOST];
  survey(CLOUD_LIDAR, MOST, 16, 1, 1);
  memcpy(before, points, sizeof points);
  memcpy(moved_before, moved, sizeof moved);
  survey(CLOUD_LIDAR, MOST, 16, 7, 1);
  assert_memory_equal(points, before, sizeof points);
  assert_memory_equal(moved, moved_before, sizeof moved);
}

static void planes_are_optional(void **state) {
  (void)state;
  static survey_point before[MOST];
  survey(CLOUD_UNIFORM, 500, 8, 1, 1);
  memcpy(before, points, sizeof points);
  survey(CLOUD_UNIFORM, 500, 8, 1, 0);
  for (size_t i = 0; i < 500; i++) {
    assert_true(before[i].plane > 0 && points[i].plane == 0);
    assert_true(points[i].spacing == before[i].spacing && points[i].farthest == before[i].farthest);
  }
}

static void few_points_are_fine(void **state) {
  (void)state;
  for (size_t n = 0; n <= 3; n++)
    for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) survey(shape, n, 16, 2, 1);
}

static void ranges(void **state) {
  (void)state;
  const float at[3] = {2, 3, 6};
  assert_true(survey_range(at) == 7);
  assert_true(fabsf(survey_range_level(at) - sqrtf(13)) < 1e-6f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_one_by_one),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(planes_are_optional),
      cmocka_unit_test(few_points_are_fine),
      cmocka_unit_test(ranges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
