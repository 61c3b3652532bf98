/* Private to scenes*.c: what stands around the sensor, and where a ray meets it. */
#ifndef POINTCLOUD_DEFENSE_SCENES_THINGS_H
#define POINTCLOUD_DEFENSE_SCENES_THINGS_H

#include "core/random.h"

enum { SCENE_MOST_THINGS = 160 };

typedef enum scene_kind {
  SCENE_BOX,      /* size: half length, half width */
  SCENE_CYLINDER, /* upright; size: radius */
  SCENE_CROWN     /* a porous ball; size: radius, mean depth that a ray gets in */
} scene_kind;

typedef struct scene_thing {
  scene_kind kind;
  double x, y, low, high; /* metres from the sensor; a crown spans low to high */
  double size[2];
  double cosine, sine;     /* of the direction of a box's length */
  double azimuth, reaches; /* seen within so many radians of it */
} scene_thing;

/* Everything but the ground, which is `floor` (below 0) metres below the sensor. Answers how many. */
size_t scene_furnish(random_source *r, double floor, scene_thing *things);

/* Where a ray of length 1 from the sensor meets the thing; infinity: it passes. */
double scene_meet(const scene_thing *t, const double ray[3], random_source *r);

double scene_between(random_source *r, double low, double high);      /* evenly */
double scene_between_logs(random_source *r, double low, double high); /* evenly in the logarithm */

#endif
