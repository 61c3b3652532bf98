/* Planes of known answer, and properties that the answer must have wherever it is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "pointcloud_defense/plane.h"
#include <cmocka.h>

enum { MOST = 64 };

static uint32_t every[MOST];

static int number(void **state) {
  (void)state;
  for (uint32_t i = 0; i < MOST; i++) every[i] = i;
  return 0;
}

static void near(double found, double expected, double tolerance) {
  if (!(fabs(found - expected) <= tolerance)) fail_msg("%.17g is not %.17g", found, expected);
}

static double fit(const float point[3], const float *xyz, size_t n, best_plane *p) {
  return plane_fit(point, xyz, 3, every, n, p);
}

static void flat_neighbours_give_their_plane(void **state) {
  (void)state;
  const float xyz[] = {0, 0, 5, 1, 0, 5, 0, 1, 5, 1, 1, 5, 2, 3, 5}, point[3] = {0.5f, 0.25f, 7};
  best_plane p;
  float moved[3];
  const double distance = fit(point, xyz, 5, &p);
  near(fabs(distance), 2, 1e-12);
  near(fabs(p.normal[2]), 1, 1e-15);
  near(p.centre[0], 0.8, 1e-12);
  near(p.centre[2], 5, 1e-12);
  plane_project(&p, distance, point, moved);
  assert_true(moved[0] == 0.5f && moved[1] == 0.25f && moved[2] == 5);
}

static void a_known_covariance_gives_its_eigenvector(void **state) {
  (void)state;
  /* Eigenvalues 1, 3 and 7 (the last along z), turned by 45 degrees in x and y. */
  const double c[6] = {2, 1, 0, 2, 0, 7};
  double normal[3], along[3];
  assert_int_equal(plane_normal(c, normal, along), 1);
  near(fabs(normal[0]), sqrt(0.5), 1e-14);
  near(normal[0], -normal[1], 1e-14);
  near(normal[2], 0, 1e-14);
}

static void a_line_gives_the_distance_from_it(void **state) {
  (void)state;
  float xyz[3 * 9];
  for (int i = 0; i < 9; i++)
    for (int a = 0; a < 3; a++) xyz[3 * i + a] = (float)i;
  const float off[3] = {4, 4, 1}, on[3] = {3, 3, 3};
  best_plane p;
  float moved[3];
  const double distance = fit(off, xyz, 9, &p);
  near(fabs(distance), sqrt(6), 1e-12);
  plane_project(&p, distance, off, moved);
  for (int a = 0; a < 3; a++) near(moved[a], 3, 1e-6);
  near(fit(on, xyz, 9, &p), 0, 1e-12);
  near(p.normal[0] + p.normal[1] + p.normal[2], 0, 1e-12); /* across the line, whichever way */
}

static void one_place_gives_the_distance_from_it(void **state) {
  (void)state;
  const float xyz[] = {1, 1, 1, 1, 1, 1}, point[3] = {1, 4, 5}, same[3] = {1, 1, 1};
  best_plane p;
  near(fabs(fit(point, xyz, 2, &p)), 5, 1e-12);
  near(fabs(fit(point, xyz, 1, &p)), 5, 1e-12);
  near(fit(same, xyz, 1, &p), 0, 0);
  near(fit(point, xyz, 0, &p), 0, 0);
  near(p.centre[1], 4, 0);
}

/* For every direction the plane's variance is least: tried at the normal, turned a little every way. */
static double variance(const float *xyz, size_t n, const best_plane *p, const double normal[3]) {
  double sum = 0, length = 0;
  for (int a = 0; a < 3; a++) length += normal[a] * normal[a];
  for (size_t i = 0; i < n; i++) {
    double off = 0;
    for (int a = 0; a < 3; a++) off += (xyz[3 * i + a] - p->centre[a]) * normal[a];
    sum += off * off / length;
  }
  return sum;
}

