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
static const prior_shape shape = {8, LATENT, 1};
static random_source *source;
static float clouds[ROWS * 3], features[ROWS * 6], times[CLOUDS * PRIOR_TIMES], target[ROWS * 3];
static int32_t owner[ROWS];

static int open_all(void **state) {
  (void)state;
  if (random_source_from_seed(&source, 5, NULL) != SCRIM_OK) return 1;
  for (size_t i = 0; i < ROWS * 3; i++) {
    clouds[i] = (float)random_normal(source);
    target[i] = (float)random_normal(source);
  }
  for (size_t i = 0; i < ROWS * 6; i++) features[i] = (float)random_normal(source);
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

static tensor *build(tape *t, const prior *p, tensor **epsilon) {
  tensor *latent = prior_encode(t, p, tape_input(t, clouds, 3, (int[]){CLOUDS, POINTS, 3}));
  tensor *told = tape_input(t, times, 2, (int[]){CLOUDS, PRIOR_TIMES});
  tensor *context = op_concat(t, (tensor *[]){latent, told}, 2, 1);
  *epsilon = prior_epsilon(t, p, tape_input(t, features, 2, (int[]){ROWS, 6}), context, owner);
  return op_mse(t, *epsilon, tape_input(t, target, 2, (int[]){ROWS, 3}));
}

/* Summed in double: the slope is a small difference of two of these. */
static double loss_of(tape *t, const prior *p) {
  tensor *epsilon;
  double sum = 0;
  tape_reset(t);
  build(t, p, &epsilon);
  assert_int_equal(tape_status(t, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * ROWS; i++) {
    const double off = (double)epsilon->data[i] - target[i];
    sum += off * off / (3 * ROWS);
  }
  return sum;
}

/* Every tensor is pushed along its own gradient, both ways: the loss must change as the gradient says. */
static void gradients_are_right_from_end_to_end(void **state) {
  (void)state;
  prior *p = make();
  tape *t;
  tensor *epsilon;
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  tensor *loss = build(t, p, &epsilon);
  nn_params_zero_grad(p->params);
  assert_int_equal(tape_backward(t, loss, NULL), SCRIM_OK);
  for (size_t i = 0; i < nn_params_count(p->params); i++) {
    const char *name;
    tensor *w = nn_params_at(p->params, i, &name, NULL);
    float held[256];
    double norm = 0;
    assert_true(w->n <= 512);
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

/* A cloud's answer is its own: other clouds of the batch, and the order of the encoder's points, do not matter. */
static void clouds_do_not_mix(void **state) {
  (void)state;
  prior *p = make();
  tape *t;
  tensor *epsilon;
  float before[ROWS * 3], held[3];
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  build(t, p, &epsilon);
  memcpy(before, epsilon->data, sizeof before);
  memcpy(held, clouds, sizeof held);
  memcpy(clouds, clouds + 3 * 4, sizeof held); /* two points of cloud 0 change places */
  memcpy(clouds + 3 * 4, held, sizeof held);
  clouds[3 * POINTS] += 3; /* and cloud 1 changes */
  tape_reset(t);
  build(t, p, &epsilon);
  assert_memory_equal(epsilon->data, before, 3 * POINTS * sizeof *before);
  assert_memory_not_equal(epsilon->data + 3 * POINTS, before + 3 * POINTS, 3 * POINTS * sizeof *before);
  assert_memory_equal(epsilon->data + 6 * POINTS, before + 6 * POINTS, 3 * POINTS * sizeof *before);
  clouds[3 * POINTS] -= 3;
  tape_free(t);
  prior_free(p);
}

/* Before training the noise is taken for the point itself. */
static void it_starts_at_the_point(void **state) {
  (void)state;
  prior *p;
  tape *t;
  tensor *epsilon;
  assert_int_equal(prior_create(&p, &shape, source, NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
  build(t, p, &epsilon);
  for (size_t i = 0; i < ROWS; i++)
    for (size_t a = 0; a < 3; a++) assert_true(epsilon->data[3 * i + a] == features[6 * i + a]);
  tape_free(t);
  prior_free(p);
}

static void features_are_the_point_and_the_way_to_its_plane(void **state) {
  (void)state;
  const float xyz[6] = {1, 2, 3, 4, 5, 6}, surface[6] = {1, 2, 4, 3, 5, 6};
  const float expected[12] = {1, 2, 3, 0, 0, 4, 4, 5, 6, -4, 0, 0};
  float found[12];
  prior_features(&shape, xyz, surface, 0.25, 2, found);
  assert_memory_equal(found, expected, sizeof found);
  const prior_shape plain = {8, LATENT, 0};
  assert_int_equal(prior_features_count(&plain), 3);
  prior_features(&plain, xyz, NULL, 0.25, 2, found);
  assert_memory_equal(found, xyz, sizeof xyz);
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
      cmocka_unit_test(it_starts_at_the_point),
      cmocka_unit_test(features_are_the_point_and_the_way_to_its_plane),
      cmocka_unit_test(files_give_it_back),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
