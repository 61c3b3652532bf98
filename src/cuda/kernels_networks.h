/* Small networks of many points: how their weights lie on the device, and who runs them. */
#ifndef CUDA_KERNELS_NETWORKS_H
#define CUDA_KERNELS_NETWORKS_H

#include "cuda/kernels_points.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  NETWORKS_LAYERS = 8,
  NETWORKS_MOST_WIDTH = 176 /* inputs or outputs of a layer: two tiles of them are in 48 KiB of shared memory */
};

/* Transposed, so that 4 outputs are one read; rows padded with zeros. */
typedef struct networks_layer {
  const float *w, *b;  /* [in, stride], [stride] */
  int in, out, stride; /* stride: out rounded up to 4 */
} networks_layer;

typedef struct networks_network {
  int layers, widest;
  networks_layer layer[NETWORKS_LAYERS];
} networks_network;

/*
 * ReLU between layers, the sigmoid of the one output last. features [in, slots] of the tree's places -> likely [n] by
 * point, 0 where no place is.
 */
cudaError_t networks_run_marker(const networks_network *network, const points_tree *tree, const float *features,
                                float *likely, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
