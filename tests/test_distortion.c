/* Distortion by hand, what it does under noise and scale, and the running baseline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "pointcloud_defense/distortion.h"
#include <cmocka.h>

enum { MOST = 1000 };

static void near(double found, double expected) {
  if (!(fabs(found - expected) <= 1e-6 * fabs(expected))) fail_msg("%.17g is not %.17g", found, expected);
}

static void by_hand(void **state) {
  (void)state;
  /* Range 5, 0 (the sensor itself), a copy of the first, nowhere, range 10. */
  const float xyz[] = {3, 4, 0, 0, 0, 0, 3, 4, 0, NAN, 0, 0, 0, 6, 8};
  const uint32_t first[] = {0, 1, 0, COPIES_NONE, 4};
  const survey_point points[] = {{.plane = 0.1f, .spacing = 1},
                                 {.plane = 0.2f, .spacing = 2},
                                 {.plane = 0.1f, .spacing = 1},
                                 {.plane = 0, .spacing = 0},
                                 {.plane = 0.3f, .spacing = 3}};
  const distortion found = distortion_of(points, xyz, first, 5);
  assert_int_equal(found.places, 3);
  near(found.metres, 0.2);
  near(found.spacing, 2);
  near(found.by_spacing, 0.1);
  near(found.by_range, (0.1 / 5 + 0.3 / 10) / 2);
  const distortion nothing = distortion_of(points, xyz, first, 0);
  assert_true(nothing.places == 0 && nothing.metres == 0 && nothing.by_spacing == 0 && nothing.by_range == 0);
}

/* A plane of whole steps with noise across it, scaled. */
static distortion measure(double noise, float scale) {
  static float xyz[3 * MOST];
  static survey_point points[MOST];
  random_source *r;
  neighbours *index = neighbours_create();
  pool *p;
  assert_non_null(index);
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  cloud_make(xyz, MOST, 3, CLOUD_PLANE, 3);
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  for (size_t i = 0; i < MOST; i++) xyz[3 * i + 2] = (float)(noise * random_normal(r));
  for (size_t i = 0; i < 3 * MOST; i++) xyz[i] *= scale;
  random_source_free(r);
  assert_int_equal(neighbours_build(index, xyz, MOST, 3, NULL), SCRIM_OK);
  const survey_request request = {.index = index, .xyz = xyz, .n = MOST, .k = 16, .pool = p, .planes = 1};
  survey_run(&request, points, NULL);
  const distortion found = distortion_of(points, xyz, neighbours_first(index), MOST);
  pool_free(p);
  neighbours_free(index);
  return found;
}

static void noise_shows_and_scale_does_not(void **state) {
  (void)state;
  double before = -1;
  for (int i = 0; i < 5; i++) {
    const double noise = i == 0 ? 0 : 0.001 * (1 << i);
    const distortion found = measure(noise, 1), larger = measure(noise, 1024);
    assert_true(found.by_spacing > before);
    before = found.by_spacing;
    assert_true(larger.by_spacing == found.by_spacing); /* a power of two: not a bit is rounded otherwise */
    assert_true(larger.metres == 1024 * found.metres);
  }
  near(measure(0, 1).metres, 0);
}

static void quantiles_by_hand(void **state) {
  (void)state;
  const double values[] = {5, 1, 4, 1, 3};
  assert_true(distortion_quantile(values, 5, 0) == 1);
  assert_true(distortion_quantile(values, 5, 0.25) == 1);
  assert_true(distortion_quantile(values, 5, 0.5) == 3);
  assert_true(distortion_quantile(values, 5, 0.99) == 4);
  assert_true(distortion_quantile(values, 5, 1) == 5);
  assert_true(distortion_quantile(values, 1, 0.7) == 5);
}

static void the_baseline_is_of_the_last_frames(void **state) {
  (void)state;
  static baseline b;
  baseline_init(&b, 10);
  for (int i = 0; i < BASELINE_LEAST_FRAMES - 1; i++) {
    assert_true(baseline_quantile(&b, 0.5, 77) == 77);
    baseline_add(&b, i);
  }
  baseline_add(&b, 7);
  assert_true(baseline_quantile(&b, 0, 77) == 0);
  assert_true(baseline_quantile(&b, 1, 77) == 7);
  for (int i = 8; i < 25; i++) baseline_add(&b, i);
  assert_true(baseline_quantile(&b, 0, 77) == 15); /* 15 to 24 are left */
  assert_true(baseline_quantile(&b, 0.5, 77) == 19);

  baseline_init(&b, 2); /* fewer than 8 wanted: two are all there will be */
  baseline_add(&b, 1);
  assert_true(baseline_quantile(&b, 0, 77) == 77);
  baseline_add(&b, 2);
  assert_true(baseline_quantile(&b, 0, 77) == 1);
  baseline_init(&b, 0);
  baseline_add(&b, 1);
  assert_true(baseline_quantile(&b, 0, 77) == 77);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_hand),
      cmocka_unit_test(noise_shows_and_scale_does_not),
      cmocka_unit_test(quantiles_by_hand),
      cmocka_unit_test(the_baseline_is_of_the_last_frames),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
