/* Kernels for the emulation's own test. */
#include "emulated_probes.h"
#include "cuda_runtime.h"

__global__ static void sum_probe(const float *x, float *y) {
  __shared__ float part[PROBE_THREADS / EMULATED_WARP];
  float sum = x[threadIdx.x];
  for (unsigned far = EMULATED_WARP / 2; far > 0; far /= 2) sum += __shfl_down_sync(0xffffffffu, sum, far);
  if (threadIdx.x % EMULATED_WARP == 0) part[threadIdx.x / EMULATED_WARP] = sum;
  __syncthreads();
  if (threadIdx.x == 0) *y = part[0] + part[1] + part[2];
}

cudaError_t probe_sum(const float *x, float *y, cudaStream_t stream) {
  return CUDA_LAUNCH(sum_probe, 1, PROBE_THREADS, 0, stream, x, y);
}

__global__ static void shift_probe(const float *x, float *y, int waits) {
  __shared__ float all[PROBE_THREADS];
  all[threadIdx.x] = x[threadIdx.x];
  if (waits) __syncthreads();
  y[threadIdx.x] = all[(threadIdx.x + 1) % PROBE_THREADS];
}

cudaError_t probe_shift(const float *x, float *y, int waits, cudaStream_t stream) {
  return CUDA_LAUNCH(shift_probe, 1, PROBE_THREADS, 0, stream, x, y, waits);
}

__global__ static void votes_probe(float *y) {
  const unsigned half = threadIdx.x < EMULATED_WARP / 2 ? 0x0000ffffu : 0xffff0000u;
  y[threadIdx.x] = static_cast<float>(__ballot_sync(half, threadIdx.x % 2));
}

cudaError_t probe_votes(float *y, cudaStream_t stream) {
  return CUDA_LAUNCH(votes_probe, 1, EMULATED_WARP, 0, stream, y);
}

__global__ static void left_alone_probe(int stay) {
  if (static_cast<int>(threadIdx.x) < stay) __shfl_sync(0xffffffffu, 1.f, 0);
}

cudaError_t probe_left_alone(cudaStream_t stream) {
  return CUDA_LAUNCH(left_alone_probe, 1, EMULATED_WARP, 0, stream, EMULATED_WARP / 2);
}

__global__ static void store_probe(float *x, int n) {
  x[n] = 1;
}

cudaError_t probe_store(float *x, int n, cudaStream_t stream) {
  return CUDA_LAUNCH(store_probe, 1, 1, 0, stream, x, n);
}

__global__ static void block_probe(int unused) {
  (void)unused;
}

cudaError_t probe_block(unsigned threads, cudaStream_t stream) {
  return CUDA_LAUNCH(block_probe, 1, threads, 0, stream, 0);
}
