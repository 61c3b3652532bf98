/* How far objects are diffused: from distortion to time step, in both rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/cloud_move.h"
#include <cmocka.h>
#include <math.h>

static diffusion schedule;

static int open_all(void **state) {
  (void)state;
  diffusion_init(&schedule);
  return 0;
}

static const cloud_settings usual = {.step = -1, .step_scale = 1, .step_cap = 30};

static void distortion_above_the_clean_one_counts_in_squares(void **state) {
  (void)state;
  for (double excess = 0.01; excess < 1; excess *= 1.3) {
    const double clean = 0.2, spacing = 0.07, deviation = 0.34;
    const distortion found = {.by_spacing = sqrt(clean * clean + excess * excess), .spacing = spacing};
    const double wanted = excess * spacing / deviation;
    const int t = cloud_time_step(&schedule, &usual, &found, clean, deviation);
    assert_in_range(t, 1, 30);
    assert_true(diffusion_ratio(&schedule, t - 1) < wanted * (1 + 1e-9));
    assert_true(t == 30 || diffusion_ratio(&schedule, t) > wanted * (1 - 1e-9));
  }
}

static void no_more_than_clean_is_left_alone(void **state) {
  (void)state;
  const distortion found = {.by_spacing = 0.2, .spacing = 0.07};
  assert_int_equal(cloud_time_step(&schedule, &usual, &found, 0.2, 0.34), 0);
  assert_int_equal(cloud_time_step(&schedule, &usual, &found, 0.3, 0.34), 0);
  assert_int_equal(cloud_time_step(&schedule, &usual, &found, 0, 0), 0); /* one place */
  assert_true(cloud_time_step(&schedule, &usual, &found, 0, 0.34) > 0);
}

static void settings_have_their_say(void **state) {
  (void)state;
  const distortion found = {.by_spacing = 0.3, .spacing = 0.07};
  cloud_settings s = usual;
  const int t = cloud_time_step(&schedule, &s, &found, 0.2, 0.34);
  s.step_scale = 2;
  assert_true(cloud_time_step(&schedule, &s, &found, 0.2, 0.34) > t);
  s.step_cap = 2;
  assert_int_equal(cloud_time_step(&schedule, &s, &found, 0.2, 0.34), 2);
  s.step_cap = 30;
  s.step_levels = 1;
  s.step_scale = 1;
  assert_int_equal(cloud_time_step(&schedule, &s, &found, 0.2, 0.34), 10);
  s.step_scale = 3;
  assert_int_equal(cloud_time_step(&schedule, &s, &found, 0.2, 0.34), 20);
  s.step_scale = 100;
  assert_int_equal(cloud_time_step(&schedule, &s, &found, 0.2, 0.34), 30);
  s.step = 17;
  assert_int_equal(cloud_time_step(&schedule, &s, &found, 0.2, 0.34), 17);
  s.step = 0;
  assert_int_equal(cloud_time_step(&schedule, &s, &found, 0.2, 0.34), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distortion_above_the_clean_one_counts_in_squares),
      cmocka_unit_test(no_more_than_clean_is_left_alone),
      cmocka_unit_test(settings_have_their_say),
  };
  return cmocka_run_group_tests(tests, open_all, NULL);
}
