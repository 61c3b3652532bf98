/* What neighbours tell: ways are what they are said to be, turn with the cloud, and do not depend on threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "core/random.h"
#include "pointcloud_defense/prior_local.h"
#include "pointcloud_defense/survey.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { N = 300 };
static float cloud[3 * N], ways[3 * N * PRIOR_WAYS], invariants[N * PRIOR_INVARIANTS];
static pool *workers;

/* Half a noisy sheet with an edge, half a ball. */
static int open_all(void **state) {
  random_source *r;
  (void)state;
  if (random_source_from_seed(&r, 9, NULL) != SCRIM_OK || pool_create(&workers, 1, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < N; i++) {
    float *at = cloud + 3 * i;
    for (size_t a = 0; a < 3; a++) at[a] = (float)random_normal(r);
    const float length = sqrtf(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]);
    if (i % 2) at[2] = 2 + 0.05f * at[2];
    for (size_t a = 0; i % 2 == 0 && a < 3; a++) at[a] /= length;
  }
  random_source_free(r);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  pool_free(workers);
  return 0;
}

/* Answers the spacing. */
static double find(pool *with, const float *xyz, size_t n, float *to_ways, float *to_invariants) {
  prior_local *l = prior_local_create();
  double spacing;
  assert_non_null(l);
  assert_int_equal(prior_local_find(l, with, xyz, n, to_ways, to_invariants, &spacing, NULL), SCRIM_OK);
  prior_local_free(l);
  return spacing;
}

static float way(size_t i, size_t v, size_t axis) {
  return ways[(axis * N + i) * PRIOR_WAYS + v];
}

/* The first three are what the survey finds with as many neighbours; the last is close to projecting again. */
static void ways_lead_to_planes(void **state) {
  (void)state;
  static const size_t k[PRIOR_SCALES] = {8, 16, 32};
  neighbours *index = neighbours_create();
  float moved[3 * N];
  survey_point points[N];
  assert_int_equal(neighbours_build(index, cloud, N, 3, NULL), SCRIM_OK);
  const double spacing = find(workers, cloud, N, ways, invariants);
  double sum = 0;
  for (size_t s = 0; s < PRIOR_SCALES; s++) {
    survey_run(&(survey_request){.index = index, .xyz = cloud, .n = N, .k = k[s], .pool = workers, .planes = 1}, points,
               moved);
    for (size_t i = 0; s == 0 && i < N; i++) sum += points[i].spacing;
    for (size_t i = 0; i < N; i++) {
      double across = 0;
      for (size_t a = 0; a < 3; a++) {
        assert_true(fabs(spacing * way(i, s, a) - (moved[3 * i + a] - cloud[3 * i + a])) < 1e-5);
        across += way(i, s, a) * way(i, 3 + s, a); /* the way to the mean is within the plane */
      }
      assert_true(fabs(across) < 1e-4);
    }
  }
  assert_true(fabs(spacing - sum / N) < 1e-6);
  neighbours_free(index);
}

/* On an exact plane there is nowhere to go but along it. */
static void on_a_plane_only_means_are_away(void **state) {
  (void)state;
  float flat[3 * N];
  memcpy(flat, cloud, sizeof flat);
  for (size_t i = 0; i < N; i++) flat[3 * i + 2] = 1;
  find(workers, flat, N, ways, invariants);
  for (size_t i = 0; i < N; i++)
    for (size_t v = 0; v < PRIOR_WAYS; v++) {
      assert_true(fabs(way(i, v, 2)) < 1e-5);
      if (v < 3 || v > 5) assert_true(fabs(way(i, v, 0)) < 1e-5 && fabs(way(i, v, 1)) < 1e-5);
    }
}

