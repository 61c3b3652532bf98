/* Objects brought to one size, thinned and compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/objects.h"
#include "victim_world.h"
#include <cmocka.h>

static void the_unit_sphere_just_holds_them(void **state) {
  (void)state;
  float xyz[] = {10, 0, 0, 14, 0, 0, 12, 3, 0}, same[] = {7, 7, 7, 7, 7, 7};
  objects_to_unit_sphere(xyz, 3);
  double mean[3] = {0}, farthest = 0;
  for (size_t i = 0; i < 3; i++) {
    double squared = 0;
    for (size_t axis = 0; axis < 3; axis++) {
      mean[axis] += xyz[3 * i + axis];
      squared += xyz[3 * i + axis] * xyz[3 * i + axis];
    }
    farthest = fmax(farthest, sqrt(squared));
  }
  for (size_t axis = 0; axis < 3; axis++) assert_float_equal(mean[axis], 0, 1e-6);
  assert_float_equal(farthest, 1, 1e-6);
  objects_to_unit_sphere(same, 2);
  for (size_t i = 0; i < 6; i++) assert_float_equal(same[i], 0, 0);
}

/* Each point is as likely as any other: of 3000 draws of 2 in 6, each of them comes about 1000 times. */
static void thinning_is_fair_and_keeps_order(void **state) {
  (void)state;
  random_source *r;
  float from[18], to[6];
  size_t seen[6] = {0};
  for (size_t i = 0; i < 18; i++) from[i] = (float)(i / 3);
  assert_int_equal(random_source_from_seed(&r, 5, NULL), SCRIM_OK);
  for (int draw = 0; draw < 3000; draw++) {
    objects_thin(from, 6, 2, to, r);
    assert_true(to[0] < to[3]);
    seen[(size_t)to[0]]++;
    seen[(size_t)to[3]]++;
  }
  for (size_t i = 0; i < 6; i++) assert_in_range(seen[i], 880, 1120);
  objects_thin(from, 2, 2, to, r);
  assert_memory_equal(to, from, sizeof to);
  random_source_free(r);
}

static void chamfer_is_counted_both_ways(void **state) {
  (void)state;
  const float a[] = {0, 0, 0, 1, 0, 0}, b[] = {0, 0, 0, 1, 0, 2, NAN, 0, 0}, nowhere[] = {NAN, 0, 0};
  neighbours *index = neighbours_create();
  double squared;
  assert_int_equal(objects_chamfer(index, a, 2, b, 3, &squared, NULL), SCRIM_OK);
  assert_float_equal(squared, (0 + 1) / 2.0 + (0 + 4) / 2.0, 1e-6);
  assert_int_equal(objects_chamfer(index, a, 2, a, 2, &squared, NULL), SCRIM_OK);
  assert_float_equal(squared, 0, 0);
  assert_int_equal(objects_chamfer(index, a, 2, nowhere, 1, &squared, NULL), SCRIM_OK);
  assert_true(isinf(squared));
  neighbours_free(index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_unit_sphere_just_holds_them),
      cmocka_unit_test(thinning_is_fair_and_keeps_order),
      cmocka_unit_test(chamfer_is_counted_both_ways),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
