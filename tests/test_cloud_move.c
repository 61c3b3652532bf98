/* How far objects are diffused: from noise to time step, in both rules. */
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

static const cloud_settings usual = {.step = -1, .step_scale = 1, .step_cap = 30, .clean_noise = 0.05};

static void noise_above_the_clean_one_counts_in_squares(void **state) {
  (void)state;
  for (double excess = 0.02; excess < 1; excess *= 1.3) {
    const double noise = sqrt(usual.clean_noise * usual.clean_noise + excess * excess), spacing = 0.2;
    const double wanted = excess * spacing;
    const int t = cloud_time_step(&schedule, &usual, noise, spacing);
    assert_in_range(t, 1, 30);
    assert_true(diffusion_ratio(&schedule, t - 1) < wanted * (1 + 1e-9));
    assert_true(t == 30 || diffusion_ratio(&schedule, t) > wanted * (1 - 1e-9));
  }
}

static void no_more_than_clean_is_left_alone(void **state) {
  (void)state;
  assert_int_equal(cloud_time_step(&schedule, &usual, 0.05, 0.2), 0);
  assert_int_equal(cloud_time_step(&schedule, &usual, 0, 0.2), 0);
  assert_int_equal(cloud_time_step(&schedule, &usual, 0.06, 0.2), 1);
}

/* Whoever hides his noise gains nothing below the least step; the cap holds in any case. */
static void the_least_step_holds_whatever_is_found(void **state) {
  (void)state;
  cloud_settings s = usual;
  s.step_least = 8;
  assert_int_equal(cloud_time_step(&schedule, &s, 0, 0.2), 8);
  assert_int_equal(cloud_time_step(&schedule, &s, 0.06, 0.2), 8);
  const int t = cloud_time_step(&schedule, &usual, 1, 0.2);
  assert_true(t > 8);
  assert_int_equal(cloud_time_step(&schedule, &s, 1, 0.2), t);
  s.step_levels = 1;
  assert_int_equal(cloud_time_step(&schedule, &s, 0, 0.2), 8);
  s.step_cap = 5;
  assert_int_equal(cloud_time_step(&schedule, &s, 0, 0.2), 5);
}

static void settings_have_their_say(void **state) {
  (void)state;
  const double noise = 0.4, spacing = 0.2;
  cloud_settings s = usual;
  const int t = cloud_time_step(&schedule, &s, noise, spacing);
  s.step_scale = 2;
  assert_true(cloud_time_step(&schedule, &s, noise, spacing) > t);
  s.step_cap = 2;
  assert_int_equal(cloud_time_step(&schedule, &s, noise, spacing), 2);
  s.step_cap = 30;
  s.step_levels = 1;
  s.step_scale = 1;
  assert_int_equal(cloud_time_step(&schedule, &s, noise, spacing), 10);
  s.step_scale = 2.5;
  assert_int_equal(cloud_time_step(&schedule, &s, noise, spacing), 20);
  s.step_scale = 100;
  assert_int_equal(cloud_time_step(&schedule, &s, noise, spacing), 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_above_the_clean_one_counts_in_squares),
      cmocka_unit_test(no_more_than_clean_is_left_alone),
      cmocka_unit_test(the_least_step_holds_whatever_is_found),
      cmocka_unit_test(settings_have_their_say),
  };
  return cmocka_run_group_tests(tests, open_all, NULL);
}
