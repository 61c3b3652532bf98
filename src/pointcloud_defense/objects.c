#include "pointcloud_defense/objects.h"
#include <math.h>
#include <string.h>

void objects_to_unit_sphere(float *xyz, size_t n) {
  double mean[3] = {0}, farthest = 0;
  for (size_t i = 0; i < 3 * n; i++) mean[i % 3] += (double)xyz[i] / (double)n;
  for (size_t i = 0; i < n; i++) {
    double squared = 0;
    for (size_t axis = 0; axis < 3; axis++) {
      const double off = xyz[3 * i + axis] - mean[axis];
      squared += off * off;
    }
    farthest = fmax(farthest, sqrt(squared));
  }
  const double scale = farthest > 0 ? 1 / farthest : 1;
  for (size_t i = 0; i < 3 * n; i++) xyz[i] = (float)(scale * (xyz[i] - mean[i % 3]));
}

void objects_thin(const float *from, size_t n, size_t keep, float *to, random_source *source) {
  size_t left = keep;
  for (size_t i = 0; i < n && left > 0; i++) {
    if (random_below(source, n - i) >= left) continue;
    memcpy(to + 3 * (keep - left), from + 3 * i, 3 * sizeof *to);
    left--;
  }
}

/* Mean squared distance from the points of a to their nearest of b. */
static scrim_status one_way(neighbours *index, const float *a, size_t n, const float *b, size_t m, double *squared,
                            scrim_error *error) {
  double sum = 0;
  size_t counted = 0;
  const scrim_status status = neighbours_build(index, b, m, 3, error);
  if (status != SCRIM_OK) return status;
  for (size_t i = 0; i < n && neighbours_places(index) > 0; i++) {
    uint32_t nearest;
    float way;
    if (!copies_is_valid(a + 3 * i)) continue;
    neighbours_near(index, a + 3 * i, 1, &nearest, &way);
    sum += way;
    counted++;
  }
  *squared = counted > 0 ? sum / (double)counted : INFINITY;
  return SCRIM_OK;
}

scrim_status objects_chamfer(neighbours *index, const float *a, size_t n, const float *b, size_t m, double *squared,
                             scrim_error *error) {
  double there = 0, back = 0;
  scrim_status status = one_way(index, a, n, b, m, &there, error);
  if (status == SCRIM_OK) status = one_way(index, b, m, a, n, &back, error);
  *squared = there + back;
  return status;
}
