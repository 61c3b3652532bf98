/*
 * The search, written once. A file that includes this defines before, for its instruction set:
 *
 *     TARGET                                          the function attribute that allows the instructions
 *     boxes_within(boxes, q, bound)                   lanes whose box is not farther than bound, as a mask
 *     leaf_collect(leaf, q, bound, lanes, way, index) writes those lanes whose point is not farther; answers how many
 *     rank_some(way, n, mine, rank)                   rank[i], i < RANKED: how many of n `way` are less than mine[i]
 *     bound_from(leaf, q, radius)                     the least of (distance to lane + radius of lane), over 16 lanes
 *
 * where q is a point, bound a squared distance, and `way` squared distances as the bits of a float, which are in the
 * order of the numbers. 16 values may be written where fewer are due.
 */
#ifndef POINTCLOUD_DEFENSE_NEIGHBOURS_SEARCH_H
#define POINTCLOUD_DEFENSE_NEIGHBOURS_SEARCH_H

#include "pointcloud_defense/neighbours_parts.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define SEARCH TARGET static inline

/* What a search has found. Kept without order until there is too much of it: sorting is what costs. */
enum { COLLECTED_SLACK = 32, COLLECTED_ROOM = NEIGHBOURS_MAX + COLLECTED_SLACK + 2 * NEIGHBOURS_LANES };
typedef struct collected {
  float q[3];
  float bound; /* squared: nothing farther is among the k nearest */
  size_t k, n;
  int32_t way[COLLECTED_ROOM];
  uint32_t index[COLLECTED_ROOM];
} collected;

SEARCH float squared_of(int32_t way) {
  float squared;
  memcpy(&squared, &way, sizeof squared);
  return squared;
}

/* Of equal distances the lower index is nearer: ranks move up by those before them. */
SEARCH void rank_equals(const collected *c, int32_t *rank) {
  for (size_t i = 0; i < c->n; i++)
    for (size_t j = 0; j < c->n; j++) rank[i] += c->way[j] == c->way[i] && c->index[j] < c->index[i];
}

/* The k nearest of what was collected, in order; the rest is dropped. */
SEARCH void keep_nearest(collected *c) {
  int32_t rank[COLLECTED_ROOM], way[COLLECTED_ROOM];
  uint32_t index[COLLECTED_ROOM];
  const size_t n = c->n;
  size_t sum = 0;
  for (size_t i = n; i % RANKED != 0; i++) c->way[i] = 0;
  for (size_t i = 0; i < n; i += RANKED) rank_some(c->way, n, c->way + i, rank + i);
  for (size_t i = 0; i < n; i++) sum += (size_t)rank[i];
  if (sum != n * (n - 1) / 2) rank_equals(c, rank); /* all different, they would be 0 to n - 1 */
  for (size_t i = 0; i < n; i++) {
    way[rank[i]] = c->way[i];
    index[rank[i]] = c->index[i];
  }
  c->n = n < c->k ? n : c->k;
  memcpy(c->way, way, c->n * sizeof *way);
  memcpy(c->index, index, c->n * sizeof *index);
  if (c->n == c->k) {
    const float reach = squared_of(c->way[c->k - 1]);
    c->bound = reach < c->bound ? reach : c->bound;
  }
}

SEARCH void look_in_leaf(const neighbours_leaf *leaf, uint32_t lanes, collected *c) {
  c->n += leaf_collect(leaf, c->q, c->bound, lanes, c->way + c->n, c->index + c->n);
  if (c->n >= c->k + COLLECTED_SLACK) keep_nearest(c);
}

