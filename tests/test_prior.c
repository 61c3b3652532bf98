/* The prior's figure: shapes, gradients from end to end, what it does not depend on, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "pointcloud_defense/prior.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CLOUDS = 3, POINTS = 7, ROWS = CLOUDS * POINTS, LATENT = 5 };
static const prior_shape shape = {8, LATENT};
static random_source *source;
static float invariants[ROWS * PRIOR_INVARIANTS], ways[3 * ROWS * PRIOR_WAYS];
static float times[CLOUDS * PRIOR_TIMES], target[ROWS * 3];
static int32_t owner[ROWS];

static int open_all(void **state) {
  (void)state;
  if (random_source_from_seed(&source, 5, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < ROWS * 3; i++) target[i] = (float)random_normal(source);
  for (size_t i = 0; i < ROWS * PRIOR_INVARIANTS; i++) invariants[i] = (float)random_normal(source);
  for (size_t i = 0; i < 3 * ROWS * PRIOR_WAYS; i++) ways[i] = (float)random_normal(source);
  for (size_t i = 0; i < CLOUDS; i++) prior_times(0.02 * (double)(i + 1), times + i * PRIOR_TIMES);
  for (int32_t i = 0; i < ROWS; i++) owner[i] = i / POINTS;
  return 0;
}

static int close_all(void **state) {
  (void)state;
  random_source_free(source);
  return 0;
}

/* With every weight random: those that training starts at 0 would hide what stands behind them. */
static prior *make(void) {
  prior *p;
  assert_int_equal(prior_create(&p, &shape, source, NULL), SCRIM_OK);
  for (size_t i = 0; i < nn_params_count(p->params); i++) {
    tensor *w = nn_params_at(p->params, i, NULL, NULL);
    nn_init_normal(w, w->rank == 2 ? 1.2 / sqrt(w->dim[1]) : 0.3, source);
  }
  return p;
}

/* The loss: epsilon's error, and the squares of what the gauge says. */
static tensor *build(tape *t, const prior *p, tensor **epsilon, tensor **gauge) {
  tensor *latent = prior_encode(t, p, tape_input(t, invariants, 3, (int[]){CLOUDS, POINTS, PRIOR_INVARIANTS}));
  tensor *told = tape_input(t, times, 2, (int[]){CLOUDS, PRIOR_TIMES});
  tensor *context = op_concat(t, (tensor *[]){latent, told}, 2, 1);
  tensor *x = tape_input(t, invariants, 2, (int[]){ROWS, PRIOR_INVARIANTS});
  *epsilon = prior_epsilon(t, p, x, tape_input(t, ways, 3, (int[]){3, ROWS, PRIOR_WAYS}), context, owner);
  *gauge = prior_gauge(t, p, latent);
  tensor *error = op_mse(t, *epsilon, tape_input(t, target, 2, (int[]){ROWS, 3}));
  return op_add(t, error, op_mean(t, op_square(t, *gauge)));
}

