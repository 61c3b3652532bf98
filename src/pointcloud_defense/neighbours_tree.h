/* Private to neighbours*.c: how leaves come to hold points that are close to each other. */
#ifndef POINTCLOUD_DEFENSE_NEIGHBOURS_TREE_H
#define POINTCLOUD_DEFENSE_NEIGHBOURS_TREE_H

#include "core/pool.h"
#include <stdint.h>

typedef struct neighbours_record {
  float xyz[3];
  uint32_t index;
} neighbours_record;

/*
 * Orders records so that each `leaf` of them in a row are close together, and so are each 2, 4, 8 ... leaves in a row,
 * counted from the start. The order depends on the records alone; `scratch` has room for as many. Time is n log(n)^2 at
 * most. With `threads`, they share the work, to the same order; NULL: there are none.
 */
void neighbours_order(neighbours_record *records, neighbours_record *scratch, size_t n, size_t leaf, pool *threads);

/* Least and greatest coordinates; the fourth of each means nothing. No records: FLT_MAX and -FLT_MAX. */
void neighbours_extent(const neighbours_record *r, size_t n, float low[4], float high[4]);

#endif