/* All leaves under the boxes `lanes` of a group, as far as they can hold something near enough. */
SEARCH void look_below(const neighbours *s, int level, size_t group, uint32_t lanes, collected *c) {
  uint32_t open[NEIGHBOURS_LEVELS];
  size_t at[NEIGHBOURS_LEVELS];
  const int top = level;
  open[top] = lanes & boxes_within(&s->box[top][group], c->q, c->bound);
  at[top] = group;
  for (;;) {
    while (open[level] == 0)
      if (level++ == top) return;
    const size_t below = at[level] * NEIGHBOURS_LANES + (size_t)__builtin_ctz(open[level]);
    open[level] &= open[level] - 1;
    if (level == 0) {
      look_in_leaf(&s->leaf[below], ~0u, c);
    } else {
      at[--level] = below;
      open[level] = boxes_within(&s->box[level][below], c->q, c->bound);
    }
  }
}

/* Everything but the leaf `home`, from its siblings outwards: what is near comes first. */
SEARCH void look_around(const neighbours *s, size_t home, collected *c) {
  for (int level = 0; level < s->levels; level++) {
    const size_t group = home / NEIGHBOURS_LANES;
    look_below(s, level, group, ~(1u << home % NEIGHBOURS_LANES), c);
    home = group;
  }
}

SEARCH void hand_out(collected *c, uint32_t *index, float *squared) {
  keep_nearest(c);
  for (size_t i = 0; i < c->n; i++) {
    index[i] = c->index[i];
    squared[i] = squared_of(c->way[i]);
  }
}

/*
 * Nobody is farther from his k-th neighbour than from another point and on to the k-th neighbour of that. A little is
 * added for what was rounded: each squared distance to a few parts in 10^7, or, where it underflows, 1e-44.
 */
SEARCH float bound_by(float way) {
  way = way * 1.00001f + 4e-22f;
  way *= way;
  return way < FLT_MAX ? way : FLT_MAX;
}

TARGET static void find(const neighbours *s, size_t block, size_t k, neighbours_block *out) {
  const neighbours_leaf *home = &s->leaf[block];
  const size_t left = s->places - block * NEIGHBOURS_LANES;
  float radius[NEIGHBOURS_LANES];
  collected c;
  for (int i = 0; i < NEIGHBOURS_LANES; i++) radius[i] = INFINITY;
  out->n = left < NEIGHBOURS_LANES ? left : NEIGHBOURS_LANES;
  out->count = neighbours_count(s, k);
  c.k = k;
  for (size_t i = 0; i < out->n; i++) {
    out->point[i] = home->index[i];
    for (int axis = 0; axis < 3; axis++) c.q[axis] = home->xyz[axis][i];
    c.n = 0;
    c.bound = bound_by(bound_from(home, c.q, radius));
    look_in_leaf(home, ~(1u << i), &c);
    look_around(s, block, &c);
    hand_out(&c, out->index[i], out->squared[i]);
    if (out->count == k) radius[i] = sqrtf(out->squared[i][k - 1]);
  }
}

/* A leaf whose box is near, going down from the top to the nearest box each time. */
static size_t near_leaf(const neighbours *s, const float q[3]) {
  size_t at = 0;
  for (int level = s->levels; level-- > 0;) {
    const neighbours_boxes *group = &s->box[level][at];
    float least = INFINITY;
    size_t nearest = 0;
    for (size_t lane = 0; lane < NEIGHBOURS_LANES; lane++) {
      float squared = 0;
      for (int axis = 0; axis < 3; axis++) {
        const float way = fmaxf(fmaxf(group->low[axis][lane] - q[axis], q[axis] - group->high[axis][lane]), 0);
        squared += way * way;
      }
      if (squared >= least) continue;
      least = squared;
      nearest = lane;
    }
    at = at * NEIGHBOURS_LANES + nearest;
  }
  return at;
}

TARGET static size_t near(const neighbours *s, const float xyz[3], size_t k, uint32_t *index, float *squared) {
  collected c;
  c.bound = FLT_MAX;
  c.k = k;
  c.n = 0;
  for (int axis = 0; axis < 3; axis++) c.q[axis] = copies_coordinate(xyz[axis]);
  const size_t home = near_leaf(s, c.q);
  look_in_leaf(&s->leaf[home], ~0u, &c);
  look_around(s, home, &c);
  hand_out(&c, index, squared);
  return c.n;
}

#endif
