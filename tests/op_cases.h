/*
 * The one list of cases: each operation at odd shapes and at shapes of real use. Tests compare backends and check
 * gradients on it, bench_ops measures it. Written on `real`: op_cases_double.c includes it a second time with double.
 */
#ifndef TESTS_OP_CASES_H
#define TESTS_OP_CASES_H

#include "tensor/tensor.h"

enum { CASE_INPUTS = 5 };

typedef struct op_case {
  const char *name;
  tensor *(*build)(tape *t, tensor **in, const struct op_case *c);
  int shape[CASE_INPUTS][TENSOR_MAX_RANK]; /* 0 after the last dimension; an input without dimensions is absent */
  float range[2];                          /* values are uniform between the two; 0, 0: -1 to 1 */
  int i[3];                                /* attributes, as build takes them */
  float f[2];
  int frozen;    /* bit k: input k wants no gradient, and its values are 0.5 to 1.5 (running statistics) */
  int inference; /* 1: not in training mode */
  int large;     /* 1: a shape of real use: few gradient probes, but measured by bench_ops */
} op_case;

/* ---- builders ---- */

#define CASE_BUILD(name, expression)                                                                                   \
  static tensor *build_##name(tape *t, tensor **in, const op_case *c) {                                                \
    (void)c;                                                                                                           \
    return expression;                                                                                                 \
  }

/* Labels and rows below 5, repeated ones among them. */
static const int32_t case_labels[64] = {0, 3, 1, 4, 2, 2, 0, 1, 3, 3, 4, 0, 2, 1, 1, 4, 0, 3, 1, 4, 2, 2,
                                        0, 1, 3, 3, 4, 0, 2, 1, 1, 4, 0, 3, 1, 4, 2, 2, 0, 1, 3, 3, 4, 0,
                                        2, 1, 1, 4, 0, 3, 1, 4, 2, 2, 0, 1, 3, 3, 4, 0, 2, 1, 1, 4};

