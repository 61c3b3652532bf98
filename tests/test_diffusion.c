/* The schedule against its published table, noising and both ways back, and the choice of the time step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/random.h"
#include "pointcloud_defense/diffusion.h"
#include <cmocka.h>
#include <math.h>

enum { COUNT = 6000 };
static diffusion schedule;
static float clean[COUNT], noise[COUNT], fresh[COUNT], x[COUNT];

static int open_all(void **state) {
  random_source *r;
  (void)state;
  diffusion_init(&schedule);
  if (random_source_from_seed(&r, 7, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < COUNT; i++) {
    clean[i] = (float)random_normal(r);
    noise[i] = (float)random_normal(r);
    fresh[i] = (float)random_normal(r);
  }
  random_source_free(r);
  return 0;
}

static void the_schedule_is_the_published_one(void **state) {
  (void)state;
  static const struct {
    int t;
    double ratio, half; /* half a unit of the last place that was tabulated */
  } table[] = {{1, .010, 5e-4},  {2, .021, 5e-4},  {3, .032, 5e-4},  {5, .055, 5e-4},  {8, .089, 5e-4},
               {10, .111, 5e-4}, {15, .168, 5e-4}, {20, .226, 5e-4}, {25, .285, 5e-4}, {30, .345, 5e-4},
               {40, .471, 5e-4}, {50, .607, 5e-4}, {60, .756, 5e-4}, {80, 1.11, 5e-3}, {100, 1.59, 5e-3}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    assert_true(fabs(diffusion_ratio(&schedule, table[i].t) - table[i].ratio) <= table[i].half);
  assert_true(diffusion_ratio(&schedule, 0) == 0);
  assert_true(schedule.beta[1] == 1e-4 && fabs(schedule.beta[DIFFUSION_STEPS] - 0.05) < 1e-15);
}

static double deviation(const float *values) {
  double sum = 0, square = 0;
  for (size_t i = 0; i < COUNT; i++) sum += values[i], square += (double)values[i] * values[i];
  return sqrt(square / COUNT - sum * sum / COUNT / COUNT);
}

static void noise_has_the_size_that_the_step_stands_for(void **state) {
  (void)state;
  for (int t = 1; t <= DIFFUSION_STEPS; t += 33) {
    float zero[COUNT] = {0};
    diffusion_forward(&schedule, t, 1, noise, COUNT, zero);
    assert_true(fabs(deviation(zero) - sqrt(1 - schedule.alpha[t])) < 0.03 * sqrt(1 - schedule.alpha[t]));
    for (size_t i = 0; i < COUNT; i++) x[i] = clean[i];
    diffusion_forward(&schedule, t, 1, noise, COUNT, x);
    assert_true(fabs(deviation(x) - deviation(clean)) < 0.05); /* variance is kept */
    for (size_t i = 0; i < COUNT; i++) x[i] = clean[i];
    diffusion_forward(&schedule, t, 0, noise, COUNT, x);
    for (size_t i = 0; i < COUNT; i++) assert_true(fabs(x[i] - sqrt(schedule.alpha[t]) * clean[i]) < 1e-6);
  }
}

/* Told the very noise that was put in, leaps of any length lead back to where it came from. */
static void leaps_lead_back(void **state) {
  (void)state;
  for (int leaps = 1; leaps <= 7; leaps += 2) {
    const int t = 50;
    for (size_t i = 0; i < COUNT; i++) x[i] = clean[i];
    diffusion_forward(&schedule, t, 1, noise, COUNT, x);
    for (int i = 0; i < leaps; i++)
      diffusion_leap(&schedule, diffusion_stop(t, leaps, i), diffusion_stop(t, leaps, i + 1), noise, COUNT, x);
    for (size_t i = 0; i < COUNT; i++) assert_true(fabsf(x[i] - clean[i]) < 1e-5f);
  }
}

/* Of a normal cloud the best guess of the noise is known, and ancestral steps must keep its spread at every step. */
static void ancestral_steps_keep_a_normal_cloud(void **state) {
  (void)state;
  float guess[COUNT];
  for (size_t i = 0; i < COUNT; i++) x[i] = noise[i];
  for (int t = 120; t >= 1; t--) {
    for (size_t i = 0; i < COUNT; i++) guess[i] = (float)sqrt(1 - schedule.alpha[t]) * x[i];
    const size_t turn = (size_t)t * 37 % COUNT;
    for (size_t i = 0; i < COUNT; i++) clean[i] = fresh[(i + turn) % COUNT] * (t % 2 ? 1.0f : -1.0f);
    diffusion_reverse(&schedule, t, guess, clean, COUNT, x);
  }
  assert_true(fabs(deviation(x) - 1) < 0.1);
}

static void the_last_ancestral_step_adds_nothing(void **state) {
  (void)state;
  float other[COUNT];
  for (size_t i = 0; i < COUNT; i++) x[i] = other[i] = noise[i];
  diffusion_reverse(&schedule, 1, noise, fresh, COUNT, x);
  diffusion_leap(&schedule, 1, 0, noise, COUNT, other);
  for (size_t i = 0; i < COUNT; i++) assert_true(fabsf(x[i] - other[i]) < 1e-5f);
}

static void the_least_step_that_does_is_chosen(void **state) {
  (void)state;
  for (double ratio = 0.001; ratio < 2; ratio *= 1.07) {
    const int t = diffusion_choose(&schedule, ratio, DIFFUSION_STEPS);
    assert_true(diffusion_ratio(&schedule, t) >= ratio && diffusion_ratio(&schedule, t - 1) < ratio);
    assert_int_equal(diffusion_choose(&schedule, ratio, 30), t < 30 ? t : 30);
    const int level = diffusion_choose_level(&schedule, ratio, 30);
    assert_int_equal(level, t <= 10 ? 10 : t <= 20 ? 20 : 30);
  }
  for (int cap = 1; cap < 4; cap++) assert_in_range(diffusion_choose_level(&schedule, 0.005, cap), 1, cap);
  assert_int_equal(diffusion_choose(&schedule, 0, 30), 0);
  assert_int_equal(diffusion_choose(&schedule, -1, 30), 0);
  assert_int_equal(diffusion_choose(&schedule, NAN, 30), 0);
  assert_int_equal(diffusion_choose_level(&schedule, 0, 30), 0);
  assert_int_equal(diffusion_choose_level(&schedule, NAN, 30), 0);
}

static void stops_go_down_to_zero(void **state) {
  (void)state;
  for (int t = 1; t <= 40; t++)
    for (int leaps = 1; leaps <= t; leaps++) {
      assert_int_equal(diffusion_stop(t, leaps, 0), t);
      assert_int_equal(diffusion_stop(t, leaps, leaps), 0);
      for (int i = 0; i < leaps; i++) assert_true(diffusion_stop(t, leaps, i) > diffusion_stop(t, leaps, i + 1));
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_schedule_is_the_published_one),
      cmocka_unit_test(noise_has_the_size_that_the_step_stands_for),
      cmocka_unit_test(leaps_lead_back),
      cmocka_unit_test(the_last_ancestral_step_adds_nothing),
      cmocka_unit_test(the_least_step_that_does_is_chosen),
      cmocka_unit_test(stops_go_down_to_zero),
      cmocka_unit_test(ancestral_steps_keep_a_normal_cloud),
  };
  return cmocka_run_group_tests(tests, open_all, NULL);
}
