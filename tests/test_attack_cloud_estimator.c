/* Who attacks the estimator lowers what it finds, and still gets where he wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "pointcloud_defense/distortion.h"
#include "victim_world.h"
#include <cmocka.h>

enum { N = 400 };

static float clean[3 * N], slope[3 * N], moved[3 * N];
static linear_world world;
static victim linear;

/* Half of a sphere with noise: planes everywhere, and distances from them to lower. */
static int make_world(void **state) {
  random_source *r;
  (void)state;
  linear = linear_victim(&world, 2, 0.25);
  ball_of_points(clean, N, 3);
  if (random_source_from_seed(&r, 4, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < N; i++) {
    float *at = clean + 3 * i;
    const float length = sqrtf(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]);
    for (size_t axis = 0; axis < 3; axis++)
      at[axis] = at[axis] / length * (axis == 2 && at[2] < 0 ? -1.0f : 1.0f) + (float)(0.02 * random_normal(r));
  }
  random_source_free(r);
  return 0;
}

static attack_cloud open_attacker(void) {
  attack_cloud a = {.victim = &linear, .iterations = 20, .budget = 0.03};
  assert_int_equal(attack_cloud_open(&a, NULL, 2 * N, 1, NULL), SCRIM_OK);
  return a;
}

static double metres_of(const float *xyz) {
  static survey_point points[N];
  neighbours *index = neighbours_create();
  pool *one;
  assert_int_equal(pool_create(&one, 1, NULL), SCRIM_OK);
  assert_int_equal(neighbours_build(index, xyz, N, 3, NULL), SCRIM_OK);
  const survey_request request = {.index = index, .xyz = xyz, .n = N, .k = 16, .pool = one, .planes = 1};
  survey_run(&request, points, NULL);
  const distortion found = distortion_of(points, xyz, neighbours_first(index), N);
  neighbours_free(index);
  pool_free(one);
  return found.metres;
}

/* With no goal of its own but a tiny one everywhere, the slope is nearly that of the distortion alone. */
static void it_points_downhill(void **state) {
  (void)state;
  attack_cloud a = open_attacker();
  const double before = metres_of(clean);
  for (size_t i = 0; i < 3 * N; i++) slope[i] = i % 2 ? 1e-6f : -1e-6f;
  assert_int_equal(attack_cloud_flatten(&a, clean, N, 100, slope, NULL), SCRIM_OK);
  double squared = 0;
  for (size_t i = 0; i < 3 * N; i++) squared += (double)slope[i] * slope[i];
  for (size_t i = 0; i < 3 * N; i++) moved[i] = (float)(clean[i] + 0.1 * slope[i] / sqrt(squared));
  assert_true(metres_of(moved) < before);
  attack_cloud_close(&a);
}

/* Where there is nothing to lower, or nothing to climb, the slope stays as it was. */
static void what_has_no_slope_changes_nothing(void **state) {
  (void)state;
  static float flat[3 * N];
  attack_cloud a = open_attacker();
  memset(slope, 0, sizeof slope);
  assert_int_equal(attack_cloud_flatten(&a, clean, N, 1, slope, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * N; i++) assert_float_equal(slope[i], 0, 0);
  for (size_t i = 0; i < 3 * N; i++) slope[i] = 1;
  assert_int_equal(attack_cloud_flatten(&a, flat, N, 1, slope, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * N; i++) assert_float_equal(slope[i], 1, 0);
  attack_cloud_close(&a);
}

/* On a linear classifier: less distortion than plain PGD leaves, and at least half of its gain. */
static void the_attack_is_flatter_and_still_gains(void **state) {
  (void)state;
  static float plain[6 * N], flat[6 * N];
  attack_cloud_points of_plain = {plain, 0}, of_flat = {flat, 0};
  attack_cloud a = open_attacker();
  assert_int_equal(attack_cloud_pgd_linf(&a, clean, N, 0, &of_plain, NULL), SCRIM_OK);
  assert_int_equal(attack_cloud_pgd_flat(&a, clean, N, 0, &of_flat, NULL), SCRIM_OK);
  assert_int_equal(of_flat.n, N);
  for (size_t i = 0; i < 3 * N; i++) assert_true(fabs((double)flat[i] - clean[i]) <= a.budget);
  assert_true(metres_of(flat) < metres_of(plain));
  const double gain = linear_margin(&world, flat, N) - linear_margin(&world, clean, N);
  assert_true(gain > 0.5 * (linear_margin(&world, plain, N) - linear_margin(&world, clean, N)));
  attack_cloud_close(&a);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  attack_cloud a = open_attacker();
  for (size_t i = 0; i < 3 * N; i++) slope[i] = 1;
  memory_fail_at(1, 1);
  assert_int_equal(attack_cloud_flatten(&a, clean, N, 1, slope, NULL), SCRIM_E_MEMORY);
  memory_fail_at(0, 0);
  attack_cloud_close(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_points_downhill),
      cmocka_unit_test(what_has_no_slope_changes_nothing),
      cmocka_unit_test(the_attack_is_flatter_and_still_gains),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, make_world, NULL);
}
