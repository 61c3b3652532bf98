/* Operations on rows: a warp or a block for each. Rows are [rows, k]. */
#include "cuda/kernels_parts.cuh"

/* ---- softmax ---- */

template <int group> __global__ void softmax_kernel(const float *x, float *y, size_t rows, size_t k) {
  if (ROW >= rows) return;
  x += ROW * k;
  y += ROW * k;
  float top = -INFINITY, sum = 0;
  ROW_EACH(i, k) top = fmaxf(top, x[i]);
  top = group_max<group>(top);
  ROW_EACH(i, k) sum += y[i] = expf(x[i] - top);
  sum = group_sum<group>(sum);
  ROW_EACH(i, k) y[i] /= sum;
}

cudaError_t launch_softmax_forward(const row_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(softmax_kernel, p->rows, p->k, stream, p->x, p->y, p->rows, p->k);
}

template <int group>
__global__ void softmax_slope_kernel(const float *y, const float *g, float *x_grad, size_t rows, size_t k) {
  if (ROW >= rows) return;
  y += ROW * k;
  g += ROW * k;
  x_grad += ROW * k;
  float mean = 0;
  ROW_EACH(i, k) mean += y[i] * g[i];
  mean = group_sum<group>(mean);
  ROW_EACH(i, k) x_grad[i] += y[i] * (g[i] - mean);
}

cudaError_t launch_softmax_backward(const row_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(softmax_slope_kernel, p->rows, p->k, stream, p->y, p->g, p->x_grad, p->rows, p->k);
}

template <int group> __global__ void log_softmax_kernel(const float *x, float *y, size_t rows, size_t k) {
  if (ROW >= rows) return;
  const float total = log_sum_exp<group>(x + ROW * k, k);
  ROW_EACH(i, k) y[ROW * k + i] = x[ROW * k + i] - total;
}

cudaError_t launch_log_softmax_forward(const row_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(log_softmax_kernel, p->rows, p->k, stream, p->x, p->y, p->rows, p->k);
}

template <int group>
__global__ void log_softmax_slope_kernel(const float *y, const float *g, float *x_grad, size_t rows, size_t k) {
  if (ROW >= rows) return;
  y += ROW * k;
  g += ROW * k;
  x_grad += ROW * k;
  float sum = 0;
  ROW_EACH(i, k) sum += g[i];
  sum = group_sum<group>(sum);
  ROW_EACH(i, k) x_grad[i] += g[i] - expf(y[i]) * sum;
}

cudaError_t launch_log_softmax_backward(const row_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(log_softmax_slope_kernel, p->rows, p->k, stream, p->y, p->g, p->x_grad, p->rows, p->k);
}

/* ---- layer_norm; saved: mean and scale of each row ---- */

template <int group>
__global__ void layer_norm_kernel(const float *x, const float *gamma, const float *beta, float epsilon, float *y,
                                  float *saved, size_t rows, size_t k) {
  if (ROW >= rows) return;
  x += ROW * k;
  y += ROW * k;
  float sum = 0, squares = 0;
  ROW_EACH(i, k) sum += x[i];
  const float mean = group_sum<group>(sum) / (float)k;
  ROW_EACH(i, k) squares += (x[i] - mean) * (x[i] - mean);
  const float scale = 1 / sqrtf(group_sum<group>(squares) / (float)k + epsilon);
  ROW_EACH(i, k) y[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
  if (threadIdx.x > 0) return;
  saved[2 * ROW] = mean;
  saved[2 * ROW + 1] = scale;
}

cudaError_t launch_layer_norm_forward(const norm_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(layer_norm_kernel, p->rows, p->k, stream, p->x, p->gamma, p->beta, p->epsilon, p->y, p->saved,
                     p->rows, p->k);
}

template <int group>
__global__ void layer_norm_slope_kernel(const float *x, const float *gamma, const float *saved, const float *g,
                                        float *x_grad, size_t rows, size_t k) {
  if (ROW >= rows) return;
  const float mean = saved[2 * ROW], scale = saved[2 * ROW + 1];
  x += ROW * k;
  g += ROW * k;
  x_grad += ROW * k;
  float sum = 0, weighted = 0;
  ROW_EACH(i, k) {
    sum += g[i] * gamma[i];
    weighted += g[i] * gamma[i] * (x[i] - mean) * scale;
  }
  sum = group_sum<group>(sum);
  weighted = group_sum<group>(weighted);
  ROW_EACH(i, k) {
    const float through = (sum + (x[i] - mean) * scale * weighted) / (float)k; /* by the row's mean and variance */
    x_grad[i] += scale * (g[i] * gamma[i] - through);
  }
}

/* gamma's and beta's gradient: a column of unit values times g, and of g. */
struct layer_norm_sum {
  const float *x, *saved, *g;
  size_t k;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    const float slope = g[i * k + r];
    s->a += slope * (x[i * k + r] - saved[2 * i]) * saved[2 * i + 1];
    s->b += slope;
  }
};

