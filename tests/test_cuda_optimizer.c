/*
 * Training on a device: the same steps as the CPU's but for rounding, the same bits from run to run, no weight moved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cuda/cuda.h"
#include "emulated_cuda.h"
#include "nn/nn.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More parameters than one launch serves, and one of more values than one round of a sum. */
enum { SMALL = 34, LARGE = 17000 };

static nn_params *make_params(void) {
  nn_params *p = nn_params_create();
  assert_non_null(p);
  for (int i = 0; i <= SMALL; i++) {
    char name[16];
    snprintf(name, sizeof name, "p%d", i);
    tensor *w = nn_params_add(p, name, 1, (int[]){i == 7 ? LARGE : 1 + i}, 1);
    assert_non_null(w);
    for (size_t k = 0; k < w->n; k++) w->data[k] = sinf((float)(k + (size_t)i));
  }
  return p;
}

/* Gradients of the sum of all squares and of all values: 2 w + 1. */
static void differentiate(nn_params *p, tape *t) {
  tape_reset(t);
  nn_params_zero_grad(p);
  tensor *sum = NULL;
  for (size_t i = 0; i < nn_params_count(p); i++) {
    tensor *w = nn_params_at(p, i, NULL, NULL);
    tensor *one = op_add(t, op_sum(t, op_square(t, w)), op_sum(t, w));
    sum = sum ? op_add(t, sum, one) : one;
  }
  assert_int_equal(tape_backward(t, sum, NULL), SCRIM_OK);
}

static const nn_optimizer_config configs[] = {
    {.kind = NN_SGD, .rate = 0.01, .momentum = 0.9, .weight_decay = 0.01},
    {.kind = NN_ADAM, .rate = 0.01, .weight_decay = 0.01, .clip_norm = 3},
    {.kind = NN_ADAMW, .rate = 0.01, .weight_decay = 0.1},
    {.kind = NN_AMSGRAD, .rate = 0.01, .beta1 = 0.5},
};
enum { CONFIGS = sizeof configs / sizeof *configs, STEPS = 2 };

/* Params after STEPS steps on b; *norm: the last. */
static nn_params *descend(const backend *b, const nn_optimizer_config *config, double *norm) {
  nn_params *p = make_params();
  nn_optimizer *o = nn_optimizer_create(p, config);
  tape *t = NULL;
  assert_non_null(o);
  assert_int_equal(tape_create(&t, b, NULL), SCRIM_OK);
  for (int i = 0; i < STEPS; i++) {
    differentiate(p, t);
    *norm = nn_optimizer_step(o, 1);
    assert_int_equal(nn_optimizer_status(o, NULL), SCRIM_OK);
  }
  assert_int_equal(nn_params_settle(p, NULL), SCRIM_OK);
  tape_free(t);
  nn_optimizer_free(o);
  return p;
}

static void steps_are_the_cpus(void **state) {
  (void)state;
  for (int c = 0; c < CONFIGS; c++) {
    double want_norm, got_norm;
    nn_params *want = descend(&cpu_backend, &configs[c], &want_norm);
    nn_params *got = descend(&cuda_backend, &configs[c], &got_norm);
    assert_true(fabs(want_norm / got_norm - 1) < 1e-6);
    for (size_t i = 0; i < nn_params_count(want); i++) {
      const tensor *a = nn_params_at(want, i, NULL, NULL), *b = nn_params_at(got, i, NULL, NULL);
      for (size_t k = 0; k < a->n; k++) assert_true(fabsf(a->data[k] - b->data[k]) < 2e-6f);
    }
    nn_params_free(want);
    nn_params_free(got);
  }
  assert_int_equal(emulated_cuda_allocated(), 0);
}

static void the_same_bits_from_run_to_run(void **state) {
  (void)state;
  double norm, again_norm;
  nn_params *one = descend(&cuda_backend, &configs[1], &norm), *other = NULL;
  for (int order = 0; order < EMULATED_ORDERS; order++) {
    emulated_cuda_order((emulated_order)order);
    other = descend(&cuda_backend, &configs[1], &again_norm);
    assert_true(norm == again_norm);
    for (size_t i = 0; i < nn_params_count(one); i++) {
      const tensor *a = nn_params_at(one, i, NULL, NULL), *b = nn_params_at(other, i, NULL, NULL);
      assert_memory_equal(a->data, b->data, a->n * sizeof(float));
    }
    nn_params_free(other);
  }
  emulated_cuda_order(EMULATED_ASCENDING);
  nn_params_free(one);
}

