/*
 * What the neighbours of each point of a cloud tell: ways that it may move, and numbers that say which to trust.
 *
 * Ways are vectors from the point, in units of the cloud's spacing, and turn with the cloud:
 *
 *     0..2   to the best-fit plane of the 8, 16 and 32 nearest neighbours, along its normal
 *     3..5   from there, within the plane, to the mean of these neighbours: long at edges
 *     6, 7   to the planes of the 16 nearest neighbours, on average, and with weights (cosine of the normals)^4, so
 *            that the other side of an edge counts for little
 *     8      the way 1 of the 16 nearest neighbours, on average
 *     9, 10  as 1, with neighbours and point where way 1 leads them, and once more from there: projected twice, thrice
 *
 * Invariants do not turn: lengths of the ways, cosines between them, the deviations of the neighbours along the three
 * axes of their ellipsoids, their distance; all but the cosines as logarithms, in units of the spacing. So a network
 * that sees nothing else, and answers with a factor for each way, does to a turned cloud what it does to the cloud.
 */
#ifndef POINTCLOUD_DEFENSE_PRIOR_LOCAL_H
#define POINTCLOUD_DEFENSE_PRIOR_LOCAL_H

#include "core/pool.h"
#include "pointcloud_defense/neighbours.h"

enum {
  PRIOR_NEIGHBOURS = 32,
  PRIOR_SCALES = 3,
  PRIOR_WAYS = 11,
  PRIOR_COSINES = PRIOR_WAYS * (PRIOR_WAYS - 1) / 2,
  PRIOR_INVARIANTS = PRIOR_WAYS + PRIOR_COSINES + 3 * PRIOR_SCALES + 2
};

typedef struct prior_local prior_local;
prior_local *prior_local_create(void); /* NULL when out of memory */
void prior_local_free(prior_local *l); /* wipes; NULL is fine */

/*
 * Of the points xyz [n, 3]: ways [3, n, PRIOR_WAYS], one axis after the other; invariants [n, PRIOR_INVARIANTS]. Points
 * that are nowhere (copies.h), or alone, have neither: zeros. Answers in *spacing the mean distance of a place to its 8
 * nearest, 0 where there are no two. A point gets the same bits whatever the number of threads. Once the largest cloud
 * has been seen nothing is allocated. SCRIM_E_MEMORY, SCRIM_E_DATA (too many).
 */
scrim_status prior_local_find(prior_local *l, pool *workers, const float *xyz, size_t n, float *ways, float *invariants,
                              double *spacing, scrim_error *error);

#endif
