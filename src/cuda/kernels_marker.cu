/*
 * The marker's network over all places. Floor for 12 inputs and width 32: 48 bytes a point in, 4 out, 2,900 operations;
 * weights stay in the first-level cache.
 */
#include "cuda/kernels_tiles.cuh"
#include "tensor/vector_math.h"

namespace {

__global__ void run_marker(networks_network net, points_tree tree, const float *features, float *likely) {
  const uint32_t begin = blockIdx.x * TILE_POINTS, places = *tree.places;
  if (begin >= places) return; /* the whole block */
  tile_load(features, net.layer[0].in, tree.slots, begin, places, tile_buffer(0, net.widest));
  for (int i = 0; i < net.layers; i++) {
    const int is_last = i + 1 == net.layers;
    tile_layer(net.layer[i], tile_buffer(i % 2, net.widest), tile_buffer(1 - i % 2, net.widest),
               [is_last](int, float y) { return is_last ? vector_sigmoid(y) : tile_relu(y); });
  }
  const float *answer = tile_buffer(net.layers % 2, net.widest);
  const uint32_t slot = begin + threadIdx.x;
  if (threadIdx.x < TILE_POINTS && slot < places) likely[tree.place[slot].index] = answer[threadIdx.x];
}

} // namespace

extern "C" cudaError_t networks_run_marker(const networks_network *network, const points_tree *tree,
                                           const float *features, float *likely, cudaStream_t stream) {
  const cudaError_t error = cudaMemsetAsync(likely, 0, tree->n * sizeof *likely, stream);
  if (error != cudaSuccess) return error;
  return CUDA_LAUNCH(run_marker, (tree->n + TILE_POINTS - 1) / TILE_POINTS, TILE_THREADS, tile_bytes(network->widest),
                     stream, *network, *tree, features, likely);
}
