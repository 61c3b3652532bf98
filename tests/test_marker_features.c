/* Features by hand for one neighbourhood; what scale, turns and units do to them; hostile clouds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "pointcloud_defense/marker_features.h"
#include <cmocka.h>

enum { MOST = 600 };

static float xyz[3 * MOST], intensity[MOST], features[MOST * MARKER_FEATURES];
static marker_view view;

static void keep(void *context, const neighbours_block *block, const survey_point *point, const plane_lanes *planes) {
  float found[NEIGHBOURS_LANES * MARKER_FEATURES];
  (void)context;
  const size_t width = view.intensity != NULL ? MARKER_FEATURES : MARKER_GEOMETRY;
  marker_describe(&view, block, point, planes, found);
  for (size_t i = 0; i < block->n; i++)
    memcpy(features + block->point[i] * width, found + i * width, width * sizeof *found);
}

/* Fills `features` for the n points of xyz; those that are no places stay NaN. */
static void describe(size_t n, size_t k, int with_intensity) {
  neighbours *index = neighbours_create();
  pool *p;
  assert_non_null(index);
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  assert_int_equal(neighbours_build(index, xyz, n, 3, NULL), SCRIM_OK);
  for (size_t i = 0; i < MOST * MARKER_FEATURES; i++) features[i] = NAN;
  view = (marker_view){xyz, with_intensity ? intensity : NULL};
  const survey_request request = {.index = index, .xyz = xyz, .n = n, .k = k, .pool = p, .planes = 1, .see = keep};
  survey_run(&request, NULL, NULL);
  pool_free(p);
  neighbours_free(index);
}

static void near(float found, double expected) {
  if (!(fabs(found - expected) < 1e-5)) fail_msg("%.9g is not %.9g", (double)found, expected);
}

/* A point 0.3 m before the middle of a square of 2 m, which stands 10 m ahead. */
static void one_by_hand(void **state) {
  (void)state;
  const float points[] = {9.7f, 0, 0, 10, 1, 1, 10, -1, 1, 10, 1, -1, 10, -1, -1};
  memcpy(xyz, points, sizeof points);
  for (size_t i = 0; i < 5; i++) intensity[i] = i == 0 ? 3 : 0.5f;
  describe(5, 4, 1);
  const double range = 9.7f, away = sqrt(2 + 0.09);
  for (int i = 0; i < 3; i++) near(features[i], log(away / range)); /* all four as far */
  near(features[3], log(0.3 / range));
  near(features[4], log(1e-5)); /* flat */
  near(features[5], log(1 / range));
  near(features[6], log(1 / range));
  near(features[7], log(0.3 / range));
  near(features[8], log(range));
  near(features[9], 0);
  near(features[10], 1);
  near(features[11], 0.3 / range);
  near(features[12], log(3.01));
  near(features[13], log(0.51));
}

/* Twice as large, everything stays but the range; turned about z, everything. */
static void scale_and_turns(void **state) {
  static float before[MOST * MARKER_GEOMETRY];
  (void)state;
  cloud_make(xyz, MOST, 3, CLOUD_LIDAR, 3);
  describe(MOST, 9, 0);
  memcpy(before, features, sizeof before);
  for (size_t i = 0; i < 3 * MOST; i++) xyz[i] *= 2;
  describe(MOST, 9, 0);
  for (size_t i = 0; i < MOST; i++)
    for (size_t j = 0; j < MARKER_GEOMETRY; j++)
      near(features[i * MARKER_GEOMETRY + j], before[i * MARKER_GEOMETRY + j] + (j == 8 ? log(2) : 0));
  for (size_t i = 0; i < MOST; i++) {
    const float x = xyz[3 * i];
    xyz[3 * i] = -xyz[3 * i + 1] / 2;
    xyz[3 * i + 1] = x / 2;
    xyz[3 * i + 2] /= 2;
  }
  describe(MOST, 9, 0);
  for (size_t i = 0; i < MOST * MARKER_GEOMETRY; i++)
    if (!(fabsf(features[i] - before[i]) < 1e-3f)) fail_msg("feature %zu of point %zu", i % MARKER_GEOMETRY, i / 12);
}

static void all_are_finite(void **state) {
  (void)state;
  for (size_t i = 0; i < MOST; i++) intensity[i] = (float)i;
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++)
    for (size_t n = 1; n <= MOST; n += 199) {
      static uint32_t first[MOST];
      cloud_make(xyz, n, 3, shape, 8);
      cloud_first(xyz, n, 3, first);
      describe(n, 9, 1);
      for (size_t i = 0; i < n * MARKER_FEATURES; i++)
        assert_true(!isfinite(features[i]) == (first[i / MARKER_FEATURES] != i / MARKER_FEATURES));
    }
}

static void intensity_has_no_unit(void **state) {
  const float from[] = {9, 2, 9, 4, 9, -1, 9, NAN, 9, INFINITY, 9, 4};
  const uint32_t first[] = {0, 1, 2, 3, 4, 1}; /* the last is a copy, and counts for nobody */
  float to[6], other[12];
  (void)state;
  marker_intensity(from + 1, 2, first, 6, to);
  near(to[0], 2 / 1.2);
  near(to[1], 4 / 1.2);
  for (int i = 2; i < 5; i++) assert_true(to[i] == 0);
  near(to[5], 4 / 1.2);
  for (int i = 0; i < 12; i++) other[i] = 256 * from[i];
  float again[6];
  marker_intensity(other + 1, 2, first, 6, again);
  assert_memory_equal(again, to, sizeof to);
  const float none[2] = {0, 0};
  marker_intensity(none, 1, first, 2, to);
  assert_true(to[0] == 0 && to[1] == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_by_hand),
      cmocka_unit_test(scale_and_turns),
      cmocka_unit_test(all_are_finite),
      cmocka_unit_test(intensity_has_no_unit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
