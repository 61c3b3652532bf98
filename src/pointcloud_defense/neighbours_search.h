/*
 * The search, written once. A file that includes this defines before, for its instruction set:
 *
 *     TARGET                                      the function attribute that allows the instructions
 *     spread, spread_out(q)                       a point in every lane
 *     boxes_within(boxes, low, high, bound)       lanes whose box is not farther than bound from the box low..high
 *     leaf_collect(leaf, q, bound, lanes, way, index) writes those lanes whose point is not farther; answers how many
 *     rank_some(way, n, mine, rank)               rank[i], i < RANKED: how many of n `way` are less than mine[i]
 *     put_in_order(way, index, n, to_way, to)     n <= ORDERED in ascending order; 0: not done, two are equal
 *     bound_from(leaf, q, radius)                 the least of (distance to lane + radius of lane), over 16 lanes
 *
 * where q, low and high are spread, bound is a squared distance, and `way` squared distances as the bits of a float,
 * which are in the order of the numbers. 16 values may be written where fewer are due; arrays end after a multiple of
 * RANKED.
 */
#ifndef POINTCLOUD_DEFENSE_NEIGHBOURS_SEARCH_H
#define POINTCLOUD_DEFENSE_NEIGHBOURS_SEARCH_H

#include "pointcloud_defense/neighbours_parts.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define SEARCH TARGET static inline

/* ---- what a search has found: without order until there is too much of it, for sorting is what costs ---- */

enum {
  FIRST_SLACK = 6,
  COLLECTED_SLACK = 32,
  COLLECTED_ROOM = NEIGHBOURS_MAX + COLLECTED_SLACK + 2 * NEIGHBOURS_LANES
};
typedef struct collected {
  int32_t way[COLLECTED_ROOM];
  uint32_t index[COLLECTED_ROOM];
} collected;

SEARCH float squared_of(int32_t way) {
  float squared;
  memcpy(&squared, &way, sizeof squared);
  return squared;
}

/* Of equal distances the lower index is nearer: ranks move up by those before them. */
SEARCH void rank_equals(const collected *c, size_t n, int32_t *rank) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) rank[i] += c->way[j] == c->way[i] && c->index[j] < c->index[i];
}

/* All n in order, however many there are and whatever is equal. */
SEARCH void order_any(collected *c, size_t n, int32_t *way, uint32_t *index) {
  int32_t rank[COLLECTED_ROOM];
  size_t sum = 0;
  for (size_t i = n; i % RANKED != 0; i++) c->way[i] = 0;
  for (size_t i = 0; i < n; i += RANKED) rank_some(c->way, n, c->way + i, rank + i);
  for (size_t i = 0; i < n; i++) sum += (size_t)rank[i];
  if (sum != n * (n - 1) / 2) rank_equals(c, n, rank); /* all different, they would be 0 to n - 1 */
  for (size_t i = 0; i < n; i++) {
    way[rank[i]] = c->way[i];
    index[rank[i]] = c->index[i];
  }
}

/* The k nearest of the n that were collected, in order, take their place; answers how many there are. */
TARGET static __attribute__((noinline)) size_t keep_nearest(collected *c, size_t n, size_t k) {
  int32_t way[COLLECTED_ROOM];
  uint32_t index[COLLECTED_ROOM];
  if (n > ORDERED || !put_in_order(c->way, c->index, n, way, index)) order_any(c, n, way, index);
  n = n < k ? n : k;
  memcpy(c->way, way, n * sizeof *way);
  memcpy(c->index, index, n * sizeof *index);
  return n;
}

/* The same, handed out. `squared` and `index` have room for NEIGHBOURS_MAX. */
SEARCH void hand_out(collected *c, size_t n, size_t k, uint32_t *index, float *squared) {
  if (n <= ORDERED && put_in_order(c->way, c->index, n, squared, index)) return;
  n = keep_nearest(c, n, k);
  for (size_t i = 0; i < n; i++) {
    index[i] = c->index[i];
    squared[i] = squared_of(c->way[i]);
  }
}

/* A search on its way: nothing farther than `bound`, squared, is among the k nearest. */
typedef struct search_state {
  spread q;
  float bound;
  size_t k, n, most; /* wanted; collected; and as many as are not too many */
} search_state;