CASE_BUILD(add, op_add(t, in[0], in[1]))
CASE_BUILD(sub, op_sub(t, in[0], in[1]))
CASE_BUILD(mul, op_mul(t, in[0], in[1]))
CASE_BUILD(mul_self, op_mul(t, in[0], in[0]))
CASE_BUILD(affine, op_affine(t, in[0], c->f[0], c->f[1]))
CASE_BUILD(relu, op_relu(t, in[0]))
CASE_BUILD(leaky_relu, op_leaky_relu(t, in[0], c->f[0]))
CASE_BUILD(tanh, op_tanh(t, in[0]))
CASE_BUILD(sigmoid, op_sigmoid(t, in[0]))
CASE_BUILD(silu, op_silu(t, in[0]))
CASE_BUILD(gelu, op_gelu(t, in[0]))
CASE_BUILD(softplus, op_softplus(t, in[0]))
CASE_BUILD(exp, op_exp(t, in[0]))
CASE_BUILD(log, op_log(t, in[0], c->f[0]))
CASE_BUILD(square, op_square(t, in[0]))
CASE_BUILD(sqrt, op_sqrt(t, in[0], c->f[0]))
CASE_BUILD(dropout, op_dropout(t, in[0], c->f[0]))
CASE_BUILD(gaussian, op_gaussian(t, in[0], in[1]))
CASE_BUILD(linear, op_linear(t, in[0], in[1], in[2]))
CASE_BUILD(matmul, op_matmul(t, in[0], in[1]))
CASE_BUILD(conv1d, op_conv1d(t, in[0], in[1], in[2], c->i[0], c->i[1], c->i[2]))
CASE_BUILD(conv2d, op_conv2d(t, in[0], in[1], in[2], c->i[0], c->i[1]))
CASE_BUILD(batch_norm, op_batch_norm(t, in[0], in[1], in[2], in[3], in[4], 0.1f, 1e-5f))
CASE_BUILD(layer_norm, op_layer_norm(t, in[0], in[1], in[2], 1e-5f))
CASE_BUILD(softmax, op_softmax(t, in[0]))
CASE_BUILD(log_softmax, op_log_softmax(t, in[0]))
CASE_BUILD(sum, op_sum(t, in[0]))
CASE_BUILD(mean, op_mean(t, in[0]))
CASE_BUILD(reduce_mean, op_reduce_mean(t, in[0], c->i[0]))
CASE_BUILD(reduce_max, op_reduce_max(t, in[0], c->i[0]))
CASE_BUILD(linear_max, op_linear_max(t, in[0], in[1], in[2]))
CASE_BUILD(neighbour_max, op_neighbour_max(t, in[0], in[1], c->i[0]))
CASE_BUILD(attentive_stats, op_attentive_stats(t, in[0], in[1]))
CASE_BUILD(gather, op_gather(t, in[0], case_labels, c->i[0]))
CASE_BUILD(concat, op_concat(t, in, c->i[1], c->i[0]))
CASE_BUILD(slice, op_slice(t, in[0], c->i[0], c->i[1], c->i[2]))
CASE_BUILD(reshape, op_reshape(t, in[0], 2, (int[]){c->i[0], c->i[1]}))
CASE_BUILD(transpose, op_transpose(t, in[0]))
CASE_BUILD(fft_conv, op_fft_conv(t, in[0], in[1]))
CASE_BUILD(power_spectrum, op_power_spectrum(t, in[0], c->i[0], c->i[1], c->i[2]))
/* Of 4 bands and 9 bins; the list's weights are 0 nowhere. */
static const int32_t case_covers[26] = {0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4};
CASE_BUILD(log_bands, op_log_bands(t, in[0], in[1], case_covers, c->f[0], c->i[0]))
CASE_BUILD(moving_filter, op_moving_filter(t, in[0], in[1], c->i[0]))
CASE_BUILD(minimum_phase, op_minimum_phase(t, in[0], c->i[0]))
CASE_BUILD(cosine, op_cosine(t, in[0], in[1]))
CASE_BUILD(normalize, op_normalize(t, in[0], c->f[0]))
CASE_BUILD(centre, op_centre(t, in[0]))
CASE_BUILD(mse, op_mse(t, in[0], in[1]))
CASE_BUILD(l1, op_l1(t, in[0], in[1]))
CASE_BUILD(cross_entropy, op_cross_entropy(t, in[0], case_labels))
CASE_BUILD(soft_cross_entropy, op_soft_cross_entropy(t, in[0], op_softmax(t, in[1])))
CASE_BUILD(unnormalised_target, op_soft_cross_entropy(t, in[0], in[1]))
CASE_BUILD(binary_cross_entropy, op_binary_cross_entropy(t, in[0], in[1]))
CASE_BUILD(kl_gaussian, op_kl_gaussian(t, in[0], in[1]))
CASE_BUILD(margin_softmax, op_margin_softmax(t, in[0], case_labels, c->f[0], c->f[1]))
CASE_BUILD(hinge, op_hinge(t, in[0], c->f[0]))
CASE_BUILD(chamfer, op_chamfer(t, in[0], in[1]))

/* One input on two ways: their gradients must add up. */
static tensor *build_fork(tape *t, tensor **in, const op_case *c) {
  (void)c;
  tensor *a = op_tanh(t, in[0]);
  return op_add(t, op_mul(t, a, op_relu(t, a)), op_square(t, in[0]));
}

/* A layer as networks have it. */
static tensor *build_network(tape *t, tensor **in, const op_case *c) {
  (void)c;
  tensor *hidden = op_layer_norm(t, op_linear(t, in[0], in[1], in[2]), in[3], in[2], 1e-5f);
  return op_cross_entropy(t, op_linear(t, op_relu(t, hidden), in[4], NULL), case_labels);
}

/* ---- the list ---- */

#define NORM_SHAPES(c)                                                                                                 \
  {c}, {c}, {c}, {                                                                                                     \
    c                                                                                                                  \
  }

