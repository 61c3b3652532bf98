/*
 * What neighbours tell of a point, in the arithmetic of prior_local.c: planes of three scales from one pass over 32
 * neighbours, then what those know, then all of it laid out as rows for the network. A thread a place.
 *
 * Floor, bytes a place: 256 of neighbours read twice, 384 of their coordinates, 512 of what they know, all but the
 * first from the second-level cache; 450 written and as many read again.
 */
#include "cuda/kernels_planes.cuh"
#include "cuda/kernels_prior.h"
#include "cuda/launch.h"

namespace {

enum { BLOCK = 128, MIDDLE = 1, LEAST = 8 };
/* Rows of `seen`. */
enum {
  TO_PLANE = 0,
  TO_MEAN = 9,
  TO_PLANES = 18,
  TO_LIKE = 21,
  WITH_OTHERS = 24,
  SPREAD = 27,
  SPACING = 36,
  OTHERS = 37
};
static_assert(OTHERS + 1 == PRIOR_SEEN, "all rows are there");

unsigned blocks_of(uint32_t n) {
  return (n + BLOCK - 1) / BLOCK;
}

__device__ uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

__device__ uint32_t neighbours_of(const diffuse_cloud &c) {
  const uint32_t others = *c.tree.places - 1;
  return least(others, PRIOR_K);
}

/* ---- first: every place with its neighbours ---- */

__device__ void put_scale(const diffuse_cloud &c, uint32_t slot, uint32_t point, int scale, uint32_t count,
                          const plane &p) {
  const size_t step = c.tree.slots;
  const float *at = c.x + 3 * (size_t)point;
  float *seen = c.seen + slot, *known = c.known + PRIOR_KNOWN * (size_t)point;
  double height = 0;
  for (int a = 0; a < 3; a++) {
    const float way = (float)(-p.distance * p.normal[a]);
    const float spread = (float)sqrt(fmax(p.value[a], 0.0) / (double)count);
    seen[(TO_PLANE + 3 * scale + a) * step] = way;
    seen[(TO_MEAN + 3 * scale + a) * step] = (float)(p.distance * p.normal[a] - p.offset[a]);
    seen[(SPREAD + 3 * scale + a) * step] = spread;
    height += p.normal[a] * ((double)at[a] - p.offset[a]);
    if (scale != MIDDLE) continue;
    known[a] = (float)p.normal[a];
    known[5 + a] = way;
    if (a == 0) known[4] = spread;
    c.once[3 * (size_t)point + a] = (float)(at[a] - p.distance * p.normal[a]);
  }
  if (scale == MIDDLE) known[3] = (float)height;
}

__global__ void look(diffuse_cloud c) {
  const uint32_t slot = blockIdx.x * BLOCK + threadIdx.x;
  if (slot >= *c.tree.places || *c.tree.places < 2) return;
  const uint32_t count = neighbours_of(c), point = c.tree.place[slot].index;
  const size_t step = c.tree.slots;
  plane_sums sums;
  double spacing = 0;
  uint32_t added = 1;
  plane_begin(sums, c.x + 3 * (size_t)c.index[slot]);
#pragma unroll 1
  for (int scale = 0; scale < PRIOR_SCALES_OF; scale++) {
    const uint32_t due = least(count, LEAST << scale);
    for (; added < due; added++) plane_add(sums, c.x + 3 * (size_t)c.index[added * step + slot]);
    put_scale(c, slot, point, scale, due, plane_of(sums, due, c.x + 3 * (size_t)point));
  }
  const uint32_t near = least(count, LEAST);
  for (uint32_t j = 0; j < near; j++) spacing += sqrtf(c.squared[j * step + slot]);
  c.seen[SPACING * step + slot] = (float)(spacing / (double)near);
}

/* ---- copies ---- */

__global__ void count_copies(diffuse_cloud c) {
  const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
  if (i >= c.tree.n || c.first[i] == POINTS_NONE) return;
  atomicAdd(&c.copies[c.first[i]], 1u);
  atomicAdd(&c.copies[c.tree.n], 1u);
}

/* ---- the mean spacing ---- */

__global__ void add_spacings(diffuse_cloud c) {
  __shared__ double sum[PRIOR_SUM_SLOTS];
  const uint32_t slot = blockIdx.x * PRIOR_SUM_SLOTS + threadIdx.x, places = *c.tree.places;
  sum[threadIdx.x] = slot < places && places > 1 ? c.seen[SPACING * (size_t)c.tree.slots + slot] : 0;
  for (unsigned half = PRIOR_SUM_SLOTS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sum[threadIdx.x] += sum[threadIdx.x + half];
  }
  if (threadIdx.x == 0) c.sums[blockIdx.x] = sum[0];
}

__global__ void average_spacing(diffuse_cloud c, uint32_t n) {
  __shared__ double sum[PRIOR_SUM_SLOTS];
  sum[threadIdx.x] = 0;
  for (uint32_t i = threadIdx.x; i < n; i += PRIOR_SUM_SLOTS) sum[threadIdx.x] += c.sums[i];
  for (unsigned half = PRIOR_SUM_SLOTS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sum[threadIdx.x] += sum[threadIdx.x + half];
  }
  if (threadIdx.x == 0) *c.spacing = *c.tree.places > 1 ? sum[0] / (double)*c.tree.places : 0;
}

/* ---- then: what neighbours know ---- */

__device__ float dot(const float a[3], const float b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Where one more projection leads from `from` [n, 3], with the neighbours as they were found. */
__device__ void project_again(const diffuse_cloud &c, uint32_t slot, uint32_t point, uint32_t n, const float *from,
                              float to[3]) {
  const float *at = from + 3 * (size_t)point;
  const plane p = plane_through(from, c.index + slot, c.tree.slots, n, at);
  for (int a = 0; a < 3; a++) to[a] = (float)(at[a] - p.distance * p.normal[a]);
}

__global__ void ask(diffuse_cloud c) {
  const uint32_t slot = blockIdx.x * BLOCK + threadIdx.x;
  if (slot >= *c.tree.places || *c.tree.places < 2) return;
  const uint32_t n = least(neighbours_of(c), LEAST << MIDDLE), point = c.tree.place[slot].index;
  const size_t step = c.tree.slots;
  const float *at = c.x + 3 * (size_t)point, *own = c.known + PRIOR_KNOWN * (size_t)point;
  float to_planes[3] = {0}, to_like[3] = {0}, with_others[3] = {0}, weights = 1e-6f, others = 0, *seen = c.seen + slot;
  for (uint32_t j = 0; j < n; j++) {
    const float *other = c.known + PRIOR_KNOWN * (size_t)c.index[j * step + slot];
    const float way = other[3] - dot(other, at), cosine = dot(other, own), weight = cosine * cosine * cosine * cosine;
    weights += weight;
    others += other[4];
    for (int a = 0; a < 3; a++) {
      to_planes[a] += way * other[a];
      to_like[a] += weight * way * other[a];
      with_others[a] += other[5 + a];
    }
  }
  for (int a = 0; a < 3; a++) {
    seen[(TO_PLANES + a) * step] = to_planes[a] / (float)n;
    seen[(TO_LIKE + a) * step] = to_like[a] / weights;
    seen[(WITH_OTHERS + a) * step] = with_others[a] / (float)n;
  }
  seen[OTHERS * step] = others / (float)n;
  project_again(c, slot, point, n, c.once, c.twice + 3 * (size_t)point);
}

/* ---- last: all of it laid out ---- */

__device__ float logarithm(float length, double unit) {
  return (float)log(length / unit + 0.01);
}

/* way [PRIOR_WAYS_OF, 3]: what was seen, and the two that need one more projection. */
__device__ void collect_ways(const diffuse_cloud &c, uint32_t slot, float (*way)[3]) {
  const uint32_t n = least(neighbours_of(c), LEAST << MIDDLE), point = c.tree.place[slot].index;
  const float *at = c.x + 3 * (size_t)point;
  float thrice[3];
  project_again(c, slot, point, n, c.twice, thrice);
  for (int v = 0; v < PRIOR_WAYS_OF - 2; v++)
    for (int a = 0; a < 3; a++) way[v][a] = c.seen[(3 * v + a) * (size_t)c.tree.slots + slot];
  for (int a = 0; a < 3; a++) {
    way[PRIOR_WAYS_OF - 2][a] = c.twice[3 * (size_t)point + a] - at[a];
    way[PRIOR_WAYS_OF - 1][a] = thrice[a] - at[a];
  }
}

__global__ void lay_out(diffuse_cloud c) {
  const uint32_t slot = blockIdx.x * BLOCK + threadIdx.x;
  const size_t step = c.tree.slots;
  const double unit = *c.spacing;
  float way[PRIOR_WAYS_OF][3], length[PRIOR_WAYS_OF], *to = c.numbers + slot;
  if (slot >= *c.tree.places) return;
  if (*c.tree.places < 2) { /* alone: nobody tells it anything */
    for (int i = 0; i < PRIOR_NUMBERS; i++) to[i * step] = 0;
    for (int i = 0; i < PRIOR_ROWS; i++) c.ways[i * step + slot] = 0;
    return;
  }
  collect_ways(c, slot, way);
#pragma unroll
  for (int v = 0; v < PRIOR_WAYS_OF; v++) {
    length[v] = sqrtf(dot(way[v], way[v]));
    to[v * step] = logarithm(length[v], unit);
    for (int a = 0; a < 3; a++) c.ways[(a * PRIOR_WAYS_OF + v) * step + slot] = way[v][a] * (float)(1 / unit);
  }
  to += PRIOR_WAYS_OF * step;
#pragma unroll
  for (int v = 0; v < PRIOR_WAYS_OF; v++)
#pragma unroll
    for (int u = 0; u < v; u++, to += step) *to = dot(way[v], way[u]) / (length[v] * length[u] + 1e-12f);
  for (int row = SPREAD; row < PRIOR_SEEN; row++, to += step) *to = logarithm(c.seen[row * step + slot], unit);
}

/* ---- the step ---- */

/* Copies go with their place, and what is nowhere has no noise that anybody knew of. */
__global__ void move(diffuse_cloud c, float inner, float part, float outer, float spread, const float *noise) {
  const uint32_t value = blockIdx.x * BLOCK + threadIdx.x, point = value / 3, axis = value % 3;
  if (point >= c.tree.n) return;
  const uint32_t first = c.first[point];
  const float epsilon = first != POINTS_NONE ? c.epsilon[3 * (size_t)first + axis] : 0;
  const float x = outer * (inner * c.x[value] + part * epsilon);
  c.x[value] = noise != nullptr ? x + spread * noise[value] : x;
}

__global__ void add_noise(diffuse_cloud c, float signal, float spread, const float *noise) {
  const uint32_t value = blockIdx.x * BLOCK + threadIdx.x;
  if (value / 3 < c.tree.n) c.x[value] = signal * c.x[value] + spread * noise[value];
}

} // namespace

extern "C" cudaError_t diffuse_look(const diffuse_cloud *c, cudaStream_t stream) {
  const unsigned blocks = blocks_of(c->tree.n), sums = (c->tree.n + PRIOR_SUM_SLOTS - 1) / PRIOR_SUM_SLOTS;
  cudaError_t e = cudaMemsetAsync(c->copies, 0, (c->tree.n + 1) * sizeof *c->copies, stream);
  if (e == cudaSuccess) e = CUDA_LAUNCH(count_copies, blocks, BLOCK, 0, stream, *c);
  if (e == cudaSuccess) e = CUDA_LAUNCH(look, blocks, BLOCK, 0, stream, *c);
  if (e == cudaSuccess) e = CUDA_LAUNCH(add_spacings, sums, PRIOR_SUM_SLOTS, 0, stream, *c);
  if (e == cudaSuccess) e = CUDA_LAUNCH(average_spacing, 1, PRIOR_SUM_SLOTS, 0, stream, *c, sums);
  if (e == cudaSuccess) e = CUDA_LAUNCH(ask, blocks, BLOCK, 0, stream, *c);
  return e == cudaSuccess ? CUDA_LAUNCH(lay_out, blocks, BLOCK, 0, stream, *c) : e;
}

extern "C" cudaError_t diffuse_move(const diffuse_cloud *c, float inner, float part, float outer, float spread,
                                    const float *noise, cudaStream_t stream) {
  return CUDA_LAUNCH(move, blocks_of(3 * c->tree.n), BLOCK, 0, stream, *c, inner, part, outer, spread, noise);
}

extern "C" cudaError_t diffuse_noise(const diffuse_cloud *c, float signal, float spread, const float *noise,
                                     cudaStream_t stream) {
  return CUDA_LAUNCH(add_noise, blocks_of(3 * c->tree.n), BLOCK, 0, stream, *c, signal, spread, noise);
}