static void ways_turn_with_the_cloud_and_invariants_do_not(void **state) {
  (void)state;
  static float turned[3 * N], turned_ways[3 * N * PRIOR_WAYS], again[N * PRIOR_INVARIANTS];
  const float c = 0.6f, s = 0.8f, size = 2;
  for (size_t i = 0; i < N; i++) {
    turned[3 * i] = size * (c * cloud[3 * i] - s * cloud[3 * i + 1]) + 1;
    turned[3 * i + 1] = size * (s * cloud[3 * i] + c * cloud[3 * i + 1]) - 2;
    turned[3 * i + 2] = size * cloud[3 * i + 2];
  }
  const double spacing = find(workers, cloud, N, ways, invariants);
  assert_true(fabs(find(workers, turned, N, turned_ways, again) - size * spacing) < 1e-5);
  for (size_t i = 0; i < N; i++)
    for (size_t v = 0; v < PRIOR_WAYS; v++) {
      const float *x = turned_ways + i * PRIOR_WAYS + v, *y = x + N * PRIOR_WAYS, *z = y + N * PRIOR_WAYS;
      assert_true(fabs(*x - (c * way(i, v, 0) - s * way(i, v, 1))) < 2e-3);
      assert_true(fabs(*y - (s * way(i, v, 0) + c * way(i, v, 1))) < 2e-3);
      assert_true(fabs(*z - way(i, v, 2)) < 2e-3);
    }
  for (size_t i = 0; i < N * PRIOR_INVARIANTS; i++) assert_true(fabs(again[i] - invariants[i]) < 0.02);
}

static void threads_change_nothing(void **state) {
  (void)state;
  static float other_ways[3 * N * PRIOR_WAYS], others[N * PRIOR_INVARIANTS];
  pool *three;
  assert_int_equal(pool_create(&three, 3, NULL), SCRIM_OK);
  find(workers, cloud, N, ways, invariants);
  find(three, cloud, N, other_ways, others);
  assert_memory_equal(other_ways, ways, sizeof ways);
  assert_memory_equal(others, invariants, sizeof invariants);
  pool_free(three);
}

static void copies_are_told_the_same_and_nowhere_nothing(void **state) {
  (void)state;
  float odd[3 * N];
  memcpy(odd, cloud, sizeof odd);
  memcpy(odd + 3 * 7, odd + 3 * 2, 3 * sizeof *odd);
  odd[3 * 9] = NAN;
  find(workers, odd, N, ways, invariants);
  assert_memory_equal(invariants + 7 * PRIOR_INVARIANTS, invariants + 2 * PRIOR_INVARIANTS,
                      PRIOR_INVARIANTS * sizeof *invariants);
  for (size_t v = 0; v < PRIOR_WAYS; v++)
    for (size_t a = 0; a < 3; a++) {
      assert_true(way(7, v, a) == way(2, v, a));
      assert_true(way(9, v, a) == 0);
    }
  for (size_t i = 0; i < N * PRIOR_INVARIANTS; i++) assert_true(isfinite(invariants[i]));
}

static void few_points_are_enough(void **state) {
  (void)state;
  for (size_t n = 0; n < 40; n++) {
    find(workers, cloud, n, ways, invariants);
    for (size_t i = 0; i < n * PRIOR_INVARIANTS; i++) assert_true(isfinite(invariants[i]));
    for (size_t i = 0; i < 3 * n * PRIOR_WAYS; i++) assert_true(isfinite(ways[i]));
  }
}

static void memory_is_asked_for_once(void **state) {
  (void)state;
  scrim_status status = SCRIM_E_MEMORY;
  double spacing;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    memory_fail_at(at, 0);
    prior_local *l = prior_local_create();
    status = l != NULL ? prior_local_find(l, workers, cloud, N, ways, invariants, &spacing, NULL) : SCRIM_E_MEMORY;
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    memory_fail_at(1, 1); /* a warm one asks for nothing */
    if (status == SCRIM_OK)
      assert_int_equal(prior_local_find(l, workers, cloud, N / 2, ways, invariants, &spacing, NULL), SCRIM_OK);
    memory_fail_at(0, 0);
    prior_local_free(l);
    assert_true(at < 20);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ways_lead_to_planes),
      cmocka_unit_test(on_a_plane_only_means_are_away),
      cmocka_unit_test(ways_turn_with_the_cloud_and_invariants_do_not),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(copies_are_told_the_same_and_nowhere_nothing),
      cmocka_unit_test(few_points_are_enough),
      cmocka_unit_test(memory_is_asked_for_once),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
