/* How sums are shared out, and reductions over all values or over one axis. */
#include "cuda/kernels_parts.cuh"

/* ---- plans ---- */

enum { SUM_BLOCKS = 512, SUM_MOST_CHUNKS = 512, SUM_ITEMS = 8 }; /* SUM_ITEMS: of a thread, before items are cut up */

/* The least power of 2 that is at least n, up to `most`. */
static unsigned power_of_2(size_t n, unsigned most) {
  unsigned p = 1;
  while (p < n && p < most) p *= 2;
  return p;
}

sum_plan kernel_plan_sum(size_t results, size_t items, int across) {
  sum_plan p = {};
  p.results = results;
  p.items = items;
  p.across = across;
  if (across) {
    p.lanes_r = power_of_2(results, KERNEL_WARP);
    p.lanes_i = power_of_2(items, KERNEL_BLOCK / p.lanes_r);
  } else {
    p.lanes_i = power_of_2(items, KERNEL_BLOCK);
    p.lanes_r = power_of_2(results, KERNEL_BLOCK / p.lanes_i);
  }
  p.tiles = (unsigned)((results + p.lanes_r - 1) / p.lanes_r);
  const size_t wanted = SUM_BLOCKS / p.tiles, possible = items / ((size_t)SUM_ITEMS * p.lanes_i);
  size_t chunks = wanted < possible ? wanted : possible;
  if (chunks > SUM_MOST_CHUNKS) chunks = SUM_MOST_CHUNKS;
  if (chunks < 1) chunks = 1;
  p.per_chunk = (items + chunks - 1) / chunks;
  p.chunks = (unsigned)((items + p.per_chunk - 1) / p.per_chunk);
  return p;
}

size_t launch_sum_scratch(size_t results, size_t items) {
  const unsigned side = kernel_plan_sum(results, items, 1).chunks, behind = kernel_plan_sum(results, items, 0).chunks;
  return 2 * results * (side > behind ? side : behind);
}

/* ---- sum and mean of all, and over one axis: a is [outer, length, inner] ---- */

struct axis_sum {
  const float *a;
  size_t length, inner;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    s->a += a[(quotient(r, inner) * length + i) * inner + remainder_of(r, inner)];
  }
};

struct scaled_store {
  float *y;
  float divisor;
  __device__ void operator()(size_t r, sum_pair s) const { y[r] = s.a / divisor; }
};

cudaError_t launch_axis_sum_forward(const axis_pass *p, cudaStream_t stream) {
  const axis_sum of = {p->a, p->length, p->inner};
  const scaled_store to = {p->y, p->divisor};
  return launch_sum(p->outer * p->inner, p->length, p->inner > 1, of, to, p->scratch, stream);
}

__global__ void axis_sum_slope_kernel(const float *g, float *a_grad, size_t n, size_t length, size_t inner,
                                      float divisor) {
  EACH(i, n) a_grad[i] += g[quotient(i, length * inner) * inner + remainder_of(i, inner)] / divisor;
}

cudaError_t launch_axis_sum_backward(const axis_pass *p, cudaStream_t stream) {
  const size_t n = p->outer * p->length * p->inner;
  return LAUNCH_EACH(axis_sum_slope_kernel, n, stream, p->g, p->a_grad, n, p->length, p->inner, p->divisor);
}

/* ---- the largest over one axis, plus b [inner] where there is one; of equals the first ---- */

/* 1: value y at j comes before value x at i. What is not there is at -1. */
__device__ static int comes_before(float y, int j, float x, int i) {
  return j >= 0 && (i < 0 || y > x || (y == x && j < i));
}

__global__ void axis_max_kernel(sum_plan p, const float *a, const float *b, float *y, int32_t *chosen, size_t inner) {
  __shared__ float best[KERNEL_BLOCK];
  __shared__ int at[KERNEL_BLOCK];
  const unsigned t = threadIdx.x;
  const unsigned lane_r = p.across ? t % p.lanes_r : t / p.lanes_i, lane_i = p.across ? t / p.lanes_r : t % p.lanes_i;
  const size_t r = (size_t)blockIdx.x * p.lanes_r + lane_r;
  const unsigned slot = lane_i * p.lanes_r + lane_r;
  best[slot] = 0;
  at[slot] = -1;
  if (r < p.results) {
    const float *from = a + quotient(r, inner) * p.items * inner + remainder_of(r, inner);
    for (size_t i = lane_i; i < p.items; i += p.lanes_i) {
      if (!comes_before(from[i * inner], (int)i, best[slot], at[slot])) continue;
      best[slot] = from[i * inner];
      at[slot] = (int)i;
    }
  }
  for (unsigned far = p.lanes_i / 2; far > 0; far /= 2) {
    const unsigned other = slot + far * p.lanes_r;
    __syncthreads();
    if (lane_i >= far || !comes_before(best[other], at[other], best[slot], at[slot])) continue;
    best[slot] = best[other];
    at[slot] = at[other];
  }
  if (lane_i > 0 || r >= p.results) return;
  chosen[r] = at[slot];
  y[r] = best[slot] + (b ? b[remainder_of(r, inner)] : 0);
}

cudaError_t launch_axis_max_forward(const axis_pass *p, cudaStream_t stream) {
  const sum_plan plan = kernel_plan_sum(p->outer * p->inner, p->length, p->inner > 1);
  return CUDA_LAUNCH(axis_max_kernel, plan.tiles, plan.lanes_r * plan.lanes_i, 0, stream, plan, p->a, p->b, p->y,
                     p->chosen, p->inner);
}

__global__ void axis_max_slope_kernel(const float *g, const int32_t *chosen, float *a_grad, size_t n, size_t length,
                                      size_t inner) {
  EACH(r, n) a_grad[(quotient(r, inner) * length + (size_t)chosen[r]) * inner + remainder_of(r, inner)] += g[r];
}

cudaError_t launch_axis_max_backward(const axis_pass *p, cudaStream_t stream) {
  const size_t n = p->outer * p->inner;
  return LAUNCH_EACH(axis_max_slope_kernel, n, stream, p->g, p->chosen, p->a_grad, n, p->length, p->inner);
}
