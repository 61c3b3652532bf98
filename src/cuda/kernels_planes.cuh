/* Device code: the plane through the neighbours of a point, in the bits of plane_lanes.c and plane.c. */
#ifndef CUDA_KERNELS_PLANES_CUH
#define CUDA_KERNELS_PLANES_CUH

#include "tensor/plane_solve.h"
#include <cuda_runtime.h>

/* As plane_lanes has it, for one point. */
struct plane {
  double distance, normal[3], offset[3], value[3];
};

/* Sums, and sums of products, of what neighbours are off the first of them: x, y, z, xx, xy, xz, yy, yz, zz. */
struct plane_sums {
  double origin[3], sum[9];
};

__device__ inline void plane_begin(plane_sums &s, const float *first) {
  for (int i = 0; i < 9; i++) s.sum[i] = 0;
  for (int axis = 0; axis < 3; axis++) s.origin[axis] = first[axis];
}

__device__ inline void plane_add(plane_sums &s, const float *at) {
  const double x = at[0] - s.origin[0], y = at[1] - s.origin[1], z = at[2] - s.origin[2];
  s.sum[0] += x, s.sum[1] += y, s.sum[2] += z;
  s.sum[3] += x * x, s.sum[4] += x * y, s.sum[5] += x * z;
  s.sum[6] += y * y, s.sum[7] += y * z, s.sum[8] += z * z;
}

__device__ inline double plane_dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Where neighbours leave the normal open: the one across `along` that puts the point farthest (plane_fit). */
__device__ inline void plane_open_normal(const plane_solution &s, int is_flat, const double offset[3],
                                         double normal[3]) {
  double along[3] = {0, 0, 0}, rest[3];
  normal[0] = normal[1] = 0, normal[2] = 1;
  if (is_flat && !(s.is_equal > 0)) {
    for (int i = 0; i < 3; i++) along[i] = s.along[i];
    plane_across(along, normal);
  }
  const double part = plane_dot(offset, along);
  for (int i = 0; i < 3; i++) rest[i] = offset[i] - part * along[i];
  const double length = sqrt(plane_dot(rest, rest));
  if (!(length > 1e-9 * sqrt(plane_dot(offset, offset)))) return;
  for (int i = 0; i < 3; i++) normal[i] = rest[i] / length;
}

/* Of `count` > 0 neighbours that were added. */
__device__ inline plane plane_of(const plane_sums &sums, uint32_t n, const float point[3]) {
  const double *c = sums.sum, count = n;
  const double x = c[0] / count, y = c[1] / count, z = c[2] / count;
  const double xx = c[3] - c[0] * x, xy = c[4] - c[0] * y, xz = c[5] - c[0] * z;
  const double yy = c[6] - c[1] * y, yz = c[7] - c[1] * z, zz = c[8] - c[2] * z;
  const double larger = yy > zz ? yy : zz, largest = xx > larger ? xx : larger, unit = largest > 0 ? largest : 1;
  const double m[6] = {xx / unit, xy / unit, xz / unit, yy / unit, yz / unit, zz / unit};
  const plane_solution s = plane_solve(m);
  plane p = {0,
             {s.normal[0], s.normal[1], s.normal[2]},
             {point[0] - sums.origin[0] - x, point[1] - sums.origin[1] - y, point[2] - sums.origin[2] - z},
             {unit * s.least, unit * s.middle, unit * s.most}};
  if (!(largest > 0) || s.is_equal + s.is_open != 0) {
    plane_open_normal(s, largest > 0, p.offset, p.normal);
    for (int i = 0; i < 3; i++)
      if (!isfinite(p.value[i])) p.value[i] = 0;
  }
  p.distance = plane_dot(p.offset, p.normal);
  return p;
}

/* Through xyz[index[0]], xyz[index[step]] ... of `count`; none: all is 0. */
__device__ inline plane plane_through(const float *xyz, const uint32_t *index, size_t step, uint32_t count,
                                      const float point[3]) {
  plane_sums sums;
  if (count == 0) return plane{};
  plane_begin(sums, xyz + 3 * (size_t)index[0]);
  for (uint32_t j = 1; j < count; j++) plane_add(sums, xyz + 3 * (size_t)index[j * step]);
  return plane_of(sums, count, point);
}

#endif
