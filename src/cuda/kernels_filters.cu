/* A filter that moves, as the sum that it is, and responses of minimum phase by a recursion. */
#include "cuda/kernels_parts.cuh"

/* ---- moving filter: y[i + k] += x[i] * h(i)[k], h(i) between two of the responses [responses, taps] ---- */

/* Tap k of what sample i passes. */
__device__ static float moving_tap(const moving_pass &p, size_t i, size_t k) {
  const size_t at = quotient(i, p.hop), next = at + 1 < p.responses ? at + 1 : at;
  const float share = (float)(i - at * p.hop) / (float)p.hop;
  return (1 - share) * p.h[at * p.taps + k] + share * p.h[next * p.taps + k];
}

__global__ void moving_kernel(moving_pass p) {
  EACH(i, p.channels * p.length) {
    const size_t at = remainder_of(i, p.length);
    float sum = 0;
    for (size_t k = 0; k < p.taps && k <= at; k++) sum += p.x[i - k] * moving_tap(p, at - k, k);
    p.y[i] = sum;
  }
}

cudaError_t launch_moving_filter_forward(const moving_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(moving_kernel, p->channels * p->length, stream, *p);
}

__global__ void moving_x_kernel(moving_pass p) {
  EACH(i, p.channels * p.length) {
    const size_t at = remainder_of(i, p.length);
    float sum = 0;
    for (size_t k = 0; k < p.taps && at + k < p.length; k++) sum += p.g[i + k] * moving_tap(p, at, k);
    p.x_grad[i] += sum;
  }
}

/*
 * Tap k of response j, r = j * taps + k, meets the samples within a hop of j * hop in all channels: item i is one of
 * 2 * hop places in a channel.
 */
struct moving_h_sum {
  moving_pass p;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    const size_t j = quotient(r, p.taps), k = r - j * p.taps, channel = quotient(i, 2 * p.hop);
    const int64_t away = (int64_t)(i - channel * 2 * p.hop) - (int64_t)p.hop, at = (int64_t)(j * p.hop) + away;
    if (at < 0 || at + (int64_t)k >= (int64_t)p.length) return;
    const float weight = (float)((int64_t)p.hop - (away < 0 ? -away : away)) / (float)p.hop;
    const size_t sample = channel * p.length + (size_t)at;
    s->a += weight * p.g[sample + k] * p.x[sample];
  }
};

cudaError_t launch_moving_filter_backward(const moving_pass *p, cudaStream_t stream) {
  cudaError_t error = cudaSuccess;
  if (p->x_grad) error = LAUNCH_EACH(moving_x_kernel, p->channels * p->length, stream, *p);
  if (error != cudaSuccess || !p->h_grad) return error;
  const moving_h_sum of = {*p};
  const add_to_pair to = {p->h_grad, NULL};
  return launch_sum(p->responses * p->taps, p->channels * 2 * p->hop, 1, of, to, p->scratch, stream);
}

/* ---- minimum phase: cepstra c [rows, order] -> h [rows, taps]; a warp a row ---- */

/*
 * i h[i] = sum over m of m c[m] h[i - m]. As soon as h[i] is known, lanes add what it brings to those after it, each to
 * other ones; a sum so grows in h itself, in the order of i.
 */
__global__ void minimum_phase_kernel(const float *c, float *h, size_t rows, size_t order, size_t taps) {
  if (ROW >= rows) return;
  c += ROW * order;
  h += ROW * taps;
  for (size_t i = threadIdx.x; i < taps; i += KERNEL_WARP) h[i] = 0;
  __syncwarp();
  for (size_t i = 0; i < taps; i++) {
    const float tap = i == 0 ? 1 : h[i] / (float)i;
    for (size_t m = threadIdx.x + 1; m <= order && i + m < taps; m += KERNEL_WARP)
      h[i + m] += (float)m * c[m - 1] * tap;
    __syncwarp(); /* all have read h[i] and added */
    if (threadIdx.x == 0) h[i] = tap;
  }
}

cudaError_t launch_minimum_phase_forward(const cepstra_pass *p, cudaStream_t stream) {
  const dim3 block(KERNEL_WARP, 8);
  return CUDA_LAUNCH(minimum_phase_kernel, (unsigned)((p->rows + 7) / 8), block, 0, stream, p->c, p->h, p->rows,
                     p->order, p->taps);
}

/* dH / dc[m] = z^-m H */
__global__ void minimum_phase_slope_kernel(cepstra_pass p) {
  EACH(i, p.rows * p.order) {
    const size_t row = quotient(i, p.order), m = i - row * p.order + 1;
    const float *h = p.h + row * p.taps, *g = p.g + row * p.taps;
    float sum = 0;
    for (size_t tap = m; tap < p.taps; tap++) sum += g[tap] * h[tap - m];
    p.c_grad[i] += sum;
  }
}

cudaError_t launch_minimum_phase_backward(const cepstra_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(minimum_phase_slope_kernel, p->rows * p->order, stream, *p);
}
