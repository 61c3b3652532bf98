/* One pass over a cloud: what every point's neighbourhood looks like, and where its surface is. */
#ifndef POINTCLOUD_DEFENSE_SURVEY_H
#define POINTCLOUD_DEFENSE_SURVEY_H

#include "core/pool.h"
#include "pointcloud_defense/plane_lanes.h"

typedef struct survey_point {
  float plane;   /* distance from the best-fit plane of the k neighbours, metres, not negative; 0 where not asked for */
  float spacing; /* mean distance to the k neighbours, metres */
  float squared; /* mean squared distance to them */
  float farthest; /* distance to the k-th; infinite if there are fewer */
} survey_point;

/*
 * Sees sixteen neighbourhoods as they are found, with what there is to say of their points: point [block->n]. Threads
 * call it for different blocks at the same time.
 */
typedef void (*survey_see)(void *context, const neighbours_block *block, const survey_point *point,
                           const plane_lanes *planes);

typedef struct survey_request {
  const neighbours *index; /* built from xyz */
  const float *xyz;        /* [n, 3] */
  size_t n, k;
  pool *pool;     /* the same answers with any number of threads */
  int planes;     /* 1: fit planes; 0: spacing is all that is wanted, at three quarters of the time */
  survey_see see; /* or NULL; only with planes */
  void *context;  /* for see */
} survey_request;

/*
 * points [n] (or NULL): copies get what is found at their place; points that are nowhere, or alone, get zeros.
 * moved [n, 3] (or NULL, and only with planes): each place projected onto its plane; copies go along, all else stays.
 * moved must not be xyz. Nothing is allocated.
 */
void survey_run(const survey_request *request, survey_point *points, float *moved);

/* Distance from the sensor, at the origin: in space, and over ground. */
float survey_range(const float xyz[3]);
float survey_range_level(const float xyz[3]);

#endif
