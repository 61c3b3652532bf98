/* Launchers of log_bands (tensor.h): bands, logarithm and mean removal in one kernel. */
#ifndef CUDA_KERNELS_BANDS_H
#define CUDA_KERNELS_BANDS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bands_pass {
  int clips, frames, bins, bands, centre;
  float floor;
  const float *powers;   /* [clips, frames, bins] */
  const float *weights;  /* [bands, bins] */
  const int32_t *covers; /* [2 * bands + 2 * bins] as of op_log_bands */
  float *sums;           /* [clips, bands, frames] under the weights; left by forward for backward */
  float *y;              /* [clips, bands, frames] */
  const float *g;        /* its gradient */
  float *slope;          /* scratch of backward, as large */
  float *powers_grad;    /* added to */
} bands_pass;

cudaError_t launch_bands_forward(const bands_pass *p, cudaStream_t stream);
cudaError_t launch_bands_backward(const bands_pass *p, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
