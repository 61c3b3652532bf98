/* A device_network's weights as kernels want them. */
#ifndef CUDA_CUDA_NETWORK_H
#define CUDA_CUDA_NETWORK_H

#include "cuda/kernels_networks.h"
#include "tensor/device_scene.h"

/* Checks, packs and uploads; `network` borrows *weights, device memory that cudaFree is due for. SCRIM_E_UNSUPPORTED: a
 * layer is wider than NETWORKS_MOST_WIDTH, or there are too many. */
scrim_status cuda_network_upload(const device_network *from, networks_network *network, void **weights,
                                 scrim_error *error);

#endif
