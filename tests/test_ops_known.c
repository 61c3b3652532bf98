/* Operations against answers worked out by hand, or once by PyTorch 1.13 (the call stands at each). Both backends. */
#include "tensor/tensor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

static const backend *const backends[] = {&reference_backend, &cpu_backend};
enum { N_BACKENDS = 2 };

static tape *open_tape(int which) {
  tape *t;
  assert_int_equal(tape_create(&t, backends[which], NULL), SCRIM_OK);
  return t;
}

static tensor *in1(tape *t, const float *x, int a) {
  return tape_variable(t, x, 1, (int[]){a});
}

static tensor *in2(tape *t, const float *x, int a, int b) {
  return tape_variable(t, x, 2, (int[]){a, b});
}

static tensor *in3(tape *t, const float *x, int a, int b, int c) {
  return tape_variable(t, x, 3, (int[]){a, b, c});
}

/* Within 4 roundings of float, or of 1 where the value is smaller. */
static void expect(const float *got, const float *want, size_t n) {
  for (size_t i = 0; i < n; i++) assert_float_equal(got[i], want[i], 2.4e-7f * fmaxf(1, fabsf(want[i])));
}

static void expect_one(const tensor *got, float want) {
  assert_non_null(got);
  assert_int_equal(got->n, 1);
  expect(got->data, &want, 1);
}

/* F.conv1d(torch.arange(1., 8.), [1, 10, 100], bias 0.5, stride=2, padding=2, dilation=2); also by hand:
 * the first output reads x[-2], x[0], x[2] and so 0.5 + 10 * 1 + 100 * 3. */
static void conv1d_with_stride_and_dilation(void **state) {
  (void)state;
  static const float x[] = {1, 2, 3, 4, 5, 6, 7}, w[] = {1, 10, 100}, b[] = {0.5f};
  static const float want[] = {310.5f, 531.5f, 753.5f, 75.5f};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *y = op_conv1d(t, in3(t, x, 1, 1, 7), in3(t, w, 1, 1, 3), in1(t, b, 1), 2, 2, 2);
    assert_non_null(y);
    assert_int_equal(y->dim[2], 4);
    expect(y->data, want, 4);
    tape_free(t);
  }
}

/* F.conv2d(torch.arange(1., 13.).reshape(1, 1, 3, 4), [[1, 10, 100], [2, 20, 200], [3, 30, 300]], bias 0.5, stride=2,
 * padding=1); also by hand: the first output reads the top left corner, 20 * 1 + 200 * 2 + 30 * 5 + 300 * 6 + 0.5. */
static void conv2d_with_stride_and_padding(void **state) {
  (void)state;
  static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, w[] = {1, 10, 100, 2, 20, 200, 3, 30, 300};
  static const float b[] = {0.5f}, want[] = {2370.5f, 3492.5f, 2830.5f, 3516.5f};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *image = tape_variable(t, x, 4, (int[]){1, 1, 3, 4}), *taps = tape_variable(t, w, 4, (int[]){1, 1, 3, 3});
    tensor *y = op_conv2d(t, image, taps, in1(t, b, 1), 2, 1);
    assert_non_null(y);
    assert_int_equal(y->dim[2], 2);
    assert_int_equal(y->dim[3], 2);
    expect(y->data, want, 4);
    tape_free(t);
  }
}

/* torch.fft.rfft(x[i:i + 4] * torch.hann_window(4), n=4).abs() ** 2 at i = 0 and 2; the window is 0, 0.5, 1, 0.5. */
static void power_spectrum_of_two_frames(void **state) {
  (void)state;
  static const float x[] = {1, 2, 3, 4, 5, 6, 7}, want[] = {36, 10, 0, 100, 26, 0};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *y = op_power_spectrum(t, in2(t, x, 1, 7), 4, 2, 4);
    assert_non_null(y);
    assert_int_equal(y->dim[1], 2);
    assert_int_equal(y->dim[2], 3);
    for (int i = 0; i < 6; i++) assert_float_equal(y->data[i], want[i], 1e-5f * 100);
    tape_free(t);
  }
}

/* torch.nn.BatchNorm1d(2).double() with weight [1.5, 0.5] and bias [0.1, -0.2], trained on x once, then evaluated on
 * x. */
