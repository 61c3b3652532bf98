/* The slope that attackers climb: against differences, through defences, averaged over draws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "victim_world.h"
#include <cmocka.h>

enum { N = 64 };

static float xyz[3 * N], slope[3 * N];
static linear_world world;
static victim linear;

static int make_world(void **state) {
  (void)state;
  linear = linear_victim(&world, 2, 0.25);
  ball_of_points(xyz, N, 3);
  return 0;
}

static attack_cloud open_attacker(void) {
  attack_cloud a = {0};
  assert_int_equal(attack_cloud_open(&a, NULL, 2 * N, 1, NULL), SCRIM_OK);
  a.victim = &linear;
  return a;
}

static const cloud_defence *find(const char *name) {
  const cloud_defence *d = cloud_defences;
  while (strcmp(d->name, name) != 0) d++;
  return d;
}

static void the_margin_and_its_slope_are_known(void **state) {
  (void)state;
  attack_cloud a = open_attacker();
  attack_cloud_height height;
  assert_int_equal(attack_cloud_climb(&a, xyz, N, 0, ATTACK_CLOUD_MARGIN, &height, slope, NULL), SCRIM_OK);
  assert_float_equal(height.margin, linear_margin(&world, xyz, N), 1e-5);
  assert_float_equal(height.goal, height.margin, 1e-5);
  for (size_t i = 0; i < 3 * N; i++) assert_float_equal(slope[i], 4 * linear_way[i % 3] / N, 1e-6);
  assert_int_equal(attack_cloud_climb(&a, xyz, N, 1, ATTACK_CLOUD_MARGIN, &height, slope, NULL), SCRIM_OK);
  assert_float_equal(height.margin, -linear_margin(&world, xyz, N), 1e-5);
  assert_float_equal(slope[0], -4 * linear_way[0] / N, 1e-6);
  attack_cloud_close(&a);
}

/* Cross entropy is log(1 + e^margin), and its slope the margin's times 1 / (1 + e^-margin). */
static void so_is_the_entropy(void **state) {
  (void)state;
  attack_cloud a = open_attacker();
  attack_cloud_height height;
  const double margin = linear_margin(&world, xyz, N);
  assert_int_equal(attack_cloud_climb(&a, xyz, N, 0, ATTACK_CLOUD_ENTROPY, &height, slope, NULL), SCRIM_OK);
  assert_float_equal(height.goal, log1p(exp(margin)), 1e-5);
  for (size_t i = 0; i < 3 * N; i++) assert_float_equal(slope[i], 4 * linear_way[i % 3] / N / (1 + exp(-margin)), 1e-6);
  attack_cloud_close(&a);
}

/* A dropped point has no slope in one draw; over many draws all have about the same. */
static void draws_are_averaged(void **state) {
  (void)state;
  attack_cloud a = open_attacker();
  attack_cloud_height height;
  a.defence = find("SRS");
  a.samples = 400;
  assert_int_equal(cloud_defence_open(&a.room, a.defence, NULL, NULL, 0, SCRIM_DEVICE_CPU, NULL), SCRIM_OK);
  assert_int_equal(attack_cloud_climb(&a, xyz, N, 0, ATTACK_CLOUD_MARGIN, &height, slope, NULL), SCRIM_OK);
  assert_float_equal(height.margin, linear_margin(&world, xyz, N), 0.05);
  for (size_t i = 0; i < 3 * N; i++) assert_float_equal(slope[i] * N / (4 * linear_way[i % 3]), 1, 0.25);
  assert_false(attack_cloud_is_done(&a, (attack_cloud_height){.margin = 1}));
  a.samples = 1;
  assert_int_equal(attack_cloud_climb(&a, xyz, N, 0, ATTACK_CLOUD_MARGIN, &height, slope, NULL), SCRIM_OK);
  size_t still = 0;
  for (size_t i = 0; i < N; i++) still += slope[3 * i] == 0;
  assert_int_equal(still, N * 500 / 1024);
  cloud_defence_close(a.room);
  attack_cloud_close(&a);
}

/* Forward through planes, back through planes held: the sum of slopes stays, for moving all points moves all planes. */
static void slopes_go_through_planes(void **state) {
  (void)state;
  attack_cloud a = open_attacker();
  attack_cloud_height height;
  double sum[3] = {0};
  int differ = 0;
  a.defence = find("plane x3");
  a.hold = 1;
  assert_int_equal(cloud_defence_open(&a.room, a.defence, NULL, NULL, 0, SCRIM_DEVICE_CPU, NULL), SCRIM_OK);
  assert_int_equal(attack_cloud_climb(&a, xyz, N, 0, ATTACK_CLOUD_MARGIN, &height, slope, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * N; i++) {
    sum[i % 3] += slope[i];
    differ |= fabs(slope[i] - 4 * linear_way[i % 3] / N) > 1e-4;
  }
  for (size_t axis = 0; axis < 3; axis++) assert_float_equal(sum[axis], 4 * linear_way[axis], 1e-4);
  assert_true(differ);
  assert_true(attack_cloud_is_done(&a, (attack_cloud_height){.margin = 1}));
  assert_false(attack_cloud_is_done(&a, (attack_cloud_height){.margin = -1}));
  cloud_defence_close(a.room);
  attack_cloud_close(&a);
}

static scrim_status leave_nothing(const cloud_defence *self, cloud_defence_room *room, const cloud_draw *draw,
                                  const float *in, size_t n, cloud_defended *out, scrim_error *error) {
  (void)self, (void)room, (void)draw, (void)in, (void)n, (void)error;
  out->n = 0;
  return SCRIM_OK;
}

static void nothing_left_is_fooled(void **state) {
  (void)state;
  const cloud_defence all_gone = {.name = "all gone", .apply = leave_nothing};
  attack_cloud a = open_attacker();
  attack_cloud_height height;
  a.defence = &all_gone;
  assert_int_equal(attack_cloud_climb(&a, xyz, N, 0, ATTACK_CLOUD_ENTROPY, &height, slope, NULL), SCRIM_OK);
  assert_true(height.margin > 0);
  for (size_t i = 0; i < 3 * N; i++) assert_float_equal(slope[i], 0, 0);
  attack_cloud_close(&a);
}

/* Never beyond, not even by a rounding. */
static void clipping_holds_in_float32(void **state) {
  (void)state;
  static float moved[3 * N];
  for (int budget = 1; budget < 100; budget++) {
    const double most = budget * 0.0007;
    for (size_t i = 0; i < 3 * N; i++) moved[i] = xyz[i] + (i % 2 ? 1.0f : -1.0f);
    attack_cloud_clip(moved, xyz, 3 * N, most);
    for (size_t i = 0; i < 3 * N; i++) {
      assert_true(fabs((double)moved[i] - xyz[i]) <= most);
      assert_true(fabs((double)moved[i] - xyz[i]) > 0.999 * most);
    }
  }
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    attack_cloud a = {.victim = &linear};
    attack_cloud_height height;
    memory_fail_at(at, 0);
    status = attack_cloud_open(&a, NULL, N, 1, NULL);
    if (status == SCRIM_OK) status = attack_cloud_climb(&a, xyz, N, 0, ATTACK_CLOUD_ENTROPY, &height, slope, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    attack_cloud_close(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_margin_and_its_slope_are_known),
      cmocka_unit_test(so_is_the_entropy),
      cmocka_unit_test(draws_are_averaged),
      cmocka_unit_test(slopes_go_through_planes),
      cmocka_unit_test(nothing_left_is_fooled),
      cmocka_unit_test(clipping_holds_in_float32),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, make_world, NULL);
}
