/*
 * Best-fit planes of neighbourhoods: the surface that a point is measured against (the distortion estimator of
 * Ada3Diff, arXiv 2211.16247).
 */
#ifndef POINTCLOUD_DEFENSE_PLANE_H
#define POINTCLOUD_DEFENSE_PLANE_H

#include <stddef.h>
#include <stdint.h>

typedef struct best_plane {
  double centre[3], normal[3]; /* the normal has length 1, and no preferred sign */
} best_plane;

/*
 * The plane of least squared distances to xyz[index[0..count-1]] ([.., stride], the first three of a row), and the
 * distance of `point` from it, along the normal. Where neighbours leave the normal open, it is the one that puts the
 * point farthest: all in one line, and the distance is that from the line; all in one place, from the place. So it
 * turns and moves with the cloud. No neighbours: the distance is 0.
 */
double plane_fit(const float point[3], const float *xyz, size_t stride, const uint32_t *index, size_t count,
                 best_plane *out);

/* The point of the plane nearest to `point`, given its distance; `to` may be `point`. */
void plane_project(const best_plane *p, double distance, const float point[3], float to[3]);

/*
 * The eigenvector of the smallest eigenvalue of the symmetric [xx, xy, xz, yy, yz, zz] with no negative eigenvalue, of
 * length 1. Answers 0, and some unit vectors across and along, if the eigenvector is not determined: along[i] = 0 where
 * all three eigenvalues are equal, else the eigenvector of the largest.
 */
int plane_normal(const double c[6], double normal[3], double along[3]);

#endif