cudaError_t launch_layer_norm_backward(const norm_pass *p, cudaStream_t stream) {
  cudaError_t error = cudaSuccess;
  if (p->x_grad) {
    error = LAUNCH_ROWS(layer_norm_slope_kernel, p->rows, p->k, stream, p->x, p->gamma, p->saved, p->g, p->x_grad,
                        p->rows, p->k);
  }
  if (error != cudaSuccess || (!p->gamma_grad && !p->beta_grad)) return error;
  const layer_norm_sum of = {p->x, p->saved, p->g, p->k};
  const add_to_pair to = {p->gamma_grad, p->beta_grad};
  return launch_sum(p->k, p->rows, 1, of, to, p->scratch, stream);
}

/* ---- centre: a row less its mean, which is its own transpose ---- */

template <int group> __global__ void centre_kernel(const float *x, float *y, int add, size_t rows, size_t k) {
  if (ROW >= rows) return;
  x += ROW * k;
  y += ROW * k;
  float sum = 0;
  ROW_EACH(i, k) sum += x[i];
  const float mean = group_sum<group>(sum) / (float)k;
  ROW_EACH(i, k) y[i] = x[i] - mean + (add ? y[i] : 0);
}

cudaError_t launch_centre_forward(const row_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(centre_kernel, p->rows, p->k, stream, p->x, p->y, 0, p->rows, p->k);
}

cudaError_t launch_centre_backward(const row_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(centre_kernel, p->rows, p->k, stream, p->g, p->x_grad, 1, p->rows, p->k);
}

/* ---- attentive statistics: rows are [n * c, length], results [n, 2c]; saved: the weights ---- */

/* The variance is kept above this, so that the root has a gradient. */
#define VARIANCE_FLOOR 1e-12f

template <int group>
__global__ void attentive_kernel(const float *x, const float *logits, float *y, float *weights, size_t channels,
                                 size_t rows, size_t k) {
  if (ROW >= rows) return;
  x += ROW * k;
  logits += ROW * k;
  weights += ROW * k;
  float top = -INFINITY, sum = 0, mean = 0, variance = 0;
  ROW_EACH(i, k) top = fmaxf(top, logits[i]);
  top = group_max<group>(top);
  ROW_EACH(i, k) sum += weights[i] = expf(logits[i] - top);
  sum = group_sum<group>(sum);
  ROW_EACH(i, k) mean += (weights[i] /= sum) * x[i];
  mean = group_sum<group>(mean);
  ROW_EACH(i, k) variance += weights[i] * (x[i] - mean) * (x[i] - mean);
  variance = group_sum<group>(variance);
  if (threadIdx.x > 0) return;
  y += ROW / channels * 2 * channels + ROW % channels;
  y[0] = mean;
  y[channels] = sqrtf(variance > VARIANCE_FLOOR ? variance : VARIANCE_FLOOR);
}

cudaError_t launch_attentive_stats_forward(const attentive_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(attentive_kernel, p->rows, p->k, stream, p->x, p->logits, p->y, p->weights, p->channels, p->rows,
                     p->k);
}

/* Either gradient may be NULL, or both the same. */
template <int group> __global__ void attentive_slope_kernel(attentive_pass p) {
  if (ROW >= p.rows) return;
  const size_t at = ROW / p.channels * 2 * p.channels + ROW % p.channels;
  const float *x = p.x + ROW * p.k, *w = p.weights + ROW * p.k;
  const float mean = p.y[at], std = p.y[at + p.channels], g_mean = p.g[at];
  /* d(std)/d(variance) = 1 / (2 std), unless the floor holds it. */
  const float g_variance = std * std > VARIANCE_FLOOR ? p.g[at + p.channels] / (2 * std) : 0;
  float expected = 0;
  ROW_EACH(i, p.k) expected += w[i] * (g_mean * x[i] + g_variance * (x[i] - mean) * (x[i] - mean));
  expected = group_sum<group>(expected);
  ROW_EACH(i, p.k) {
    const float d = x[i] - mean;
    if (p.x_grad) p.x_grad[ROW * p.k + i] += w[i] * (g_mean + 2 * g_variance * d);
    if (p.logits_grad) p.logits_grad[ROW * p.k + i] += w[i] * (g_mean * x[i] + g_variance * d * d - expected);
  }
}

cudaError_t launch_attentive_stats_backward(const attentive_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(attentive_slope_kernel, p->rows, p->k, stream, *p);
}
