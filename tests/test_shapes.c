/* Procedural objects: points lie evenly on what they were drawn from; families differ; the seed decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/shapes.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { POINTS = 600 };
static random_source *source;
static float xyz[3 * 20000], other[3 * 20000];

static int open_all(void **state) {
  (void)state;
  return random_source_from_seed(&source, 3, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  random_source_free(source);
  return 0;
}

/* Nearest surface of any part, and whether the point is within a closed one. */
static double nearest(const shape *s, const double at[3], int *is_inside) {
  double least = INFINITY;
  *is_inside = 0;
  for (int i = 0; i < s->n; i++) {
    const double distance = shape_distance(&s->part[i], at);
    *is_inside |= !s->part[i].is_open && distance < -1e-5;
    if (fabs(distance) < least) least = fabs(distance);
  }
  return least;
}

static void points_lie_on_the_outer_surface(void **state) {
  (void)state;
  for (int family = 0; family < SHAPE_FAMILIES; family++)
    for (int draw = 0; draw < 4; draw++) {
      shape s;
      double scale, centre[3], farthest = 0;
      shape_make(&s, family, source);
      assert_in_range(s.n, 1, SHAPE_MOST_PARTS);
      shape_sample(&s, source, POINTS, xyz, &scale, centre);
      for (size_t i = 0; i < POINTS; i++) {
        double at[3];
        int is_inside;
        for (size_t a = 0; a < 3; a++) at[a] = xyz[3 * i + a] * scale + centre[a];
        assert_true(nearest(&s, at, &is_inside) < 1e-5);
        assert_false(is_inside);
        farthest = fmax(farthest, sqrt(xyz[3 * i] * xyz[3 * i] + xyz[3 * i + 1] * xyz[3 * i + 1] +
                                       xyz[3 * i + 2] * xyz[3 * i + 2]));
      }
      assert_true(fabs(farthest - 1) < 1e-5);
    }
}

static void points_have_mean_zero(void **state) {
  (void)state;
  for (uint64_t i = 0; i < SHAPE_FAMILIES; i++) {
    double mean[3] = {0};
    assert_int_equal(shape_draw(source, 5, i, POINTS, xyz, NULL), SCRIM_OK);
    for (size_t j = 0; j < 3 * POINTS; j++) mean[j % 3] += xyz[j] / POINTS;
    for (size_t a = 0; a < 3; a++) assert_true(fabs(mean[a]) < 1e-5);
  }
}

/* A share of the points as large as the share of the area, for one part of each kind. */
static void points_are_even(void **state) {
  (void)state;
  enum { N = 20000 };
  const double pi = acos(-1);
  const struct {
    shape_kind kind;
    double size[3];
    int axis, open;
    double above, share; /* of the points that have coordinate `axis` above `above` */
  } cases[] = {
      {SHAPE_BOX, {1, 2, 3}, 2, 0, 2.999, 2 * 1.0 / (2 * 2 + 2 * 3 + 2 * 6) * 1.0},
      {SHAPE_FRUSTUM, {1, 1, 1}, 2, 0, 0, 0.5},
      {SHAPE_FRUSTUM, {2, 1, 1}, 2, 1, 0, 1.25 / 3},
      {SHAPE_FRUSTUM, {1, 1, 2}, 2, 0, 1.999, 1.0 / 10},
      {SHAPE_BALL, {1, -1, 1}, 2, 0, 0.5, 0.25},
      {SHAPE_BALL, {1, 0, 1}, 2, 1, 0.5, 0.5},
      {SHAPE_TORUS, {3, 1, 2 * pi}, 2, 0, 0, 0.5},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    shape s = {0};
    double scale, centre[3];
    size_t above = 0;
    shape_add(&s, cases[c].kind, cases[c].size, 5, 6, 7)->is_open = cases[c].open;
    shape_sample(&s, source, N, xyz, &scale, centre);
    for (size_t i = 0; i < N; i++)
      above += xyz[3 * i + (size_t)cases[c].axis] * scale + centre[cases[c].axis] - 7 > cases[c].above;
    assert_true(fabs((double)above / N - cases[c].share) < 4 * sqrt(cases[c].share / N));
  }
  /* Outside of a torus: cos(about) > 0 has (1/2 + tube / (pi circle)) of the area. */
  shape s = {0};
  double scale, centre[3];
  size_t outer = 0;
  shape_add(&s, SHAPE_TORUS, (const double[]){3, 1, 2 * pi}, 0, 0, 0);
  shape_sample(&s, source, N, xyz, &scale, centre);
  for (size_t i = 0; i < N; i++) outer += hypot(xyz[3 * i] * scale + centre[0], xyz[3 * i + 1] * scale + centre[1]) > 3;
  assert_true(fabs((double)outer / N - (0.5 + 1 / (3 * pi))) < 4 * sqrt(0.6 / N));
}

