/* Planes of 16 neighbourhoods at a time: what plane_fit gives for each, in the same bits, at a third of the time. */
#ifndef POINTCLOUD_DEFENSE_PLANE_LANES_H
#define POINTCLOUD_DEFENSE_PLANE_LANES_H

#include "pointcloud_defense/neighbours.h"

/* Lanes beyond the block's points hold nothing. */
typedef struct plane_lanes {
  double distance[NEIGHBOURS_LANES];  /* of the points, along the normals, metres */
  double normal[3][NEIGHBOURS_LANES]; /* of length 1, and no preferred sign */
  double offset[3][NEIGHBOURS_LANES]; /* from the mean of the neighbours to the point */
  double value[3]
              [NEIGHBOURS_LANES]; /* variances of the neighbours times their number, the least first, square metres */
} plane_lanes;

/* xyz [n, 3]: the cloud that the block was found in. */
void plane_fit_lanes(const float *xyz, const neighbours_block *block, plane_lanes *out);

/* The point of lane i's plane nearest to its point; `to` may be `point`. */
void plane_project_lane(const plane_lanes *p, size_t i, const float point[3], float to[3]);

#endif