static void no_other_direction_has_less_variance(void **state) {
  (void)state;
  float xyz[3 * MOST];
  const cloud_shape shapes[] = {CLOUD_UNIFORM, CLOUD_CLUSTERED, CLOUD_GRID, CLOUD_LIDAR, CLOUD_PLANE};
  for (size_t seed = 0; seed < 400; seed++) {
    const size_t n = 3 + seed % 60;
    best_plane p;
    cloud_make(xyz, n, 3, shapes[seed % 5], seed);
    fit(xyz, xyz, n, &p);
    const double least = variance(xyz, n, &p, p.normal);
    double length = 0, total = 0;
    for (int a = 0; a < 3; a++) {
      const double axis[3] = {a == 0, a == 1, a == 2};
      length += p.normal[a] * p.normal[a];
      total += variance(xyz, n, &p, axis);
    }
    near(length, 1, 1e-12);
    for (int turn = 0; turn < 6; turn++) {
      double other[3];
      for (int a = 0; a < 3; a++) other[a] = p.normal[a] + (turn / 2 == a) * (turn % 2 ? 1e-3 : -1e-3);
      assert_true(least <= variance(xyz, n, &p, other) + 1e-12 * total);
    }
  }
}

/* The distance is the same wherever the cloud stands and however it is turned, as far as floats can hold it. */
static void distance_turns_and_moves_with_the_cloud(void **state) {
  (void)state;
  float xyz[3 * 20], turned[3 * 20];
  best_plane p;
  for (size_t seed = 0; seed < 60; seed++) {
    const double angle = 0.1 * (double)seed, c = cos(angle), s = sin(angle);
    const cloud_shape shape = seed % 3 == 0 ? CLOUD_LINE : seed % 3 == 1 ? CLOUD_UNIFORM : CLOUD_PLANE;
    cloud_make(xyz, 20, 3, shape, seed);
    cloud_make(xyz, 1, 3, CLOUD_UNIFORM, seed + 1000); /* the point itself is anywhere */
    for (size_t i = 0; i < 20; i++) {
      const float *at = xyz + 3 * i;
      turned[3 * i] = (float)(c * at[0] - s * at[1] + 3);
      turned[3 * i + 1] = (float)(s * at[0] + c * at[1] - 2);
      turned[3 * i + 2] = at[2] + 1;
    }
    const double before = fabs(plane_fit(xyz, xyz, 3, every + 1, 19, &p));
    near(fabs(plane_fit(turned, turned, 3, every + 1, 19, &p)), before, 2e-5);
  }
}

static void far_away_nothing_is_lost(void **state) {
  (void)state;
  const float far = 1e9f; /* floats are 64 metres apart there */
  float xyz[3 * 16];
  for (int i = 0; i < 16; i++) {
    xyz[3 * i] = far + 64 * (float)(i % 4);
    xyz[3 * i + 1] = 2 * (float)(i / 4);
    xyz[3 * i + 2] = -far;
  }
  const float point[3] = {far, 3, 10 - far}, outlier[3] = {0, 0, 0};
  best_plane p;
  near(fabs(fit(point, xyz, 16, &p)), fabs((double)point[2] + far), 1e-6);
  near(fabs(fit(outlier, xyz, 16, &p)), 1e9, 1e-3); /* a point a billion metres off its neighbours */
  near(fabs(p.normal[2]), 1, 1e-12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flat_neighbours_give_their_plane),
      cmocka_unit_test(a_known_covariance_gives_its_eigenvector),
      cmocka_unit_test(a_line_gives_the_distance_from_it),
      cmocka_unit_test(one_place_gives_the_distance_from_it),
      cmocka_unit_test(no_other_direction_has_less_variance),
      cmocka_unit_test(distance_turns_and_moves_with_the_cloud),
      cmocka_unit_test(far_away_nothing_is_lost),
  };
  return cmocka_run_group_tests(tests, number, NULL);
}
