/*
 * Log energies of bands, less their means over a clip: a block for each band of each clip, a warp for each frame, lanes
 * over the few bins that the band covers. Sums have an order of their own, by lane and then across lanes.
 *
 * Floor: 4 bytes a power, each read by the two bands that cover it, and 8 written a band and frame.
 */
#include "cuda/kernels_bands.h"
#include "cuda/kernels_parts.cuh"

namespace {

enum { WARPS = KERNEL_BLOCK / KERNEL_WARP };

__global__ void bands_kernel(bands_pass p) {
  const int band = (int)blockIdx.x % p.bands, clip = (int)blockIdx.x / p.bands, warp = (int)threadIdx.x / KERNEL_WARP;
  const int lane = (int)threadIdx.x % KERNEL_WARP, first = p.covers[band], end = p.covers[p.bands + band];
  const float *weights = p.weights + (size_t)band * p.bins;
  const size_t row = (size_t)blockIdx.x * p.frames;
  float total = 0;
  for (int frame = warp; frame < p.frames; frame += WARPS) {
    const float *powers = p.powers + ((size_t)clip * p.frames + frame) * p.bins;
    float sum = 0;
    for (int k = first + lane; k < end; k += KERNEL_WARP) sum += weights[k] * powers[k];
    sum = group_sum<KERNEL_WARP>(sum);
    const float y = logf(fmaxf(sum, p.floor));
    if (lane > 0) continue;
    p.sums[row + frame] = sum;
    p.y[row + frame] = y;
    total += y;
  }
  if (!p.centre) return;
  const float mean = group_sum<KERNEL_BLOCK>(total) / (float)p.frames; /* waits for all frames as well */
  for (int frame = (int)threadIdx.x; frame < p.frames; frame += KERNEL_BLOCK) p.y[row + frame] -= mean;
}

/* d/d(sum): a block for each band of each clip. */
__global__ void bands_slope_kernel(bands_pass p) {
  const size_t row = (size_t)blockIdx.x * p.frames;
  float mean = 0;
  if (p.centre) {
    float total = 0;
    for (int frame = (int)threadIdx.x; frame < p.frames; frame += KERNEL_BLOCK) total += p.g[row + frame];
    mean = group_sum<KERNEL_BLOCK>(total) / (float)p.frames;
  }
  for (int frame = (int)threadIdx.x; frame < p.frames; frame += KERNEL_BLOCK) {
    const float sum = p.sums[row + frame];
    p.slope[row + frame] = sum > p.floor ? (p.g[row + frame] - mean) / sum : 0;
  }
}

/* d/d(power): from the bands that cover the bin, in their order. */
__global__ void bands_power_slope_kernel(bands_pass p) {
  EACH(i, (size_t)p.clips * p.frames * p.bins) {
    const size_t row = quotient(i, p.bins), clip = quotient(row, p.frames), frame = row - clip * p.frames;
    const int bin = (int)(i - row * p.bins), end = p.covers[2 * p.bands + p.bins + bin];
    float sum = 0;
    for (int band = p.covers[2 * p.bands + bin]; band < end; band++)
      sum += p.weights[(size_t)band * p.bins + bin] * p.slope[(clip * p.bands + band) * p.frames + frame];
    p.powers_grad[i] += sum;
  }
}

} // namespace

cudaError_t launch_bands_forward(const bands_pass *p, cudaStream_t stream) {
  return CUDA_LAUNCH(bands_kernel, (unsigned)p->clips * p->bands, (unsigned)KERNEL_BLOCK, 0, stream, *p);
}

cudaError_t launch_bands_backward(const bands_pass *p, cudaStream_t stream) {
  const cudaError_t e =
      CUDA_LAUNCH(bands_slope_kernel, (unsigned)p->clips * p->bands, (unsigned)KERNEL_BLOCK, 0, stream, *p);
  if (e != cudaSuccess) return e;
  return LAUNCH_EACH(bands_power_slope_kernel, (size_t)p->clips * p->frames * p->bins, stream, *p);
}
