/* Clouds to test with, all made from a seed, and the neighbours of their points as a plain search finds them. */
#ifndef CLOUD_WORLD_H
#define CLOUD_WORLD_H

#include "core/random.h"
#include "pointcloud_defense/copies.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum cloud_shape {
  CLOUD_UNIFORM,   /* a cube */
  CLOUD_CLUSTERED, /* tight clumps far apart, over six orders of magnitude */
  CLOUD_PLANE,     /* exactly flat */
  CLOUD_LINE,      /* exactly straight */
  CLOUD_GRID,      /* whole numbers: ties everywhere, and copies */
  CLOUD_LIDAR,     /* rings on the ground and walls around a sensor, dense near it */
  CLOUD_FAR,       /* a cube a billion metres away, and one point at the origin */
  CLOUD_EQUAL,     /* one place */
  CLOUD_MIXED,     /* a cube with copies and points that are nowhere */
  CLOUD_SHAPES
} cloud_shape;

static inline void cloud_point(random_source *r, cloud_shape shape, size_t i, float *at) {
  double p[3] = {random_uniform(r), random_uniform(r), random_uniform(r)};
  const double t = p[0], angle = 6.283185307179586 * p[1];
  switch (shape) {
  case CLOUD_CLUSTERED:
    for (int a = 0; a < 3; a++) p[a] = (double)(i % 7) * 1000 + p[a] * pow(10, (double)(i % 7) - 4);
    break;
  case CLOUD_PLANE:
    p[2] = 0;
    break;
  case CLOUD_LINE:
    p[0] = p[1] = p[2] = t;
    break;
  case CLOUD_GRID:
    for (int a = 0; a < 3; a++) p[a] = floor(8 * p[a]);
    break;
  case CLOUD_LIDAR: {
    const double range = 3 + floor(30 * t) * floor(30 * t) / 12;
    p[0] = range * cos(angle), p[1] = range * sin(angle), p[2] = range > 40 ? 3 * p[2] : 0.02 * p[2];
    break;
  }
  case CLOUD_FAR:
    for (int a = 0; a < 3; a++) p[a] = i == 0 ? 0 : 1e9 + 1e5 * p[a];
    break;
  case CLOUD_EQUAL:
    p[0] = p[1] = p[2] = -1;
    break;
  case CLOUD_MIXED:
    if (i % 5 == 0) p[0] = p[1] = p[2] = 0.25;
    if (i % 11 == 0) p[i % 3] = (const double[]){NAN, INFINITY, -INFINITY, 1e19}[i % 4];
    break;
  default:
    break;
  }
  for (int a = 0; a < 3; a++) at[a] = (float)p[a];
}

/* xyz [n, stride]; what is beyond x, y, z is left as it is. */
static inline void cloud_make(float *xyz, size_t n, size_t stride, cloud_shape shape, uint64_t seed) {
  random_source *r;
  if (random_source_from_seed(&r, seed, NULL) != SCRIM_OK) abort();
  for (size_t i = 0; i < n; i++) cloud_point(r, shape, i, xyz + i * stride);
  random_source_free(r);
}

static inline float cloud_coordinate(float metres) {
  return fabsf(metres) < 1e-12f ? 0 : metres;
}

static inline int cloud_is_same(const float *a, const float *b) {
  int same = 1;
  for (int axis = 0; axis < 3; axis++) same &= cloud_coordinate(a[axis]) == cloud_coordinate(b[axis]);
  return same;
}

/* first[i] as copies_find has it, by comparing everything with everything. */
static inline void cloud_first(const float *xyz, size_t n, size_t stride, uint32_t *first) {
  for (size_t i = 0; i < n; i++) {
    const float *at = xyz + i * stride;
    first[i] = COPIES_NONE;
    if (!(fabsf(at[0]) <= 1e18f && fabsf(at[1]) <= 1e18f && fabsf(at[2]) <= 1e18f)) continue;
    size_t j = 0;
    while (first[j] != j || !cloud_is_same(xyz + j * stride, at))
      if (j++ == i) break;
    first[i] = (uint32_t)(j > i ? i : j);
  }
}

/* The k places nearest to `at`, without the one of index `not`; answers how many there are. */
static inline size_t cloud_nearest(const float *xyz, size_t n, size_t stride, const uint32_t *first, const float *at,
                                   uint32_t not, size_t k, uint32_t *index, float *squared) {
  size_t count = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (first[i] != i || i == not ) continue;
    const float *p = xyz + i * stride;
    float d[3];
    for (int axis = 0; axis < 3; axis++) d[axis] = cloud_coordinate(p[axis]) - cloud_coordinate(at[axis]);
    const float way = (d[0] * d[0] + d[1] * d[1]) + d[2] * d[2];
    size_t place = count;
    while (place > 0 && way < squared[place - 1]) place--; /* ascending i: of equal ones the earlier stays in front */
    if (place == k) continue;
    if (count < k) count++;
    memmove(index + place + 1, index + place, (count - place - 1) * sizeof *index);
    memmove(squared + place + 1, squared + place, (count - place - 1) * sizeof *squared);
    index[place] = i;
    squared[place] = way;
  }
  return count;
}

#endif
