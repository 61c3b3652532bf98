/* On a linear classifier the least shift that fools is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "victim_world.h"
#include <cmocka.h>

enum { N = 50, VALUES = 3 * N };

static float xyz[VALUES], moved[VALUES];
static attack_cloud_points out = {.xyz = moved};
static linear_world world;
static victim linear;

/* `behind`: by how much the other class is behind on the clean object. */
static attack_cloud attacker(double steepness, double behind) {
  attack_cloud a = {0};
  ball_of_points(xyz, N, 3);
  linear = linear_victim(&world, steepness, 0);
  linear = linear_victim(&world, steepness, behind + linear_margin(&world, xyz, N));
  assert_int_equal(attack_cloud_open(&a, NULL, N, 1, NULL), SCRIM_OK);
  a.victim = &linear;
  a.iterations = 100;
  return a;
}

/* Each point by behind / (2 * steepness) along the way; C&W come within a tenth of that length. */
static void cw_finds_the_least_shift(void **state) {
  (void)state;
  const double least = 0.3 / (2 * 3);
  attack_cloud a = attacker(3, 0.3);
  double sum = 0, along = 0;
  assert_int_equal(attack_cloud_cw(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, N);
  assert_true(linear_margin(&world, moved, N) > 0);
  for (size_t i = 0; i < VALUES; i++) {
    const double shift = (double)moved[i] - xyz[i];
    sum += shift * shift;
    along += shift * linear_way[i % 3];
  }
  assert_true(sqrt(sum / N) >= 0.999 * least && sqrt(sum / N) < 1.1 * least);
  assert_float_equal(along / N, sqrt(sum / N), 0.1 * least);
  attack_cloud_close(&a);
}

static void without_a_slope_cw_leaves_all_as_it_is(void **state) {
  (void)state;
  attack_cloud a = attacker(0, 0.3);
  assert_int_equal(attack_cloud_cw(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_memory_equal(moved, xyz, sizeof xyz);
  attack_cloud_close(&a);
}

static void knn_fools_within_its_budget(void **state) {
  (void)state;
  attack_cloud a = attacker(20, 0.3);
  a.budget = 0.05;
  assert_int_equal(attack_cloud_knn(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, N);
  assert_true(linear_margin(&world, moved, N) > 0);
  for (size_t i = 0; i < VALUES; i++) assert_true(fabs((double)moved[i] - xyz[i]) <= 0.05);
  attack_cloud_close(&a);
}

/* Without a slope only the pull among neighbours is left, which takes points that stand out towards the others. */
static void knn_pulls_outliers_in(void **state) {
  (void)state;
  attack_cloud a = attacker(0, 0.3);
  a.budget = 0.2;
  xyz[0] = 2;
  assert_int_equal(attack_cloud_knn(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_true(moved[0] < xyz[0] - 0.1f);
  assert_true(linear_margin(&world, moved, N) < 0);
  for (size_t i = 0; i < VALUES; i++) assert_true(fabs((double)moved[i] - xyz[i]) <= 0.2);
  attack_cloud_close(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cw_finds_the_least_shift),
      cmocka_unit_test(without_a_slope_cw_leaves_all_as_it_is),
      cmocka_unit_test(knn_fools_within_its_budget),
      cmocka_unit_test(knn_pulls_outliers_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
