/* Sixteen planes at a time are the sixteen that plane_fit gives one by one, in the same bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "pointcloud_defense/plane.h"
#include "pointcloud_defense/plane_lanes.h"
#include <cmocka.h>

enum { MOST = 300 };

static float xyz[3 * MOST];

static void compare(const neighbours_block *block) {
  plane_lanes planes;
  plane_fit_lanes(xyz, block, &planes);
  for (size_t i = 0; i < block->n; i++) {
    const float *point = xyz + 3 * block->point[i];
    best_plane plane;
    float expected[3], found[3];
    const double distance = plane_fit(point, xyz, 3, block->index[i], block->count, &plane);
    assert_true(planes.distance[i] == distance);
    for (int axis = 0; axis < 3 && block->count > 0; axis++) {
      assert_true(planes.normal[axis][i] == plane.normal[axis]);
      assert_true(plane.centre[axis] == point[axis] - planes.offset[axis][i]);
      assert_true(isfinite(planes.value[axis][i]));
    }
    plane_project(&plane, distance, point, expected);
    plane_project_lane(&planes, i, point, found);
    assert_memory_equal(found, expected, sizeof found);
    assert_true(planes.value[0][i] <= planes.value[1][i] + 1e-9 * planes.value[2][i]);
  }
}

static void as_one_by_one(void **state) {
  static neighbours_block block;
  neighbours *index = neighbours_create();
  (void)state;
  assert_non_null(index);
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++)
    for (size_t n = 1; n <= MOST; n = 3 * n + 2) {
      cloud_make(xyz, n, 3, shape, n);
      assert_int_equal(neighbours_build(index, xyz, n, 3, NULL), SCRIM_OK);
      for (size_t i = 0; i < neighbours_blocks(index); i++) {
        neighbours_find(index, i, 2 + (n + shape) % 30, &block);
        compare(&block);
      }
    }
  neighbours_free(index);
}

/* A box of 4 x 2 x 1 about the origin: eight corners, of which each axis has the sum of squares that its sides say. */
static void values_are_sums_of_squares(void **state) {
  static neighbours_block block;
  plane_lanes planes;
  (void)state;
  block = (neighbours_block){.n = 1, .count = 8, .point = {8}};
  for (uint32_t i = 0; i < 8; i++) {
    block.index[0][i] = i;
    xyz[3 * i] = i & 1 ? 2 : -2;
    xyz[3 * i + 1] = i & 2 ? 1 : -1;
    xyz[3 * i + 2] = i & 4 ? 0.5f : -0.5f;
  }
  xyz[24] = 5, xyz[25] = 6, xyz[26] = 7;
  plane_fit_lanes(xyz, &block, &planes);
  assert_true(fabs(planes.value[0][0] - 2) < 1e-12 && fabs(planes.value[1][0] - 8) < 1e-12);
  assert_true(fabs(planes.value[2][0] - 32) < 1e-12);
  assert_true(fabs(fabs(planes.distance[0]) - 7) < 1e-12 && fabs(fabs(planes.normal[2][0]) - 1) < 1e-12);
  assert_true(planes.offset[0][0] == 5 && planes.offset[1][0] == 6 && planes.offset[2][0] == 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_one_by_one),
      cmocka_unit_test(values_are_sums_of_squares),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
