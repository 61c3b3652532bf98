/* On a linear classifier the best shift is known, and every attack must find it and stay within its budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "victim_world.h"
#include <cmocka.h>

enum { N = 50, VALUES = 3 * N };

static const double BUDGET = 0.04;
static float xyz[VALUES], moved[VALUES];
static attack_cloud_points out = {.xyz = moved};
static linear_world world;
static victim linear;

static attack_cloud attacker(double steepness) {
  attack_cloud a = {0};
  linear = linear_victim(&world, steepness, 0.25);
  ball_of_points(xyz, N, 3);
  assert_int_equal(attack_cloud_open(&a, NULL, N, 1, NULL), SCRIM_OK);
  a.victim = &linear;
  a.budget = BUDGET;
  a.iterations = 20;
  return a;
}

static double length(void) {
  double sum = 0;
  for (size_t i = 0; i < VALUES; i++) sum += ((double)moved[i] - xyz[i]) * ((double)moved[i] - xyz[i]);
  return sqrt(sum);
}

typedef scrim_status attack_fn(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *to,
                               scrim_error *error);

/* All budget straight along the classifier's way, the same for each point. */
static void one_step_goes_straight(void **state) {
  (void)state;
  attack_cloud a = attacker(3);
  assert_int_equal(attack_cloud_fgm(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, N);
  assert_true(length() <= BUDGET * sqrt(VALUES));
  for (size_t i = 0; i < VALUES; i++) assert_float_equal(moved[i] - xyz[i], BUDGET * sqrt(3) * linear_way[i % 3], 1e-6);
  attack_cloud_close(&a);
}

/* The same is best for many steps, and what is left of the random start costs little of it. */
static void many_steps_come_near_the_best(void **state) {
  (void)state;
  attack_cloud a = attacker(3);
  const double best = 2 * 3 * BUDGET * sqrt(3), before = linear_margin(&world, xyz, N);
  assert_int_equal(attack_cloud_pgd_l2(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  const double won = linear_margin(&world, moved, N) - before;
  assert_int_equal(out.n, N);
  assert_true(length() <= BUDGET * sqrt(VALUES));
  assert_true(won <= 1.00001 * best && won > 0.97 * best);
  attack_cloud_close(&a);
}

/* The corner of the box, for each point. */
static void the_linf_attack_goes_to_the_corner(void **state) {
  (void)state;
  attack_cloud a = attacker(3);
  assert_int_equal(attack_cloud_pgd_linf(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  for (size_t i = 0; i < VALUES; i++) {
    assert_true(fabs((double)moved[i] - xyz[i]) <= BUDGET);
    assert_float_equal(moved[i] - xyz[i], linear_way[i % 3] > 0 ? BUDGET : -BUDGET, 1e-6);
  }
  attack_cloud_close(&a);
}

static void few_iterations_stay_within_too(void **state) {
  (void)state;
  for (size_t iterations = 1; iterations < 4; iterations++) {
    attack_cloud a = attacker(3);
    a.iterations = iterations;
    assert_int_equal(attack_cloud_pgd_linf(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
    for (size_t i = 0; i < VALUES; i++) assert_true(fabs((double)moved[i] - xyz[i]) <= BUDGET);
    assert_int_equal(attack_cloud_pgd_l2(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
    assert_true(length() <= BUDGET * sqrt(VALUES));
    attack_cloud_close(&a);
  }
}

/* A classifier without slope is not fooled, whatever is tried. */
static void without_a_slope_nothing_is_won(void **state) {
  (void)state;
  attack_fn *const attacks[] = {attack_cloud_fgm, attack_cloud_pgd_linf, attack_cloud_pgd_l2};
  for (size_t k = 0; k < 3; k++) {
    attack_cloud a = attacker(0);
    attack_cloud_height height;
    assert_int_equal(attacks[k](&a, xyz, N, 0, &out, NULL), SCRIM_OK);
    assert_true(length() <= BUDGET * sqrt(VALUES));
    if (k == 0) assert_memory_equal(moved, xyz, sizeof xyz);
    assert_int_equal(attack_cloud_climb(&a, moved, N, 0, ATTACK_CLOUD_MARGIN, &height, NULL, NULL), SCRIM_OK);
    assert_float_equal(height.margin, -0.25, 1e-6);
    attack_cloud_close(&a);
  }
}

/* Who knows a defence that draws nothing stops where he has won; who does not goes on to the end. */
static void a_known_defence_ends_the_walk(void **state) {
  (void)state;
  attack_cloud a = attacker(300);
  a.defence = &cloud_defences[0];
  assert_int_equal(cloud_defence_open(&a.room, a.defence, NULL, NULL, 0, SCRIM_DEVICE_CPU, NULL), SCRIM_OK);
  assert_int_equal(attack_cloud_pgd_linf(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  const double stopped = linear_margin(&world, moved, N);
  cloud_defence_close(a.room);
  a.defence = NULL;
  a.room = NULL;
  assert_int_equal(attack_cloud_pgd_linf(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_true(stopped > 0 && stopped < linear_margin(&world, moved, N));
  attack_cloud_close(&a);
}

static void the_same_stream_gives_the_same_attack(void **state) {
  (void)state;
  static float again[VALUES];
  attack_cloud a = attacker(3);
  a.iterations = 1;
  for (int run = 0; run < 3; run++) {
    assert_int_equal(random_begin(a.random, "test", &"ab"[run / 2], 1, NULL), SCRIM_OK);
    assert_int_equal(attack_cloud_pgd_l2(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
    if (run == 1) assert_memory_equal(again, moved, sizeof again);
    if (run == 2) assert_memory_not_equal(again, moved, sizeof again);
    memcpy(again, moved, sizeof again);
  }
  attack_cloud_close(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_step_goes_straight),
      cmocka_unit_test(many_steps_come_near_the_best),
      cmocka_unit_test(the_linf_attack_goes_to_the_corner),
      cmocka_unit_test(few_iterations_stay_within_too),
      cmocka_unit_test(without_a_slope_nothing_is_won),
      cmocka_unit_test(a_known_defence_ends_the_walk),
      cmocka_unit_test(the_same_stream_gives_the_same_attack),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
