/*
 * What befalls objects without anybody attacking: the fifteen corruptions of ModelNet40-C (Sun et al. 2022), at its
 * severities 1 to 5 (a->budget). Made anew from their description, and those that were cast on meshes are cast on
 * points here: numbers agree in kind, not point by point.
 */
#ifndef POINTCLOUD_DEFENSE_CLOUD_CORRUPTION_H
#define POINTCLOUD_DEFENSE_CLOUD_CORRUPTION_H

#include "pointcloud_defense/attack_cloud.h"

/* All have the form of an attack (attack_cloud.h); what they draw comes from a->random. */
typedef scrim_status cloud_corruption(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                      attack_cloud_points *out, scrim_error *error);

cloud_corruption cloud_corrupt_rotation;   /* 2.5, 5, 7.5, 10, 15 degrees about each axis, either way */
cloud_corruption cloud_corrupt_shear;      /* .05 to .25 of another axis */
cloud_corruption cloud_corrupt_uniform;    /* .01 to .05 either way */
cloud_corruption cloud_corrupt_gaussian;   /* deviations of .01 .015 .02 .025 .03 */
cloud_corruption cloud_corrupt_impulse;    /* n/30 n/25 n/20 n/15 n/10 points go .1 either way along each axis */
cloud_corruption cloud_corrupt_background; /* n/45 n/40 n/35 n/30 n/20 points more, anywhere in -1..1 */
cloud_corruption cloud_corrupt_upsample;   /* n/5 n/4 n/3 n/2 n points more, within .05 of others */
cloud_corruption cloud_corrupt_cutout;     /* 2, 3, 5, 7, 10 points go with their 30 nearest of 1024 */
cloud_corruption cloud_corrupt_density;    /* 1 to 5 times, 3 quarters of the 100 nearest of 1024 to a point go */
cloud_corruption
    cloud_corrupt_density_inc; /* 1 to 5 times the 100 nearest of 1024 stay; of the rest every other goes */

/* cloud_corruption_warp.c */
cloud_corruption cloud_corrupt_ffd;         /* a lattice of 5^3 handles, each .1 to .5 of its spacing off */
cloud_corruption cloud_corrupt_rbf;         /* 3^3 handles, each .025 to .125 off; between them multiquadrics */
cloud_corruption cloud_corrupt_rbf_inverse; /* the same with inverse multiquadrics, which keep it near the handles */

/* cloud_corruption_cast.c */
cloud_corruption cloud_corrupt_occlusion; /* what is seen from 5, 4, 3, 2, 1 sides together */
cloud_corruption cloud_corrupt_lidar;     /* first returns of 40^2, 36^2, 32^2, 28^2, 24^2 beams from one side */

#endif
