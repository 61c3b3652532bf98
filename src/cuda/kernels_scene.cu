/*
 * Planes, distances and what a point looks like to the marker: a thread a place, neighbours in ascending distance, sums
 * in double. The arithmetic is that of plane_lanes.c, plane.c, survey.c and marker_features.c, operation by operation.
 *
 * Floor, with k neighbours: 8 k bytes a place of indices and distances, 12 k of coordinates (from the second-level
 * cache, which holds a frame), 16 to 84 written.
 */
#include "cuda/kernels_planes.cuh"
#include "cuda/kernels_points.h"
#include "cuda/launch.h"

namespace {

enum { BLOCK = 128, GEOMETRY = 12, WITH_INTENSITY = 14 };

/* ---- what the marker sees ---- */

__device__ float log_ratio(float length, float range) {
  const float ratio = length / range, low = vector_select(ratio > 1e-5f, ratio, 1e-5f);
  return vector_log(vector_select(low < 1e3f, low, 1e3f));
}

__device__ float within(float value, float limit) {
  const float high = vector_select(value < limit, value, limit);
  return vector_select(high > -limit, high, -limit);
}

__device__ float deviation(double variance, float count) {
  const float v = (float)variance;
  return sqrtf(vector_select(v > 0, v, 0) / count);
}

struct distances {
  float nearest, mean, farthest;
};

/* to [GEOMETRY], `step` apart. */
__device__ void describe_geometry(const float xyz[3], const distances &d, const plane &p, float count, float *to,
                                  size_t step) {
  const float x = xyz[0], y = xyz[1], z = xyz[2], true_range = sqrtf(x * x + y * y + z * z);
  const float range = vector_select(true_range > 1e-3f, true_range, 1e-3f);
  const float off_x = (float)p.offset[0], off_y = (float)p.offset[1], off_z = (float)p.offset[2];
  const float normal_x = (float)p.normal[0], normal_y = (float)p.normal[1], normal_z = (float)p.normal[2];
  to[0 * step] = log_ratio(d.mean, range);
  to[1 * step] = log_ratio(d.nearest, range);
  to[2 * step] = log_ratio(d.farthest, range);
  to[3 * step] = log_ratio(fabsf((float)p.distance), range);
  for (int axis = 0; axis < 3; axis++) to[(4 + axis) * step] = log_ratio(deviation(p.value[axis], count), range);
  to[7 * step] = log_ratio(sqrtf(off_x * off_x + off_y * off_y + off_z * off_z), range);
  to[8 * step] = vector_log(range);
  to[9 * step] = z / range;
  to[10 * step] = fabsf(x * normal_x + y * normal_y + z * normal_z) / range;
  to[11 * step] = within(-(x * off_x + y * off_y + z * off_z) / range / range, 1e3f);
}

__device__ void describe_intensity(const points_survey &s, uint32_t slot, uint32_t point, uint32_t count, float *to,
                                   size_t step) {
  float sum = 0;
  for (uint32_t j = 0; j < count; j++) sum += s.intensity[s.index[(size_t)j * step + slot]];
  to[12 * step] = vector_log(0.01f + s.intensity[point]);
  to[13 * step] = vector_log(0.01f + (count > 0 ? sum / (float)count : 0));
}

/* ---- places ---- */

/* Answers distances to the first, in the middle, and to the k-th; writes the last three of a survey's four numbers. */
__device__ distances measure(const points_survey &s, uint32_t slot, uint32_t count, float *to) {
  const size_t step = s.tree.slots;
  double sum = 0, sum_squared = 0;
  float squared = 0;
  for (uint32_t j = 0; j < count; j++) {
    squared = s.squared[j * step + slot];
    sum += sqrtf(squared);
    sum_squared += squared;
  }
  const double n = count > 0 ? count : 1;
  to[1] = (float)(sum / n);
  to[2] = (float)(sum_squared / n);
  to[3] = count == s.k ? sqrtf(squared) : INFINITY;
  if (count == 0) return {INFINITY, INFINITY, to[3]};
  return {sqrtf(s.squared[slot]), to[1], to[3]};
}

__global__ void survey_places(points_survey s) {
  const uint32_t slot = blockIdx.x * BLOCK + threadIdx.x, places = *s.tree.places;
  if (slot >= places) return;
  const uint32_t point = s.tree.place[slot].index, count = places - 1 < s.k ? places - 1 : s.k;
  const size_t step = s.tree.slots;
  const float *at = s.xyz + 3 * (size_t)point;
  float *to = s.points + 4 * (size_t)point;
  const plane p = plane_through(s.xyz, s.index + slot, step, count, at);
  const distances d = measure(s, slot, count, to);
  to[0] = (float)fabs(p.distance);
  for (int axis = 0; s.moved != nullptr && axis < 3; axis++)
    s.moved[3 * (size_t)point + axis] = (float)(at[axis] - p.distance * p.normal[axis]);
  if (s.features == nullptr) return;
  describe_geometry(at, d, p, count > 0 ? (float)count : 1, s.features + slot, step);
  if (s.intensity != nullptr) describe_intensity(s, slot, point, count, s.features + slot, step);
}

/* ---- copies, and points that are nowhere ---- */

__global__ void survey_others(points_survey s) {
  const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
  if (i >= s.n || s.first[i] == i) return;
  const uint32_t first = s.first[i];
  for (size_t j = 0; j < 4; j++)
    s.points[4 * (size_t)i + j] = first != POINTS_NONE ? s.points[4 * (size_t)first + j] : 0;
  for (size_t a = 0; s.moved != nullptr && a < 3; a++)
    s.moved[3 * (size_t)i + a] = first != POINTS_NONE ? s.moved[3 * (size_t)first + a] : s.xyz[3 * (size_t)i + a];
}

} // namespace

extern "C" cudaError_t points_run_survey(const points_survey *s, cudaStream_t stream) {
  const unsigned blocks = (s->n + BLOCK - 1) / BLOCK;
  const cudaError_t error = CUDA_LAUNCH(survey_places, blocks, BLOCK, 0, stream, *s);
  return error == cudaSuccess ? CUDA_LAUNCH(survey_others, blocks, BLOCK, 0, stream, *s) : error;
}
