/*
 * What a point looks like to the marker. Lengths are over the range, so that near and far points of a sensor look
 * alike, and as logarithms, since they span decades; nothing is clipped but at 0.00001 and 1000 ranges.
 *
 *      0 mean distance to the k neighbours    1 to the nearest     2 to the k-th
 *      3 distance from the best-fit plane     4 to 6 standard deviations of the neighbours: least, middle, most
 *      7 distance from their mean             8 the range itself, metres
 *      and, no logarithms: 9 z over the range    10 cosine between ray and normal    11 how far their mean lies behind
 *
 * With intensity, over the mean of the frame, so that its unit does not matter: 12 the point's own, 13 its neighbours'
 * (logarithms of 0.01 more).
 */
#ifndef POINTCLOUD_DEFENSE_MARKER_FEATURES_H
#define POINTCLOUD_DEFENSE_MARKER_FEATURES_H

#include "pointcloud_defense/survey.h"

enum { MARKER_GEOMETRY = 12, MARKER_FEATURES = 14 };

typedef struct marker_view {
  const float *xyz;       /* [n, 3] */
  const float *intensity; /* [n], over the frame's mean; NULL: there is none */
} marker_view;

/* features [block->n, MARKER_GEOMETRY or, with intensity, MARKER_FEATURES], all finite. */
void marker_describe(const marker_view *view, const neighbours_block *block, const survey_point *point,
                     const plane_lanes *planes, float *features);

/* to [n] = from [n, stride] over the mean of its places; what is negative or no number counts as 0. */
void marker_intensity(const float *from, size_t stride, const uint32_t *first, size_t n, float *to);

#endif
