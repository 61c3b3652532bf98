/* The packed prior against the one on the tape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "pointcloud_defense/prior_plan.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { POINTS = 150, MOST_WIDTH = 24 };
static random_source *source;
static float invariants[POINTS * PRIOR_INVARIANTS], ways[3 * POINTS * PRIOR_WAYS];

static int open_all(void **state) {
  (void)state;
  if (random_source_from_seed(&source, 6, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < POINTS * PRIOR_INVARIANTS; i++) invariants[i] = (float)random_normal(source);
  for (size_t i = 0; i < 3 * POINTS * PRIOR_WAYS; i++) ways[i] = (float)random_normal(source);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  random_source_free(source);
  return 0;
}

static prior *make(const prior_shape *shape) {
  prior *p;
  assert_int_equal(prior_create(&p, shape, source, NULL), SCRIM_OK);
  for (size_t i = 0; i < nn_params_count(p->params); i++) {
    tensor *w = nn_params_at(p->params, i, NULL, NULL);
    nn_init_normal(w, w->rank == 2 ? 1 / sqrt(w->dim[1]) : 0.3, source);
  }
  return p;
}

/* Factors of all points by the plan, `turn` points a call; the latent from blocks of 50. Answers the gauge. */
static double run_plan(const prior_plan *plan, size_t turn, double noise, float *factors) {
  float pooled[4 * MOST_WIDTH], mean[4 * MOST_WIDTH] = {0}, latent[16];
  float controls[2 * (10 * MOST_WIDTH + PRIOR_WAYS)];
  float *scratch = memory_zalloc(prior_plan_scratch(plan), sizeof *scratch);
  assert_non_null(scratch);
  for (size_t i = 0; i < POINTS; i += 50) {
    prior_plan_pool(plan, invariants + PRIOR_INVARIANTS * i, 50, pooled, scratch);
    for (int j = 0; j < prior_plan_pooled(plan); j++) mean[j] += pooled[j] / POINTS;
  }
  prior_plan_encode(plan, mean, latent, scratch);
  prior_plan_control(plan, latent, noise, controls, scratch);
  for (size_t i = 0; i < POINTS; i += turn)
    prior_plan_factors(plan, controls, invariants + PRIOR_INVARIANTS * i, POINTS - i < turn ? POINTS - i : turn,
                       factors + PRIOR_WAYS * i, scratch);
  memory_free(scratch);
  return prior_plan_gauge(plan, latent);
}

static void it_is_the_network_on_the_tape(void **state) {
  (void)state;
  const prior_shape shapes[] = {{8, 5}, {8, 16}, {MOST_WIDTH, 7}};
  const double noise = 0.2;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    prior *p = make(&shapes[s]);
    prior_plan *plan;
    tape *t;
    float factors[POINTS * PRIOR_WAYS], again[POINTS * PRIOR_WAYS], times[PRIOR_TIMES];
    int32_t owner[POINTS] = {0};
    double most = 0;
    prior_times(noise, times);
    assert_int_equal(prior_plan_create(&plan, p, NULL), SCRIM_OK);
    assert_int_equal(prior_plan_controls(plan), 2 * (10 * shapes[s].width + PRIOR_WAYS));
    assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
    tensor *latent = prior_encode(t, p, tape_input(t, invariants, 3, (int[]){1, POINTS, PRIOR_INVARIANTS}));
    tensor *told = tape_input(t, times, 2, (int[]){1, PRIOR_TIMES});
    tensor *context = op_concat(t, (tensor *[]){latent, told}, 2, 1);
    tensor *x = tape_input(t, invariants, 2, (int[]){POINTS, PRIOR_INVARIANTS});
    const tensor *want = prior_epsilon(t, p, x, tape_input(t, ways, 3, (int[]){3, POINTS, PRIOR_WAYS}), context, owner);
    assert_int_equal(tape_status(t, NULL), SCRIM_OK);
    const double gauge = run_plan(plan, PRIOR_PLAN_POINTS, noise, factors);
    const double expected = exp(prior_gauge(t, p, latent)->data[0]) - PRIOR_GAUGE_LEAST;
    assert_true(fabs(gauge - fmax(expected, 0)) < 1e-4 * (1 + fabs(expected)));
    for (size_t i = 0; i < 3 * POINTS; i++) most = fmax(most, fabs(want->data[i]));
    for (size_t i = 0; i < POINTS; i++)
      for (size_t a = 0; a < 3; a++) {
        double sum = 0;
        for (size_t v = 0; v < PRIOR_WAYS; v++)
          sum -= (double)factors[i * PRIOR_WAYS + v] * ways[(a * POINTS + i) * PRIOR_WAYS + v];
        assert_true(fabs(want->data[3 * i + a] - sum) < 2e-5 * most);
      }
    run_plan(plan, 7, noise, again); /* other blocks, the same bits */
    assert_memory_equal(again, factors, sizeof again);
    tape_free(t);
    prior_plan_free(plan);
    prior_free(p);
  }
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  const prior_shape shape = {8, 5};
  prior *p = make(&shape);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    prior_plan *plan = NULL;
    memory_fail_at(at, 0);
    status = prior_plan_create(&plan, p, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    prior_plan_free(plan);
    assert_true(at < 200);
  }
  prior_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_the_network_on_the_tape),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
