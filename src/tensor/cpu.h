/* The fast kernels of the processor: OpenBLAS, FFTW and loops that compilers turn into vector code. */
#ifndef TENSOR_CPU_H
#define TENSOR_CPU_H

#include "tensor/backend.h"

#define CPU_KERNEL(name) void cpu_##name##_forward(node *n), cpu_##name##_backward(node *n)

/* cpu_pointwise.c */
CPU_KERNEL(add);
CPU_KERNEL(sub);
CPU_KERNEL(mul);
CPU_KERNEL(affine);
CPU_KERNEL(relu);
CPU_KERNEL(leaky_relu);
CPU_KERNEL(tanh);
CPU_KERNEL(sigmoid);
CPU_KERNEL(silu);
CPU_KERNEL(gelu);
CPU_KERNEL(softplus);
CPU_KERNEL(exp);
CPU_KERNEL(log);
CPU_KERNEL(square);
CPU_KERNEL(sqrt);
CPU_KERNEL(dropout);
CPU_KERNEL(gaussian);

/* cpu_blas.c */
CPU_KERNEL(linear);
CPU_KERNEL(matmul);
CPU_KERNEL(conv1d);

/* cpu_conv2d.c */
CPU_KERNEL(conv2d);

/* cpu_batch_norm.c */
CPU_KERNEL(batch_norm);

/* cpu_rows.c */
CPU_KERNEL(layer_norm);
CPU_KERNEL(softmax);
CPU_KERNEL(log_softmax);
CPU_KERNEL(cosine);
CPU_KERNEL(normalize);
CPU_KERNEL(centre);

/* cpu_reduce.c */
CPU_KERNEL(sum);
CPU_KERNEL(mean);
CPU_KERNEL(reduce_mean);
CPU_KERNEL(attentive_stats);
void cpu_reduce_max_forward(node *n);

/* cpu_points.c */
CPU_KERNEL(transpose);
void cpu_chamfer_forward(node *n);

/* cpu_maxima.c */
void cpu_linear_max_forward(node *n);
void cpu_neighbour_max_forward(node *n);

/* cpu_fft_conv.c */
CPU_KERNEL(fft_conv);

/* cpu_moving_filter.c */
CPU_KERNEL(moving_filter);

/* cpu_minimum_phase.c */
CPU_KERNEL(minimum_phase);

/* cpu_power_spectrum.c */
CPU_KERNEL(power_spectrum);

/* cpu_losses.c */
CPU_KERNEL(mse);
CPU_KERNEL(l1);
CPU_KERNEL(cross_entropy);
CPU_KERNEL(soft_cross_entropy);
CPU_KERNEL(binary_cross_entropy);
CPU_KERNEL(kl_gaussian);

#undef CPU_KERNEL

/* ---- shared by the files above ---- */

/* sums[c] += the sum of column c of g [rows, columns] */
void cpu_add_columns(const float *g, float *sums, size_t rows, size_t columns);
/* log softmax of each row of x [rows, k] */
void cpu_log_softmax_rows(const float *x, float *y, size_t rows, size_t k);
/* The sum of x[i] * y[i], precise for a long one. */
double cpu_dot_total(const float *x, const float *y, size_t n);

#endif
