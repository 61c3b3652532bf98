/* Noise of training: its size, its kinds, points that are lost, and whom the random classifier makes go where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/random.h"
#include "pointcloud_defense/prior_noise.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { N = 2000 };
static random_source *source;
static float cloud[3 * N], noise[3 * N], points[N * PRIOR_NOISE_POINT], critic[PRIOR_NOISE_CRITIC];
static const float side[3] = {1, 0, 0};

static int open_all(void **state) {
  (void)state;
  if (random_source_from_seed(&source, 4, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < 3 * N; i++) cloud[i] = (float)random_normal(source);
  for (size_t i = 0; i < N * PRIOR_NOISE_POINT; i++) points[i] = (float)random_normal(source);
  for (size_t i = 0; i < PRIOR_NOISE_CRITIC; i++) critic[i] = (float)random_normal(source);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  random_source_free(source);
  return 0;
}

static prior_noise how_with(double kind, double share, double size) {
  return (prior_noise){
      .keep = 1, .kind = kind, .share = share, .size = size, .side = side, .points = points, .critic = critic};
}

static double deviation(void) {
  double square = 0;
  for (size_t i = 0; i < 3 * N; i++) square += (double)noise[i] * noise[i];
  return sqrt(square / (3 * N));
}

/* Points that stand at a corner of the cube of uniform noise of that size. */
static size_t corners(double size) {
  size_t n = 0;
  for (size_t i = 0; i < N; i++) {
    int all = 1;
    for (size_t a = 0; a < 3; a++) all &= fabs(fabs(noise[3 * i + a]) - size * sqrt(3)) < 1e-5;
    n += (size_t)all;
  }
  return n;
}

static void noise_is_of_its_size(void **state) {
  (void)state;
  const struct {
    double kind, share, size, wanted;
  } cases[] = {
      {0.1, 0.5, 0.1, 0.4}, {0.1, 0.5, 1, 1.25}, {0.4, 0.5, 0.1, 0.4}, {0.4, 0.5, 1, 1.25}, {0.4, 0.5, 0.05, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const prior_noise how = how_with(cases[i].kind, cases[i].share, cases[i].size);
    prior_noise_make(&how, cloud, N, 0.1, noise);
    assert_true(fabs(deviation() - cases[i].wanted) < 0.03 * (1e-9 + cases[i].wanted));
    assert_int_equal(corners(cases[i].wanted), cases[i].wanted == 0 ? N : 0);
  }
}

static void a_share_of_points_ends_in_corners(void **state) {
  (void)state;
  const prior_noise how = how_with(0.6, 0.5, 0.1);
  prior_noise_make(&how, cloud, N, 0.1, noise);
  const double share = (double)corners(0.4) / N;
  assert_true(fabs(share - 0.4) < 0.03);
  for (size_t i = 0; i < 3 * N; i++) assert_true(fabs(noise[i]) < 0.4 * sqrt(3) + 1e-5);
}

/* A classifier of one feature, -2 x + 1 where that is positive: it looks at the lowest x, and wants it lower. */
static void the_random_classifier_pushes_what_it_looks_at(void **state) {
  (void)state;
  float held[PRIOR_NOISE_CRITIC];
  const prior_noise how = how_with(0.8, 0, 0.1);
  size_t lowest = 0;
  memcpy(held, critic, sizeof critic);
  memset(critic, 0, sizeof critic);
  critic[0] = -2;
  critic[3] = 1;
  for (size_t f = 0; f < PRIOR_NOISE_FEATURES; f++) {
    critic[4 * PRIOR_NOISE_HIDDEN + f * PRIOR_NOISE_HIDDEN] = 1;
    critic[4 * PRIOR_NOISE_HIDDEN + PRIOR_NOISE_FEATURES * PRIOR_NOISE_HIDDEN + f] = 0.5f;
  }
  prior_noise_make(&how, cloud, N, 0, noise);
  for (size_t i = 0; i < N; i++)
    if (cloud[3 * i] < cloud[3 * lowest]) lowest = i;
  assert_int_equal(corners(0.4), 1);
  assert_true(fabs(noise[3 * lowest] + 0.4 * sqrt(3)) < 1e-5);
  memcpy(critic, held, sizeof critic);
  prior_noise_make(&how, cloud, N, 0.1, noise);
  const size_t once = corners(0.4);
  assert_in_range(once, 5, PRIOR_NOISE_FEATURES);
  const prior_noise longer = how_with(0.8, 0.99, 0.1); /* what was pushed away is not looked at again */
  prior_noise_make(&longer, cloud, N, 0.1, noise);
  assert_true(corners(0.4) > once);
}

static void points_are_lost_evenly_or_on_a_side(void **state) {
  (void)state;
  float kept[3 * N];
  prior_noise how = how_with(0, 0, 0);
  how.keep = 0;
  assert_true(fabs((double)prior_noise_keep(&how, cloud, N, 10, kept) / N - 0.5) < 0.04);
  assert_int_equal(prior_noise_keep(&how, cloud, N, N - 1, kept), N - 1);
  how.keep = 0.5;
  assert_int_equal(prior_noise_keep(&how, cloud, N, 10, kept), N);
  how.keep = 1;
  how.start = 0.25;
  const size_t n = prior_noise_keep(&how, cloud, N, 10, kept);
  double mean = 0, sum = 0, before = 0;
  for (size_t i = 0; i < n; i++) mean += kept[3 * i] / (double)n;
  assert_in_range(n, N / 2, N - 1);
  assert_true(mean < -0.1);
  for (size_t i = 0; i < 3 * N; i++) sum += kept[i], before += cloud[i]; /* none is lost for good */
  assert_true(fabs(sum - before) < 1e-2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_is_of_its_size),
      cmocka_unit_test(a_share_of_points_ends_in_corners),
      cmocka_unit_test(the_random_classifier_pushes_what_it_looks_at),
      cmocka_unit_test(points_are_lost_evenly_or_on_a_side),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