static void batch_norm_as_pytorch_has_it(void **state) {
  (void)state;
  static const float x[] = {1, -2, 3, 0.5f, -1, 4, 2, 1.5f}, gamma[] = {1.5f, 0.5f}, beta[] = {0.1f, -0.2f};
  static const float trained[] = {-0.153545695f, -0.897485077f, 1.874819880f, -0.316247516f,
                                  -2.181911270f, 0.497485071f,  0.860637092f, -0.083752491f};
  static const float evaluated[] = {1.302320064f,  -1.052595032f, 4.050480208f, -0.037600950f,
                                    -1.445840079f, 1.383390766f,  2.676400136f, 0.368396683f};
  static const float running[] = {0.125f, 0.1f, 1.191666667f, 1.516666667f};
  /* x.grad of (y * torch.arange(8.).view(4, 2)).sum() */
  static const float slopes[] = {-3.071524881f, -0.169659674f, -0.811347157f, -0.144524127f,
                                 0.753394127f,  -0.295330378f, 3.129477918f,  0.609514178f};
  static const float weights[] = {0, 1, 2, 3, 4, 5, 6, 7};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    float statistics[] = {0, 0, 1, 1};
    for (int training = 1; training >= 0; training--) {
      tape_reset(t);
      tape_training(t, training);
      tensor *in = in2(t, x, 4, 2), *mean = tape_input(t, statistics, 1, (int[]){2});
      tensor *var = tape_input(t, statistics + 2, 1, (int[]){2});
      tensor *y = op_batch_norm(t, in, in1(t, gamma, 2), in1(t, beta, 2), mean, var, 0.1f, 1e-5f);
      assert_non_null(y);
      expect(y->data, training ? trained : evaluated, 8);
      expect(statistics, running, 4);
      assert_int_equal(tape_backward(t, op_sum(t, op_mul(t, y, in2(t, weights, 4, 2))), NULL), SCRIM_OK);
      for (int i = 0; training && i < 8; i++) assert_float_equal(in->grad[i], slopes[i], 2e-6f);
    }
    tape_free(t);
  }
}

/* The sum that convolution is, by hand. */
static void fft_conv_is_the_sum(void **state) {
  (void)state;
  static const float x[] = {1, 2, 3, 4, -1, 0, 0, 2}, h[] = {2, 0.5f, -1};
  static const float want[] = {2, 4.5f, 6, 7.5f, -1, -4, -2, -0.5f, 1, 4, 1, -2};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *y = op_fft_conv(t, in2(t, x, 2, 4), in2(t, h, 1, 3));
    assert_non_null(y);
    assert_int_equal(y->dim[1], 6);
    for (int i = 0; i < 12; i++) assert_float_equal(y->data[i], want[i], 2e-6f);
    tape_free(t);
  }
}

/* F.gelu, F.silu, F.softplus of x */
static void activations_as_pytorch_has_them(void **state) {
  (void)state;
  static const float x[] = {-3, -1, -0.25f, 0, 0.5f, 2};
  static const float gelu[] = {-0.004049695f, -0.158655254f, -0.100323417f, 0, 0.345731231f, 1.954499736f};
  static const float silu[] = {-0.142277620f, -0.268941421f, -0.109455875f, 0, 0.311229670f, 1.761594156f};
  static const float softplus[] = {0.048587352f, 0.313261688f, 0.575939417f, 0.693147182f, 0.974076986f, 2.126928091f};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *in = in1(t, x, 6);
    expect(op_gelu(t, in)->data, gelu, 6);
    expect(op_silu(t, in)->data, silu, 6);
    expect(op_softplus(t, in)->data, softplus, 6);
    tape_free(t);
  }
}

/* Values so far out that a careless formula overflows. */
static void far_values_stay_finite(void **state) {
  (void)state;
  static const float x[] = {-1e4f, 1e4f}, ones[] = {1, 0};
  static const int32_t label[] = {1};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *in = in2(t, x, 1, 2);
    expect(op_softmax(t, in)->data, (float[]){0, 1}, 2);
    expect(op_log_softmax(t, in)->data, (float[]){-2e4f, 0}, 2);
    expect(op_sigmoid(t, in)->data, (float[]){0, 1}, 2);
    expect(op_softplus(t, in)->data, (float[]){0, 1e4f}, 2);
    expect(op_tanh(t, in)->data, (float[]){-1, 1}, 2);
    expect(op_gelu(t, in)->data, (float[]){0, 1e4f}, 2);
    expect_one(op_cross_entropy(t, in, label), 0);
    expect_one(op_binary_cross_entropy(t, in, in2(t, ones, 1, 2)), 1e4f);
    tape_free(t);
  }
}