static void weights_do_not_move(void **state) {
  (void)state;
  nn_params *p = make_params();
  nn_optimizer *o = nn_optimizer_create(p, &configs[1]);
  tape *t = NULL;
  assert_int_equal(tape_create(&t, &cuda_backend, NULL), SCRIM_OK);
  for (int i = 0; i < 3; i++) {
    differentiate(p, t);
    nn_optimizer_step(o, 1);
    for (size_t k = 0; k < nn_params_count(p); k++) {
      const tensor *w = nn_params_at(p, k, NULL, NULL);
      assert_true(w->values.on_device && w->values.host_behind && w->gradient.host_behind);
    }
  }
  const unsigned long allocations = emulated_cuda_allocations();
  differentiate(p, t);
  nn_optimizer_step(o, 1);
  assert_int_equal(emulated_cuda_allocations(), allocations);
  tape_free(t);
  nn_optimizer_free(o);
  nn_params_free(p);
}

static void a_gradient_that_is_not_finite_changes_nothing(void **state) {
  (void)state;
  nn_params *p = make_params();
  nn_optimizer *o = nn_optimizer_create(p, &configs[2]);
  tape *t = NULL;
  assert_int_equal(tape_create(&t, &cuda_backend, NULL), SCRIM_OK);
  tensor *w = nn_params_at(p, 3, NULL, NULL);
  w->data[1] = INFINITY;
  differentiate(p, t);
  assert_false(isfinite(nn_optimizer_step(o, 1)));
  assert_int_equal(nn_optimizer_status(o, NULL), SCRIM_OK);
  assert_int_equal(nn_params_settle(p, NULL), SCRIM_OK);
  assert_true(w->data[0] == sinf(3) && w->data[1] == INFINITY);
  tape_free(t);
  nn_optimizer_free(o);
  nn_params_free(p);
}

/* Gradients that the CPU has worked out, for want of a kernel, are taken for a step there. */
static void without_an_optimiser_of_its_own_the_cpu_steps(void **state) {
  (void)state;
  double want_norm, got_norm;
  backend plain = cuda_backend;
  plain.optimizer = NULL;
  nn_params *want = descend(&cpu_backend, &configs[3], &want_norm), *got = descend(&plain, &configs[3], &got_norm);
  const tensor *a = nn_params_at(want, 9, NULL, NULL), *b = nn_params_at(got, 9, NULL, NULL);
  for (size_t k = 0; k < a->n; k++) assert_true(fabsf(a->data[k] - b->data[k]) < 1e-6f);
  nn_params_free(want);
  nn_params_free(got);
}

/* ---- the loop ---- */

enum { ROWS = 24, WIDTH = 3, EPOCHS = 6 };

typedef struct lesson {
  nn_mlp m;
  float x[ROWS * WIDTH], batch[ROWS * WIDTH];
  int32_t label[ROWS], batch_label[ROWS];
  float seen[EPOCHS]; /* a weight that the validation finds on the host */
} lesson;

static tensor *lesson_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  lesson *l = context;
  for (size_t i = 0; i < n; i++) {
    memcpy(l->batch + i * WIDTH, l->x + rows[i] * WIDTH, WIDTH * sizeof *l->x);
    l->batch_label[i] = l->label[rows[i]];
  }
  tensor *x = tape_input(t, l->batch, 2, (int[]){(int)n, WIDTH});
  return op_cross_entropy(t, nn_mlp_forward(t, &l->m, x), l->batch_label);
}

static scrim_status lesson_validate(double *figure, size_t epoch, void *context, scrim_error *error) {
  (void)error;
  lesson *l = context;
  l->seen[epoch] = l->m.layer[0].w->data[0];
  *figure = 10.0 - (double)epoch;
  return SCRIM_OK;
}

static int stop_later(const scrim_progress *p, void *context) {
  (void)context;
  return p->step > p->steps / 2;
}

