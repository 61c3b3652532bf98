#include "cuda/cuda_cloud.h"

static uint32_t whole(uint32_t n) {
  return (n + POINTS_LEAF - 1) / POINTS_LEAF * POINTS_LEAF;
}

/* Boxes around 32 slots, around 32 of those, until one group holds all. */
static void carve_tree(points_tree *t, cuda_carver *carver, uint32_t n) {
  *t = (points_tree){.n = n, .slots = whole(n)};
  t->place = cuda_carve(carver, t->slots * sizeof *t->place);
  t->places = cuda_carve(carver, sizeof *t->places);
  for (uint32_t below = t->slots; below > POINTS_LEAF || t->levels == 0; t->levels++) {
    below = t->boxes[t->levels] = whole(below / POINTS_LEAF);
    t->box[t->levels] = cuda_carve(carver, below * 6 * sizeof(float));
  }
}

void cuda_cloud_carve(cuda_cloud *c, cuda_carver *carver, uint32_t n, size_t k) {
  carve_tree(&c->tree, carver, n);
  for (int i = 0; i < 2; i++) {
    c->work.key[i] = cuda_carve(carver, n * sizeof(uint64_t));
    c->work.order[i] = cuda_carve(carver, n * sizeof(uint32_t));
  }
  c->work.histogram = cuda_carve(carver, points_histogram(n) * sizeof(uint32_t));
  c->work.exponents = cuda_carve(carver, 256 * sizeof(uint32_t));
  c->xyz = cuda_carve(carver, n * 3 * sizeof(float));
  c->first = cuda_carve(carver, n * sizeof(uint32_t));
  c->index = cuda_carve(carver, k * c->tree.slots * sizeof(uint32_t));
  c->squared = cuda_carve(carver, k * c->tree.slots * sizeof(float));
}

cudaError_t cuda_cloud_index(const cuda_cloud *c, cudaStream_t stream) {
  const cudaError_t error = points_find_places(&c->tree, &c->work, c->xyz, c->first, stream);
  return error == cudaSuccess ? points_put_boxes(&c->tree, stream) : error;
}
