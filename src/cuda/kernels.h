/*
 * The launchers of the operations' kernels: device pointers, sizes, a stream. They launch and answer the launch's
 * error; nothing is waited for. What a pass does not need is left zero; gradients are added to, and may be NULL where
 * the comment says so. Matrices are row major, sizes are in values.
 */
#ifndef CUDA_KERNELS_H
#define CUDA_KERNELS_H

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A launcher of what PASS describes. */
#define LAUNCHER(name, pass) cudaError_t launch_##name(const pass *p, cudaStream_t stream)
#define LAUNCHERS(name, pass)                                                                                          \
  LAUNCHER(name##_forward, pass);                                                                                      \
  LAUNCHER(name##_backward, pass)

/* Floats of `scratch` for sums of `items` items each; where a pass has scratch, the comment gives both. */
size_t launch_sum_scratch(size_t results, size_t items);

/* ---- kernels_pointwise.cu ---- */

typedef struct binary_pass {
  const float *a, *b, *g; /* a, g [n]; b [b_n], which divides n */
  float *y, *a_grad, *b_grad;
  float *scratch; /* b_n, n / b_n: for b_grad */
  size_t n, b_n;
} binary_pass;
LAUNCHERS(add, binary_pass);
LAUNCHERS(sub, binary_pass);
LAUNCHERS(mul, binary_pass);

typedef struct unary_pass {
  const float *x, *g;
  float *y, *x_grad;
  size_t n;
  float a, b; /* attributes */
} unary_pass;
LAUNCHERS(affine, unary_pass); /* a x + b */
LAUNCHERS(relu, unary_pass);
LAUNCHERS(leaky_relu, unary_pass); /* a: slope */
LAUNCHERS(tanh, unary_pass);
LAUNCHERS(sigmoid, unary_pass);
LAUNCHERS(silu, unary_pass);
LAUNCHERS(gelu, unary_pass);
LAUNCHERS(softplus, unary_pass);
LAUNCHERS(exp, unary_pass);
LAUNCHERS(log, unary_pass); /* a: floor */
LAUNCHERS(square, unary_pass);
LAUNCHERS(sqrt, unary_pass); /* a: floor */

/* ---- kernels_noise.cu ---- */

typedef struct noise_pass {
  const float *x, *log_variance, *g; /* x: of gaussian the mean */
  float *noise;                      /* the mask, or N(0, 1): forward fills it */
  float *y, *x_grad, *log_variance_grad;
  size_t n;
  uint64_t seed;
} noise_pass;
cudaError_t launch_dropout_forward(const noise_pass *p, float rate, cudaStream_t stream);
LAUNCHER(dropout_backward, noise_pass);
LAUNCHERS(gaussian, noise_pass);

/* ---- kernels_sums.cu ---- */

/* a [outer, length, inner] -> y [outer, inner] */
typedef struct axis_pass {
  const float *a, *b, *g; /* b [inner] is added to the largest; NULL: nothing */
  float *y, *a_grad;
  int32_t *chosen; /* where along the axis the largest was found */
  float *scratch;  /* outer * inner, length: for sums */
  size_t outer, length, inner;
  float divisor; /* of the sum */
} axis_pass;
LAUNCHERS(axis_sum, axis_pass);
LAUNCHERS(axis_max, axis_pass);

/* ---- kernels_rows.cu ---- */

typedef struct row_pass {
  const float *x, *g; /* [rows, k] */
  float *y, *x_grad;
  size_t rows, k;
} row_pass;
LAUNCHERS(softmax, row_pass);
LAUNCHERS(log_softmax, row_pass);
LAUNCHERS(centre, row_pass);

typedef struct norm_pass {
  const float *x, *gamma, *beta, *g; /* x, g [rows, k] */
  float *y, *x_grad, *gamma_grad, *beta_grad;
  float *saved;   /* layer_norm: mean and scale of each row; normalize: 1 / max(|x|, epsilon) */
  float *scratch; /* k, rows: for layer_norm backward */
  size_t rows, k;
  float epsilon;
} norm_pass;
LAUNCHERS(layer_norm, norm_pass); /* any gradient may be NULL */

typedef struct attentive_pass {
  const float *x, *logits, *g; /* x, logits [rows, k]; g, y [rows / channels, 2 channels] */
  float *y, *weights;          /* weights [rows, k]: forward fills them */
  float *x_grad, *logits_grad; /* either may be NULL */
  size_t rows, k, channels;
} attentive_pass;
LAUNCHERS(attentive_stats, attentive_pass);

/* ---- kernels_cosine.cu ---- */

LAUNCHERS(normalize, norm_pass);

typedef struct cosine_pass {
  const float *a, *b, *g; /* a [rows, k], b [b_rows, k], g, y [rows]; b_rows: rows or 1 */
  float *y, *a_grad, *b_grad;
  float *inverse; /* [rows + b_rows], 1 / |a| and 1 / |b|: forward fills it */
  float *scratch; /* k, rows: for b_grad */
  size_t rows, b_rows, k;
} cosine_pass;
LAUNCHERS(cosine, cosine_pass); /* either gradient may be NULL */

/* ---- kernels_batch_norm.cu ---- */

typedef struct batch_norm_pass {
  const float *x, *gamma, *beta, *g; /* x, g [outer, c, inner] */
  float *running_mean, *running_var; /* [c]; moved along in training */
  float *y, *x_grad, *gamma_grad, *beta_grad;
  float *saved;   /* [2, c]: mean and scale */
  float *slopes;  /* [2, c]: room for backward */
  float *scratch; /* c, outer * inner */
  size_t outer, c, inner;
  float momentum, epsilon;
  int training;
} batch_norm_pass;
LAUNCHERS(batch_norm, batch_norm_pass); /* any gradient may be NULL */

/* ---- kernels_losses.cu: y and g are one value ---- */

typedef struct loss_pass {
  const float *a, *b, *g;
  float *y, *a_grad, *b_grad; /* either gradient may be NULL */
  float *scratch;             /* 1, n */
  size_t n;
  float count; /* the sum is divided by */
} loss_pass;
LAUNCHERS(mse, loss_pass);
LAUNCHERS(l1, loss_pass);
LAUNCHERS(binary_cross_entropy, loss_pass);
LAUNCHERS(kl_gaussian, loss_pass);
cudaError_t launch_hinge_forward(const loss_pass *p, float margin, cudaStream_t stream);
cudaError_t launch_hinge_backward(const loss_pass *p, float margin, cudaStream_t stream);

typedef struct class_pass {
  const float *logits, *target, *g; /* logits, target [rows, k] */
  const int32_t *labels;            /* [rows] */
  float *y, *logits_grad, *target_grad;
  float *saved;        /* [rows, k]: softmax, or for a soft target its logarithm; forward fills it */
  float *row_loss;     /* [rows]: room for forward */
  float *scratch;      /* 1, rows */
  float margin, scale; /* scale above 0: logits are cosines, and the label's angle gets the margin */
  size_t rows, k;
} class_pass;
LAUNCHERS(label_loss, class_pass);
LAUNCHERS(soft_cross_entropy, class_pass); /* either gradient may be NULL */

/* ---- kernels_shape.cu ---- */

typedef struct gather_pass {
  const float *a, *g;   /* a [a_rows, width]; g, y [rows, width] */
  const int32_t *index; /* [rows] */
  float *y, *a_grad;
  float *scratch; /* a_rows * width, rows: for backward */
  size_t a_rows, rows, width;
} gather_pass;
LAUNCHERS(gather, gather_pass);

/* `count` runs of `run` values, every from_step values in one tensor and every to_step in the other. */
typedef struct run_pass {
  const float *from;
  float *to;
  size_t from_step, to_step, run, count;
} run_pass;
LAUNCHER(copy_runs, run_pass);
LAUNCHER(add_runs, run_pass);

typedef struct transpose_pass {
  const float *x; /* [matrices, rows, columns] */
  float *y;       /* [matrices, columns, rows] */
  size_t matrices, rows, columns;
  int add; /* 1: y gets more, 0: y gets x */
} transpose_pass;
LAUNCHER(transpose, transpose_pass);

/* ---- kernels_conv.cu ---- */

/* Of a signal, an image of one line, height, taps_high and out_height are 1. */
typedef struct conv_shape {
  size_t items, c_in, height, width, c_out, taps_high, taps_wide, out_height, out_width;
  int stride, dilation, padding_high, padding_wide;
} conv_shape;
/* x [items, c_in, height, width] -> columns [c_in * taps, items * out places]; fold adds it all up again. */
cudaError_t launch_unfold(const conv_shape *s, const float *x, float *columns, cudaStream_t stream);
cudaError_t launch_fold(const conv_shape *s, const float *columns, float *x_grad, cudaStream_t stream);
/* x [c_out, items, places] -> y [items, c_out, places], plus b [c_out] or NULL; and the other way, without b. */
cudaError_t launch_channels_in(const conv_shape *s, const float *x, const float *b, float *y, cudaStream_t stream);
cudaError_t launch_channels_out(const conv_shape *s, const float *x, float *y, cudaStream_t stream);

/* y [rows, columns] = b [columns] */
cudaError_t launch_bias_forward(const float *b, float *y, size_t rows, size_t columns, cudaStream_t stream);
/* b_grad [columns] += g [rows, columns, inner] over rows and inner; scratch: columns, rows * inner. */
cudaError_t launch_bias_backward(const float *g, float *b_grad, size_t rows, size_t columns, size_t inner,
                                 float *scratch, cudaStream_t stream);

/* ---- kernels_sets.cu ---- */

typedef struct linear_max_pass {
  const float *x, *w, *g; /* x [sets, points, in], w [out, in], g [sets, out] */
  const int32_t *chosen;  /* [sets, out] */
  float *x_grad, *w_grad; /* either may be NULL */
  size_t sets, points, in, out;
} linear_max_pass;
LAUNCHER(linear_max_backward, linear_max_pass);

typedef struct neighbour_pass {
  const float *values, *places, *g; /* values, g, y [sets, points, c], places [sets, points, d] */
  float *y, *values_grad;
  int32_t *chosen; /* [sets, points, c] */
  float *distance; /* [rows, points]: room for forward, which answers the `rows` points from `first` on */
  int32_t *near;   /* [rows, k]: the same */
  size_t sets, points, c, d, k, first, rows;
} neighbour_pass;
LAUNCHERS(neighbour_max, neighbour_pass);

typedef struct chamfer_pass {
  const float *a, *b, *g; /* a [items, p, d], b [items, q, d]; y and g are one value */
  float *y, *a_grad, *b_grad;
  int32_t *chosen; /* [items * p + items * q]: forward fills it */
  float *scratch;  /* items * (p + q) floats, rounded up to an even number; then 1, items * (p + q) */
  size_t items, p, q, d;
} chamfer_pass;
LAUNCHERS(chamfer, chamfer_pass); /* either gradient may be NULL */

/* ---- kernels_spectra.cu: spectra are pairs of real and imaginary parts ---- */

typedef struct frame_shape {
  size_t items, length, frames, window, hop, size; /* size: of a frame with the zeros behind it */
} frame_shape;
/* x [items, length] -> frames [items * frames, size]; and their gradient back. */
cudaError_t launch_frames(const frame_shape *s, const float *x, float *frames, cudaStream_t stream);
cudaError_t launch_frames_slope(const frame_shape *s, const float *frames, float *x_grad, cudaStream_t stream);
cudaError_t launch_power(const float *spectrum, float *power, size_t n, cudaStream_t stream);
cudaError_t launch_power_slope(const float *spectrum, const float *g, float *to, size_t rows, size_t bins,
                               cudaStream_t stream);

/* to [rows, size] = from [rows, run], zeros behind */
cudaError_t launch_pad(const float *from, size_t run, float *to, size_t rows, size_t size, cudaStream_t stream);
/* a [rows, bins] *= scale * b [b_rows, bins], or its conjugate for sign -1; b_rows: rows or 1 */
typedef struct spectrum_pass {
  float *a;
  const float *b;
  size_t rows, b_rows, bins;
  float sign, scale;
} spectrum_pass;
LAUNCHER(spectrum_product, spectrum_pass);
/* The first row of a [rows, bins] becomes the sum of all. */
cudaError_t launch_spectrum_sum(float *a, size_t rows, size_t bins, cudaStream_t stream);

/* ---- kernels_filters.cu ---- */

typedef struct moving_pass {
  const float *x, *h, *g; /* x, g, y [channels, length], h [responses, taps] */
  float *y, *x_grad, *h_grad;
  float *scratch; /* responses * taps, channels * 2 * hop: for h_grad */
  size_t channels, length, responses, taps, hop;
} moving_pass;
LAUNCHERS(moving_filter, moving_pass); /* either gradient may be NULL */

typedef struct cepstra_pass {
  const float *c, *g; /* c [rows, order]; g, h [rows, taps] */
  float *h, *c_grad;
  size_t rows, order, taps;
} cepstra_pass;
LAUNCHERS(minimum_phase, cepstra_pass);

#undef LAUNCHERS
#undef LAUNCHER

#ifdef __cplusplus
}
#endif

#endif
