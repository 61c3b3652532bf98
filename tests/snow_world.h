/* Small frames with flakes: a rough wall and a floor around a sensor, and points in the air between. */
#ifndef SNOW_WORLD_H
#define SNOW_WORLD_H

#include "core/random.h"
#include <math.h>
#include <stdlib.h>

enum { SNOW_COLUMNS = 4, SNOW_EVERY = 12 };

/* rows [n, 4]: x, y, z, intensity (flakes are darker); label [n]. Every twelfth point is a flake. */
static inline void snow_frame(float *rows, uint8_t *label, size_t n, uint64_t seed) {
  random_source *r;
  if (random_source_from_seed(&r, seed, NULL) != SCRIM_OK) abort();
  for (size_t i = 0; i < n; i++) {
    const double angle = 6.283185307179586 * random_uniform(r), share = random_uniform(r);
    const int is_flake = i % SNOW_EVERY == 5, is_wall = i % 2;
    const double range = is_flake ? 1.5 + 4 * share : is_wall ? 12 : 2 + 10 * share;
    double z = is_wall ? -1.7 + 4 * share : -1.7 + 0.01 * random_normal(r);
    if (is_flake) z = -1.2 + 2.5 * random_uniform(r);
    float *to = rows + i * SNOW_COLUMNS;
    to[0] = (float)(range * cos(angle)), to[1] = (float)(range * sin(angle)), to[2] = (float)z;
    to[3] = (float)(is_flake ? 5 * random_uniform(r) : 20 + 60 * random_uniform(r));
    label[i] = (uint8_t)is_flake;
  }
  random_source_free(r);
}

#endif