/* What is no number must stay visible. */
static void nan_comes_through(void **state) {
  (void)state;
  static const float x[] = {1, NAN, 2, 3};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *in = in1(t, x, 4);
    assert_true(isnan(op_exp(t, in)->data[1]));
    assert_true(isnan(op_tanh(t, in)->data[1]));
    assert_true(isnan(op_sigmoid(t, in)->data[1]));
    assert_true(isnan(op_gelu(t, in)->data[1]));
    assert_true(isnan(op_softmax(t, in)->data[0]));
    assert_true(isnan(op_sum(t, in)->data[0]));
    tape_free(t);
  }
}

static void norms_by_hand(void **state) {
  (void)state;
  static const float x[] = {1, 2, 4}, one[] = {1, 1, 1}, zero[] = {0, 0, 0}, a[] = {3, 4, 0, 0}, b[] = {4, 3};
  /* F.layer_norm([1, 2, 4], (3,)), in double */
  static const float layer[] = {-1.069041531f, -0.267260383f, 1.336301914f};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    expect(op_layer_norm(t, in2(t, x, 1, 3), in1(t, one, 3), in1(t, zero, 3), 1e-5f)->data, layer, 3);
    expect(op_normalize(t, in2(t, a, 2, 2), 1e-6f)->data, (float[]){0.6f, 0.8f, 0, 0}, 4);
    expect(op_cosine(t, in2(t, a, 2, 2), in2(t, b, 1, 2))->data, (float[]){0.96f, 0}, 2);
    tape_free(t);
  }
}

/* w = softmax(logits); m = (w * x).sum(); ((w * x * x).sum() - m * m).sqrt() */
static void attentive_stats_as_pytorch_has_it(void **state) {
  (void)state;
  static const float x[] = {1, 2, 4, 3}, logits[] = {0, 1, 0.5f, -1}, want[] = {2.464756489f, 1.082811236f};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *y = op_attentive_stats(t, in3(t, x, 1, 1, 4), in3(t, logits, 1, 1, 4));
    assert_non_null(y);
    for (int i = 0; i < 2; i++) assert_float_equal(y->data[i], want[i], 1e-6f);
    tape_free(t);
  }
}

static void the_first_of_equals_takes_the_gradient(void **state) {
  (void)state;
  static const float x[] = {1, 5, 3, 2, 5, 1, 5, 0, 3};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *in = in2(t, x, 3, 3), *y = op_reduce_max(t, in, 0);
    expect(y->data, (float[]){5, 5, 3}, 3);
    assert_int_equal(tape_backward(t, op_sum(t, y), NULL), SCRIM_OK);
    expect(in->grad, (float[]){0, 1, 1, 0, 0, 0, 1, 0, 0}, 9);
    tape_free(t);
  }
}

/* F.cross_entropy (labels, then distributions), F.binary_cross_entropy_with_logits */
static void losses_as_pytorch_has_them(void **state) {
  (void)state;
  static const float logits[] = {2, -1, 0.5f, 0, 3, 1}, soft[] = {0.7f, 0.2f, 0.1f, 0.1f, 0.5f, 0.4f};
  static const float bits[] = {1, 0, 0.5f, 0, 1, 1};
  static const int32_t labels[] = {0, 2};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *in = in2(t, logits, 2, 3);
    expect_one(op_cross_entropy(t, in, labels), 1.205578685f);
    expect_one(op_soft_cross_entropy(t, in, in2(t, soft, 2, 3)), 1.130578756f);
    expect_one(op_binary_cross_entropy(t, in, in2(t, bits, 2, 3)), 0.369877130f);
    tape_free(t);
  }
}

