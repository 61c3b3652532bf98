/*
 * How every kernel is launched: CUDA_LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...) answers the launch's
 * cudaError_t. The emulation of the tests brings a definition of its own.
 */
#ifndef CUDA_LAUNCH_H
#define CUDA_LAUNCH_H

#include <cuda_runtime.h>

#ifndef CUDA_LAUNCH
#define CUDA_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                                    \
  ((kernel) < < < (grid), (block), (shared_bytes), (stream) >>> (__VA_ARGS__), cudaGetLastError())
#endif

#endif
