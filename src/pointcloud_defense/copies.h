/*
 * Which points of a cloud stand for a place of their own. Copies carry no information about a surface, and thousands of
 * them (the padding rows of some sensors) would make every search crawl: they are found once, up front.
 */
#ifndef POINTCLOUD_DEFENSE_COPIES_H
#define POINTCLOUD_DEFENSE_COPIES_H

#include <stddef.h>
#include <stdint.h>

#define COPIES_NONE UINT32_MAX   /* in `first`: the point is nowhere */
#define COPIES_MOST_METRES 1e18f /* beyond, squared distances leave the range of a float */
#define COPIES_MOST_POINTS 1000000000u

/* A point is somewhere if its coordinates are finite and within COPIES_MOST_METRES of the origin. */
int copies_is_valid(const float *xyz);

/*
 * A coordinate as it counts here: below a picometre it is 0. Thousands of points within 1e-23 metres would have nothing
 * but distances of 0 between them in float32, each of them nearest to all others.
 */
static inline float copies_coordinate(float metres) {
  return metres > -1e-12f && metres < 1e-12f ? 0.0f : metres;
}

/*
 * first[i]: the lowest index of the points at the place of point i (itself, if it has no copy before it), or
 * COPIES_NONE. xyz [n, stride], the first three of a row; `work` has room for 2 * n. Answers how many places there are.
 * Places are the same if their coordinates count as the same.
 * Time is n log n at most, whatever the points are.
 */
size_t copies_find(const float *xyz, size_t n, size_t stride, uint32_t *first, uint64_t *work);

#endif