static const op_case op_cases[] = {
    {"add", build_add, .shape = {{3, 7}, {3, 7}}},
    {"add, trailing shape", build_add, .shape = {{4, 3, 7}, {3, 7}}},
    {"add, one value", build_add, .shape = {{5, 31}, {1}}},
    {"add, three columns", build_add, .shape = {{301, 3}, {3}}},
    {"sub", build_sub, .shape = {{2, 3, 7}, {2, 3, 7}}},
    {"sub, trailing shape", build_sub, .shape = {{5, 70}, {70}}},
    {"mul", build_mul, .shape = {{3, 37}, {3, 37}}},
    {"mul, trailing shape", build_mul, .shape = {{5, 70}, {70}}},
    {"mul, one value", build_mul, .shape = {{5, 131}, {1}}},
    {"mul, two columns", build_mul, .shape = {{301, 2}, {2}}},
    {"mul by itself", build_mul_self, .shape = {{3, 37}}},
    {"affine", build_affine, .shape = {{3, 37}}, .f = {-2.5f, 0.75f}},
    {"relu", build_relu, .shape = {{3, 37}}},
    {"leaky_relu", build_leaky_relu, .shape = {{3, 37}}, .f = {0.2f}},
    {"tanh", build_tanh, .shape = {{3, 37}}, .range = {-4, 4}},
    {"sigmoid", build_sigmoid, .shape = {{3, 37}}, .range = {-6, 6}},
    {"silu", build_silu, .shape = {{3, 37}}, .range = {-6, 6}},
    {"gelu", build_gelu, .shape = {{3, 37}}, .range = {-4, 4}},
    {"softplus", build_softplus, .shape = {{3, 37}}, .range = {-6, 6}},
    {"exp", build_exp, .shape = {{3, 37}}, .range = {-5, 5}},
    {"log", build_log, .shape = {{3, 37}}, .range = {0.05f, 9}, .f = {1e-6f}},
    {"log, at its floor", build_log, .shape = {{3, 37}}, .f = {0.25f}},
    {"square", build_square, .shape = {{3, 37}}, .range = {-4, 4}},
    {"sqrt", build_sqrt, .shape = {{3, 37}}, .range = {0.05f, 9}, .f = {1e-6f}},
    {"sqrt, at its floor", build_sqrt, .shape = {{3, 37}}, .f = {0.25f}},
    {"dropout", build_dropout, .shape = {{3, 37}}, .f = {0.3f}},
    {"dropout, inference", build_dropout, .shape = {{3, 37}}, .f = {0.3f}, .inference = 1},
    {"gaussian", build_gaussian, .shape = {{5, 3}, {5, 3}}},
    {"linear", build_linear, .shape = {{3, 5}, {7, 5}, {7}}},
    {"linear without bias", build_linear, .shape = {{3, 5}, {7, 5}}},
    {"linear, three dimensions", build_linear, .shape = {{2, 3, 5}, {4, 5}, {4}}},
    {"linear, one row", build_linear, .shape = {{1, 17}, {9, 17}, {9}}},
    {"matmul", build_matmul, .shape = {{3, 5}, {5, 4}}},
    {"matmul, batched", build_matmul, .shape = {{2, 3, 5}, {2, 5, 4}}},
    {"conv1d", build_conv1d, .shape = {{2, 3, 11}, {4, 3, 3}, {4}}, .i = {1, 1, 1}},
    {"conv1d, one tap", build_conv1d, .shape = {{2, 3, 11}, {4, 3, 1}, {4}}, .i = {1, 1, 0}},
    {"conv1d, stride and dilation", build_conv1d, .shape = {{2, 3, 17}, {2, 3, 3}}, .i = {2, 3, 2}},
    {"conv1d, more padding than signal", build_conv1d, .shape = {{1, 2, 3}, {2, 2, 3}, {2}}, .i = {3, 2, 7}},
    {"conv2d", build_conv2d, .shape = {{2, 3, 5, 7}, {4, 3, 3, 3}, {4}}, .i = {1, 1}},
    {"conv2d, one tap", build_conv2d, .shape = {{2, 3, 5, 7}, {4, 3, 1, 1}, {4}}, .i = {1, 0}},
    {"conv2d, stride", build_conv2d, .shape = {{2, 2, 9, 6}, {3, 2, 3, 3}}, .i = {2, 1}},
    {"conv2d, one tap, stride", build_conv2d, .shape = {{2, 3, 5, 8}, {4, 3, 1, 1}}, .i = {2, 0}},
    {"conv2d, more padding than image", build_conv2d, .shape = {{1, 2, 2, 1}, {2, 2, 3, 3}, {2}}, .i = {3, 5}},
    {"batch_norm", build_batch_norm, .shape = {{7, 5}, NORM_SHAPES(5)}, .frozen = 24},
    {"batch_norm, length", build_batch_norm, .shape = {{3, 5, 19}, NORM_SHAPES(5)}, .frozen = 24},
    {"batch_norm, image", build_batch_norm, .shape = {{3, 5, 4, 3}, NORM_SHAPES(5)}, .frozen = 24},
    {"batch_norm, inference", build_batch_norm, .shape = {{7, 5}, NORM_SHAPES(5)}, .frozen = 24, .inference = 1},
    {"batch_norm, inference, length", build_batch_norm, .shape = {{2, 5, 19}, NORM_SHAPES(5)}, .frozen = 24,
     .inference = 1},
    {"layer_norm", build_layer_norm, .shape = {{2, 3, 37}, {37}, {37}}},
    {"softmax", build_softmax, .shape = {{5, 37}}, .range = {-4, 4}},
    {"softmax, two columns", build_softmax, .shape = {{5, 2}}, .range = {-4, 4}},
    {"log_softmax", build_log_softmax, .shape = {{5, 37}}, .range = {-4, 4}},
    {"sum", build_sum, .shape = {{3, 37}}},
    {"mean", build_mean, .shape = {{3, 37}}},
    {"reduce_mean, first axis", build_reduce_mean, .shape = {{4, 3, 5}}, .i = {0}},
    {"reduce_mean, middle axis", build_reduce_mean, .shape = {{4, 3, 5}}, .i = {1}},
    {"reduce_mean, last axis", build_reduce_mean, .shape = {{4, 37}}, .i = {1}},
    {"reduce_mean, only axis", build_reduce_mean, .shape = {{37}}, .i = {0}},
    {"reduce_max, first axis", build_reduce_max, .shape = {{4, 3, 5}}, .i = {0}},
    {"reduce_max, middle axis", build_reduce_max, .shape = {{4, 3, 5}}, .i = {1}},
    {"reduce_max, last axis", build_reduce_max, .shape = {{4, 37}}, .i = {1}},
    {"linear_max", build_linear_max, .shape = {{2, 9, 5}, {7, 5}, {7}}},
    {"linear_max without bias, more points than a block", build_linear_max, .shape = {{1, 300, 3}, {4, 3}}},
    {"neighbour_max", build_neighbour_max, .shape = {{2, 11, 3}, {2, 11, 2}}, .i = {4}},
    {"neighbour_max, all of few", build_neighbour_max, .shape = {{1, 3, 2}, {1, 3, 3}}, .i = {8}},
    {"neighbour_max, more points than a block", build_neighbour_max, .shape = {{1, 90, 2}, {1, 90, 3}}, .i = {5}},
    {"attentive_stats", build_attentive_stats, .shape = {{2, 3, 21}, {2, 3, 21}}, .range = {-2, 2}},
    {"gather", build_gather, .shape = {{5, 3}}, .i = {9}},
    {"gather, three dimensions", build_gather, .shape = {{5, 2, 3}}, .i = {4}},
    {"concat, last axis", build_concat, .shape = {{3, 4}, {3, 5}, {3, 1}}, .i = {1, 3}},
    {"concat, first axis", build_concat, .shape = {{2, 4}, {3, 4}}, .i = {0, 2}},
    {"concat, middle axis", build_concat, .shape = {{2, 3, 4}, {2, 1, 4}}, .i = {1, 2}},
    {"slice, last axis", build_slice, .shape = {{3, 9}}, .i = {1, 2, 5}},
    {"slice, first axis", build_slice, .shape = {{5, 9}}, .i = {0, 1, 3}},
    {"slice, middle axis", build_slice, .shape = {{2, 5, 3}}, .i = {1, 4, 1}},
    {"reshape", build_reshape, .shape = {{3, 8}}, .i = {4, 6}},
    {"transpose", build_transpose, .shape = {{3, 7}}},
    {"transpose, batched", build_transpose, .shape = {{2, 3, 7}}},
    {"fft_conv", build_fft_conv, .shape = {{3, 19}, {3, 7}}},
    {"fft_conv, one filter", build_fft_conv, .shape = {{3, 19}, {1, 30}}},
    {"fft_conv, one tap", build_fft_conv, .shape = {{2, 5}, {2, 1}}},
    {"power_spectrum", build_power_spectrum, .shape = {{2, 41}}, .i = {12, 5, 16}},
    {"power_spectrum, no zeros behind", build_power_spectrum, .shape = {{1, 20}}, .i = {10, 10, 10}},
    {"power_spectrum, gaps", build_power_spectrum, .shape = {{1, 31}}, .i = {7, 11, 8}},
    {"log_bands", build_log_bands, .shape = {{2, 37, 9}, {4, 9}}, .range = {0, 2}, .f = {0.1f}, .i = {1}, .frozen = 2},
    {"log_bands, one frame, not centred", build_log_bands, .shape = {{3, 1, 9}, {4, 9}}, .range = {0, 2}, .f = {0.1f},
     .frozen = 2},
    {"log_bands, some at the floor", build_log_bands, .shape = {{1, 21, 9}, {4, 9}}, .range = {0, 2}, .f = {9},
     .i = {1}, .frozen = 2},
    {"moving_filter", build_moving_filter, .shape = {{2, 23}, {4, 5}}, .i = {8}},
    {"moving_filter, more taps than signal", build_moving_filter, .shape = {{1, 6}, {3, 9}}, .i = {3}},
    {"moving_filter, responses to spare", build_moving_filter, .shape = {{1, 9}, {7, 3}}, .i = {2}},
    {"moving_filter, one sample", build_moving_filter, .shape = {{1, 1}, {1, 3}}, .i = {4}},
    {"minimum_phase", build_minimum_phase, .shape = {{3, 5}}, .i = {12}},
    {"minimum_phase, more rows than go side by side", build_minimum_phase, .shape = {{70, 4}}, .i = {6}},
    {"minimum_phase, fewer taps than cepstra", build_minimum_phase, .shape = {{2, 9}}, .i = {4}},
    {"minimum_phase, one tap", build_minimum_phase, .shape = {{2, 3}}, .i = {1}},
    {"cosine", build_cosine, .shape = {{4, 21}, {4, 21}}},
    {"cosine to one", build_cosine, .shape = {{4, 21}, {1, 21}}},
    {"normalize", build_normalize, .shape = {{4, 21}}, .f = {1e-8f}},
    {"normalize, at its floor", build_normalize, .shape = {{4, 3}}, .f = {0.9f}},
    {"centre", build_centre, .shape = {{2, 3, 37}}},
    {"mse", build_mse, .shape = {{3, 37}, {3, 37}}},
    {"l1", build_l1, .shape = {{3, 37}, {3, 37}}},
    {"cross_entropy", build_cross_entropy, .shape = {{7, 5}}, .range = {-4, 4}},
    {"soft_cross_entropy", build_soft_cross_entropy, .shape = {{7, 5}, {7, 5}}, .range = {-4, 4}},
    {"soft_cross_entropy, any target", build_unnormalised_target, .shape = {{7, 5}, {7, 5}}},
    {"binary_cross_entropy", build_binary_cross_entropy, .shape = {{7, 5}, {7, 5}}, .range = {-4, 4}},
    {"kl_gaussian", build_kl_gaussian, .shape = {{7, 5}, {7, 5}}, .range = {-2, 2}},
    {"margin_softmax", build_margin_softmax, .shape = {{7, 6}}, .range = {-0.9f, 0.9f}, .f = {0.2f, 8}},
    {"margin_softmax, past pi", build_margin_softmax, .shape = {{7, 6}}, .range = {-0.99f, -0.4f}, .f = {1.5f, 8}},
    {"hinge", build_hinge, .shape = {{3, 7}}, .f = {0.3f}},
    {"chamfer", build_chamfer, .shape = {{2, 9, 3}, {2, 7, 3}}},
    {"one input twice", build_fork, .shape = {{3, 7}}},
    {"two layers", build_network, .shape = {{7, 6}, {9, 6}, {9}, {9}, {5, 9}}},

    /* Shapes of use: the reformer of 100 classes, a speaker network, a patch of points. */
    {"add 50x512", build_add, .shape = {{50, 512}, {512}}, .large = 1},
    {"mul 4096x3", build_mul, .shape = {{4096, 3}, {3}}, .large = 1},
    {"relu 50x512", build_relu, .shape = {{50, 512}}, .large = 1},
    {"tanh 50x512", build_tanh, .shape = {{50, 512}}, .range = {-4, 4}, .large = 1},
    {"sigmoid 50x512", build_sigmoid, .shape = {{50, 512}}, .range = {-4, 4}, .large = 1},
    {"silu 50x512", build_silu, .shape = {{50, 512}}, .range = {-4, 4}, .large = 1},
    {"gelu 50x512", build_gelu, .shape = {{50, 512}}, .range = {-4, 4}, .large = 1},
    {"softplus 50x512", build_softplus, .shape = {{50, 512}}, .range = {-4, 4}, .large = 1},
    {"exp 50x512", build_exp, .shape = {{50, 512}}, .range = {-4, 4}, .large = 1},
    {"log 50x512", build_log, .shape = {{50, 512}}, .range = {0.05f, 9}, .f = {1e-6f}, .large = 1},
    {"dropout 50x512", build_dropout, .shape = {{50, 512}}, .f = {0.3f}, .large = 1},
    {"gaussian 50x20", build_gaussian, .shape = {{50, 20}, {50, 20}}, .large = 1},
    {"linear 50x256 -> 512", build_linear, .shape = {{50, 256}, {512, 256}, {512}}, .large = 1},
    {"matmul 64x128 x 128x64", build_matmul, .shape = {{64, 128}, {128, 64}}, .large = 1},
    {"conv1d 4x64x200, 3 taps, dilation 2", build_conv1d, .shape = {{4, 64, 200}, {64, 64, 3}, {64}}, .i = {1, 2, 2},
     .large = 1},
    {"conv2d 1x24x16x40, 3x3 taps", build_conv2d, .shape = {{1, 24, 16, 40}, {24, 24, 3, 3}}, .i = {1, 1}, .large = 1},
    {"batch_norm 50x512", build_batch_norm, .shape = {{50, 512}, NORM_SHAPES(512)}, .frozen = 24, .large = 1},
    {"batch_norm 8x64x200", build_batch_norm, .shape = {{8, 64, 200}, NORM_SHAPES(64)}, .frozen = 24, .large = 1},
    {"layer_norm 64x256", build_layer_norm, .shape = {{64, 256}, {256}, {256}}, .large = 1},
    {"softmax 50x100", build_softmax, .shape = {{50, 100}}, .range = {-4, 4}, .large = 1},
    {"log_softmax 50x100", build_log_softmax, .shape = {{50, 100}}, .range = {-4, 4}, .large = 1},
    {"mean 50x512", build_mean, .shape = {{50, 512}}, .large = 1},
    {"reduce_max 8x256x64", build_reduce_max, .shape = {{8, 256, 64}}, .i = {1}, .large = 1},
    {"linear_max 2x512x128 -> 256", build_linear_max, .shape = {{2, 512, 128}, {256, 128}, {256}}, .large = 1},
    {"neighbour_max 2x256x32, 16 of 3", build_neighbour_max, .shape = {{2, 256, 32}, {2, 256, 3}}, .i = {16},
     .large = 1},
    {"attentive_stats 8x64x200", build_attentive_stats, .shape = {{8, 64, 200}, {8, 64, 200}}, .range = {-2, 2},
     .large = 1},
    {"concat 50x100, 50x100", build_concat, .shape = {{50, 100}, {50, 100}}, .i = {1, 2}, .large = 1},
    {"transpose 128x256", build_transpose, .shape = {{128, 256}}, .large = 1},
    {"fft_conv 4x4000, 400 taps", build_fft_conv, .shape = {{4, 4000}, {1, 400}}, .large = 1},
    {"power_spectrum 1x2000", build_power_spectrum, .shape = {{1, 2000}}, .i = {400, 160, 512}, .large = 1},
    {"moving_filter 1x16000, 51 responses of 160", build_moving_filter, .shape = {{1, 16000}, {51, 160}}, .i = {320},
     .large = 1},
    {"minimum_phase 51x96", build_minimum_phase, .shape = {{51, 96}}, .range = {-0.1f, 0.1f}, .i = {160}, .large = 1},
    {"cosine 64x192", build_cosine, .shape = {{64, 192}, {64, 192}}, .large = 1},
    {"normalize 64x192", build_normalize, .shape = {{64, 192}}, .f = {1e-8f}, .large = 1},
    {"mse 50x100", build_mse, .shape = {{50, 100}, {50, 100}}, .large = 1},
    {"cross_entropy 50x100", build_cross_entropy, .shape = {{50, 100}}, .range = {-4, 4}, .large = 1},
    {"soft_cross_entropy 50x100", build_soft_cross_entropy, .shape = {{50, 100}, {50, 100}}, .range = {-4, 4},
     .large = 1},
    {"kl_gaussian 50x20", build_kl_gaussian, .shape = {{50, 20}, {50, 20}}, .large = 1},
    {"chamfer 2x256x3", build_chamfer, .shape = {{2, 256, 3}, {2, 256, 3}}, .large = 1},
};

