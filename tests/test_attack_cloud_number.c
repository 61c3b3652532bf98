/* Adding and dropping: how many, where, and that on a linear classifier the best are picked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "victim_world.h"
#include <cmocka.h>

enum { N = 60 };

static float xyz[3 * N], moved[6 * N];
static attack_cloud_points out = {.xyz = moved};
static linear_world world;
static victim linear;

static attack_cloud attacker(double steepness, double budget) {
  attack_cloud a = {0};
  ball_of_points(xyz, N, 3);
  linear = linear_victim(&world, steepness, 0.25);
  assert_int_equal(attack_cloud_open(&a, NULL, 2 * N, 1, NULL), SCRIM_OK);
  a.victim = &linear;
  a.iterations = 20;
  a.budget = budget;
  return a;
}

/* Every added point goes to the corner of the bounding box that the classifier's way points to. */
static void added_points_go_to_the_corner(void **state) {
  (void)state;
  attack_cloud a = attacker(3, 0.1);
  float corner[3];
  for (size_t axis = 0; axis < 3; axis++) {
    corner[axis] = xyz[axis];
    for (size_t i = 0; i < N; i++) {
      const float value = xyz[3 * i + axis];
      if (linear_way[axis] > 0 ? value > corner[axis] : value < corner[axis]) corner[axis] = value;
    }
  }
  assert_int_equal(attack_cloud_add(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, N + N / 10);
  assert_memory_equal(moved, xyz, sizeof xyz);
  for (size_t i = N; i < out.n; i++)
    for (size_t axis = 0; axis < 3; axis++) assert_float_equal(moved[3 * i + axis], corner[axis], 1e-6);
  attack_cloud_close(&a);
}

/* What is left are rows of the clean object, in their order. */
static void assert_subset(void) {
  size_t row = 0;
  for (size_t i = 0; i < out.n; i++, row++) {
    while (row < N && memcmp(xyz + 3 * row, moved + 3 * i, 3 * sizeof *xyz) != 0) row++;
    assert_true(row < N);
  }
}

static void dropping_leaves_the_rest(void **state) {
  (void)state;
  attack_cloud a = attacker(3, 0.7);
  assert_int_equal(attack_cloud_drop(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, N - N * 7 / 10);
  assert_subset();
  a.budget = 1;
  assert_int_equal(attack_cloud_drop(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, 1); /* never none */
  attack_cloud_close(&a);
}

/* Points far out against the classifier's way hold the margin down most: they go first. */
static void saliency_drops_what_holds_the_margin_down(void **state) {
  (void)state;
  attack_cloud a = attacker(3, 0.1);
  for (size_t i = 0; i < 6; i++)
    for (size_t axis = 0; axis < 3; axis++) xyz[3 * 7 * i + axis] = (float)(-2 * linear_way[axis] + 0.01 * (double)i);
  assert_int_equal(attack_cloud_saliency(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, N - 6);
  assert_subset();
  for (size_t i = 0; i < out.n; i++)
    assert_true(moved[3 * i] * linear_way[0] + moved[3 * i + 1] * linear_way[1] + moved[3 * i + 2] * linear_way[2] >
                -1.1);
  attack_cloud_close(&a);
}

static void without_a_slope_nothing_is_won(void **state) {
  (void)state;
  attack_cloud a = attacker(0, 0.2);
  attack_cloud_height height;
  assert_int_equal(attack_cloud_add(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(attack_cloud_climb(&a, moved, out.n, 0, ATTACK_CLOUD_MARGIN, &height, NULL, NULL), SCRIM_OK);
  assert_float_equal(height.margin, -0.25, 1e-6);
  assert_int_equal(attack_cloud_saliency(&a, xyz, N, 0, &out, NULL), SCRIM_OK);
  assert_int_equal(out.n, N - N / 5);
  attack_cloud_close(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(added_points_go_to_the_corner),
      cmocka_unit_test(dropping_leaves_the_rest),
      cmocka_unit_test(saliency_drops_what_holds_the_margin_down),
      cmocka_unit_test(without_a_slope_nothing_is_won),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
