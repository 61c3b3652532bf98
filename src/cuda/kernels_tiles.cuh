/*
 * Device code: layers of small networks over a tile of 32 points, whose activations stay in shared memory. Each output
 * is one chain of fused multiply-adds over the inputs in ascending order, from the bias: the bits of packed_linear.
 *
 * A thread has 4 outputs of 2 points at a time: 8 multiply-adds for 16 bytes of weights, which many threads share, and
 * 8 of activations.
 */
#ifndef CUDA_KERNELS_TILES_CUH
#define CUDA_KERNELS_TILES_CUH

#include "cuda/kernels_networks.h"
#include "cuda/launch.h"

extern __shared__ float cuda_shared[];

/* A step of 34: rows of pairs stay aligned, and a column of 32 rows lies in 16 banks. */
enum { TILE_POINTS = 32, TILE_STEP = 34, TILE_THREADS = 128, TILE_OUT = 4, TILE_PAIRS = TILE_POINTS / 2 };

static inline size_t tile_bytes(int width) {
  return 2 * sizeof(float) * TILE_STEP * (size_t)width;
}

/* The two buffers of a block that layers go to and fro between, [width, TILE_STEP] each. */
__device__ static inline float *tile_buffer(int which, int width) {
  return cuda_shared + (size_t)which * TILE_STEP * width;
}

/*
 * y [out, TILE_STEP] = finish(output, W x + b) for all points of the tile; finish sees them one by one. Every thread of
 * the block takes part; y is there for all when it ends.
 */
template <class F> __device__ void tile_layer(const networks_layer &l, const float *x, float *y, F finish) {
  for (int turn = (int)threadIdx.x; turn < l.stride / TILE_OUT * TILE_PAIRS; turn += TILE_THREADS) {
    const int from = turn / TILE_PAIRS * TILE_OUT, pair = turn % TILE_PAIRS * 2;
    float sum[TILE_OUT][2];
    for (int o = 0; o < TILE_OUT; o++) sum[o][0] = sum[o][1] = l.b[from + o];
    for (int i = 0; i < l.in; i++) {
      const float4 w = *(const float4 *)(l.w + (size_t)i * l.stride + from);
      const float2 v = *(const float2 *)(x + i * TILE_STEP + pair);
      sum[0][0] = fmaf(v.x, w.x, sum[0][0]), sum[0][1] = fmaf(v.y, w.x, sum[0][1]);
      sum[1][0] = fmaf(v.x, w.y, sum[1][0]), sum[1][1] = fmaf(v.y, w.y, sum[1][1]);
      sum[2][0] = fmaf(v.x, w.z, sum[2][0]), sum[2][1] = fmaf(v.y, w.z, sum[2][1]);
      sum[3][0] = fmaf(v.x, w.w, sum[3][0]), sum[3][1] = fmaf(v.y, w.w, sum[3][1]);
    }
    for (int o = 0; o < TILE_OUT && from + o < l.out; o++) {
      y[(from + o) * TILE_STEP + pair] = finish(from + o, sum[o][0]);
      y[(from + o) * TILE_STEP + pair + 1] = finish(from + o, sum[o][1]);
    }
  }
  __syncthreads();
}

/* x [in, TILE_STEP] from rows [in, step]: columns `begin` on, zeros from `end` on. */
__device__ static inline void tile_load(const float *rows, int in, size_t step, uint32_t begin, uint32_t end,
                                        float *x) {
  for (int i = (int)threadIdx.x; i < in * TILE_POINTS; i += TILE_THREADS) {
    const int row = i / TILE_POINTS, column = i % TILE_POINTS;
    x[row * TILE_STEP + column] = begin + (uint32_t)column < end ? rows[(size_t)row * step + begin + column] : 0;
  }
  __syncthreads();
}

__device__ static inline float tile_relu(float y) {
  return y > 0 ? y : 0;
}

#endif
