/*
 * The way back through plane projection, for attackers who know of it: gradients with neighbours and normals held where
 * they are (BPDA, Athalye et al. 2018). A point that is projected onto the plane with the normal v and the centre of
 * its k neighbours moves by
 *
 *     to = x - v (v . (x - centre)),    so that    d/dx: g - v (v . g),    d/dneighbour: v (v . g) / k
 */
#ifndef POINTCLOUD_DEFENSE_PLANE_PULL_H
#define POINTCLOUD_DEFENSE_PLANE_PULL_H

#include "pointcloud_defense/neighbours.h"

/* Memory for clouds; one thread's. All 0 is empty. */
typedef struct plane_pull {
  size_t capacity; /* points times moves */
  float *xyz;      /* [moves + 1, n, 3] where points were before each move */
  float *normal;   /* [moves, n, 3] */
  uint32_t *index; /* [moves, n, k] */
  uint32_t *count; /* [moves, n]; 0: the point stayed */
  float *scratch;  /* [n, 3] */
} plane_pull;

void plane_pull_free(plane_pull *p);

/*
 * Projects xyz [n, 3] as projection_run does, and remembers how: `moves` times, k neighbours. slope [n, 3] is then
 * taken from where points came out to where they went in. Copies of a point move nothing but themselves.
 * `neighbourhood` is scratch. SCRIM_E_MEMORY.
 */
scrim_status plane_pull_run(plane_pull *p, neighbours *neighbourhood, const float *xyz, size_t n, size_t k, int moves,
                            float *slope, scrim_error *error);

#endif
