/*
 * Batch norm in vector loops. x is [outer, c, inner]; statistics are over outer and inner, summed in double.
 * Without inner dimension ("columns") the loops run along c, which is contiguous; with one ("runs") along inner.
 */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"

typedef struct cpu_channels {
  size_t outer, c, inner;
} cpu_channels;

static cpu_channels cpu_channels_of(const tensor *x) {
  const size_t outer = (size_t)x->dim[0], c = (size_t)x->dim[1];
  return (cpu_channels){.outer = outer, .c = c, .inner = x->n / (outer * c)};
}

/* ---- sums over a channel: of x, of (x - mean)^2, of g and of g (x - mean). The caller zeroes them. ---- */

VECTOR_CLONES static void cpu_column_sums(cpu_channels s, const float *restrict x, double *restrict sums) {
  for (size_t o = 0; o < s.outer; o++, x += s.c) {
    for (size_t c = 0; c < s.c; c++) sums[c] += (double)x[c];
  }
}

VECTOR_CLONES static void cpu_run_sums(cpu_channels s, const float *restrict x, double *restrict sums) {
  for (size_t r = 0; r < s.outer * s.c; r++) sums[r % s.c] += (double)vector_sum(x + r * s.inner, s.inner);
}

VECTOR_CLONES static void cpu_column_squares(cpu_channels s, const float *restrict x, const float *restrict mean,
                                             double *restrict squares) {
  for (size_t o = 0; o < s.outer; o++, x += s.c) {
    for (size_t c = 0; c < s.c; c++) {
      const float d = x[c] - mean[c];
      squares[c] += (double)(d * d);
    }
  }
}

VECTOR_CLONES static void cpu_run_squares(cpu_channels s, const float *restrict x, const float *restrict mean,
                                          double *restrict squares) {
  for (size_t r = 0; r < s.outer * s.c; r++) {
    squares[r % s.c] += (double)vector_spread(x + r * s.inner, mean[r % s.c], s.inner);
  }
}

VECTOR_CLONES static void cpu_column_products(cpu_channels s, const float *restrict x, const float *restrict mean,
                                              const float *restrict g, double *restrict sums,
                                              double *restrict products) {
  for (size_t o = 0; o < s.outer; o++, x += s.c, g += s.c) {
    for (size_t c = 0; c < s.c; c++) {
      sums[c] += (double)g[c];
      products[c] += (double)(g[c] * (x[c] - mean[c]));
    }
  }
}

VECTOR_CLONES static void cpu_run_products(cpu_channels s, const float *restrict x, const float *restrict mean,
                                           const float *restrict g, double *restrict sums, double *restrict products) {
  for (size_t r = 0; r < s.outer * s.c; r++) {
    const size_t c = r % s.c;
    sums[c] += (double)vector_sum(g + r * s.inner, s.inner);
    products[c] += (double)vector_centred_dot(x + r * s.inner, mean[c], g + r * s.inner, s.inner);
  }
}

/* ---- maps with one set of coefficients a channel ---- */

/* y = (x - mean) * scale + shift */
VECTOR_CLONES static void cpu_column_values(cpu_channels s, const float *restrict x, const float *restrict mean,
                                            const float *restrict scale, const float *restrict shift,
                                            float *restrict y) {
  for (size_t o = 0; o < s.outer; o++, x += s.c, y += s.c) {
    for (size_t c = 0; c < s.c; c++) y[c] = (x[c] - mean[c]) * scale[c] + shift[c];
  }
}

VECTOR_CLONES static void cpu_run_values(cpu_channels s, const float *restrict x, const float *restrict mean,
                                         const float *restrict scale, const float *restrict shift, float *restrict y) {
  for (size_t r = 0; r < s.outer * s.c; r++, x += s.inner, y += s.inner) {
    const float m = mean[r % s.c], k = scale[r % s.c], b = shift[r % s.c];
    for (size_t i = 0; i < s.inner; i++) y[i] = (x[i] - m) * k + b;
  }
}

/* grad += g * scale - (x - mean) * along - across */
VECTOR_CLONES static void cpu_column_slopes(cpu_channels s, const float *restrict x, const float *restrict g,
                                            const float *restrict mean, const float *restrict scale,
                                            const float *restrict along, const float *restrict across,
                                            float *restrict grad) {
  for (size_t o = 0; o < s.outer; o++, x += s.c, g += s.c, grad += s.c) {
    for (size_t c = 0; c < s.c; c++) grad[c] += g[c] * scale[c] - (x[c] - mean[c]) * along[c] - across[c];
  }
}

