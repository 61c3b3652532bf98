/* Every rule by hand, against the definition that it was published with; and marks within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "pointcloud_defense/outliers.h"
#include <cmocka.h>

enum { MOST = 600 };

static float xyz[3 * MOST], measure[MOST];
static uint32_t first[MOST];
static survey_point points[MOST];
static uint8_t mark[MOST];

static void survey(cloud_shape shape, size_t n, size_t k) {
  neighbours *index = neighbours_create();
  pool *p;
  assert_non_null(index);
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  cloud_make(xyz, n, 3, shape, 5);
  assert_int_equal(neighbours_build(index, xyz, n, 3, NULL), SCRIM_OK);
  memcpy(first, neighbours_first(index), n * sizeof *first);
  const survey_request request = {.index = index, .xyz = xyz, .n = n, .k = k, .pool = p, .planes = 1};
  survey_run(&request, points, NULL);
  pool_free(p);
  neighbours_free(index);
}

/* Squared distances to the places nearest to point i, itself left out. */
static size_t nearest(size_t i, size_t n, size_t k, float *squared) {
  uint32_t index[NEIGHBOURS_MAX + 1];
  return cloud_nearest(xyz, n, 3, first, xyz + 3 * i, first[i], k, index, squared);
}

static size_t mark_by(outlier_settings s, size_t n) {
  size_t wanted;
  outliers_fill_in(&s);
  const double limit = outliers_measure(&s, points, xyz, first, n, measure);
  const size_t marked = outliers_mark(measure, n, limit, n, mark, &wanted);
  assert_int_equal(marked, wanted);
  return marked;
}

/* PCL: mean distance to k neighbours against mean + m * standard deviation of that; squares: the same of squares. */
static void sor_is_as_published(void **state) {
  (void)state;
  static double value[MOST];
  float squared[NEIGHBOURS_MAX + 1];
  for (int squares = 0; squares <= 1; squares++)
    for (cloud_shape shape = CLOUD_UNIFORM; shape <= CLOUD_CLUSTERED; shape++) {
      const size_t n = MOST, k = squares ? 2 : 9;
      double sum = 0, sum_squared = 0;
      survey(shape, n, k);
      for (size_t i = 0; i < n; i++) {
        value[i] = 0;
        assert_int_equal(nearest(i, n, k, squared), k);
        for (size_t j = 0; j < k; j++) value[i] += (squares ? squared[j] : sqrtf(squared[j])) / (double)k;
        sum += value[i];
        sum_squared += value[i] * value[i];
      }
      const double mean = sum / (double)n, sd = sqrt((sum_squared - sum * sum / (double)n) / (double)(n - 1));
      const double limit = mean + (squares ? 1.1 : 1) * sd;
      const outlier_rule rule = squares ? OUTLIER_SOR2 : OUTLIER_SOR;
      const size_t marked = mark_by((outlier_settings){.rule = rule, .threshold = -1, .deviations = -1}, n);
      assert_in_range(marked, 1, n / 2);
      for (size_t i = 0; i < n; i++)
        if (fabs(value[i] - limit) > 1e-6 * limit) assert_int_equal(mark[i], value[i] > limit);
    }
}

/* Fewer than k others within a radius: a fixed one, and one that grows with the range over ground. */
static void ror_and_dror_count_neighbours(void **state) {
  (void)state;
  const size_t n = MOST, k = 3;
  for (int dynamic = 0; dynamic <= 1; dynamic++) {
    survey(dynamic ? CLOUD_LIDAR : CLOUD_UNIFORM, n, k);
    const outlier_settings s = {
        .rule = dynamic ? OUTLIER_DROR : OUTLIER_ROR, .threshold = 0.08, .radius = dynamic ? 0.5 : 0.11};
    const size_t marked = mark_by(s, n);
    assert_in_range(marked, 1, n - 1);
    for (size_t i = 0; i < n; i++) {
      if (first[i] != i) continue;
      const double range = sqrt((double)xyz[3 * i] * xyz[3 * i] + (double)xyz[3 * i + 1] * xyz[3 * i + 1]);
      const double radius = dynamic ? fmax(0.08 * range, 0.5) : 0.11;
      size_t within = 0, close_call = 0;
      for (size_t j = 0; j < n; j++) {
        double way = 0;
        if (first[j] != j || j == first[i]) continue;
        for (int a = 0; a < 3; a++) way += pow((double)xyz[3 * i + a] - xyz[3 * j + a], 2);
        within += sqrt(way) <= radius;
        close_call += fabs(sqrt(way) - radius) < 1e-6 * radius;
      }
      if (!close_call) assert_int_equal(mark[i], within < k);
    }
  }
}

static void dsor_grows_with_the_range(void **state) {
  (void)state;
  const size_t n = MOST, k = 5;
  double sum = 0, sum_squared = 0;
  survey(CLOUD_LIDAR, n, k);
  size_t places = 0;
  for (size_t i = 0; i < n; i++) {
    if (first[i] != i) continue;
    places++;
    sum += points[i].spacing;
    sum_squared += (double)points[i].spacing * points[i].spacing;
  }
  const double mean = sum / (double)places;
  const double sd = sqrt((sum_squared - sum * mean) / (double)(places - 1)), global = mean + 0.01 * sd;
  const outlier_settings s = {.rule = OUTLIER_DSOR, .threshold = 0.05, .deviations = -1};
  assert_in_range(mark_by(s, n), 1, n - 1);
  for (size_t i = 0; i < n; i++) {
    const double limit = 0.05 * global * survey_range(xyz + 3 * i);
    if (first[i] != i) continue;
    if (fabs(points[i].spacing - limit) > 1e-6 * limit) assert_int_equal(mark[i], points[i].spacing > limit);
  }
}

