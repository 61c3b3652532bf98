/* The index of a cloud in a session's device memory. */
#ifndef CUDA_CUDA_CLOUD_H
#define CUDA_CUDA_CLOUD_H

#include "cuda/cuda_room.h"
#include "cuda/kernels_points.h"

typedef struct cuda_cloud {
  points_tree tree;
  points_work work;
  float *xyz;      /* [n, 3] */
  uint32_t *first; /* [n] */
  uint32_t *index; /* [k, slots] */
  float *squared;  /* [k, slots] */
} cuda_cloud;

/* Pieces for n points, 1 <= n <= POINTS_MOST, and k neighbours. */
void cuda_cloud_carve(cuda_cloud *c, cuda_carver *carver, uint32_t n, size_t k);
/* From xyz: first, places and boxes. Asks for it, and does not wait. */
cudaError_t cuda_cloud_index(const cuda_cloud *c, cudaStream_t stream);

#endif
