/* The adapters of the operations: one list, from which the table is filled; and what they share. */
#ifndef CUDA_OPS_H
#define CUDA_OPS_H

#include "cuda/cuda.h"
#include "cuda/kernels.h"

/* X(kind, name) for each operation that the GPU has kernels for, in both directions: all of them. */
#define CUDA_OPS(X)                                                                                                    \
  X(OP_ADD, add)                                                                                                       \
  X(OP_SUB, sub)                                                                                                       \
  X(OP_MUL, mul)                                                                                                       \
  X(OP_AFFINE, affine)                                                                                                 \
  X(OP_RELU, relu)                                                                                                     \
  X(OP_LEAKY_RELU, leaky_relu)                                                                                         \
  X(OP_TANH, tanh)                                                                                                     \
  X(OP_SIGMOID, sigmoid)                                                                                               \
  X(OP_SILU, silu)                                                                                                     \
  X(OP_GELU, gelu)                                                                                                     \
  X(OP_SOFTPLUS, softplus)                                                                                             \
  X(OP_EXP, exp)                                                                                                       \
  X(OP_LOG, log)                                                                                                       \
  X(OP_SQUARE, square)                                                                                                 \
  X(OP_SQRT, sqrt)                                                                                                     \
  X(OP_DROPOUT, dropout)                                                                                               \
  X(OP_GAUSSIAN, gaussian)                                                                                             \
  X(OP_LINEAR, linear)                                                                                                 \
  X(OP_MATMUL, matmul)                                                                                                 \
  X(OP_CONV1D, conv1d)                                                                                                 \
  X(OP_CONV2D, conv2d)                                                                                                 \
  X(OP_BATCH_NORM, batch_norm)                                                                                         \
  X(OP_LAYER_NORM, layer_norm)                                                                                         \
  X(OP_SOFTMAX, softmax)                                                                                               \
  X(OP_LOG_SOFTMAX, log_softmax)                                                                                       \
  X(OP_SUM, sum)                                                                                                       \
  X(OP_MEAN, mean)                                                                                                     \
  X(OP_REDUCE_MEAN, reduce_mean)                                                                                       \
  X(OP_REDUCE_MAX, reduce_max)                                                                                         \
  X(OP_LINEAR_MAX, linear_max)                                                                                         \
  X(OP_NEIGHBOUR_MAX, neighbour_max)                                                                                   \
  X(OP_ATTENTIVE_STATS, attentive_stats)                                                                               \
  X(OP_GATHER, gather)                                                                                                 \
  X(OP_CONCAT, concat)                                                                                                 \
  X(OP_SLICE, slice)                                                                                                   \
  X(OP_RESHAPE, reshape)                                                                                               \
  X(OP_TRANSPOSE, transpose)                                                                                           \
  X(OP_FFT_CONV, fft_conv)                                                                                             \
  X(OP_MOVING_FILTER, moving_filter)                                                                                   \
  X(OP_MINIMUM_PHASE, minimum_phase)                                                                                   \
  X(OP_POWER_SPECTRUM, power_spectrum)                                                                                 \
  X(OP_LOG_BANDS, log_bands)                                                                                           \
  X(OP_COSINE, cosine)                                                                                                 \
  X(OP_NORMALIZE, normalize)                                                                                           \
  X(OP_CENTRE, centre)                                                                                                 \
  X(OP_MSE, mse)                                                                                                       \
  X(OP_L1, l1)                                                                                                         \
  X(OP_CROSS_ENTROPY, cross_entropy)                                                                                   \
  X(OP_SOFT_CROSS_ENTROPY, soft_cross_entropy)                                                                         \
  X(OP_BINARY_CROSS_ENTROPY, binary_cross_entropy)                                                                     \
  X(OP_KL_GAUSSIAN, kl_gaussian)                                                                                       \
  X(OP_MARGIN_SOFTMAX, margin_softmax)                                                                                 \
  X(OP_HINGE, hinge)                                                                                                   \
  X(OP_CHAMFER, chamfer)

#define CUDA_DECLARE(kind, name) void cuda_##name##_forward(node *n), cuda_##name##_backward(node *n);
CUDA_OPS(CUDA_DECLARE)
#undef CUDA_DECLARE

/*
 * Values of scratch that an adapter asks for where it can do its work in parts, unless one part alone takes more: 64
 * MiB, about what the second-level cache of a large GPU holds. Tests make it small.
 */
extern size_t cuda_most_scratch;

/* How many of `parts` at once, each of `size` values. */
static inline size_t cuda_at_once(size_t parts, size_t size) {
  const size_t most = cuda_most_scratch / size;
  return most < 1 ? 1 : most < parts ? most : parts;
}

/* Scratch of a sum and no more (kernels.h). */
static inline float *cuda_sum_scratch(node *n, size_t results, size_t items) {
  return cuda_scratch(n, launch_sum_scratch(results, items));
}

/* Values in one run of x from `axis` on: the axis itself and all dimensions after it. */
static inline size_t cuda_run(const tensor *x, int axis) {
  size_t run = 1;
  for (int i = axis; i < x->rank; i++) run *= (size_t)x->dim[i];
  return run;
}

/* ---- cuda_ops_matrix.c ---- */

/*
 * to [rows, columns] = op(a) [rows, depth] op(b) [depth, columns] + keep * to, `batch` times (0 is once), each time
 * the strides further on. Row major without gaps; `turned`: the matrix is stored as its transpose.
 */
typedef struct cuda_product {
  size_t rows, columns, depth;
  const float *a, *b;
  float *to;
  int a_turned, b_turned;
  float keep;
  size_t batch, a_stride, b_stride, to_stride;
} cuda_product;
/* 0 (sticky): it failed, or a side is more than cuBLAS counts. */
int cuda_multiply(node *n, const cuda_product *p);

/* ---- cuda_fft.c ---- */

/* Transforms of `batch` signals of one length, unscaled. */
typedef struct cuda_fft cuda_fft;
/* The tape's, made when first asked for. NULL: sticky error. */
const cuda_fft *cuda_fft_find(node *n, size_t length, size_t batch);
size_t cuda_fft_work(const cuda_fft *f); /* floats that a transform needs beside its arrays */
/* signals [batch, length] -> spectra [batch, length / 2 + 1, 2], and back, which spoils the spectra. 0: sticky. */
int cuda_fft_forward(node *n, const cuda_fft *f, float *work, float *signals, float *spectra);
int cuda_fft_inverse(node *n, const cuda_fft *f, float *work, float *spectra, float *signals);

#endif
