/* Perceptrons: the packed prediction against the tape, every activation, shapes that cannot be, memory running out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { ROWS = 600, IN = 7, OUT = 5 };

static float x[ROWS * IN], out[ROWS * OUT];

static random_source *random_make(void) {
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 17, NULL), SCRIM_OK);
  return r;
}

static int fill(void **state) {
  (void)state;
  random_source *r = random_make();
  for (size_t i = 0; i < ROWS * IN; i++) x[i] = (float)random_normal(r);
  random_source_free(r);
  return 0;
}

static nn_mlp mlp_make(int n_layers, const int *width, nn_activation activation) {
  nn_mlp m;
  random_source *r = random_make();
  assert_int_equal(random_begin(r, "init", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(nn_mlp_create(&m, n_layers, width, activation, r, NULL), SCRIM_OK);
  for (int i = 0; i < n_layers; i++) nn_init_normal(m.layer[i].b, 0.3, r); /* so that a forgotten bias is seen */
  random_source_free(r);
  return m;
}

static void prediction_agrees_with_the_tape(void **state) {
  (void)state;
  static const int width[] = {IN, 33, 12, OUT};
  for (int a = NN_RELU; a <= NN_IDENTITY; a++) {
    nn_mlp m = mlp_make(3, width, (nn_activation)a);
    m.dropout = 0.5f; /* of no effect outside training */
    tape *t;
    assert_int_equal(tape_create(&t, &reference_backend, NULL), SCRIM_OK);
    const tensor *expected = nn_mlp_forward(t, &m, tape_input(t, x, 2, (int[]){ROWS, IN}));
    assert_non_null(expected);
    assert_int_equal(nn_mlp_predict(&m, x, ROWS, 0, out, NULL), SCRIM_OK);
    for (size_t i = 0; i < ROWS * OUT; i++) assert_float_equal(out[i], expected->data[i], 2e-5);
    tape_free(t);
    nn_mlp_free(&m);
  }
}

static void softmax_gives_distributions(void **state) {
  (void)state;
  float raw[ROWS * OUT];
  nn_mlp m = mlp_make(1, (int[]){IN, OUT}, NN_RELU);
  for (int j = 0; j < OUT; j++) m.layer[0].b->data[j] += 1000; /* exp would overflow without care */
  assert_int_equal(nn_mlp_predict(&m, x, ROWS, 0, raw, NULL), SCRIM_OK);
  assert_int_equal(nn_mlp_predict(&m, x, ROWS, 1, out, NULL), SCRIM_OK);
  for (size_t i = 0; i < ROWS; i++) {
    double sum = 0;
    for (size_t j = 0; j < OUT; j++) {
      const double ratio = exp((double)raw[i * OUT + j] - (double)raw[i * OUT]);
      assert_float_equal(out[i * OUT + j], ratio * (double)out[i * OUT], 1e-6);
      sum += (double)out[i * OUT + j];
    }
    assert_float_equal(sum, 1, 1e-6);
  }
  nn_mlp_free(&m);
}

static void a_row_does_not_depend_on_its_batch(void **state) {
  (void)state;
  nn_mlp m = mlp_make(3, (int[]){IN, 40, 40, OUT}, NN_SILU);
  assert_int_equal(nn_mlp_predict(&m, x, ROWS, 1, out, NULL), SCRIM_OK);
  for (size_t i = 0; i < ROWS; i += 37) {
    float alone[OUT];
    assert_int_equal(nn_mlp_predict(&m, x + i * IN, 1, 1, alone, NULL), SCRIM_OK);
    assert_memory_equal(alone, out + i * OUT, sizeof alone);
  }
  assert_int_equal(nn_mlp_predict(&m, x, 0, 1, out, NULL), SCRIM_OK);
  nn_mlp_free(&m);
}

static void dropout_works_in_training_only(void **state) {
  (void)state;
  nn_mlp m = mlp_make(2, (int[]){IN, 64, OUT}, NN_TANH);
  m.dropout = 0.5f;
  tape *t;
  random_source *r = random_make();
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  tape_random(t, r);
  tape_training(t, 1);
  const tensor *input = tape_input(t, x, 2, (int[]){ROWS, IN});
  const tensor *one = nn_mlp_forward(t, &m, (tensor *)input), *two = nn_mlp_forward(t, &m, (tensor *)input);
  assert_true(one && two);
  assert_memory_not_equal(one->data, two->data, one->n * sizeof(float));
  tape_free(t);
  random_source_free(r);
  nn_mlp_free(&m);
}

static void shapes_that_cannot_be_are_refused(void **state) {
  (void)state;
  nn_mlp m;
  scrim_error error = {0};
  random_source *r = random_make();
  assert_int_equal(nn_mlp_create(&m, 0, (int[]){IN}, NN_RELU, r, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(nn_mlp_create(&m, NN_MLP_MAX_LAYERS + 1, (int[]){IN}, NN_RELU, r, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "9 layers, must be 1..8"));
  assert_int_equal(nn_mlp_create(&m, 2, (int[]){IN, 0, OUT}, NN_RELU, r, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "width 0 of layer 1"));
  nn_mlp_free(&m); /* harmless after a failure */
  nn_mlp_free(NULL);
  random_source_free(r);
}

static void every_failed_request_is_survived(void **state) {
  (void)state;
  static const int width[] = {IN, 9, OUT};
  random_source *r = random_make();
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK && n < 200; n++) {
    nn_mlp m;
    memory_fail_at(n, 0);
    status = nn_mlp_create(&m, 2, width, NN_RELU, r, NULL);
    if (status == SCRIM_OK) {
      status = nn_mlp_predict(&m, x, 300, 1, out, NULL);
      nn_mlp_free(&m);
    }
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
  }
  assert_int_equal(status, SCRIM_OK);
  random_source_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(prediction_agrees_with_the_tape),    cmocka_unit_test(softmax_gives_distributions),
      cmocka_unit_test(a_row_does_not_depend_on_its_batch), cmocka_unit_test(dropout_works_in_training_only),
      cmocka_unit_test(shapes_that_cannot_be_are_refused),  cmocka_unit_test(every_failed_request_is_survived),
  };
  return cmocka_run_group_tests(tests, fill, NULL);
}
