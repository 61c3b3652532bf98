/* The table of the GPU's kernels. What is missing here runs on the CPU, and is counted. */
#include "cuda/cuda_state.h"

const backend cuda_backend = {
    .name = "GPU",
    .describe = cuda_describe,
    .release = cuda_state_release,
    .memory = &cuda_memory,
    .replay = &cuda_replay,
    .optimizer = &cuda_optimizer,
};
