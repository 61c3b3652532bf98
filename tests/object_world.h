/* Objects that a small classifier learns in a second: discs (class 0) and rods (class 1), with some noise. */
#ifndef OBJECT_WORLD_H
#define OBJECT_WORLD_H

#include "core/random.h"
#include <math.h>
#include <scrim/cloud.h>
#include <string.h>

enum { OBJECTS = 48, OBJECT_POINTS = 48 };

/* In static memory, until the next call. */
static inline scrim_cloud_objects object_world(uint64_t seed) {
  static float xyz[3 * OBJECTS * OBJECT_POINTS];
  static int32_t labels[OBJECTS];
  random_source *r;
  if (random_source_from_seed(&r, seed, NULL) != SCRIM_OK) return (scrim_cloud_objects){0};
  for (size_t i = 0; i < OBJECTS; i++) {
    labels[i] = (int32_t)(i % 2);
    for (size_t j = 0; j < OBJECT_POINTS; j++) {
      float *at = xyz + 3 * (i * OBJECT_POINTS + j);
      const double angle = 6.283185307179586 * random_uniform(r), radius = sqrt(random_uniform(r));
      at[0] = (float)(5 + radius * cos(angle) + 0.02 * random_normal(r));
      at[1] = (float)((labels[i] ? 0 : radius * sin(angle)) + 0.02 * random_normal(r));
      at[2] = (float)(0.02 * random_normal(r));
    }
  }
  random_source_free(r);
  return (scrim_cloud_objects){.xyz = xyz, .labels = labels, .n = OBJECTS, .points = OBJECT_POINTS};
}

#endif