/* Summed in double: the slope is a small difference of two of these. */
static double loss_of(tape *t, const prior *p) {
  tensor *epsilon, *gauge;
  double sum = 0;
  tape_reset(t);
  build(t, p, &epsilon, &gauge);
  assert_int_equal(tape_status(t, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * ROWS; i++) {
    const double off = (double)epsilon->data[i] - target[i];
    sum += off * off / (3 * ROWS);
  }
  for (size_t i = 0; i < CLOUDS; i++) sum += (double)gauge->data[i] * gauge->data[i] / CLOUDS;
  return sum;
}

/* Every tensor is pushed along its own gradient, both ways: the loss must change as the gradient says. */
static void gradients_are_right_from_end_to_end(void **state) {
  (void)state;
  prior *p = make();
  tape *t;
  tensor *epsilon, *gauge;
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  tensor *loss = build(t, p, &epsilon, &gauge);
  nn_params_zero_grad(p->params);
  assert_int_equal(tape_backward(t, loss, NULL), SCRIM_OK);
  for (size_t i = 0; i < nn_params_count(p->params); i++) {
    const char *name;
    tensor *w = nn_params_at(p->params, i, &name, NULL);
    float held[256];
    double norm = 0;
    assert_true(w->n <= 8 * PRIOR_INVARIANTS);
    for (size_t j = 0; j < w->n; j++) norm += (double)w->grad[j] * w->grad[j];
    norm = sqrt(norm);
    assert_true(norm > 1e-4);
    double at[2];
    const float step = 3e-3f;
    const size_t n = w->n < 256 ? w->n : 256;
    double along = 0; /* of the part that is pushed */
    for (size_t j = 0; j < n; j++) along += (double)w->grad[j] * w->grad[j] / norm;
    memcpy(held, w->data, n * sizeof *held);
    for (int way = 0; way < 2; way++) {
      for (size_t j = 0; j < n; j++) w->data[j] = held[j] + (way ? step : -step) * w->grad[j] / (float)norm;
      at[way] = loss_of(t, p);
    }
    memcpy(w->data, held, n * sizeof *held);
    const double slope = (at[1] - at[0]) / (2 * (double)step);
    /* Bends within the step, and the rounding of what is summed: small beside the slope itself. */
    const double limit = 0.03 * along + 1e-7 * at[0] / (double)step;
    assert_true(limit < 0.5 * along);
    if (fabs(slope - along) > limit) fail_msg("%s: slope %g, gradient %g", name, slope, along);
  }
  tape_free(t);
  prior_free(p);
}

/* A cloud's answer is its own: what other clouds of the batch are like does not matter. */
static void clouds_do_not_mix(void **state) {
  (void)state;
  prior *p = make();
  tape *t;
  tensor *epsilon, *gauge;
  float before[ROWS * 3];
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  build(t, p, &epsilon, &gauge);
  memcpy(before, epsilon->data, sizeof before);
  invariants[PRIOR_INVARIANTS * POINTS] += 3; /* cloud 1 changes */
  tape_reset(t);
  build(t, p, &epsilon, &gauge);
  assert_memory_equal(epsilon->data, before, 3 * POINTS * sizeof *before);
  for (size_t i = POINTS; i < 2 * POINTS; i++) /* all of its points: the encoder saw it */
    assert_memory_not_equal(epsilon->data + 3 * i, before + 3 * i, 3 * sizeof *before);
  assert_memory_equal(epsilon->data + 6 * POINTS, before + 6 * POINTS, 3 * POINTS * sizeof *before);
  invariants[PRIOR_INVARIANTS * POINTS] -= 3;
  tape_free(t);
  prior_free(p);
}

static void it_starts_without_noise(void **state) {
  (void)state;
  prior *p;
  tape *t;
  tensor *epsilon, *gauge;
  assert_int_equal(prior_create(&p, &shape, source, NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  build(t, p, &epsilon, &gauge);
  for (size_t i = 0; i < 3 * ROWS; i++) assert_true(epsilon->data[i] == 0);
  tape_free(t);
  prior_free(p);
}

/* With shifts alone at the end every factor is known, and epsilon is minus the sum of factors times ways. */
static void it_answers_in_ways(void **state) {
  (void)state;
  prior *p;
  tape *t;
  tensor *epsilon, *gauge;
  assert_int_equal(prior_create(&p, &shape, source, NULL), SCRIM_OK);
  const prior_layer *last = &p->layer[PRIOR_LAYERS - 1];
  for (int v = 0; v < PRIOR_WAYS; v++) last->shift->data[v * last->shift->dim[1] + LATENT] = 1.0f + (float)v;
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  build(t, p, &epsilon, &gauge);
  for (size_t i = 0; i < ROWS; i++)
    for (size_t a = 0; a < 3; a++) {
      double sum = 0;
      for (size_t v = 0; v < PRIOR_WAYS; v++)
        sum -= (double)ways[(a * ROWS + i) * PRIOR_WAYS + v] * (1.0 + (double)v) * times[i / POINTS * PRIOR_TIMES];
      assert_true(fabs(epsilon->data[3 * i + a] - sum) < 1e-4 * (1 + fabs(sum)));
    }
  tape_free(t);
  prior_free(p);
}

static tensorfile *file_of(const prior *p, const char *leave_out) {
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  if (leave_out == NULL) assert_int_equal(prior_put(p, writer, NULL), SCRIM_OK);
  for (size_t i = 0; leave_out != NULL && i < nn_params_count(p->params); i++) {
    const char *name;
    char full[60];
    tensor *w = nn_params_at(p->params, i, &name, NULL);
    int64_t dim[2] = {w->dim[0], w->rank > 1 ? w->dim[1] : 0};
    if (strcmp(name, leave_out) == 0) continue;
    snprintf(full, sizeof full, "prior.%s", name);
    assert_int_equal(tensorfile_put(writer, full, TENSORFILE_F32, w->rank, dim, w->data, NULL), SCRIM_OK);
  }
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n, NULL), SCRIM_OK);
  memory_free(bytes);
  tensorfile_writer_free(writer);
  return file;
}

static void files_give_it_back(void **state) {
  (void)state;
  prior *p = make(), *back;
  tensorfile *file = file_of(p, NULL);
  assert_true(prior_is_in(file));
  assert_int_equal(prior_get(&back, file, NULL), SCRIM_OK);
  assert_memory_equal(&back->shape, &p->shape, sizeof p->shape);
  for (size_t i = 0; i < nn_params_count(p->params); i++) {
    const tensor *a = nn_params_at(p->params, i, NULL, NULL), *b = nn_params_at(back->params, i, NULL, NULL);
    assert_memory_equal(a->data, b->data, a->n * sizeof *a->data);
  }
  prior_free(back);
  tensorfile_close(file);
  for (size_t i = 0; i < nn_params_count(p->params); i++) {
    const char *name;
    nn_params_at(p->params, i, &name, NULL);
    file = file_of(p, name);
    assert_int_equal(prior_get(&back, file, NULL), SCRIM_E_FORMAT);
    tensorfile_close(file);
  }
  prior_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_are_right_from_end_to_end),
      cmocka_unit_test(clouds_do_not_mix),
      cmocka_unit_test(it_starts_without_noise),
      cmocka_unit_test(it_answers_in_ways),
      cmocka_unit_test(files_give_it_back),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
