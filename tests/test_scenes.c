/* Procedural frames: the same for a seed, with flakes where flakes can be, and never more than there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/scenes.h"
#include "pointcloud_defense/scenes_things.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

static float xyz[3 * SCENE_MOST_POINTS], again[3 * SCENE_MOST_POINTS];
static uint8_t label[SCENE_MOST_POINTS];
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

static size_t draw(uint64_t seed, size_t number, float *to) {
  size_t n;
  assert_int_equal(scene_draw(source, seed, number, to, label, &n, NULL), SCRIM_OK);
  assert_in_range(n, 1, SCENE_MOST_POINTS);
  return n;
}

static void a_seed_is_a_frame(void **state) {
  (void)state;
  const size_t n = draw(1, 2, xyz);
  assert_int_equal(draw(1, 2, again), n);
  assert_memory_equal(xyz, again, 3 * n * sizeof *xyz);
  draw(1, 3, again);
  assert_memory_not_equal(xyz, again, 300 * sizeof *xyz);
  draw(2, 2, again);
  assert_memory_not_equal(xyz, again, 300 * sizeof *xyz);
}

static void flakes_hang_in_the_air(void **state) {
  (void)state;
  size_t snowy = 0;
  for (size_t number = 0; number < 8; number++) {
    const size_t n = draw(7, number, xyz);
    double sum[2] = {0};
    size_t count[2] = {0};
    for (size_t i = 0; i < n; i++) {
      const float *at = xyz + 3 * i;
      const double range = sqrt((double)at[0] * at[0] + (double)at[1] * at[1] + (double)at[2] * at[2]);
      assert_true(range > 0.2 && range < 121);
      assert_true(label[i] <= 1);
      sum[label[i]] += range;
      count[label[i]]++;
    }
    assert_true(count[0] > n / 2);
    if (count[1] == 0) continue;
    snowy++;
    assert_true(sum[1] / (double)count[1] < sum[0] / (double)count[0]);
  }
  assert_in_range(snowy, 3, 8);
}

static void rays_meet_what_they_should(void **state) {
  (void)state;
  const double ahead[3] = {1, 0, 0}, aside[3] = {0, 1, 0}, up[3] = {0.6, 0, 0.8}, level[3] = {0.8, 0.6, 0};
  const scene_thing box = {.kind = SCENE_BOX, .x = 5, .low = -1, .high = 1, .size = {2, 1}, .cosine = 1};
  assert_true(fabs(scene_meet(&box, ahead, source) - 3) < 1e-12);
  assert_true(isinf(scene_meet(&box, aside, source)) && isinf(scene_meet(&box, up, source)));
  assert_true(isinf(scene_meet(&box, level, source)));
  scene_thing turned = box;
  turned.cosine = 0, turned.sine = 1;
  assert_true(fabs(scene_meet(&turned, ahead, source) - 4) < 1e-12);
  const scene_thing pole = {.kind = SCENE_CYLINDER, .x = 4, .y = 3, .low = -1, .high = 1, .size = {0.5}};
  assert_true(fabs(scene_meet(&pole, level, source) - 4.5) < 1e-12);
  assert_true(isinf(scene_meet(&pole, ahead, source)) && isinf(scene_meet(&pole, up, source)));
  const scene_thing crown = {.kind = SCENE_CROWN, .x = 6, .low = -2, .high = 2, .size = {2, 0.5}};
  size_t passed = 0;
  for (int i = 0; i < 1000; i++) {
    const double at = scene_meet(&crown, ahead, source);
    passed += isinf(at) ? 1 : 0;
    assert_true(isinf(at) || (at > 4 && at < 8));
  }
  assert_in_range(passed, 0, 5); /* one ray in exp(8) gets through */
  assert_true(isinf(scene_meet(&crown, aside, source)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_seed_is_a_frame),
      cmocka_unit_test(flakes_hang_in_the_air),
      cmocka_unit_test(rays_meet_what_they_should),
  };
  return cmocka_run_group_tests(tests, open_source, close_source);
}
