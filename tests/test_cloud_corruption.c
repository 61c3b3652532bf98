/* Each corruption does what its description says, more so with severity, and the same for the same stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/cloud_corruption.h"
#include "victim_world.h"
#include <cmocka.h>

enum { N = 1024 };

static float xyz[3 * N], moved[6 * N];
static attack_cloud_points out = {.xyz = moved};
static attack_cloud attacker;

static int open_all(void **state) {
  (void)state;
  ball_of_points(xyz, N, 3);
  return attack_cloud_open(&attacker, NULL, 2 * N, 1, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  attack_cloud_close(&attacker);
  return 0;
}

static void corrupt(cloud_corruption *f, int severity) {
  attacker.budget = severity;
  assert_int_equal(random_begin(attacker.random, "test", "x", 1, NULL), SCRIM_OK);
  assert_int_equal(f(&attacker, xyz, N, 0, &out, NULL), SCRIM_OK);
}

static double shift(size_t value) {
  return fabs((double)moved[value] - xyz[value]);
}

static double mean_shift(void) {
  double sum = 0;
  for (size_t i = 0; i < 3 * N; i++) sum += shift(i) / (3 * N);
  return sum;
}

static void the_same_stream_gives_the_same(void **state) {
  (void)state;
  static float again[6 * N];
  for (const attack_cloud_rule *rule = attack_cloud_rules; rule->name; rule++) {
    if (rule->kind != ATTACK_CLOUD_CORRUPT) continue;
    corrupt(rule->run, 3);
    const size_t n = out.n;
    memcpy(again, moved, 3 * n * sizeof *moved);
    corrupt(rule->run, 3);
    assert_int_equal(out.n, n);
    assert_memory_equal(again, moved, 3 * n * sizeof *moved);
    assert_true(n <= attack_cloud_most(N));
    assert_true(n != N || memcmp(moved, xyz, sizeof xyz) != 0);
  }
}

/* And turn more with severity. */
static void rotations_keep_distances(void **state) {
  (void)state;
  double before = 0;
  for (int severity = 1; severity <= 5; severity++) {
    corrupt(cloud_corrupt_rotation, severity);
    assert_int_equal(out.n, N);
    for (size_t i = 3; i < 300; i += 3) {
      double is = 0, was = 0;
      for (size_t axis = 0; axis < 3; axis++) {
        is += pow(moved[i + axis] - moved[axis], 2);
        was += pow(xyz[i + axis] - xyz[axis], 2);
      }
      assert_float_equal(is, was, 1e-5);
    }
    assert_true(mean_shift() > before);
    before = mean_shift();
  }
}

static void shears_leave_the_upright_axis(void **state) {
  (void)state;
  for (int severity = 1; severity <= 5; severity++) {
    corrupt(cloud_corrupt_shear, severity);
    for (size_t i = 0; i < N; i++) {
      assert_float_equal(shift(3 * i + 1), 0, 0);
      const double most = fabs(xyz[3 * i + 1]) + fabs(xyz[3 * i + 2]);
      assert_true(shift(3 * i) <= 0.05 * severity * most + 1e-6);
    }
  }
}

static void noise_has_its_size(void **state) {
  (void)state;
  static const double deviation[] = {0.01, 0.015, 0.02, 0.025, 0.03};
  for (int severity = 1; severity <= 5; severity++) {
    double squares = 0;
    corrupt(cloud_corrupt_uniform, severity);
    for (size_t i = 0; i < 3 * N; i++) assert_true(shift(i) <= 0.01 * severity + 1e-6);
    assert_float_equal(mean_shift() / (0.005 * severity), 1, 0.05);
    corrupt(cloud_corrupt_gaussian, severity);
    for (size_t i = 0; i < 3 * N; i++) squares += shift(i) * shift(i) / (3 * N);
    assert_float_equal(sqrt(squares) / deviation[severity - 1], 1, 0.05);
  }
}

static void impulses_hit_so_many(void **state) {
  (void)state;
  static const size_t hits[] = {N / 30, N / 25, N / 20, N / 15, N / 10};
  for (int severity = 1; severity <= 5; severity++) {
    size_t hit = 0;
    corrupt(cloud_corrupt_impulse, severity);
    for (size_t i = 0; i < N; i++) {
      hit += shift(3 * i) > 0;
      for (size_t axis = 0; axis < 3 && shift(3 * i) > 0; axis++) assert_float_equal(shift(3 * i + axis), 0.1, 1e-6);
    }
    assert_int_equal(hit, hits[severity - 1]);
  }
}

