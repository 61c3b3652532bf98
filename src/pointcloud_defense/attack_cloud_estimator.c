/*
 * Attackers of the estimator: who keeps his points near the planes of their neighbours looks clean, and the filter,
 * which goes by that, lets them pass or takes a smaller time step.
 */
#include "pointcloud_defense/attack_cloud.h"
#include "pointcloud_defense/plane.h"
#include <math.h>
#include <string.h>

enum { ESTIMATOR_NEIGHBOURS = 16 };

/*
 * slope [n, 3] = d/dx of the sum of distances of points from the best-fit planes of their neighbours, the planes'
 * directions held where they are: a point moves along the normal, and each of its k neighbours moves the plane by a
 * k-th of what it moves itself.
 */
static scrim_status distortion_slope(attack_cloud *a, const float *xyz, size_t n, float *slope, scrim_error *error) {
  const scrim_status status = neighbours_build(a->index, xyz, n, 3, error);
  memset(slope, 0, 3 * n * sizeof *slope);
  for (size_t block = 0; status == SCRIM_OK && block < neighbours_blocks(a->index); block++) {
    neighbours_block found;
    neighbours_find(a->index, block, ESTIMATOR_NEIGHBOURS, &found);
    for (size_t i = 0; i < found.n && found.count > 0; i++) {
      const size_t at = found.point[i];
      best_plane plane;
      const double side = plane_fit(xyz + 3 * at, xyz, 3, found.index[i], found.count, &plane) < 0 ? -1 : 1;
      for (size_t axis = 0; axis < 3; axis++) {
        const float along = (float)(side * plane.normal[axis]), share = along / (float)found.count;
        slope[3 * at + axis] += along;
        for (size_t j = 0; j < found.count; j++) slope[3 * found.index[i][j] + axis] -= share;
      }
    }
  }
  return status;
}

static double mean_size(const float *x, size_t values) {
  double sum = 0;
  for (size_t i = 0; i < values; i++) sum += fabs((double)x[i]);
  return sum / (double)values;
}

scrim_status attack_cloud_flatten(attack_cloud *a, const float *xyz, size_t n, double weight, float *slope,
                                  scrim_error *error) {
  float *downhill = a->second;
  const scrim_status status = distortion_slope(a, xyz, n, downhill, error);
  if (status != SCRIM_OK) return status;
  const double climb = mean_size(slope, 3 * n), fall = mean_size(downhill, 3 * n);
  if (!(climb > 0) || !(fall > 0)) return SCRIM_OK;
  for (size_t i = 0; i < 3 * n; i++) slope[i] = (float)(slope[i] / climb - weight * downhill[i] / fall);
  return SCRIM_OK;
}