static void losses_by_hand(void **state) {
  (void)state;
  static const float a[] = {1, 2, 3, 4}, b[] = {1, 0, 6, 4}, zero[] = {0, 0, 0, 0};
  static const float cosines[] = {0.6f, 0.2f, -0.3f};
  static const float cloud[] = {0, 0, 0, 1, 0, 0}, other[] = {0, 0, 2, 1, 0, 0, 1, 3, 0};
  static const int32_t label[] = {0};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    expect_one(op_mse(t, in2(t, a, 2, 2), in2(t, b, 2, 2)), 13.0f / 4);
    expect_one(op_l1(t, in2(t, a, 2, 2), in2(t, b, 2, 2)), 5.0f / 4);
    expect_one(op_hinge(t, in2(t, a, 2, 2), 2.5f), 2.0f / 4);
    /* Mean a, variance 1: half the squared mean of each row. */
    expect_one(op_kl_gaussian(t, in2(t, a, 2, 2), in2(t, zero, 2, 2)), (1 + 4 + 9 + 16) / 2.0f / 2);
    /* c = torch.cos(torch.acos(0.6) + 0.3); F.cross_entropy(10 * [c, 0.2, -0.3], 0) */
    expect_one(op_margin_softmax(t, in2(t, cosines, 1, 3), label, 0.3f, 10), 0.228224665f);
    /* From cloud: 4 to (0, 0, 2) or 1 to (1, 0, 0): 1; then 0. From other: 4, 0, 9. */
    expect_one(op_chamfer(t, in3(t, cloud, 1, 2, 3), in3(t, other, 1, 3, 3)), 1 / 2.0f + 13 / 3.0f);
    tape_free(t);
  }
}

static void shapes_by_hand(void **state) {
  (void)state;
  static const float x[] = {1, 2, 3, 4, 5, 6};
  static const int32_t rows[] = {1, 1, 0};
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *a = in2(t, x, 2, 3), *column = op_slice(t, a, 1, 1, 1);
    expect(op_transpose(t, a)->data, (float[]){1, 4, 2, 5, 3, 6}, 6);
    expect(column->data, (float[]){2, 5}, 2);
    expect(op_concat(t, (tensor *[]){column, a}, 2, 1)->data, (float[]){2, 1, 2, 3, 5, 4, 5, 6}, 8);
    expect(op_gather(t, a, rows, 3)->data, (float[]){4, 5, 6, 4, 5, 6, 1, 2, 3}, 9);
    expect(op_reduce_mean(t, a, 0)->data, (float[]){2.5f, 3.5f, 4.5f}, 3);
    expect(op_centre(t, a)->data, (float[]){-1, 0, 1, -1, 0, 1}, 6);
    tensor *view = op_reshape(t, a, 3, (int[]){3, 1, 2});
    assert_ptr_equal(view->data, a->data);
    assert_int_equal(view->dim[2], 2);
    tape_free(t);
  }
}

/* More rows than the fast kernel takes side by side, values and gradients: bits that filters' outputs hang on. */
static void minimum_phase_has_the_bits_of_plain_c(void **state) {
  (void)state;
  enum { ROWS = 37, ORDER = 9, TAPS = 20 };
  static float cepstra[ROWS * ORDER], values[N_BACKENDS][ROWS * TAPS], slopes[N_BACKENDS][ROWS * ORDER];
  for (int i = 0; i < ROWS * ORDER; i++) cepstra[i] = 0.3f * sinf((float)(i * i));
  for (int k = 0; k < N_BACKENDS; k++) {
    tape *t = open_tape(k);
    tensor *c = in2(t, cepstra, ROWS, ORDER), *h = op_minimum_phase(t, c, TAPS);
    assert_int_equal(tape_backward(t, op_sum(t, op_square(t, h)), NULL), SCRIM_OK);
    memcpy(values[k], h->data, sizeof values[k]);
    memcpy(slopes[k], c->grad, sizeof slopes[k]);
    tape_free(t);
  }
  assert_memory_equal(values[0], values[1], sizeof values[0]);
  assert_memory_equal(slopes[0], slopes[1], sizeof slopes[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conv1d_with_stride_and_dilation),
      cmocka_unit_test(conv2d_with_stride_and_padding),
      cmocka_unit_test(power_spectrum_of_two_frames),
      cmocka_unit_test(batch_norm_as_pytorch_has_it),
      cmocka_unit_test(fft_conv_is_the_sum),
      cmocka_unit_test(activations_as_pytorch_has_them),
      cmocka_unit_test(far_values_stay_finite),
      cmocka_unit_test(nan_comes_through),
      cmocka_unit_test(norms_by_hand),
      cmocka_unit_test(attentive_stats_as_pytorch_has_it),
      cmocka_unit_test(the_first_of_equals_takes_the_gradient),
      cmocka_unit_test(losses_as_pytorch_has_them),
      cmocka_unit_test(losses_by_hand),
      cmocka_unit_test(shapes_by_hand),
      cmocka_unit_test(minimum_phase_has_the_bits_of_plain_c),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