static void lesson_open(lesson *l) {
  random_source *r = NULL;
  memset(l, 0, sizeof *l);
  for (int i = 0; i < ROWS * WIDTH; i++) l->x[i] = sinf((float)(i * i));
  for (int i = 0; i < ROWS; i++) l->label[i] = l->x[i * WIDTH] > 0;
  assert_int_equal(random_source_from_seed(&r, 1, NULL), SCRIM_OK);
  assert_int_equal(random_begin(r, "init", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(nn_mlp_create(&l->m, 2, (int[]){WIDTH, 8, 2}, NN_TANH, r, NULL), SCRIM_OK);
  l->m.dropout = 0.2f;
  random_source_free(r);
}

static scrim_status lesson_learn(lesson *l, const backend *b, const char *checkpoint, int stop, scrim_error *error) {
  nn_result result;
  const nn_training training = {.params = l->m.params,
                                .rows = ROWS,
                                .batch = 8,
                                .epochs = EPOCHS,
                                .optimizer = {.kind = NN_ADAM, .rate = 0.01},
                                .seed = 5,
                                .loss = lesson_loss,
                                .validate = lesson_validate,
                                .context = l,
                                .backend = b,
                                .checkpoint = checkpoint,
                                .resume = 1,
                                .progress = stop ? stop_later : NULL};
  return nn_train(&result, &training, error);
}

static void assert_same_weights(const lesson *a, const lesson *b, double limit) {
  for (size_t i = 0; i < nn_params_count(a->m.params); i++) {
    const tensor *x = nn_params_at(a->m.params, i, NULL, NULL), *y = nn_params_at(b->m.params, i, NULL, NULL);
    for (size_t k = 0; k < x->n; k++) assert_true(fabs((double)x->data[k] - (double)y->data[k]) <= limit);
  }
}

static void a_network_is_trained_as_on_the_cpu(void **state) {
  (void)state;
  lesson here, there;
  lesson_open(&here);
  lesson_open(&there);
  assert_int_equal(lesson_learn(&here, NULL, NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(lesson_learn(&there, &cuda_backend, NULL, 0, NULL), SCRIM_OK);
  assert_same_weights(&here, &there, 1e-4); /* what rounding makes of 18 steps of Adam */
  for (int i = 0; i < EPOCHS; i++) assert_true(fabsf(here.seen[i] - there.seen[i]) < 1e-4f);
  nn_mlp_free(&here.m);
  nn_mlp_free(&there.m);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

static void training_that_was_stopped_ends_in_the_same_bits(void **state) {
  (void)state;
  char path[] = "/tmp/scrim-cuda-XXXXXX";
  const int file = mkstemp(path);
  scrim_error error;
  lesson whole, halves;
  assert_true(file >= 0);
  close(file);
  unlink(path);
  lesson_open(&whole);
  lesson_open(&halves);
  assert_int_equal(lesson_learn(&whole, &cuda_backend, NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(lesson_learn(&halves, &cuda_backend, path, 1, NULL), SCRIM_E_CANCELLED);
  assert_int_equal(lesson_learn(&halves, &cpu_backend, path, 0, &error), SCRIM_E_STATE); /* other bits: refused */
  assert_int_equal(lesson_learn(&halves, &cuda_backend, path, 0, NULL), SCRIM_OK);
  assert_same_weights(&whole, &halves, 0);
  nn_mlp_free(&whole.m);
  nn_mlp_free(&halves.m);
}

static void every_failure_of_the_device_is_an_error(void **state) {
  (void)state;
  int failures = 0, successes = 0;
  for (unsigned long n = 1; successes < 2; n += n < 30 ? 1 : 173) {
    lesson l;
    scrim_error error = {0};
    lesson_open(&l);
    emulated_cuda_fail_at(n);
    const scrim_status status = lesson_learn(&l, &cuda_backend, NULL, 0, &error);
    emulated_cuda_fail_at(0);
    failures += status != SCRIM_OK;
    successes = status == SCRIM_OK ? successes + 1 : 0; /* zeroing that fails is made up for */
    assert_true(status == SCRIM_OK || status == SCRIM_E_DEVICE || status == SCRIM_E_MEMORY);
    nn_mlp_free(&l.m);
  }
  assert_true(failures > 30);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_the_cpus),
      cmocka_unit_test(the_same_bits_from_run_to_run),
      cmocka_unit_test(weights_do_not_move),
      cmocka_unit_test(a_gradient_that_is_not_finite_changes_nothing),
      cmocka_unit_test(without_an_optimiser_of_its_own_the_cpu_steps),
      cmocka_unit_test(a_network_is_trained_as_on_the_cpu),
      cmocka_unit_test(training_that_was_stopped_ends_in_the_same_bits),
      cmocka_unit_test(every_failure_of_the_device_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
