/*
 * lab street: a procedural LiDAR frame, for demonstrations where there is no other: a road with parked cars, houses,
 * posts and trees, seen by 64 beams that turn, in falling snow.
 */
#include "core/error.h"
#include "lab.h"
#include <math.h>
#include <stdlib.h>

/* Metres from the sensor, which stands at 1.7 above the road. A post is round, everything else has corners. */
typedef struct thing {
  double x, y, turn; /* of its middle; about z */
  double half[3];    /* sizes, in a frame of its own; of a post half[0] is the radius */
  double bottom;
  double reflectance;
  int is_round;
} thing;

enum { THINGS = 40, BEAMS = 64, TURNS = 900 };
static const double ROAD = -1.7, FARTHEST = 80, RANGE_NOISE = 0.02, SNOW = 0.025;

static double between(random_source *r, double low, double high) {
  return low + (high - low) * random_uniform(r);
}

static void place_things(thing *t, random_source *r) {
  for (int i = 0; i < THINGS; i++) {
    const double side = i % 2 ? 1 : -1, along = 4.5 * (i / 2 - THINGS / 4.0) + between(r, -1, 1);
    thing *it = &t[i];
    if (i % 5 == 0)
      *it = (thing){along, side * 16, 0, {between(r, 4, 6), 4, between(r, 2, 4)}, ROAD, 0.4, 0};
    else if (i % 5 == 1)
      *it = (thing){along, side * between(r, 7, 8), 0, {between(r, 0.1, 0.3), 0, between(r, 1.5, 3)}, ROAD, 0.3, 1};
    else
      *it = (thing){along, side * 4.5, between(r, -0.1, 0.1), {2.1, 0.9, 0.7}, ROAD + 0.2, 0.6, 0};
  }
}

/* Where a ray from the sensor enters: the distance, or infinity. d has length 1. */
static double enter_box(const double p[3], const double d[3], const double half[3]) {
  double in = 0, out = INFINITY;
  for (int i = 0; i < 3; i++) {
    const double a = (-half[i] - p[i]) / d[i], b = (half[i] - p[i]) / d[i];
    in = fmax(in, fmin(a, b));
    out = fmin(out, fmax(a, b));
  }
  return in <= out && in > 0 ? in : INFINITY;
}

static double enter_post(const double p[3], const double d[3], const double half[3]) {
  const double a = d[0] * d[0] + d[1] * d[1], b = p[0] * d[0] + p[1] * d[1];
  const double c = p[0] * p[0] + p[1] * p[1] - half[0] * half[0], under = b * b - a * c;
  const double at = under > 0 ? (-b - sqrt(under)) / a : -1;
  return at > 0 && fabs(p[2] + at * d[2]) <= half[2] ? at : INFINITY;
}

static double enter(const thing *t, const double d[3]) {
  const double c = cos(t->turn), s = sin(t->turn);
  const double p[3] = {-(c * t->x + s * t->y), -(-s * t->x + c * t->y), -(t->bottom + t->half[2])};
  const double turned[3] = {c * d[0] + s * d[1], -s * d[0] + c * d[1], d[2]};
  return (t->is_round ? enter_post : enter_box)(p, turned, t->half);
}

/* One beam's return into point [4], x, y, z and reflectance; 0: none. Snow is near, and hides what is behind. */
static int cast(const thing *t, const double d[3], random_source *r, float *point) {
  double nearest = d[2] < 0 ? ROAD / d[2] : INFINITY, reflectance = 0.2;
  for (int i = 0; i < THINGS; i++) {
    const double at = enter(&t[i], d);
    if (at >= nearest) continue;
    nearest = at;
    reflectance = t[i].reflectance;
  }
  const double flake = 1.5 + 10 * pow(random_uniform(r), 2);
  if (random_uniform(r) < SNOW && flake < nearest) {
    nearest = flake;
    reflectance = 0.02;
  }
  if (nearest > FARTHEST) return 0;
  const double range = nearest + RANGE_NOISE * random_normal(r);
  for (int i = 0; i < 3; i++) point[i] = (float)(range * d[i]);
  point[3] = (float)reflectance;
  return 1;
}

static size_t cast_all(float *points, random_source *r) {
  thing things[THINGS];
  size_t n = 0;
  place_things(things, r);
  for (int turn = 0; turn < TURNS; turn++)
    for (int beam = 0; beam < BEAMS; beam++) {
      const double azimuth = 6.283185307179586 * turn / TURNS, elevation = (2 - 26.8 * beam / (BEAMS - 1)) * 0.01745329;
      const double d[3] = {cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation)};
      n += (size_t)cast(things, d, r, points + 4 * n);
    }
  return n;
}

scrim_status lab_street(const lab_options *options, scrim_error *error) {
  random_source *r = NULL;
  if (!options->out) return fail(error, SCRIM_E_ARGUMENT, "street: -o OUT/ is missing");
  float *points = malloc(4 * BEAMS * TURNS * sizeof *points);
  if (!points) return fail(error, SCRIM_E_MEMORY, "out of memory for a frame");
  scrim_status status = random_source_from_seed(&r, options->seed, error);
  if (status == SCRIM_OK) status = random_begin(r, "street", NULL, 0, error);
  if (status == SCRIM_OK) {
    const size_t n = cast_all(points, r);
    status = lab_write_f4(options->out, "frame.npy", points, 2, (const size_t[]){n, 4}, error);
  }
  random_source_free(r);
  free(points);
  return status;
}
