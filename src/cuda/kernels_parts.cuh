/*
 * What the kernels share: loops over values, and sums in an order that depends on shapes alone, so that the same inputs
 * give the same bits on a device.
 */
#ifndef CUDA_KERNELS_PARTS_CUH
#define CUDA_KERNELS_PARTS_CUH

#include "cuda/kernels.h"
#include "cuda/launch.h"
#include <math.h>
#include <stdint.h>

enum { KERNEL_BLOCK = 256, KERNEL_WARP = 32, KERNEL_MOST_BLOCKS = 1 << 13 };

/* ---- one value after the other ---- */

static inline unsigned blocks_for(size_t n) {
  const size_t blocks = (n + KERNEL_BLOCK - 1) / KERNEL_BLOCK, most = KERNEL_MOST_BLOCKS;
  return (unsigned)(blocks < most ? blocks : most);
}

/* i from 0 to n - 1, shared out among all threads of the grid. */
#define EACH(i, n)                                                                                                     \
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < (n); i += (size_t)gridDim.x * blockDim.x)

/* A launch of as many threads as there are values. */
#define LAUNCH_EACH(kernel, n, stream, ...)                                                                            \
  CUDA_LAUNCH(kernel, blocks_for(n), (unsigned)KERNEL_BLOCK, 0, stream, __VA_ARGS__)

/* i / n and i % n; a division of 64 bits takes several times as long as one of 32. */
__device__ static inline size_t quotient(size_t i, size_t n) {
  return (i | n) >> 32 ? i / n : (uint32_t)i / (uint32_t)n;
}
__device__ static inline size_t remainder_of(size_t i, size_t n) {
  return (i | n) >> 32 ? i % n : (uint32_t)i % (uint32_t)n;
}

/* ---- over a row, by a warp or by a block; every lane gets the result ---- */

template <int group> __device__ static inline float group_sum(float x) {
  for (int far = KERNEL_WARP / 2; far > 0; far /= 2) x += __shfl_xor_sync(0xffffffffu, x, far);
  if (group == KERNEL_WARP) return x;
  __shared__ float part[group / KERNEL_WARP];
  if (threadIdx.x % KERNEL_WARP == 0) part[threadIdx.x / KERNEL_WARP] = x;
  __syncthreads();
  x = part[0];
  for (int w = 1; w < group / KERNEL_WARP; w++) x += part[w];
  __syncthreads(); /* the next sum writes to part */
  return x;
}

template <int group> __device__ static inline float group_max(float x) {
  for (int far = KERNEL_WARP / 2; far > 0; far /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, far));
  if (group == KERNEL_WARP) return x;
  __shared__ float part[group / KERNEL_WARP];
  if (threadIdx.x % KERNEL_WARP == 0) part[threadIdx.x / KERNEL_WARP] = x;
  __syncthreads();
  x = part[0];
  for (int w = 1; w < group / KERNEL_WARP; w++) x = fmaxf(x, part[w]);
  __syncthreads();
  return x;
}

/* The row of this thread, and the loop over what it takes of it; a kernel of rows has `group` threads in x for each. */
#define ROW ((size_t)blockIdx.x * blockDim.y + threadIdx.y)
#define ROW_EACH(i, k) for (size_t i = threadIdx.x; i < (k); i += group)

/* max + log(sum of exp(x - max)) of a row [k]; each lane reads what ROW_EACH gives it. */
template <int group> __device__ static inline float log_sum_exp(const float *x, size_t k) {
  float top = -INFINITY, sum = 0;
  ROW_EACH(i, k) top = fmaxf(top, x[i]);
  top = group_max<group>(top);
  ROW_EACH(i, k) sum += expf(x[i] - top);
  return top + logf(group_sum<group>(sum));
}

/* From here on a row gets a block, not a warp. */
enum { KERNEL_LONG_ROW = 1024 };

