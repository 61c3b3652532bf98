/* The search in plain C: what the others must equal. */
#include "pointcloud_defense/neighbours_parts.h"

#include <math.h>
#include <string.h>

#define TARGET

static float distance(const float q[3], const neighbours_leaf *leaf, int lane) {
  const float x = leaf->xyz[0][lane] - q[0], y = leaf->xyz[1][lane] - q[1], z = leaf->xyz[2][lane] - q[2];
  return (x * x + y * y) + z * z;
}

static float way_to(const neighbours_boxes *boxes, int axis, int lane, float at) {
  return fmaxf(fmaxf(boxes->low[axis][lane] - at, at - boxes->high[axis][lane]), 0);
}

static uint32_t boxes_within(const neighbours_boxes *boxes, const float q[3], float bound) {
  uint32_t lanes = 0;
  for (int lane = 0; lane < NEIGHBOURS_LANES; lane++) {
    const float x = way_to(boxes, 0, lane, q[0]), y = way_to(boxes, 1, lane, q[1]), z = way_to(boxes, 2, lane, q[2]);
    lanes |= (uint32_t)((x * x + y * y) + z * z <= bound) << lane;
  }
  return lanes;
}

static size_t leaf_collect(const neighbours_leaf *leaf, const float q[3], float bound, uint32_t lanes, int32_t *way,
                           uint32_t *index) {
  size_t n = 0;
  for (int lane = 0; lane < NEIGHBOURS_LANES; lane++) {
    const float squared = distance(q, leaf, lane);
    if (!(lanes >> lane & 1) || squared > bound) continue;
    memcpy(&way[n], &squared, sizeof squared);
    index[n++] = leaf->index[lane];
  }
  return n;
}

static void rank_some(const int32_t *way, size_t n, const int32_t *mine, int32_t *rank) {
  for (int i = 0; i < RANKED; i++) rank[i] = 0;
  for (size_t j = 0; j < n; j++)
    for (int i = 0; i < RANKED; i++) rank[i] += way[j] < mine[i];
}

static float bound_from(const neighbours_leaf *leaf, const float q[3], const float *radius) {
  float least = INFINITY;
  for (int lane = 0; lane < NEIGHBOURS_LANES; lane++)
    least = fminf(least, sqrtf(distance(q, leaf, lane)) + radius[lane]);
  return least;
}

#include "pointcloud_defense/neighbours_search.h"

static int supported(void) {
  return 1;
}

const neighbours_search neighbours_plain = {"plain", supported, find, near};