static void plain_measures_by_hand(void **state) {
  (void)state;
  const float at[] = {3, 4, 0, 0, 0, 0, NAN, 0, 0};
  const uint32_t places[] = {0, 1, COPIES_NONE};
  const survey_point found[] = {
      {.plane = 0.5f, .spacing = 2, .squared = 5, .farthest = 3}, {.plane = 0.25f, .spacing = 1}, {.plane = 0}};
  static const struct {
    outlier_rule rule;
    float first, second;
  } expected[] = {{OUTLIER_PLANE, 0.5f, 0.25f},
                  {OUTLIER_SPACING, 0.25f, 0.25f},
                  {OUTLIER_RANGE, 0.1f, INFINITY},
                  {OUTLIER_NEAR, 0.4f, INFINITY}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const outlier_settings s = {.rule = expected[i].rule, .threshold = 0.125};
    assert_true(outliers_measure(&s, found, at, places, 3, measure) == 0.125);
    assert_true(measure[0] == expected[i].first && measure[1] == expected[i].second && measure[2] == 0);
  }
}

static void needs_and_usual_numbers(void **state) {
  (void)state;
  for (outlier_rule rule = 0; rule < OUTLIER_RULES; rule++) {
    outlier_settings s = {.rule = rule, .threshold = -1, .deviations = -1, .radius = -1};
    outliers_fill_in(&s);
    assert_true(s.threshold >= 0 && s.deviations >= 0 && s.radius >= 0);
    assert_int_equal(outliers_need_planes(rule), rule <= OUTLIER_RANGE);
    s = (outlier_settings){.rule = rule, .threshold = 0, .deviations = 7, .radius = 8};
    outliers_fill_in(&s);
    assert_true(s.threshold == 0 && s.deviations == 7 && s.radius == 8);
  }
}

/* The worst go, of equal ones the first, and never more than may. */
static void the_worst_go_first(void **state) {
  (void)state;
  size_t wanted;
  const float by_hand[] = {1, 5, 3, INFINITY, 3, 0, 3, 2};
  const uint8_t all[] = {0, 1, 1, 1, 1, 0, 1, 0}, four[] = {0, 1, 1, 1, 1, 0, 0, 0}, one[] = {0, 0, 0, 1, 0, 0, 0, 0};
  assert_int_equal(outliers_mark(by_hand, 8, 2, 5, mark, &wanted), 5);
  assert_memory_equal(mark, all, 8);
  assert_int_equal(outliers_mark(by_hand, 8, 2, 4, mark, &wanted), 4);
  assert_int_equal(wanted, 5);
  assert_memory_equal(mark, four, 8);
  assert_int_equal(outliers_mark(by_hand, 8, 2, 1, mark, &wanted), 1);
  assert_memory_equal(mark, one, 8);
  assert_int_equal(outliers_mark(by_hand, 8, 2, 0, mark, &wanted), 0);
  assert_int_equal(wanted, 5);

  cloud_make(xyz, MOST, 3, CLOUD_GRID, 3); /* ties everywhere */
  for (size_t i = 0; i < MOST; i++) measure[i] = xyz[3 * i];
  for (size_t most = 0; most <= MOST; most += 7) {
    const size_t marked = outliers_mark(measure, MOST, 2.5, most, mark, &wanted);
    size_t seen = 0;
    assert_int_equal(marked, wanted < most ? wanted : most);
    for (size_t i = 0; i < MOST; i++) {
      seen += mark[i];
      if (mark[i]) assert_true(measure[i] > 2.5);
      for (size_t j = 0; j < MOST && mark[i] && most < 100; j++) /* nobody left behind is worse */
        if (!mark[j]) assert_true(measure[j] < measure[i] || (measure[j] == measure[i] && j > i));
    }
    assert_int_equal(seen, marked);
  }
}

static void samples_are_of_the_right_size_and_fair(void **state) {
  (void)state;
  enum { N = 20, ROUNDS = 4000 };
  random_source *r;
  size_t dropped[N] = {0};
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  for (int round = 0; round < ROUNDS; round++) {
    size_t count = 0;
    outliers_sample(r, N, 5, mark);
    for (size_t i = 0; i < N; i++) dropped[i] += mark[i], count += mark[i];
    assert_int_equal(count, 5);
  }
  for (size_t i = 0; i < N; i++) assert_in_range(dropped[i], ROUNDS / 4 - 140, ROUNDS / 4 + 140); /* 5 sigma */
  outliers_sample(r, N, N, mark);
  for (size_t i = 0; i < N; i++) assert_int_equal(mark[i], 1);
  random_source_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sor_is_as_published),
      cmocka_unit_test(ror_and_dror_count_neighbours),
      cmocka_unit_test(dsor_grows_with_the_range),
      cmocka_unit_test(plain_measures_by_hand),
      cmocka_unit_test(needs_and_usual_numbers),
      cmocka_unit_test(the_worst_go_first),
      cmocka_unit_test(samples_are_of_the_right_size_and_fair),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