static void parts_lie_and_turn(void **state) {
  (void)state;
  for (int along = 0; along < 3; along++) {
    shape s = {0};
    double tip[3] = {0};
    shape_part *p = shape_add(&s, SHAPE_FRUSTUM, (const double[]){0.5, 0.5, 4}, 0, 0, 0);
    shape_lay(p, along);
    tip[along] = 4;
    assert_true(fabs(shape_distance(p, tip)) < 1e-12);
    tip[along] = 5;
    assert_true(fabs(shape_distance(p, tip) - 1) < 1e-12);
    shape_turn(p, along, 1); /* about its own axis: nothing changes */
    assert_true(fabs(shape_distance(p, tip) - 1) < 1e-12);
    shape_turn(p, (along + 1) % 3, acos(-1) / 2);
    assert_true(fabs(shape_distance(p, tip) - 4.5) < 1e-12);
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        double product = 0;
        for (int k = 0; k < 3; k++) product += p->axis[i][k] * p->axis[j][k];
        assert_true(fabs(product - (i == j)) < 1e-12);
      }
  }
}

static void the_same_seed_gives_the_same_points(void **state) {
  (void)state;
  assert_int_equal(shape_draw(source, 9, 27, POINTS, xyz, NULL), SCRIM_OK);
  assert_int_equal(shape_draw(source, 9, 28, POINTS, other, NULL), SCRIM_OK);
  assert_memory_not_equal(xyz, other, 3 * POINTS * sizeof *xyz);
  assert_int_equal(shape_draw(source, 9, 27, POINTS, other, NULL), SCRIM_OK);
  assert_memory_equal(xyz, other, 3 * POINTS * sizeof *xyz);
  assert_int_equal(shape_draw(source, 10, 27, POINTS, other, NULL), SCRIM_OK);
  assert_memory_not_equal(xyz, other, 3 * POINTS * sizeof *xyz);
}

/* Sorted radii of a cloud tell what it is: the nearest other object is mostly of the same family. */
enum { DRAWS = 12, BINS = 24 };
static void describe(const float *points, float *bin) {
  memset(bin, 0, 2 * BINS * sizeof *bin);
  for (size_t i = 0; i < POINTS; i++) {
    const double x = points[3 * i], y = points[3 * i + 1], z = points[3 * i + 2];
    bin[(int)fmin(BINS - 1, BINS * sqrt(x * x + y * y + z * z))] += 1.0f / POINTS;
    bin[BINS + (int)fmin(BINS - 1, BINS * (z + 1) / 2)] += 1.0f / POINTS;
  }
}

static void families_differ(void **state) {
  (void)state;
  static float bin[SHAPE_FAMILIES * DRAWS][2 * BINS];
  const size_t n = SHAPE_FAMILIES * DRAWS;
  size_t right = 0;
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(shape_draw(source, 1, i, POINTS, xyz, NULL), SCRIM_OK);
    describe(xyz, bin[i]);
  }
  for (size_t i = 0; i < n; i++) {
    double least = INFINITY;
    size_t at = 0;
    for (size_t j = 0; j < n; j++) {
      double way = 0;
      for (size_t b = 0; b < 2 * BINS; b++) way += fabs(bin[i][b] - bin[j][b]);
      if (j != i && way < least) least = way, at = j;
    }
    right += at % SHAPE_FAMILIES == i % SHAPE_FAMILIES;
  }
  assert_true(right > n / 2); /* chance would be one in twenty */
  for (int i = 0; i < SHAPE_FAMILIES; i++)
    for (int j = 0; j < i; j++) assert_string_not_equal(shape_family_name(i), shape_family_name(j));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_lie_on_the_outer_surface),
      cmocka_unit_test(points_have_mean_zero),
      cmocka_unit_test(points_are_even),
      cmocka_unit_test(parts_lie_and_turn),
      cmocka_unit_test(the_same_seed_gives_the_same_points),
      cmocka_unit_test(families_differ),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
