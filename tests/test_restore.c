/* Restoring objects: order, threads and keys, copies, what is nowhere, memory; and a network that knows the noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "pointcloud_defense/copies.h"
#include "pointcloud_defense/restore.h"
#include "pointcloud_defense/survey.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { N = 200 };
static random_source *source;
static prior *network;
static prior_plan *plan;
static scrim_key *key, *other_key;
static float cloud[3 * N];
static uint32_t first[N];

/* Weights that answer something: those that training starts at 0 would hide all that stands before them. */
static void give_weights(prior *p) {
  for (size_t i = 0; i < nn_params_count(p->params); i++) {
    tensor *w = nn_params_at(p->params, i, NULL, NULL);
    nn_init_normal(w, w->rank == 2 ? 0.5 / sqrt(w->dim[1]) : 0.1, source);
  }
}

static int open_all(void **state) {
  (void)state;
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {1}, others[SCRIM_KEY_BYTES] = {2};
  const prior_shape shape = {8, 6};
  if (random_source_from_seed(&source, 8, NULL) != SCRIM_OK || prior_create(&network, &shape, source, NULL) != SCRIM_OK)
    return 1;
  give_weights(network);
  if (prior_plan_create(&plan, network, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < 3 * N; i++) cloud[i] = (float)(5 + 2 * random_normal(source));
  for (uint32_t i = 0; i < N; i++) first[i] = i;
  return scrim_key_create(&key, bytes, NULL) != SCRIM_OK || scrim_key_create(&other_key, others, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  scrim_key_free(key);
  scrim_key_free(other_key);
  prior_plan_free(plan);
  prior_free(network);
  random_source_free(source);
  return 0;
}

/* xyz restored in place, so many times. */
static void run_passes(int passes, const scrim_key *with, unsigned threads, const restore_request *request,
                       const uint32_t *places, float *xyz, size_t n) {
  restore *r;
  pool *workers;
  double deviation;
  assert_int_equal(restore_create(&r, plan, with, threads, NULL), SCRIM_OK);
  assert_int_equal(pool_create(&workers, threads, NULL), SCRIM_OK);
  assert_int_equal(restore_take(r, xyz, places, n, &deviation, NULL), SCRIM_OK);
  assert_true(deviation > 1 && deviation < 3);
  assert_int_equal(restore_run(r, workers, request, NULL), SCRIM_OK);
  for (int pass = 1; pass < passes; pass++) {
    assert_true(restore_take_again(r) > 0.5);
    assert_int_equal(restore_run(r, workers, request, NULL), SCRIM_OK);
  }
  restore_give(r, places, n, xyz);
  pool_free(workers);
  restore_free(r);
}

static void run(const scrim_key *with, unsigned threads, const restore_request *request, const uint32_t *places,
                float *xyz, size_t n) {
  run_passes(1, with, threads, request, places, xyz, n);
}

static const restore_request requests[] = {{12, 4, 1}, {12, 0, 1}, {12, 30, 0.5}, {1, 1, 0}, {1, 0, 1}};
enum { REQUESTS = sizeof requests / sizeof *requests };

static void the_same_points_get_the_same_answer(void **state) {
  (void)state;
  for (size_t q = 0; q < REQUESTS; q++) {
    float a[3 * N], b[3 * N], turned[3 * N];
    memcpy(a, cloud, sizeof a);
    memcpy(b, cloud, sizeof b);
    run(key, 1, &requests[q], first, a, N);
    run(key, 3, &requests[q], first, b, N);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, cloud, sizeof a);
    for (size_t i = 0; i < N; i++) memcpy(turned + 3 * i, cloud + 3 * (N - 1 - i), 3 * sizeof *turned);
    run(key, 2, &requests[q], first, turned, N);
    for (size_t i = 0; i < N; i++) assert_memory_equal(turned + 3 * i, a + 3 * (N - 1 - i), 3 * sizeof *turned);
    for (size_t i = 0; i < 3 * N; i++) assert_true(isfinite(a[i]));
  }
}

static void noise_comes_from_the_key_and_the_points(void **state) {
  (void)state;
  float a[3 * N], b[3 * N];
  size_t moved = 0;
  memcpy(a, cloud, sizeof a);
  memcpy(b, cloud, sizeof b);
  run(key, 1, &requests[0], first, a, N);
  run(other_key, 1, &requests[0], first, b, N);
  assert_memory_not_equal(a, b, sizeof a);
  memcpy(b, cloud, sizeof b);
  b[0] = nextafterf(b[0], 100); /* one bit of one point: other noise for all */
  run(key, 1, &requests[0], first, b, N);
  for (size_t i = 0; i < 3 * N; i++) moved += fabsf(a[i] - b[i]) > 1e-3f;
  assert_true(moved > 2 * N);
  memcpy(a, cloud, sizeof a);
  memcpy(b, cloud, sizeof b);
  run(key, 1, &requests[3], first, a, N); /* no noise at all: the key does not matter */
  run(other_key, 1, &requests[3], first, b, N);
  assert_memory_equal(a, b, sizeof a);
}

static void run_thrice(const scrim_key *with, float *xyz) {
  memcpy(xyz, cloud, sizeof cloud);
  run_passes(3, with, 1, &requests[0], first, xyz, N);
}

static double furthest(const float *a, const float *b) {
  double most = 0;
  for (size_t i = 0; i < 3 * N; i++) most = fmax(most, fabs((double)a[i] - b[i]));
  return most;
}

/* Other processors round otherwise: here, a network does whose weights differ in their last digits. */
static void later_runs_draw_the_same_whatever_the_last_digits(void **state) {
  (void)state;
  float a[3 * N], b[3 * N], other[3 * N];
  tensor *w = network->layer[0].linear.w;
  prior_plan *held = plan;
  run_thrice(key, a);
  run_thrice(other_key, other);
  for (size_t i = 0; i < w->n; i++) w->data[i] = nextafterf(w->data[i], 9);
  assert_int_equal(prior_plan_create(&plan, network, NULL), SCRIM_OK);
  run_thrice(key, b);
  assert_memory_not_equal(a, b, sizeof a);
  assert_true(furthest(a, b) < 1e-3);
  assert_true(furthest(a, other) > 0.1);
  for (size_t i = 0; i < w->n; i++) w->data[i] = nextafterf(w->data[i], -9);
  prior_plan_free(plan);
  plan = held;
}

/* A network that answers with the way to the plane, in one leap and without noise, is plane projection. */
static void a_leap_is_what_it_should_be(void **state) {
  (void)state;
  const restore_request request = {10, 1, 0};
  const prior_shape shape = {8, 6};
  float a[3 * N], planes[3 * N];
  prior *projects;
  prior_plan *held = plan;
  pool *workers;
  neighbours *index = neighbours_create();
  assert_int_equal(prior_create(&projects, &shape, source, NULL), SCRIM_OK);
  nn_init_fill(projects->layer[PRIOR_LAYERS - 1].gate.w, 0);
  float *const b = projects->layer[PRIOR_LAYERS - 1].linear.b->data;
  b[1] = 2; /* a gate of 0 is open by half */
  assert_int_equal(prior_plan_create(&plan, projects, NULL), SCRIM_OK);
  memcpy(a, cloud, sizeof a);
  run(key, 1, &request, first, a, N);
  assert_int_equal(pool_create(&workers, 1, NULL), SCRIM_OK);
  assert_int_equal(neighbours_build(index, cloud, N, 3, NULL), SCRIM_OK);
  survey_run(&(survey_request){.index = index, .xyz = cloud, .n = N, .k = 16, .pool = workers, .planes = 1}, NULL,
             planes);
  for (size_t i = 0; i < 3 * N; i++) assert_true(fabs(a[i] - planes[i]) < 1e-4);
  pool_free(workers);
  neighbours_free(index);
  prior_plan_free(plan);
  prior_free(projects);
  plan = held;
}

static void copies_go_along_and_what_is_nowhere_stays(void **state) {
  (void)state;
  float a[3 * N], alone[3 * N];
  uint32_t places[N];
  size_t n = 0;
  uint64_t work[2 * N];
  memcpy(a, cloud, sizeof a);
  for (size_t i = 3; i < N; i += 4) memcpy(a + 3 * i, a + 3 * (i - 3), 3 * sizeof *a);
  for (size_t i = 2; i < N; i += 10) a[3 * i] = NAN;
  copies_find(a, N, 3, places, work);
  for (size_t i = 0; i < N; i++)
    if (places[i] == i) memcpy(alone + 3 * n++, a + 3 * i, 3 * sizeof *a);
  assert_true(n < N - 50);
  run(key, 2, &requests[0], places, a, N);
  run(key, 1, &requests[0], first, alone, n);
  n = 0;
  for (size_t i = 0; i < N; i++) {
    if (places[i] == i) assert_memory_equal(a + 3 * i, alone + 3 * n++, 3 * sizeof *a);
    if (places[i] == COPIES_NONE)
      assert_true(isnan(a[3 * i]) && a[3 * i + 1] == cloud[3 * i + 1]);
    else
      assert_memory_equal(a + 3 * i, a + 3 * places[i], 3 * sizeof *a);
  }
}

static void degenerate_clouds_have_no_deviation(void **state) {
  (void)state;
  restore *r;
  double deviation = 1;
  float far[6] = {1e18f, 1e18f, 1e18f, -1e18f, -1e18f, -1e18f};
  assert_int_equal(restore_create(&r, plan, key, 1, NULL), SCRIM_OK);
  for (size_t n = 0; n < 2; n++) {
    assert_int_equal(restore_take(r, cloud, first, n, &deviation, NULL), SCRIM_OK);
    assert_true(deviation == 0);
  }
  assert_int_equal(restore_take(r, cloud, first, 2, &deviation, NULL), SCRIM_OK);
  assert_true(deviation > 0);
  assert_int_equal(restore_take(r, far, first, 2, &deviation, NULL), SCRIM_OK);
  assert_true(fabs(deviation - 1e18) < 1e12); /* sums are in double */
  restore_free(r);
}

/* The gauge is the plan's, of what was taken in, wherever it is and however large. */
static void the_gauge_does_not_depend_on_size(void **state) {
  (void)state;
  restore *r;
  pool *workers;
  float large[3 * N];
  double deviation, noise[2], spacing[2];
  for (size_t i = 0; i < 3 * N; i++) large[i] = 8 * cloud[i] - 3;
  assert_int_equal(pool_create(&workers, 2, NULL), SCRIM_OK);
  assert_int_equal(restore_create(&r, plan, key, 2, NULL), SCRIM_OK);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(restore_take(r, i ? large : cloud, first, N, &deviation, NULL), SCRIM_OK);
    assert_int_equal(restore_gauge(r, workers, &noise[i], &spacing[i], NULL), SCRIM_OK);
  }
  assert_true(spacing[0] > 0.05 && spacing[0] < 1); /* of normal points of deviation 1 */
  assert_true(fabs(spacing[1] - spacing[0]) < 1e-5);
  assert_true(noise[0] > 0 && fabs(noise[1] - noise[0]) < 1e-3 * noise[0]);
  restore_free(r);
  pool_free(workers);
}