enum { N_OP_CASES = sizeof op_cases / sizeof op_cases[0] };

/* ---- running a case ---- */

static inline int case_rank(const op_case *c, int input) {
  int rank = 0;
  while (rank < TENSOR_MAX_RANK && c->shape[input][rank]) rank++;
  return rank;
}

static inline size_t case_values(const op_case *c, int input) {
  size_t n = 1;
  for (int i = 0; i < case_rank(c, input); i++) n *= (size_t)c->shape[input][i];
  return case_rank(c, input) ? n : 0;
}

/* In 0..1, 24 bits: the same number in float and in double. */
static inline real case_uniform(unsigned stream, size_t i) {
  uint64_t z = ((uint64_t)stream << 32) + i * UINT64_C(0x9e3779b97f4a7c15) + 1;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (real)(z >> 40) * (real)0x1p-24;
}

/* The values of an input [case_values], rounded to float. */
static inline void case_fill(const op_case *c, int input, real *x) {
  float low = c->range[0], high = c->range[1];
  if (low == 0 && high == 0) low = -1, high = 1;
  if (c->frozen >> input & 1) low = 0.5f, high = 1.5f;
  for (size_t i = 0; i < case_values(c, input); i++) {
    x[i] = (real)(float)((real)low + (real)(high - low) * case_uniform((unsigned)input + 1, i));
  }
}

typedef struct case_run {
  tensor *in[CASE_INPUTS]; /* NULL where absent */
  tensor *out;
  tensor *loss; /* the sum of out, weighed with numbers of -1..1, so that each value has a gradient of its own */
} case_run;

/* Builds a case on a reset tape from values[k] of each input. loss is NULL on failure, and for more outputs than
 * weights. */
static inline case_run case_build(tape *t, const op_case *c, real *const values[CASE_INPUTS], const real *weights,
                                  size_t n_weights) {
  case_run r = {0};
  tape_training(t, !c->inference);
  for (int k = 0; k < CASE_INPUTS; k++) {
    const int rank = case_rank(c, k);
    if (rank == 0) continue;
    r.in[k] = (c->frozen >> k & 1 ? tape_input : tape_variable)(t, values[k], rank, c->shape[k]);
  }
  r.out = c->build(t, r.in, c);
  if (r.out && r.out->n <= n_weights)
    r.loss = op_sum(t, op_mul(t, r.out, tape_input(t, weights, r.out->rank, r.out->dim)));
  return r;
}

#endif