static void more_points_are_so_many(void **state) {
  (void)state;
  static const size_t background[] = {N / 45, N / 40, N / 35, N / 30, N / 20};
  static const size_t upsample[] = {N / 5, N / 4, N / 3, N / 2, N};
  for (int severity = 1; severity <= 5; severity++) {
    corrupt(cloud_corrupt_background, severity);
    assert_int_equal(out.n, N + background[severity - 1]);
    assert_memory_equal(moved, xyz, sizeof xyz);
    corrupt(cloud_corrupt_upsample, severity);
    assert_int_equal(out.n, N + upsample[severity - 1]);
    assert_memory_equal(moved, xyz, sizeof xyz);
  }
  for (size_t i = N; i < out.n; i++) { /* each near some clean point */
    int is_near = 0;
    for (size_t j = 0; j < N && !is_near; j++) {
      is_near = 1;
      for (size_t axis = 0; axis < 3; axis++) is_near &= fabsf(moved[3 * i + axis] - xyz[3 * j + axis]) <= 0.05001f;
    }
    assert_true(is_near);
  }
}

/* Points that are left are rows of the object, in order. */
static void fewer_points_are_so_many(void **state) {
  (void)state;
  static const size_t holes[] = {2, 3, 5, 7, 10};
  cloud_corruption *const kinds[] = {cloud_corrupt_cutout, cloud_corrupt_density};
  for (size_t kind = 0; kind < 2; kind++)
    for (int severity = 1; severity <= 5; severity++) {
      size_t row = 0;
      corrupt(kinds[kind], severity);
      assert_int_equal(out.n, N - (kind == 0 ? 30 * holes[severity - 1] : 75 * (size_t)severity));
      for (size_t i = 0; i < out.n; i++, row++) {
        while (row < N && memcmp(xyz + 3 * row, moved + 3 * i, 3 * sizeof *xyz) != 0) row++;
        assert_true(row < N);
      }
    }
}

/* A cut leaves a hole: what went is nearer to one another than to be chance. */
static void a_cut_is_in_one_place(void **state) {
  (void)state;
  static uint8_t is_left[N];
  double mean[3] = {0}, spread = 0;
  size_t row = 0, gone = 0;
  memset(is_left, 0, sizeof is_left);
  corrupt(cloud_corrupt_density, 1);
  for (size_t i = 0; i < out.n; i++, row++) {
    while (memcmp(xyz + 3 * row, moved + 3 * i, 3 * sizeof *xyz) != 0) row++;
    is_left[row] = 1;
  }
  for (size_t i = 0; i < N; i++) gone += !is_left[i];
  for (size_t i = 0; i < 3 * N; i++) mean[i % 3] += is_left[i / 3] ? 0 : xyz[i] / (double)gone;
  for (size_t i = 0; i < 3 * N; i++) spread += is_left[i / 3] ? 0 : pow(xyz[i] - mean[i % 3], 2) / (double)gone;
  assert_true(sqrt(spread) < 0.5); /* 0.77 for the whole ball */
}

static void free_form_deformation_is_smooth(void **state) {
  (void)state;
  double before = 0;
  for (int severity = 1; severity <= 5; severity++) {
    corrupt(cloud_corrupt_ffd, severity);
    assert_true(mean_shift() > before);
    before = mean_shift();
    for (size_t i = 0; i < 3 * N; i++) assert_true(shift(i) <= 0.05 * severity + 1e-6); /* weights sum to 1 */
  }
}

