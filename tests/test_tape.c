/* Recording, sticky errors, modes and the backward pass. */
#include "tensor/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

static const float numbers[64] = {1, -2, 3, -4, 5, -6, 7, -8, 9};

static int tape_setup(void **state) {
  tape *t;
  if (tape_create(&t, &cpu_backend, NULL) != SCRIM_OK) return -1;
  *state = t;
  return 0;
}

static int tape_teardown(void **state) {
  tape_free(*state);
  return 0;
}

/* An input of up to three dimensions; 0 ends them. */
static tensor *input(tape *t, int a, int b, int c) {
  return tape_input(t, numbers, 1 + (b > 0) + (c > 0), (int[]){a, b, c});
}

static tensor *input4(tape *t, int a, int b, int c, int d) {
  return tape_input(t, numbers, 4, (int[]){a, b, c, d});
}

static tensor *variable(tape *t, int a, int b) {
  return tape_variable(t, numbers, 1 + (b > 0), (int[]){a, b});
}

/* ---- sticky errors ---- */

typedef struct misuse {
  tensor *(*build)(tape *t);
  const char *message;
} misuse;

#define MISUSE(name, expression)                                                                                       \
  static tensor *name(tape *t) {                                                                                       \
    return expression;                                                                                                 \
  }

static const int32_t far_labels[] = {0, 5, 1};
static const int32_t negative_rows[] = {0, -1};

MISUSE(add_misfit, op_add(t, input(t, 3, 4, 0), input(t, 3, 0, 0)))
MISUSE(add_longer, op_add(t, input(t, 4, 0, 0), input(t, 3, 4, 0)))
MISUSE(linear_misfit, op_linear(t, input(t, 2, 3, 0), input(t, 5, 4, 0), NULL))
MISUSE(linear_bias, op_linear(t, input(t, 2, 4, 0), input(t, 5, 4, 0), input(t, 4, 0, 0)))
MISUSE(matmul_misfit, op_matmul(t, input(t, 2, 3, 0), input(t, 2, 3, 0)))
MISUSE(matmul_batches, op_matmul(t, input(t, 2, 2, 3), input(t, 1, 3, 2)))
MISUSE(conv_channels, op_conv1d(t, input(t, 1, 3, 5), input(t, 2, 4, 1), NULL, 1, 1, 0))
MISUSE(conv_short, op_conv1d(t, input(t, 1, 2, 5), input(t, 2, 2, 3), NULL, 1, 3, 0))
MISUSE(conv_stride, op_conv1d(t, input(t, 1, 2, 5), input(t, 2, 2, 3), NULL, 0, 1, 0))
MISUSE(norm_channels, op_batch_norm(t, input(t, 4, 3, 0), input(t, 3, 0, 0), input(t, 2, 0, 0), input(t, 3, 0, 0),
                                    input(t, 3, 0, 0), 0.1f, 1e-5f))
