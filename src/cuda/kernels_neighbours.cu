/*
 * The nearest neighbours of all places: a warp takes a leaf of 32, a lane one place each, and goes through the tree for
 * all of them together, from the leaf's siblings outwards. Boxes are looked at 32 at a time, one a lane, against the
 * box of the leaf; places of a leaf that is near enough for some lane are shown to all lanes. So nothing diverges but
 * what a lane keeps: its nearest in order, as distance and index in one number, so that of equal distances the lower
 * index is nearer.
 *
 * Rounding is monotone: the distance from a box, computed as that from a point is, is never more than that from a point
 * in it. Whoever compares with "not farther" loses nobody.
 *
 * Floor: 16 bytes a place are read and 8 k written. What it costs is some 20 leaves a warp: 640 distances a place, and
 * those kept, k compare-and-swaps each.
 */
#include "cuda/kernels_points.h"
#include "cuda/launch.h"
#include <float.h>

namespace {

enum { WARPS = 4, BLOCK = 32 * WARPS, LANES = POINTS_LEAF };
const unsigned ALL = 0xffffffffu;

/* ---- boxes ---- */

/* The box around what 32 lanes bring, in all of them. */
__device__ void join(float low[3], float high[3]) {
  for (int axis = 0; axis < 3; axis++)
    for (int with = 1; with < 32; with *= 2) {
      low[axis] = fminf(low[axis], __shfl_xor_sync(ALL, low[axis], with));
      high[axis] = fmaxf(high[axis], __shfl_xor_sync(ALL, high[axis], with));
    }
}

/* Box i of a level, from 32 of what is below; those beyond are inside out. A warp each. The tree stays where arguments
 * are, since levels are counted off while it runs: a copy would go through every thread's own memory. */
__global__ void put_boxes(const __grid_constant__ points_tree t, int level) {
  const uint32_t i = blockIdx.x * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32, n = t.boxes[level];
  const uint32_t from = i * LANES + lane;
  float low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
  if (i >= n) return;
  if (level == 0 && from < t.slots && t.place[from].index != POINTS_NONE) {
    low[0] = high[0] = t.place[from].x;
    low[1] = high[1] = t.place[from].y;
    low[2] = high[2] = t.place[from].z;
  }
  if (level > 0 && from < t.boxes[level - 1])
    for (int axis = 0; axis < 3; axis++) {
      low[axis] = t.box[level - 1][axis * t.boxes[level - 1] + from];
      high[axis] = t.box[level - 1][(axis + 3) * t.boxes[level - 1] + from];
    }
  join(low, high);
  for (int axis = 0; lane == 0 && axis < 3; axis++) {
    t.box[level][axis * n + i] = low[axis];
    t.box[level][(axis + 3) * n + i] = high[axis];
  }
}

struct box {
  float low[3], high[3];
};

__device__ box load_box(const points_tree &t, int level, uint32_t i) {
  const float *from = t.box[level] + i;
  const uint32_t n = t.boxes[level];
  return {{from[0], from[n], from[2 * n]}, {from[3 * n], from[4 * n], from[5 * n]}};
}

/* Squared, from one box to another; infinite if either is inside out. */
__device__ float distance(const box &a, const box &b) {
  float way[3];
  for (int axis = 0; axis < 3; axis++)
    way[axis] = fmaxf(fmaxf(a.low[axis] - b.high[axis], b.low[axis] - a.high[axis]), 0);
  return (way[0] * way[0] + way[1] * way[1]) + way[2] * way[2];
}

/* ---- what a lane keeps ---- */

/*
 * The nearest so far, ascending: the bits of the squared distance, which are in the order of the numbers, above the
 * index. Of K numbers the first K - k are 0 and stay in front, so that the farthest of k is always the last: registers
 * cannot be counted off.
 */
template <int K> struct nearest { uint64_t kept[K]; };

template <int K> __device__ void forget(nearest<K> &n, uint32_t k) {
  /* Less than infinitely far, as boxes without anything are. */
  const uint64_t nobody = (uint64_t)__float_as_uint(FLT_MAX) << 32 | POINTS_NONE;
#pragma unroll
  for (uint32_t i = 0; i < K; i++) n.kept[i] = i + k < K ? 0 : nobody;
}

template <int K> __device__ void keep(nearest<K> &n, uint64_t one) {
  if (one >= n.kept[K - 1]) return;
#pragma unroll
  for (int i = K - 1; i > 0; i--) n.kept[i] = one < n.kept[i - 1] ? n.kept[i - 1] : one < n.kept[i] ? one : n.kept[i];
  n.kept[0] = one < n.kept[0] ? one : n.kept[0];
}

template <int K> __device__ float reach(const nearest<K> &n) {
  return __uint_as_float((uint32_t)(n.kept[K - 1] >> 32));
}

/* ---- through the tree ---- */

template <int K>
__device__ void look_in_leaf(const points_tree &t, uint32_t leaf, const points_place &own, nearest<K> &n) {
  for (int i = 0; i < LANES; i++) {
    const points_place other = t.place[(size_t)leaf * LANES + i];
    const float x = other.x - own.x, y = other.y - own.y, z = other.z - own.z;
    const float squared = (x * x + y * y) + z * z;
    if (other.index != own.index) keep(n, (uint64_t)__float_as_uint(squared) << 32 | other.index);
  }
}

/* The farthest that any lane still looks. */
template <int K> __device__ float reach_of_all(const nearest<K> &n) {
  float most = reach(n);
  for (int with = 1; with < 32; with *= 2) most = fmaxf(most, __shfl_xor_sync(ALL, most, with));
  return most;
}

/* Boxes of a group that may hold somebody. */
template <int K>
__device__ unsigned near_boxes(const points_tree &t, int level, uint32_t group, const box &home, const nearest<K> &n) {
  const box mine = load_box(t, level, group * LANES + threadIdx.x % 32);
  return __ballot_sync(ALL, distance(mine, home) <= reach_of_all(n));
}

/* All leaves under the boxes `lanes` of a group. */
template <int K>
__device__ void look_below(const points_tree &t, int top, uint32_t group, unsigned lanes, const box &home,
                           const points_place &own, nearest<K> &n) {
  const box point = {{own.x, own.y, own.z}, {own.x, own.y, own.z}};
  unsigned open[POINTS_LEVELS];
  uint32_t where[POINTS_LEVELS];
  int level = top;
  where[top] = group;
  open[top] = lanes & near_boxes(t, top, group, home, n);
  for (;;) {
    while (open[level] == 0)
      if (level++ == top) return;
    const uint32_t below = where[level] * LANES + (uint32_t)__ffs((int)open[level]) - 1;
    open[level] &= open[level] - 1;
    if (level == 0) {
      if (__any_sync(ALL, distance(load_box(t, 0, below), point) <= reach(n))) look_in_leaf(t, below, own, n);
    } else {
      where[--level] = below;
      open[level] = near_boxes(t, level, below, home, n);
    }
  }
}

template <int K>
__global__ void find_neighbours(const __grid_constant__ points_tree t, uint32_t k, uint32_t *index, float *squared) {
  const uint32_t leaf = blockIdx.x * WARPS + threadIdx.x / 32, slot = leaf * LANES + threadIdx.x % 32;
  nearest<K> n;
  if (slot >= t.slots) return; /* a whole warp */
  const points_place own = t.place[slot];
  const box home = load_box(t, 0, leaf);
  const uint32_t others = *t.places - 1;
  forget(n, own.index == POINTS_NONE ? 0 : k); /* who is nobody keeps nobody */
  look_in_leaf(t, leaf, own, n);
  for (uint32_t level = 0, at = leaf; level < (uint32_t)t.levels; level++, at /= LANES)
    look_below(t, (int)level, at / LANES, ~(1u << at % LANES), home, own, n);
  if (own.index == POINTS_NONE) return;
#pragma unroll
  for (uint32_t i = 0; i < K; i++) {
    if (i + k < K || i + k - K >= others) continue;
    index[(size_t)(i + k - K) * t.slots + slot] = (uint32_t)n.kept[i];
    squared[(size_t)(i + k - K) * t.slots + slot] = __uint_as_float((uint32_t)(n.kept[i] >> 32));
  }
}

unsigned blocks_of_warps(uint32_t warps) {
  return (warps + WARPS - 1) / WARPS;
}

} // namespace

extern "C" cudaError_t points_put_boxes(const points_tree *t, cudaStream_t stream) {
  cudaError_t error = cudaSuccess;
  for (int level = 0; level < t->levels && error == cudaSuccess; level++)
    error = CUDA_LAUNCH(put_boxes, blocks_of_warps(t->boxes[level]), BLOCK, 0, stream, *t, level);
  return error;
}

extern "C" cudaError_t points_find_neighbours(const points_tree *t, uint32_t k, uint32_t *index, float *squared,
                                              cudaStream_t stream) {
  const unsigned blocks = blocks_of_warps(t->slots / POINTS_LEAF);
  if (k <= 9) return CUDA_LAUNCH(find_neighbours<9>, blocks, BLOCK, 0, stream, *t, k, index, squared);
  if (k <= 16) return CUDA_LAUNCH(find_neighbours<16>, blocks, BLOCK, 0, stream, *t, k, index, squared);
  return CUDA_LAUNCH(find_neighbours<32>, blocks, BLOCK, 0, stream, *t, k, index, squared);
}