static void memory_is_asked_for_once(void **state) {
  (void)state;
  scrim_status status = SCRIM_E_MEMORY;
  pool *workers;
  assert_int_equal(pool_create(&workers, 1, NULL), SCRIM_OK);
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    restore *r = NULL;
    double deviation;
    memory_fail_at(at, 0);
    status = restore_create(&r, plan, key, 1, NULL);
    if (status == SCRIM_OK) status = restore_take(r, cloud, first, N, &deviation, NULL);
    if (status == SCRIM_OK) status = restore_run(r, workers, &requests[0], NULL);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    memory_fail_at(1, 1); /* a warm one asks for nothing */
    for (size_t n = N; status == SCRIM_OK && n > 1; n /= 2) {
      assert_int_equal(restore_take(r, cloud, first, n, &deviation, NULL), SCRIM_OK);
      assert_int_equal(restore_run(r, workers, &requests[1], NULL), SCRIM_OK);
      assert_int_equal(memory_requests(), 0);
    }
    memory_fail_at(0, 0);
    restore_free(r);
    assert_true(at < 100);
  }
  pool_free(workers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_points_get_the_same_answer),
      cmocka_unit_test(noise_comes_from_the_key_and_the_points),
      cmocka_unit_test(later_runs_draw_the_same_whatever_the_last_digits),
      cmocka_unit_test(a_leap_is_what_it_should_be),
      cmocka_unit_test(copies_go_along_and_what_is_nowhere_stays),
      cmocka_unit_test(degenerate_clouds_have_no_deviation),
      cmocka_unit_test(the_gauge_does_not_depend_on_size),
      cmocka_unit_test(memory_is_asked_for_once),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
