/* Objects as a whole: brought to one size, thinned, compared. */
#ifndef POINTCLOUD_DEFENSE_OBJECTS_H
#define POINTCLOUD_DEFENSE_OBJECTS_H

#include "core/random.h"
#include "pointcloud_defense/neighbours.h"

/* Zero mean, and the farthest point at a distance of 1, as classifiers are trained: xyz [n, 3], in place. */
void objects_to_unit_sphere(float *xyz, size_t n);

/* `keep` of the n points, each set as likely as any other, in their order: to [keep, 3]; from [n, 3]. */
void objects_thin(const float *from, size_t n, size_t keep, float *to, random_source *source);

/*
 * Chamfer distance: mean squared distance from a point of a to the nearest of b, plus the same from b to a. a [n, 3],
 * b [m, 3]; infinite if either has no point that is somewhere. `index` is scratch. SCRIM_E_MEMORY.
 */
scrim_status objects_chamfer(neighbours *index, const float *a, size_t n, const float *b, size_t m, double *squared,
                             scrim_error *error);

#endif