/* At a handle the shift is the one drawn for it; between them it grows with severity and does not jump. */
static void radial_bases_are_smooth(void **state) {
  (void)state;
  cloud_corruption *const kinds[] = {cloud_corrupt_rbf, cloud_corrupt_rbf_inverse};
  for (size_t kind = 0; kind < 2; kind++) {
    double before = 0;
    for (int severity = 1; severity <= 5; severity++) {
      corrupt(kinds[kind], severity);
      assert_int_equal(out.n, N);
      assert_true(mean_shift() > before);
      before = mean_shift();
    }
    const float kept[6] = {xyz[0], xyz[1], xyz[2], xyz[3], xyz[4], xyz[5]}, at[6] = {0, 0, 0, 1e-3f, 0, 0};
    memcpy(xyz, at, sizeof at);
    corrupt(kinds[kind], 5);
    for (size_t axis = 0; axis < 3; axis++) {
      assert_true(shift(axis) <= 0.125 && shift(axis) > 0);
      assert_float_equal(moved[axis] - xyz[axis], moved[3 + axis] - xyz[3 + axis], 2e-3);
    }
    memcpy(xyz, kept, sizeof kept);
  }
}

static void density_grows_in_places(void **state) {
  (void)state;
  size_t before = 0;
  for (int severity = 1; severity <= 5; severity++) {
    corrupt(cloud_corrupt_density_inc, severity);
    assert_in_range(out.n, before + 1, N - 1);
    before = out.n;
  }
  corrupt(cloud_corrupt_density_inc, 1);
  assert_int_equal(out.n, N - (N - 100) / 2);
}

/* ---- what a sensor sees ---- */

/* A wall, and another right behind it: half of them hides the other half from in front, and neither from the side. */
static void make_walls(float *points) {
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 9, NULL), SCRIM_OK);
  for (size_t i = 0; i < N; i++) {
    points[3 * i] = (float)(1.2 * random_uniform(r) - 0.6);
    points[3 * i + 1] = i % 2 ? 0.25f : -0.25f;
    points[3 * i + 2] = (float)(1.2 * random_uniform(r) - 0.6);
  }
  random_source_free(r);
}

/* What is seen are rows of the object, fewer from fewer sides; one wall at least is nearly whole. */
static void what_is_behind_is_not_seen(void **state) {
  (void)state;
  static float kept[3 * N];
  memcpy(kept, xyz, sizeof kept);
  make_walls(xyz);
  size_t most = N;
  for (int severity = 1; severity <= 5; severity++) {
    size_t row = 0, of[2] = {0};
    corrupt(cloud_corrupt_occlusion, severity);
    assert_true(out.n <= most && out.n >= N / 3);
    most = out.n;
    for (size_t i = 0; i < out.n; i++, row++) {
      while (row < N && memcmp(xyz + 3 * row, moved + 3 * i, 3 * sizeof *xyz) != 0) row++;
      assert_true(row < N);
      of[row % 2]++;
    }
    assert_true((of[0] > of[1] ? of[0] : of[1]) > N * 4 / 10);
  }
  assert_true(most < N * 8 / 10);
  memcpy(xyz, kept, sizeof kept);
}

/* One return a beam, and near the points that were there. */
static void beams_return_once(void **state) {
  (void)state;
  static const size_t beams[] = {40, 36, 32, 28, 24};
  size_t before = N;
  for (int severity = 1; severity <= 5; severity++) {
    corrupt(cloud_corrupt_lidar, severity);
    assert_in_range(out.n, 1, beams[severity - 1] * beams[severity - 1]);
    assert_true(out.n < before);
    before = out.n;
    for (size_t i = 0; i < out.n; i++) {
      double nearest = INFINITY;
      for (size_t j = 0; j < N; j++) {
        double squared = 0;
        for (size_t axis = 0; axis < 3; axis++) squared += pow(moved[3 * i + axis] - xyz[3 * j + axis], 2);
        nearest = fmin(nearest, squared);
      }
      assert_true(sqrt(nearest) < 0.07);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_stream_gives_the_same),
      cmocka_unit_test(rotations_keep_distances),
      cmocka_unit_test(shears_leave_the_upright_axis),
      cmocka_unit_test(noise_has_its_size),
      cmocka_unit_test(impulses_hit_so_many),
      cmocka_unit_test(more_points_are_so_many),
      cmocka_unit_test(fewer_points_are_so_many),
      cmocka_unit_test(a_cut_is_in_one_place),
      cmocka_unit_test(free_form_deformation_is_smooth),
      cmocka_unit_test(radial_bases_are_smooth),
      cmocka_unit_test(density_grows_in_places),
      cmocka_unit_test(what_is_behind_is_not_seen),
      cmocka_unit_test(beams_return_once),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
