/* Launchers of kernels_optimizer.cu. All pointers of blocks are the device's. */
#ifndef CUDA_KERNELS_OPTIMIZER_H
#define CUDA_KERNELS_OPTIMIZER_H

#include "tensor/optimizer_step.h"
#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sums of squares that one block's gradient is cut into. */
enum { CUDA_NORM_PARTS = 64 };

/* partial [n_blocks * CUDA_NORM_PARTS]; the sum of them all is left in partial[0]. */
cudaError_t cuda_optimizer_squares(const optimizer_block *blocks, size_t n_blocks, double *partial,
                                   cudaStream_t stream);
cudaError_t cuda_optimizer_update(optimizer_rule rule, const optimizer_terms *terms, const optimizer_block *blocks,
                                  size_t n_blocks, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