VECTOR_CLONES static void cpu_run_slopes(cpu_channels s, const float *restrict x, const float *restrict g,
                                         const float *restrict mean, const float *restrict scale,
                                         const float *restrict along, const float *restrict across,
                                         float *restrict grad) {
  for (size_t r = 0; r < s.outer * s.c; r++, x += s.inner, g += s.inner, grad += s.inner) {
    const float m = mean[r % s.c], k = scale[r % s.c], p = along[r % s.c], q = across[r % s.c];
    for (size_t i = 0; i < s.inner; i++) grad[i] += g[i] * k - (x[i] - m) * p - q;
  }
}

/* ---- the kernels ---- */

/* Two arrays of doubles, zeroed, then three of floats: [c] each. NULL when out of memory. */
static double *cpu_channel_scratch(node *n, size_t c) {
  double *scratch = (double *)tape_scratch(n, 7 * c);
  return scratch ? memset(scratch, 0, 2 * c * sizeof *scratch) : NULL;
}

/* Fills n->saved from the batch and moves the running statistics. sums: [2, c], zeroed. */
static void cpu_batch_statistics(node *n, double *sums) {
  const tensor *x = n->in[0];
  const cpu_channels s = cpu_channels_of(x);
  const double m = (double)(s.outer * s.inner), momentum = (double)n->at.norm.momentum;
  float *mean = n->saved, *running_mean = n->in[3]->data, *running_var = n->in[4]->data;
  double *squares = sums + s.c;
  (s.inner == 1 ? cpu_column_sums : cpu_run_sums)(s, x->data, sums);
  for (size_t c = 0; c < s.c; c++) mean[c] = (float)(sums[c] / m);
  (s.inner == 1 ? cpu_column_squares : cpu_run_squares)(s, x->data, mean, squares);
  for (size_t c = 0; c < s.c; c++) {
    n->saved[s.c + c] = (float)(1 / sqrt(squares[c] / m + (double)n->at.norm.epsilon));
    running_mean[c] = (float)((1 - momentum) * (double)running_mean[c] + momentum * (double)mean[c]);
    running_var[c] = (float)((1 - momentum) * (double)running_var[c] + momentum * squares[c] / (m - 1));
  }
}

void cpu_batch_norm_forward(node *n) {
  const tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
  const cpu_channels s = cpu_channels_of(x);
  double *sums = cpu_channel_scratch(n, s.c);
  if (!sums) return;
  if (n->training) {
    cpu_batch_statistics(n, sums);
  } else {
    memcpy(n->saved, n->in[3]->data, s.c * sizeof *n->saved);
    for (size_t c = 0; c < s.c; c++) n->saved[s.c + c] = 1 / sqrtf(n->in[4]->data[c] + n->at.norm.epsilon);
  }
  float *scale = (float *)(sums + 2 * s.c);
  for (size_t c = 0; c < s.c; c++) scale[c] = n->saved[s.c + c] * gamma->data[c];
  (s.inner == 1 ? cpu_column_values : cpu_run_values)(s, x->data, n->saved, scale, beta->data, n->out.data);
}

void cpu_batch_norm_backward(node *n) {
  tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
  const cpu_channels s = cpu_channels_of(x);
  double *sums = cpu_channel_scratch(n, s.c);
  if (!sums) return;
  double *products = sums + s.c;
  float *scale = (float *)(products + s.c), *along = scale + s.c, *across = along + s.c;
  const float *mean = n->saved, *inverse = n->saved + s.c;
  (s.inner == 1 ? cpu_column_products : cpu_run_products)(s, x->data, mean, n->out.grad, sums, products);
  /* In training the batch's mean and variance depend on x as well. */
  const double share = n->training ? 1 / (double)(s.outer * s.inner) : 0;
  for (size_t c = 0; c < s.c; c++) {
    if (gamma->grad) gamma->grad[c] += (float)(products[c] * (double)inverse[c]);
    if (beta->grad) beta->grad[c] += (float)sums[c];
    scale[c] = gamma->data[c] * inverse[c];
    along[c] = (float)((double)scale[c] * (double)inverse[c] * (double)inverse[c] * products[c] * share);
    across[c] = (float)((double)scale[c] * sums[c] * share);
  }
  if (x->grad) {
    (s.inner == 1 ? cpu_column_slopes : cpu_run_slopes)(s, x->data, n->out.grad, mean, scale, along, across, x->grad);
  }
}