SEARCH search_state look_in_leaf(search_state at, const neighbours_leaf *leaf, uint32_t lanes, collected *c) {
  at.n += leaf_collect(leaf, at.q, at.bound, lanes, c->way + at.n, c->index + at.n);
  if (at.n < at.most) return at;
  at.n = keep_nearest(c, at.n, at.k);
  const float reach = squared_of(c->way[at.k - 1]);
  at.bound = reach < at.bound ? reach : at.bound;
  at.most = at.k + COLLECTED_SLACK; /* there is a bound now: not much more will come */
  return at;
}

/* ---- through the tree ---- */

/* All leaves under the boxes `lanes` of a group, as far as they can hold something near enough. */
SEARCH search_state look_below(search_state at, const neighbours *s, int top, size_t group, uint32_t lanes,
                               collected *c) {
  uint32_t open[NEIGHBOURS_LEVELS];
  size_t where[NEIGHBOURS_LEVELS];
  int level = top;
  open[top] = lanes & boxes_within(&s->box[top][group], at.q, at.q, at.bound);
  where[top] = group;
  for (;;) {
    while (open[level] == 0)
      if (level++ == top) return at;
    const size_t below = where[level] * NEIGHBOURS_LANES + (size_t)__builtin_ctz(open[level]);
    open[level] &= open[level] - 1;
    if (level == 0) {
      at = look_in_leaf(at, &s->leaf[below], ~0u, c);
    } else {
      where[--level] = below;
      open[level] = boxes_within(&s->box[level][below], at.q, at.q, at.bound);
    }
  }
}

/* Everything but the leaf `home`, from its siblings outwards: what is near comes first. */
SEARCH search_state look_around(search_state at, const neighbours *s, size_t home, collected *c) {
  for (int level = 0; level < s->levels; level++) {
    const size_t group = home / NEIGHBOURS_LANES;
    at = look_below(at, s, level, group, ~(1u << home % NEIGHBOURS_LANES), c);
    home = group;
  }
  return at;
}

/* ---- around a leaf: what may hold neighbours of any of its points is looked for once ---- */

enum { AROUND_GROUPS = 16, AROUND_MOST = AROUND_GROUPS * NEIGHBOURS_LANES };
typedef struct around {
  size_t n;
  neighbours_boxes box[AROUND_GROUPS]; /* of the leaves, side by side */
  uint32_t leaf[AROUND_MOST];
} around;

/* Adds what is under the boxes `lanes` of a group and within the bound of the box low..high; 0 if there is no room. */
TARGET static int gather_below(const neighbours *s, int level, size_t group, uint32_t lanes, spread low, spread high,
                               float bound, around *a) {
  const neighbours_boxes *boxes = &s->box[level][group];
  for (lanes &= boxes_within(boxes, low, high, bound); lanes != 0; lanes &= lanes - 1) {
    const size_t lane = (size_t)__builtin_ctz(lanes), below = group * NEIGHBOURS_LANES + lane;
    if (level > 0) {
      if (!gather_below(s, level - 1, below, ~0u, low, high, bound, a)) return 0;
      continue;
    }
    if (a->n == AROUND_MOST) return 0;
    neighbours_boxes *to = &a->box[a->n / NEIGHBOURS_LANES];
    for (int axis = 0; axis < 3; axis++) {
      to->low[axis][a->n % NEIGHBOURS_LANES] = boxes->low[axis][lane];
      to->high[axis][a->n % NEIGHBOURS_LANES] = boxes->high[axis][lane];
    }
    a->leaf[a->n++] = (uint32_t)below;
  }
  return 1;
}

/* All leaves but `home` within the bound of its box, from its siblings outwards; 0 if they are too many. */
SEARCH int gather_around(const neighbours *s, size_t home, float bound, around *a) {
  const neighbours_boxes *own = &s->box[0][home / NEIGHBOURS_LANES];
  const size_t lane = home % NEIGHBOURS_LANES;
  const spread low = spread_out((const float[3]){own->low[0][lane], own->low[1][lane], own->low[2][lane]});
  const spread high = spread_out((const float[3]){own->high[0][lane], own->high[1][lane], own->high[2][lane]});
  a->n = 0;
  for (int level = 0; level < s->levels; level++) {
    const size_t group = home / NEIGHBOURS_LANES;
    if (!gather_below(s, level, group, ~(1u << home % NEIGHBOURS_LANES), low, high, bound, a)) return 0;
    home = group;
  }
  for (size_t i = a->n; i % NEIGHBOURS_LANES != 0; i++)
    for (int axis = 0; axis < 3; axis++) {
      a->box[i / NEIGHBOURS_LANES].low[axis][i % NEIGHBOURS_LANES] = INFINITY;
      a->box[i / NEIGHBOURS_LANES].high[axis][i % NEIGHBOURS_LANES] = -INFINITY;
    }
  return 1;
}