/* Launches kernel<32> or kernel<256>, whichever suits rows of k values. */
#define LAUNCH_ROWS(kernel, rows, k, stream, ...)                                                                      \
  ((k) < KERNEL_LONG_ROW                                                                                               \
       ? CUDA_LAUNCH((kernel<KERNEL_WARP>), (unsigned)(((rows) + 7) / 8), dim3(KERNEL_WARP, 8), 0, stream,             \
                     __VA_ARGS__)                                                                                      \
       : CUDA_LAUNCH((kernel<KERNEL_BLOCK>), (unsigned)(rows), dim3(KERNEL_BLOCK, 1), 0, stream, __VA_ARGS__))

/* ---- many sums at once: result r is the sum of F(r, i) over items i, two sums side by side ---- */

struct sum_pair {
  float a, b;
};

/*
 * How a grid shares out the work. A block has lanes_r results beside each other and lanes_i threads for each; blocks of
 * one column of the grid share the items of its results, in chunks.
 */
struct sum_plan {
  size_t results, items, per_chunk;
  unsigned lanes_r, lanes_i, tiles, chunks;
  int across; /* 1: neighbouring results lie beside each other in memory; 0: neighbouring items do */
};

sum_plan kernel_plan_sum(size_t results, size_t items, int across);

template <class F, class S> __global__ void sum_kernel(sum_plan p, F f, S store, sum_pair *partials) {
  __shared__ sum_pair sums[KERNEL_BLOCK];
  const unsigned t = threadIdx.x;
  const unsigned lane_r = p.across ? t % p.lanes_r : t / p.lanes_i, lane_i = p.across ? t / p.lanes_r : t % p.lanes_i;
  const size_t r = (size_t)blockIdx.x * p.lanes_r + lane_r, first = (size_t)blockIdx.y * p.per_chunk;
  const size_t end = first + p.per_chunk < p.items ? first + p.per_chunk : p.items;
  const unsigned slot = lane_i * p.lanes_r + lane_r;
  sum_pair s = {0, 0};
  if (r < p.results) {
    for (size_t i = first + lane_i; i < end; i += p.lanes_i) f(r, i, &s);
  }
  sums[slot] = s;
  for (unsigned far = p.lanes_i / 2; far > 0; far /= 2) {
    __syncthreads();
    if (lane_i >= far) continue;
    sums[slot].a += sums[slot + far * p.lanes_r].a;
    sums[slot].b += sums[slot + far * p.lanes_r].b;
  }
  if (lane_i > 0 || r >= p.results) return;
  if (partials)
    partials[blockIdx.y * p.results + r] = sums[slot];
  else
    store(r, sums[slot]);
}

struct sum_of_partials {
  const sum_pair *partials;
  size_t results;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    s->a += partials[i * results + r].a;
    s->b += partials[i * results + r].b;
  }
};

/* Adds to gradients; either may be NULL. */
struct add_to_pair {
  float *a, *b;
  __device__ void operator()(size_t r, sum_pair s) const {
    if (a) a[r] += s.a;
    if (b) b[r] += s.b;
  }
};

/* `scratch`: launch_sum_scratch(results, items) floats. */
template <class F, class S>
static cudaError_t launch_sum(size_t results, size_t items, int across, F f, S store, float *scratch,
                              cudaStream_t stream) {
  const sum_plan p = kernel_plan_sum(results, items, across);
  sum_pair *partials = p.chunks > 1 ? (sum_pair *)scratch : NULL;
  const cudaError_t error =
      CUDA_LAUNCH((sum_kernel<F, S>), dim3(p.tiles, p.chunks), p.lanes_r * p.lanes_i, 0, stream, p, f, store, partials);
  if (error != cudaSuccess || !partials) return error;
  sum_plan all = kernel_plan_sum(results, p.chunks, 1);
  all.per_chunk = all.items; /* few enough */
  all.chunks = 1;
  const sum_of_partials of = {partials, results};
  return CUDA_LAUNCH((sum_kernel<sum_of_partials, S>), dim3(all.tiles, 1), all.lanes_r * all.lanes_i, 0, stream, all,
                     of, store, (sum_pair *)NULL);
}

#endif