MISUSE(layer_norm_columns, op_layer_norm(t, input(t, 4, 3, 0), input(t, 4, 0, 0), input(t, 3, 0, 0), 1e-5f))
MISUSE(reduce_axis, op_reduce_mean(t, input(t, 4, 3, 0), 2))
MISUSE(stats_misfit, op_attentive_stats(t, input(t, 2, 3, 4), input(t, 2, 3, 5)))
MISUSE(gather_row, op_gather(t, input(t, 4, 3, 0), negative_rows, 2))
MISUSE(concat_misfit, op_concat(t, (tensor *[]){input(t, 2, 3, 0), input(t, 3, 3, 0)}, 2, 1))
MISUSE(concat_nothing, op_concat(t, NULL, 0, 1))
MISUSE(slice_past, op_slice(t, input(t, 4, 3, 0), 0, 2, 3))
MISUSE(reshape_values, op_reshape(t, input(t, 4, 3, 0), 2, (int[]){5, 2}))
MISUSE(transpose_vector, op_transpose(t, input(t, 4, 0, 0)))
MISUSE(conv2d_taps, op_conv2d(t, input4(t, 1, 2, 5, 5), input4(t, 3, 2, 3, 1), NULL, 1, 1))
MISUSE(conv2d_short, op_conv2d(t, input4(t, 1, 2, 5, 2), input4(t, 3, 2, 5, 5), NULL, 1, 1))
MISUSE(conv2d_stride, op_conv2d(t, input4(t, 1, 2, 5, 5), input4(t, 3, 2, 3, 3), NULL, 0, 1))
MISUSE(spectrum_short, op_power_spectrum(t, input(t, 2, 7, 0), 8, 2, 8))
MISUSE(spectrum_odd, op_power_spectrum(t, input(t, 2, 9, 0), 8, 2, 9))
MISUSE(fft_misfit, op_fft_conv(t, input(t, 4, 8, 0), input(t, 2, 3, 0)))
MISUSE(cosine_misfit, op_cosine(t, input(t, 4, 8, 0), input(t, 4, 7, 0)))
MISUSE(mse_misfit, op_mse(t, input(t, 2, 3, 0), input(t, 3, 2, 0)))
MISUSE(label_far, op_cross_entropy(t, input(t, 3, 4, 0), far_labels))
MISUSE(label_none, op_cross_entropy(t, input(t, 3, 4, 0), NULL))
MISUSE(margin_far, op_margin_softmax(t, input(t, 3, 6, 0), far_labels, 4, 8))
MISUSE(chamfer_misfit, op_chamfer(t, input(t, 2, 4, 3), input(t, 2, 4, 2)))
MISUSE(log_floor, op_log(t, input(t, 3, 0, 0), 0))
MISUSE(log_nan_floor, op_log(t, input(t, 3, 0, 0), NAN))
MISUSE(dropout_rate, op_dropout(t, input(t, 3, 0, 0), 1))
MISUSE(relu_null, op_relu(t, NULL))
MISUSE(mul_null, op_mul(t, input(t, 3, 0, 0), NULL))
MISUSE(no_data, tape_input(t, NULL, 1, (int[]){3}))
MISUSE(no_dimension, tape_zeros(t, 2, (int[]){3, 0}))
MISUSE(too_many_dimensions, tape_zeros(t, 5, (int[]){1, 1, 1, 1, 1}))
MISUSE(too_many_values, tape_zeros(t, 4, (int[]){1 << 30, 1 << 30, 1 << 30, 1 << 30}))
MISUSE(no_randomness, op_gaussian(t, input(t, 3, 0, 0), input(t, 3, 0, 0)))

static const misuse misuses[] = {
    {add_misfit, "add: [3, 4] and [3] do not fit: "
                 "the second must have the shape of the first, its trailing shape, or one value"},
    {add_longer, "add: [4] and [3, 4] do not fit: "
                 "the second must have the shape of the first, its trailing shape, or one value"},
    {linear_misfit, "linear: [2, 3] and [5, 4] do not fit: x must end in the inputs of w [out, in]"},
    {linear_bias, "linear: [5, 4] and [4] do not fit: one bias an output"},
    {matmul_misfit, "matmul: [2, 3] and [2, 3] do not fit: [n, k] x [k, m] or [B, n, k] x [B, k, m]"},
    {matmul_batches, "matmul: [2, 2, 3] and [1, 3, 2] do not fit: [n, k] x [k, m] or [B, n, k] x [B, k, m]"},
    {conv_channels, "conv1d: [1, 3, 5] and [2, 4, 1] do not fit: x [n, c_in, length] and w [c_out, c_in, taps]"},
    {conv_short, "conv1d: [1, 2, 5] and [2, 2, 3] do not fit: the padded length must hold all taps"},
    {conv_stride, "conv1d: [2, 2, 3] does not fit: stride and dilation must be at least 1, padding at least 0"},
    {norm_channels, "batch_norm: [4, 3] and [2] do not fit: one gamma, beta, mean and variance a channel"},
    {layer_norm_columns, "layer_norm: [4, 3] and [4] do not fit: one gamma a column"},
    {reduce_axis, "reduce_mean: [4, 3] does not fit: it has no such axis"},
    {stats_misfit, "attentive_stats: [2, 3, 4] and [2, 3, 5] do not fit: x and logits must both be [n, c, length]"},
    {gather_row, "gather: row -1 at position 1 is not in 0..3"},
    {concat_misfit, "concat: [2, 3] and [3, 3] do not fit: parts may differ in the joined axis only"},
    {concat_nothing, "concat: 0 parts, at least 1 expected"},
    {slice_past, "slice: 3 values from 2 on are not in 0..3"},
    {reshape_values, "reshape: [4, 3] and [5, 2] do not fit: the number of values must stay"},
    {transpose_vector, "transpose: [4] does not fit: at least 2 dimensions"},
    {conv2d_taps, "conv2d: [1, 2, 5, 5] and [3, 2, 3, 1] do not fit: x [n, c_in, height, width] and w [c_out, c_in, "
                  "taps, taps]"},
    {conv2d_short, "conv2d: [1, 2, 5, 2] and [3, 2, 5, 5] do not fit: the padded height and width must hold all taps"},
    {conv2d_stride, "conv2d: [3, 2, 3, 3] does not fit: stride must be at least 1, padding at least 0"},
    {spectrum_short, "power_spectrum: [2, 7] does not fit: x must be [n, a window's length]"},
    {spectrum_odd,
     "power_spectrum: [2, 9] does not fit: window and hop must be at least 1, the FFT even and no shorter"},
    {fft_misfit, "fft_conv: [4, 8] and [2, 3] do not fit: x [n, length] and h [n, taps] or [1, taps]"},
    {cosine_misfit, "cosine: [4, 8] and [4, 7] do not fit: [n, d] and [n, d] or [1, d]"},
    {mse_misfit, "mse: [2, 3] and [3, 2] do not fit: both must have one shape"},
    {label_far, "cross_entropy: label 5 of row 1 is not in 0..3"},
    {label_none, "cross_entropy: [3, 4] does not fit: labels is NULL"},
    {margin_far, "margin_softmax: [3, 6] does not fit: the margin must be in [0, pi) and the scale above 0"},
    {chamfer_misfit, "chamfer: [2, 4, 3] and [2, 4, 2] do not fit: [n, p, d] and [n, q, d]"},
    {log_floor, "log: [3] does not fit: the floor must be above 0"},
    {log_nan_floor, "log: [3] does not fit: the floor must be above 0"},
    {dropout_rate, "dropout: [3] does not fit: the rate must be in [0, 1)"},
    {relu_null, "relu: input 1 is NULL"},
    {mul_null, "mul: input 2 is NULL"},
    {no_data, "input: data is NULL"},
    {no_dimension, "[3, 0] is no shape: dimension 2 is empty or too large"},
    {too_many_dimensions, "rank 5 is not in 1..4"},
    {too_many_values, "[1073741824, 1073741824, 1073741824, 1073741824] is no shape: "
                      "dimension 3 is empty or too large"},
    {no_randomness, "gaussian: the tape has no source of randomness"},
};

