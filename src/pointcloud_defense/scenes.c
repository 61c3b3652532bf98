#include "pointcloud_defense/scenes.h"

#include "pointcloud_defense/scenes_things.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

enum { MOST_BEAMS = 128 };

/* ---- what a frame is drawn from ---- */

typedef struct scene_ground {
  double floor, slope_x, slope_y; /* metres below the sensor, and per metre */
  double roughness;               /* standard deviation of its height, metres */
  double wave, wave_length;       /* metres */
} scene_ground;

typedef struct scene_snow {
  double chance, median, spread; /* of a beam; metres; standard deviation of the logarithm */
  double nearest;                /* metres: nothing is seen closer */
  double fills;                  /* chance that a flake is in the next column's beam as well */
} scene_snow;

typedef struct scene {
  random_source *random;
  size_t beams, columns;
  double elevation[MOST_BEAMS]; /* radians */
  double reach, noise, lost;    /* metres; along the beam; share of returns */
  scene_ground ground;
  scene_snow snow;
  scene_thing things[SCENE_MOST_THINGS];
  size_t n_things;
  double flake[MOST_BEAMS]; /* where each beam met one in the column before; 0: it did not */
} scene;

static void draw_sensor(scene *s) {
  static const size_t beams[] = {16, 32, 40, 64, 64, 128};
  random_source *r = s->random;
  s->beams = beams[random_below(r, sizeof beams / sizeof *beams)];
  const size_t most = SCENE_MOST_POINTS / s->beams;
  s->columns = 700 + (size_t)random_below(r, (most > 2200 ? 2200 : most) - 700);
  const double low = scene_between(r, -32, -15), high = scene_between(r, 1, 16);
  const double denser = scene_between(r, 1, 1.6); /* towards the horizon */
  for (size_t i = 0; i < s->beams; i++) {
    const double share = (double)i / (double)(s->beams - 1);
    s->elevation[i] = pi / 180 * (high + (low - high) * pow(share, denser));
  }
  s->reach = scene_between(r, 60, 120);
  s->noise = scene_between_logs(r, 0.005, 0.03);
  s->lost = scene_between(r, 0, 0.1);
}

static void draw_weather(scene *s) {
  random_source *r = s->random;
  s->ground = (scene_ground){.floor = -scene_between(r, 1.2, 2.4),
                             .slope_x = 0.03 * random_normal(r),
                             .slope_y = 0.03 * random_normal(r),
                             .roughness = scene_between_logs(r, 0.003, 0.08),
                             .wave = scene_between_logs(r, 0.01, 0.3),
                             .wave_length = scene_between(r, 3, 15)};
  s->snow = (scene_snow){.chance = scene_between_logs(r, 0.003, 0.12),
                         .median = scene_between_logs(r, 2, 8),
                         .spread = scene_between(r, 0.4, 0.9),
                         .nearest = scene_between(r, 0.5, 2),
                         .fills = scene_between(r, 0, 0.4)};
  if (random_below(r, 4) == 0) s->snow.chance = s->snow.fills = 0;
}

/* ---- beams ---- */

/* Where the ground is met: its plane first, then what waves and roughness lift it by there. */
static double meet_ground(const scene *s, const double ray[3]) {
  const scene_ground *g = &s->ground;
  const double falls = g->slope_x * ray[0] + g->slope_y * ray[1] - ray[2];
  if (falls <= 0.002) return INFINITY;
  const double flat = -g->floor / falls, turns = 2 * pi / g->wave_length;
  const double wave = g->wave * sin(turns * flat * ray[0]) * sin(turns * flat * ray[1]);
  return fmax(flat - (wave + g->roughness * random_normal(s->random)) / fmax(falls, 0.05), 0.3);
}

static double meet_things(const scene *s, const double ray[3], const size_t *ahead, size_t n_ahead) {
  double nearest = meet_ground(s, ray);
  for (size_t i = 0; i < n_ahead; i++) nearest = fmin(nearest, scene_meet(&s->things[ahead[i]], ray, s->random));
  if (nearest > s->reach || random_uniform(s->random) < s->lost) return INFINITY;
  return nearest + s->noise * random_normal(s->random);
}

/* Where the beam meets a flake; infinity: nowhere. */
static double meet_snow(scene *s, size_t beam) {
  random_source *r = s->random;
  const scene_snow *snow = &s->snow;
  double at = INFINITY;
  if (s->flake[beam] > 0 && random_uniform(r) < snow->fills)
    at = s->flake[beam] + s->noise * random_normal(r);
  else if (random_uniform(r) < snow->chance)
    at = snow->median * exp(snow->spread * random_normal(r));
  s->flake[beam] = at >= snow->nearest && at < s->reach ? at : 0;
  return s->flake[beam] > 0 ? at : INFINITY;
}

/* Things that can be met in a column. */
static size_t look_ahead(const scene *s, double azimuth, size_t *ahead) {
  size_t n = 0;
  for (size_t i = 0; i < s->n_things; i++) {
    const double off = fabs(remainder(azimuth - s->things[i].azimuth, 2 * pi));
    if (off <= s->things[i].reaches) ahead[n++] = i;
  }
  return n;
}

static size_t cast_column(scene *s, double azimuth, float *xyz, uint8_t *label) {
  size_t ahead[SCENE_MOST_THINGS], n = 0;
  const size_t n_ahead = look_ahead(s, azimuth, ahead);
  for (size_t beam = 0; beam < s->beams; beam++) {
    const double up = s->elevation[beam];
    const double ray[3] = {cos(up) * cos(azimuth), cos(up) * sin(azimuth), sin(up)};
    const double solid = meet_things(s, ray, ahead, n_ahead), flake = meet_snow(s, beam);
    const double range = fmin(solid, flake);
    if (!(range < INFINITY)) continue;
    for (size_t axis = 0; axis < 3; axis++) xyz[3 * n + axis] = (float)(range * ray[axis]);
    label[n++] = flake < solid;
  }
  return n;
}

scrim_status scene_draw(random_source *random, uint64_t seed, size_t number, float *xyz, uint8_t *label, size_t *n,
                        scrim_error *error) {
  unsigned char item[16];
  for (size_t i = 0; i < sizeof item; i++) item[i] = (unsigned char)((i < 8 ? seed : number) >> (8 * (i % 8)));
  scene s = {.random = random};
  scrim_status status = random_begin(random, "scene", item, sizeof item, error);
  if (status != SCRIM_OK) return status;
  draw_sensor(&s);
  draw_weather(&s);
  s.n_things = scene_furnish(random, s.ground.floor, s.things);
  *n = 0;
  for (size_t i = 0; i < s.columns; i++) {
    const double azimuth = 2 * pi * (double)i / (double)s.columns - pi;
    *n += cast_column(&s, azimuth, xyz + 3 * *n, label + *n);
  }
  return random_status(random, error);
}
