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
static float xyz[3 * POINTS], surface[3 * POINTS], features[6 * POINTS];

static int open_all(void **state) {
  (void)state;
  if (random_source_from_seed(&source, 6, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < 3 * POINTS; i++) {
    xyz[i] = (float)random_normal(source);
    surface[i] = (float)random_normal(source);
  }
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

/* Epsilon of all points by the plan, `turn` points a call. */
static void run_plan(const prior_plan *plan, size_t turn, double ratio, float *epsilon) {
  float pooled[4 * MOST_WIDTH] = {0}, latent[16], controls[2 * (10 * MOST_WIDTH + 3)];
  const size_t width = (size_t)prior_features_count(prior_plan_shape(plan));
  float *scratch = memory_zalloc(prior_plan_scratch(plan), sizeof *scratch);
  assert_non_null(scratch);
  for (size_t i = 0; i < POINTS; i += turn)
    prior_plan_pool(plan, xyz + 3 * i, POINTS - i < turn ? POINTS - i : turn, pooled, scratch);
  prior_plan_encode(plan, pooled, latent, scratch);
  prior_plan_control(plan, latent, ratio, controls, scratch);
  for (size_t i = 0; i < POINTS; i += turn)
    prior_plan_epsilon(plan, controls, features + width * i, POINTS - i < turn ? POINTS - i : turn, epsilon + 3 * i,
                       scratch);
  memory_free(scratch);
}

static void it_is_the_network_on_the_tape(void **state) {
  (void)state;
  const prior_shape shapes[] = {{8, 5, 0}, {8, 16, 1}, {MOST_WIDTH, 7, 1}};
  const double ratio = 0.2;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    prior *p = make(&shapes[s]);
    prior_plan *plan;
    tape *t;
    float epsilon[3 * POINTS], again[3 * POINTS], times[PRIOR_TIMES];
    int32_t owner[POINTS] = {0};
    double most = 0;
    prior_features(&shapes[s], xyz, surface, 0.7, POINTS, features);
    prior_times(ratio, times);
    assert_int_equal(prior_plan_create(&plan, p, NULL), SCRIM_OK);
    assert_int_equal(prior_plan_controls(plan), 2 * (10 * shapes[s].width + 3));
    assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
    tensor *latent = prior_encode(t, p, tape_input(t, xyz, 3, (int[]){1, POINTS, 3}));
    tensor *told = tape_input(t, times, 2, (int[]){1, PRIOR_TIMES});
    tensor *context = op_concat(t, (tensor *[]){latent, told}, 2, 1);
    const int width = prior_features_count(&shapes[s]);
    const tensor *want = prior_epsilon(t, p, tape_input(t, features, 2, (int[]){POINTS, width}), context, owner);
    assert_int_equal(tape_status(t, NULL), SCRIM_OK);
    run_plan(plan, PRIOR_PLAN_POINTS, ratio, epsilon);
    for (size_t i = 0; i < 3 * POINTS; i++) most = fmax(most, fabs(want->data[i]));
    for (size_t i = 0; i < 3 * POINTS; i++) assert_true(fabs(want->data[i] - epsilon[i]) < 2e-5 * most);
    run_plan(plan, 7, ratio, again); /* other blocks, the same bits */
    assert_memory_equal(again, epsilon, sizeof again);
    tape_free(t);
    prior_plan_free(plan);
    prior_free(p);
  }
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  const prior_shape shape = {8, 5, 1};
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