SEARCH search_state look_at(search_state at, const neighbours *s, const around *a, collected *c) {
  for (size_t i = 0; i < a->n; i += NEIGHBOURS_LANES) {
    uint32_t lanes = boxes_within(&a->box[i / NEIGHBOURS_LANES], at.q, at.q, at.bound);
    for (; lanes != 0; lanes &= lanes - 1)
      at = look_in_leaf(at, &s->leaf[a->leaf[i + (size_t)__builtin_ctz(lanes)]], ~0u, c);
  }
  return at;
}

/* ---- the neighbourhoods of a leaf ---- */

/*
 * Nobody is farther from his k-th neighbour than from another point and on to the k-th neighbour of that. A little is
 * added for what was rounded: each squared distance to a few parts in 10^7, or, where it underflows, 1e-44.
 */
SEARCH float bound_by(float way) {
  way = way * 1.00001f + 4e-22f;
  way *= way;
  return way < FLT_MAX ? way : FLT_MAX;
}

SEARCH spread point_of(const neighbours_leaf *leaf, size_t lane) {
  return spread_out((const float[3]){leaf->xyz[0][lane], leaf->xyz[1][lane], leaf->xyz[2][lane]});
}

/* The bound of all points of a leaf, once the k-th neighbours of some are known. */
SEARCH float bound_of_leaf(const neighbours_leaf *home, size_t n, const float *radius) {
  float most = 0;
  for (size_t i = 0; i < n; i++) {
    const float way = bound_from(home, point_of(home, i), radius);
    most = way > most ? way : most;
  }
  return bound_by(most);
}

TARGET static void find(const neighbours *s, size_t block, size_t k, neighbours_block *out) {
  const neighbours_leaf *home = &s->leaf[block];
  const size_t left = s->places - block * NEIGHBOURS_LANES;
  float radius[NEIGHBOURS_LANES];
  int gathered = 0;
  collected c;
  around near_by;
  for (int i = 0; i < NEIGHBOURS_LANES; i++) radius[i] = INFINITY;
  out->n = left < NEIGHBOURS_LANES ? left : NEIGHBOURS_LANES;
  out->count = neighbours_count(s, k);
  memcpy(out->point, home->index, sizeof out->point);
  for (size_t i = 0; i < out->n; i++) {
    search_state at = {.q = point_of(home, i), .k = k, .most = k + (gathered ? COLLECTED_SLACK : FIRST_SLACK)};
    at.bound = bound_by(bound_from(home, at.q, radius));
    /* Not waited for: what was scattered takes its time to be there. */
    if (i > 1 && out->count == k) radius[i - 1] = sqrtf(out->squared[i - 1][k - 1]);
    at = look_in_leaf(at, home, ~(1u << i), &c);
    at = gathered ? look_at(at, s, &near_by, &c) : look_around(at, s, block, &c);
    hand_out(&c, at.n, k, out->index[i], out->squared[i]);
    if (i > 0) continue;
    if (out->count == k) radius[0] = sqrtf(out->squared[0][k - 1]);
    gathered = gather_around(s, block, bound_of_leaf(home, out->n, radius), &near_by);
  }
}

/* ---- any place ---- */

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
  float q[3];
  collected c;
  for (int axis = 0; axis < 3; axis++) q[axis] = copies_coordinate(xyz[axis]);
  const size_t home = near_leaf(s, q);
  search_state at = {.q = spread_out(q), .bound = FLT_MAX, .k = k, .most = k + COLLECTED_SLACK};
  at = look_in_leaf(at, &s->leaf[home], ~0u, &c);
  at = look_around(at, s, home, &c);
  at.n = keep_nearest(&c, at.n, k);
  for (size_t i = 0; i < at.n; i++) {
    index[i] = c.index[i];
    squared[i] = squared_of(c.way[i]);
  }
  return at.n;
}

#endif
