/* The table of the GPU's kernels. What is missing here runs on the CPU, and is counted. */
#include "cuda/cuda_functions.h"
#include "cuda/cuda_ops.h"
#include "cuda/cuda_state.h"

#define CUDA_KERNEL(kind, name) [kind] = {cuda_##name##_forward, cuda_##name##_backward},

#define CUDA_BACKEND(called)                                                                                           \
  {                                                                                                                    \
    .name = called, .describe = cuda_describe, .release = cuda_state_release, .memory = &cuda_memory,                  \
    .replay = &cuda_replay, .optimizer = &cuda_optimizer, .functions = &cuda_functions, .op = {                        \
      CUDA_OPS(CUDA_KERNEL)                                                                                            \
    }                                                                                                                  \
  }

const backend cuda_backend = CUDA_BACKEND("GPU");
const backend cuda_tf32_backend = CUDA_BACKEND("GPU (tf32)");
