/* One plane; sixteen at a time are in plane_lanes.c. */
#include "pointcloud_defense/plane.h"

#include "tensor/plane_solve.h"

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double larger(double a, double b) {
  return a > b ? a : b;
}

int plane_normal(const double c[6], double normal[3], double along[3]) {
  const double largest = larger(c[0], larger(c[3], c[5]));
  double m[6];
  memset(along, 0, 3 * sizeof *along);
  memcpy(normal, (const double[3]){0, 0, 1}, 3 * sizeof *normal);
  if (!(largest > 0)) return 0;
  for (int i = 0; i < 6; i++) m[i] = c[i] / largest;
  const plane_solution s = plane_solve(m);
  if (s.is_equal > 0) return 0;
  if (s.is_open > 0) {
    memcpy(along, s.along, sizeof s.along);
    plane_across(along, normal);
    return 0;
  }
  memcpy(normal, s.normal, sizeof s.normal);
  return 1;
}

/* The normal that puts `offset` farthest from the plane: what of it lies across `along`. */
static void open_normal(const double offset[3], const double along[3], double normal[3]) {
  double rest[3];
  const double part = dot(offset, along);
  for (int i = 0; i < 3; i++) rest[i] = offset[i] - part * along[i];
  const double length = sqrt(dot(rest, rest));
  if (!(length > 1e-9 * sqrt(dot(offset, offset)))) return; /* on the line, but for rounding: any normal does */
  for (int i = 0; i < 3; i++) normal[i] = rest[i] / length;
}

/* Sums of products about the mean of the neighbours. Answers in `offset` the way from there to the point. */
static void covariance(const float point[3], const float *xyz, size_t stride, const uint32_t *index, size_t count,
                       double c[6], double offset[3]) {
  /* From one of them, so that nothing is lost far from the origin: differences of floats are exact in double. */
  const float *origin = xyz + index[0] * stride;
  const double x0 = origin[0], y0 = origin[1], z0 = origin[2];
  double sum[3] = {0};
  for (size_t i = 1; i < count; i++) {
    const float *at = xyz + index[i] * stride;
    const double x = at[0] - x0, y = at[1] - y0, z = at[2] - z0;
    sum[0] += x, sum[1] += y, sum[2] += z;
    c[0] += x * x, c[1] += x * y, c[2] += x * z;
    c[3] += y * y, c[4] += y * z, c[5] += z * z;
  }
  const double mean[3] = {sum[0] / (double)count, sum[1] / (double)count, sum[2] / (double)count};
  c[0] -= sum[0] * mean[0], c[1] -= sum[0] * mean[1], c[2] -= sum[0] * mean[2];
  c[3] -= sum[1] * mean[1], c[4] -= sum[1] * mean[2], c[5] -= sum[2] * mean[2];
  offset[0] = point[0] - x0 - mean[0];
  offset[1] = point[1] - y0 - mean[1];
  offset[2] = point[2] - z0 - mean[2];
}

double plane_fit(const float point[3], const float *xyz, size_t stride, const uint32_t *index, size_t count,
                 best_plane *out) {
  double c[6] = {0}, along[3], offset[3] = {0};
  if (count > 0) covariance(point, xyz, stride, index, count, c, offset);
  for (int i = 0; i < 3; i++) out->centre[i] = point[i] - offset[i];
  if (!plane_normal(c, out->normal, along)) open_normal(offset, along, out->normal);
  return dot(offset, out->normal);
}

void plane_project(const best_plane *p, double distance, const float point[3], float to[3]) {
  for (int i = 0; i < 3; i++) to[i] = (float)(point[i] - distance * p->normal[i]);
}