static void misuse_is_named(void **state) {
  tape *t = *state;
  for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
    scrim_error error = {0};
    tape_reset(t);
    assert_null(misuses[i].build(t));
    assert_int_not_equal(tape_status(t, &error), SCRIM_OK);
    assert_string_equal(error.message, misuses[i].message);
  }
}

static void the_first_cause_stays(void **state) {
  tape *t = *state;
  scrim_error error = {0};
  tensor *x = input(t, 2, 3, 0);
  tensor *wrong = op_linear(t, x, input(t, 5, 4, 0), NULL);
  assert_null(wrong);
  assert_null(op_relu(t, wrong));
  assert_null(op_relu(t, x)); /* fits, but the pass is lost */
  assert_null(input(t, 3, 0, 0));
  assert_int_equal(tape_backward(t, op_mean(t, wrong), &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "linear: [2, 3] and [5, 4] do not fit: x must end in the inputs of w [out, in]");
  tape_reset(t);
  assert_int_equal(tape_status(t, &error), SCRIM_OK);
  assert_non_null(op_relu(t, input(t, 3, 0, 0)));
}

static void training_needs_two_values_a_channel(void **state) {
  tape *t = *state;
  float mean[3] = {0}, variance[3] = {1, 1, 1};
  scrim_error error = {0};
  tape_training(t, 1);
  tensor *c = input(t, 3, 0, 0), *m = tape_input(t, mean, 1, (int[]){3}), *v = tape_input(t, variance, 1, (int[]){3});
  assert_null(op_batch_norm(t, input(t, 1, 3, 0), c, c, m, v, 0.1f, 1e-5f));
  assert_int_equal(tape_status(t, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "batch_norm: [1, 3] does not fit: training needs at least 2 values a channel");
}

/* ---- backward ---- */

static void a_root_must_be_one_value_that_wants_a_gradient(void **state) {
  tape *t = *state;
  scrim_error error = {0};
  assert_int_equal(tape_backward(t, op_relu(t, variable(t, 3, 0)), &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "backward: the root [3] is not one value");
  assert_int_equal(tape_backward(t, op_sum(t, input(t, 3, 0, 0)), &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "backward: nothing that the root depends on wants a gradient");
  assert_int_equal(tape_backward(t, NULL, &error), SCRIM_E_ARGUMENT);
  assert_string_equal(error.message, "backward: the root is NULL");
}

static void gradients_are_worked_out_only_where_wanted(void **state) {
  tape *t = *state;
  tensor *x = input(t, 2, 3, 0), *w = variable(t, 4, 3), *free_branch = op_relu(t, x);
  tensor *y = op_linear(t, free_branch, w, NULL), *dead = op_tanh(t, y), *root = op_sum(t, op_square(t, y));
  assert_non_null(dead);
  assert_int_equal(tape_backward(t, root, NULL), SCRIM_OK);
  assert_null(x->grad);
  assert_null(free_branch->grad); /* depends on nothing that wants one */
  assert_null(dead->grad);        /* the root does not depend on it */
  assert_non_null(y->grad);
  for (size_t i = 0; i < y->n; i++) assert_true(y->grad[i] == 2 * y->data[i]);
}

static void gradients_of_leaves_add_up(void **state) {
  tape *t = *state;
  tensor *x = variable(t, 3, 0), *half = op_affine(t, x, 0.5f, 0);
  tensor *first = op_sum(t, half), *second = op_sum(t, op_mul(t, half, half));
  assert_int_equal(tape_backward(t, first, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3; i++) assert_true(x->grad[i] == 0.5f);
  assert_int_equal(tape_backward(t, second, NULL), SCRIM_OK);
  /* The second root of the pass: its own d(half), on top of what x had. */
  for (size_t i = 0; i < 3; i++) assert_true(half->grad[i] == x->data[i] && x->grad[i] == 0.5f + 0.5f * x->data[i]);
}

static void a_parameter_outlives_the_pass(void **state) {
  tape *t = *state;
  float values[3] = {1, 2, 3}, grad[3] = {10, 10, 10};
  tensor p = {.rank = 1, .dim = {3}, .n = 3, .data = values, .grad = grad};
  for (int pass = 1; pass <= 2; pass++) {
    tape_reset(t);
    assert_int_equal(tape_backward(t, op_sum(t, op_square(t, &p)), NULL), SCRIM_OK);
    for (int i = 0; i < 3; i++) assert_true(grad[i] == 10 + (float)pass * 2 * values[i]);
  }
}

static void a_frozen_parameter_gets_no_gradient(void **state) {
  tape *t = *state;
  float values[3] = {1, 2, 3};
  tensor p = {.rank = 1, .dim = {3}, .n = 3, .data = values};
  tensor *x = variable(t, 3, 0);
  assert_int_equal(tape_backward(t, op_sum(t, op_mul(t, x, &p)), NULL), SCRIM_OK);
  assert_null(p.grad);
  assert_memory_equal(x->grad, values, sizeof values);
}

/* ---- memory ---- */

static void inference_keeps_no_gradients(void **state) {
  tape *t = *state;
  float values[3] = {1, 2, 3}, grad[3] = {0};
  tensor p = {.rank = 1, .dim = {3}, .n = 3, .data = values, .grad = grad};
  tensor *y = op_square(t, &p);
  assert_non_null(y);
  assert_null(y->grad); /* room for it is made by tape_backward */
}

static void a_tape_without_memory_is_no_tape(void **state) {
  (void)state;
  tape *t;
  unsigned long n = 1;
  for (;; n++) {
    scrim_error error = {0};
    memory_fail_at(n, 0);
    scrim_status status = tape_create(&t, &cpu_backend, &error);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_null(t);
    assert_string_equal(error.message, "out of memory for a tape");
  }
  assert_int_equal(n, 4);
  tape_free(t);
}

static void reset_gives_the_memory_back_to_the_next_pass(void **state) {
  tape *t = *state;
  tensor *first = op_relu(t, input(t, 3, 0, 0));
  assert_non_null(first);
  const size_t used = arena_used(t->arena);
  tape_reset(t);
  assert_int_equal(arena_used(t->arena), 0);
  assert_non_null(op_relu(t, input(t, 3, 0, 0)));
  assert_int_equal(arena_used(t->arena), used);
  assert_null(t->last->previous);
}

static void freeing_nothing_is_fine(void **state) {
  (void)state;
  tape_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(misuse_is_named, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(the_first_cause_stays, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(training_needs_two_values_a_channel, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(a_root_must_be_one_value_that_wants_a_gradient, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(gradients_are_worked_out_only_where_wanted, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(gradients_of_leaves_add_up, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(a_parameter_outlives_the_pass, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(a_frozen_parameter_gets_no_gradient, tape_setup, tape_teardown),
      cmocka_unit_test_setup_teardown(inference_keeps_no_gradients, tape_setup, tape_teardown),
      cmocka_unit_test(a_tape_without_memory_is_no_tape),
      cmocka_unit_test_setup_teardown(reset_gives_the_memory_back_to_the_next_pass, tape_setup, tape_teardown),
      cmocka_unit_test(freeing_nothing_is_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
