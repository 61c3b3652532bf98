/* Noise: each value from the seed and its place, by the same generator as op_random.c has. */
#include "cuda/kernels_parts.cuh"

/* The i-th output of splitmix64 started at seed. */
__device__ static uint64_t noise_bits(uint64_t seed, uint64_t i) {
  uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* A value of N(0, 1): 64 bits make two. */
__device__ static float noise_normal(uint64_t seed, size_t i) {
  const uint64_t bits = noise_bits(seed, i / 2);
  const float uniform = (float)((bits >> 32) + 1) * 0x1p-32f;
  const float radius = sqrtf(-2 * logf(uniform)), angle = 6.2831853f * ((float)(bits & 0xffffff) * 0x1p-24f);
  return radius * (i % 2 ? sinf(angle) : cosf(angle));
}

/* mask: 0 or what keeps the expectation. The very bits of the CPU's. */
__global__ void dropout_kernel(uint64_t seed, uint64_t limit, float kept, const float *x, float *mask, float *y,
                               size_t n) {
  EACH(i, n) {
    mask[i] = noise_bits(seed, i) >> 11 < limit ? 0 : kept;
    y[i] = x[i] * mask[i];
  }
}

cudaError_t launch_dropout_forward(const noise_pass *p, float rate, cudaStream_t stream) {
  const uint64_t limit = (uint64_t)((double)rate * 0x1p53);
  return LAUNCH_EACH(dropout_kernel, p->n, stream, p->seed, limit, 1 / (1 - rate), p->x, p->noise, p->y, p->n);
}

__global__ void dropout_slope_kernel(const float *mask, const float *g, float *x_grad, size_t n) {
  EACH(i, n) x_grad[i] += g[i] * mask[i];
}

cudaError_t launch_dropout_backward(const noise_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(dropout_slope_kernel, p->n, stream, p->noise, p->g, p->x_grad, p->n);
}

__global__ void gaussian_kernel(uint64_t seed, const float *mean, const float *log_variance, float *noise, float *y,
                                size_t n) {
  EACH(i, n) {
    noise[i] = noise_normal(seed, i);
    y[i] = mean[i] + expf(log_variance[i] / 2) * noise[i];
  }
}

cudaError_t launch_gaussian_forward(const noise_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(gaussian_kernel, p->n, stream, p->seed, p->x, p->log_variance, p->noise, p->y, p->n);
}

/* Either gradient may be NULL, or both the same. */
__global__ void gaussian_slope_kernel(const float *log_variance, const float *noise, const float *g, float *mean_grad,
                                      float *log_variance_grad, size_t n) {
  EACH(i, n) {
    if (mean_grad) mean_grad[i] += g[i];
    if (log_variance_grad) log_variance_grad[i] += g[i] * expf(log_variance[i] / 2) * noise[i] / 2;
  }
}

cudaError_t launch_gaussian_backward(const noise_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(gaussian_slope_kernel, p->n, stream, p->log_variance, p->noise, p->g, p->x_grad,
                     p->log_variance_grad, p->n);
}
