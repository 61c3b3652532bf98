/*
 * The k nearest neighbours of points in space.
 *
 * A tree of boxes over leaves of 16 points. It is built by median cuts across the widest side of what is there, so that
 * it follows the density of a cloud: fine near a LiDAR, coarse far away. Leaves and boxes are kept in lanes, 16 at a
 * time, and every 16 boxes have one box above them. The points of a leaf are asked for together: what may hold
 * neighbours of any of them, some 35 leaves, is looked up once, and each point then looks at about 2 groups of 16 boxes
 * and 7 leaves for k = 16. Floor, for n points and k neighbours: 16 bytes a point in leaves (x, y, z, index) and 1.6 in
 * boxes are read at least once, and some 110 distances are compared a point, where 16 would do.
 *
 * Neighbours are places: points that equal one another count as one, the one of lowest index, and points that are
 * nowhere (copies.h) have no neighbours and are nobody's. Distance is (dx*dx + dy*dy) + dz*dz in float32, rounded after
 * every step; of equal distances the lower index is nearer. So there is exactly one right answer, whatever the
 * processor, the number of threads or the order of searching.
 *
 * Memory: 40 bytes a point, kept between clouds: no allocation once the largest has been seen.
 */
#ifndef POINTCLOUD_DEFENSE_NEIGHBOURS_H
#define POINTCLOUD_DEFENSE_NEIGHBOURS_H

#include "core/pool.h"
#include "pointcloud_defense/copies.h"
#include <scrim/status.h>

enum { NEIGHBOURS_MAX = 64, NEIGHBOURS_LANES = 16 };

typedef struct neighbours neighbours;
neighbours *neighbours_create(void);                 /* empty; NULL when out of memory */
void neighbours_free(neighbours *s);                 /* wipes; NULL is fine */
void neighbours_share(neighbours *s, pool *threads); /* from now on they build it together, to the same answers */

/*
 * Indexes the places of a cloud: xyz [n, stride], the first three of a row, in place of what was indexed before. The
 * cloud may be changed or freed afterwards. After a failure (SCRIM_E_MEMORY, SCRIM_E_DATA: too many points) no cloud is
 * indexed.
 */
scrim_status neighbours_build(neighbours *s, const float *xyz, size_t n, size_t stride, scrim_error *error);

size_t neighbours_places(const neighbours *s);         /* points indexed */
const uint32_t *neighbours_first(const neighbours *s); /* [n] as of copies_find */
size_t neighbours_bytes(const neighbours *s);          /* memory held */

/*
 * Searches change nothing: many threads may search one index. Every place is in one block, so that blocks 0 to
 * neighbours_blocks - 1 are all neighbourhoods of the cloud; a block holds points that are close to each other.
 */
size_t neighbours_blocks(const neighbours *s);
size_t neighbours_count(const neighbours *s, size_t k); /* neighbours that a place gets: k, or all others if fewer */

typedef struct neighbours_block {
  size_t n, count;                                  /* points; neighbours of each */
  uint32_t point[NEIGHBOURS_LANES];                 /* whose */
  uint32_t index[NEIGHBOURS_LANES][NEIGHBOURS_MAX]; /* [n, count], nearest first, without the point itself */
  float squared[NEIGHBOURS_LANES][NEIGHBOURS_MAX];  /* their squared distances */
} neighbours_block;

void neighbours_find(const neighbours *s, size_t block, size_t k, neighbours_block *out); /* 1 <= k <= NEIGHBOURS_MAX */

/*
 * The k places nearest to any valid `xyz`, one there included, nearest first. Answers how many there are: k, or all if
 * fewer.
 */
size_t neighbours_near(const neighbours *s, const float xyz[3], size_t k, uint32_t *index, float *squared);

#endif
