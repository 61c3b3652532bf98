/* The search in plain C: what the others must equal. */
#include "pointcloud_defense/neighbours_parts.h"

#include <math.h>
#include <string.h>

#define TARGET

typedef struct spread {
  float at[3];
} spread;

static spread spread_out(const float q[3]) {
  return (spread){{q[0], q[1], q[2]}};
}

static float distance(spread q, const neighbours_leaf *leaf, int lane) {
  const float x = leaf->xyz[0][lane] - q.at[0], y = leaf->xyz[1][lane] - q.at[1], z = leaf->xyz[2][lane] - q.at[2];
  return (x * x + y * y) + z * z;
}

static uint32_t boxes_within(const neighbours_boxes *boxes, spread low, spread high, float bound) {
  uint32_t lanes = 0;
  for (int lane = 0; lane < NEIGHBOURS_LANES; lane++) {
    float way[3];
    for (int axis = 0; axis < 3; axis++)
      way[axis] = fmaxf(fmaxf(boxes->low[axis][lane] - high.at[axis], low.at[axis] - boxes->high[axis][lane]), 0);
    lanes |= (uint32_t)((way[0] * way[0] + way[1] * way[1]) + way[2] * way[2] <= bound) << lane;
  }
  return lanes;
}

static size_t leaf_collect(const neighbours_leaf *leaf, spread q, float bound, uint32_t lanes, int32_t *way,
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

/* The general way does it. */
static int put_in_order(const int32_t *way, const uint32_t *index, size_t n, void *to_way, uint32_t *to) {
  (void)way, (void)index, (void)n, (void)to_way, (void)to;
  return 0;
}

static float bound_from(const neighbours_leaf *leaf, spread q, const float *radius) {
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
