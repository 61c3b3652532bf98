/* Batch norm: x is [outer, c, inner]; statistics are over outer and inner. saved: mean [c] and scale [c]. */
#include "cuda/kernels_parts.cuh"

/* Where item i of channel c is. */
__device__ static size_t channel_at(const batch_norm_pass &p, size_t c, size_t i) {
  return (quotient(i, p.inner) * p.c + c) * p.inner + remainder_of(i, p.inner);
}

/* ---- forward ---- */

struct channel_sum {
  batch_norm_pass p;
  __device__ void operator()(size_t c, size_t i, sum_pair *s) const { s->a += p.x[channel_at(p, c, i)]; }
};

struct channel_mean_store {
  batch_norm_pass p;
  __device__ void operator()(size_t c, sum_pair s) const {
    const float mean = s.a / (float)(p.outer * p.inner);
    p.saved[c] = mean;
    p.running_mean[c] = (1 - p.momentum) * p.running_mean[c] + p.momentum * mean;
  }
};

struct channel_squares {
  batch_norm_pass p;
  __device__ void operator()(size_t c, size_t i, sum_pair *s) const {
    const float d = p.x[channel_at(p, c, i)] - p.saved[c];
    s->a += d * d;
  }
};

/* The running variance is the unbiased one. */
struct channel_scale_store {
  batch_norm_pass p;
  __device__ void operator()(size_t c, sum_pair s) const {
    const float m = (float)(p.outer * p.inner);
    p.saved[p.c + c] = 1 / sqrtf(s.a / m + p.epsilon);
    p.running_var[c] = (1 - p.momentum) * p.running_var[c] + p.momentum * s.a / (m - 1);
  }
};

/* What training found before. */
__global__ void channel_recall_kernel(batch_norm_pass p) {
  EACH(c, p.c) {
    p.saved[c] = p.running_mean[c];
    p.saved[p.c + c] = 1 / sqrtf(p.running_var[c] + p.epsilon);
  }
}

__global__ void channel_scale_kernel(batch_norm_pass p) {
  EACH(i, p.outer * p.c * p.inner) {
    const size_t c = remainder_of(quotient(i, p.inner), p.c);
    p.y[i] = (p.x[i] - p.saved[c]) * p.saved[p.c + c] * p.gamma[c] + p.beta[c];
  }
}

cudaError_t launch_batch_norm_forward(const batch_norm_pass *p, cudaStream_t stream) {
  const size_t items = p->outer * p->inner;
  const channel_sum sum = {*p};
  const channel_mean_store mean = {*p};
  const channel_squares squares = {*p};
  const channel_scale_store scale = {*p};
  cudaError_t error = cudaSuccess;
  if (!p->training) error = LAUNCH_EACH(channel_recall_kernel, p->c, stream, *p);
  if (p->training) error = launch_sum(p->c, items, p->inner == 1, sum, mean, p->scratch, stream);
  if (p->training && error == cudaSuccess) {
    error = launch_sum(p->c, items, p->inner == 1, squares, scale, p->scratch, stream);
  }
  if (error != cudaSuccess) return error;
  return LAUNCH_EACH(channel_scale_kernel, items * p->c, stream, *p);
}

/* ---- backward ---- */

struct channel_slopes {
  batch_norm_pass p;
  __device__ void operator()(size_t c, size_t i, sum_pair *s) const {
    const size_t at = channel_at(p, c, i);
    s->a += p.g[at] * (p.x[at] - p.saved[c]) * p.saved[p.c + c];
    s->b += p.g[at];
  }
};

/* slopes [2, c]: gamma's and beta's gradient of this pass, which x's needs. */
struct channel_slopes_store {
  batch_norm_pass p;
  __device__ void operator()(size_t c, sum_pair s) const {
    p.slopes[c] = s.a;
    p.slopes[p.c + c] = s.b;
    if (p.gamma_grad) p.gamma_grad[c] += s.a;
    if (p.beta_grad) p.beta_grad[c] += s.b;
  }
};

__global__ void channel_slope_kernel(batch_norm_pass p) {
  const float m = (float)(p.outer * p.inner);
  EACH(i, p.outer * p.c * p.inner) {
    const size_t c = remainder_of(quotient(i, p.inner), p.c);
    const float scale = p.saved[p.c + c], unit = (p.x[i] - p.saved[c]) * scale;
    /* In training the batch's mean and variance depend on x as well. */
    const float through = p.training ? (p.slopes[p.c + c] + unit * p.slopes[c]) / m : 0;
    p.x_grad[i] += p.gamma[c] * scale * (p.g[i] - through);
  }
}

cudaError_t launch_batch_norm_backward(const batch_norm_pass *p, cudaStream_t stream) {
  const channel_slopes of = {*p};
  const channel_slopes_store to = {*p};
  const cudaError_t error = launch_sum(p->c, p->outer * p->inner, p->inner == 1, of, to, p->scratch, stream);
  if (error != cudaSuccess || !p->x_grad) return error;
  return LAUNCH_EACH(channel_slope_kernel, p->outer * p->c * p->inner, stream, *p);
}
