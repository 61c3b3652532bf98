#include "pointcloud_defense/scenes_things.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

double scene_between(random_source *r, double low, double high) {
  return low + (high - low) * random_uniform(r);
}

double scene_between_logs(random_source *r, double low, double high) {
  return low * exp(log(high / low) * random_uniform(r));
}

/* ---- furnishing ---- */

/* Somewhere around, at so many metres; half as wide as `radius` says. */
static scene_thing place(random_source *r, scene_kind kind, double nearest, double farthest, double radius) {
  const double azimuth = scene_between(r, -pi, pi);
  const double distance = scene_between_logs(r, nearest + radius, farthest + radius);
  const double turn = scene_between(r, -pi, pi);
  return (scene_thing){.kind = kind,
                       .x = distance * cos(azimuth),
                       .y = distance * sin(azimuth),
                       .cosine = cos(turn),
                       .sine = sin(turn),
                       .azimuth = azimuth,
                       .reaches = asin(radius / distance) + 1e-3};
}

static scene_thing box(random_source *r, double floor, double nearest, double farthest, const double least[3],
                       const double most[3]) {
  double half[3];
  for (int i = 0; i < 3; i++) half[i] = scene_between(r, least[i], most[i]) / 2;
  scene_thing t = place(r, SCENE_BOX, nearest, farthest, hypot(half[0], half[1]));
  t.size[0] = half[0], t.size[1] = half[1];
  t.low = floor, t.high = floor + 2 * half[2];
  return t;
}

static scene_thing cylinder(random_source *r, double floor, double nearest, double least, double most, double height) {
  const double radius = scene_between_logs(r, least, most);
  scene_thing t = place(r, SCENE_CYLINDER, nearest, 50, radius);
  t.size[0] = radius;
  t.low = floor, t.high = floor + height;
  return t;
}

static scene_thing crown(random_source *r, double nearest, double radius, double middle) {
  scene_thing t = place(r, SCENE_CROWN, nearest, 50, radius);
  t.size[0] = radius;
  t.size[1] = scene_between_logs(r, 0.05, 1);
  t.low = middle - radius, t.high = middle + radius;
  return t;
}

/* The trunk stands under the crown that was put before it. */
static scene_thing trunk(random_source *r, double floor, const scene_thing *under) {
  scene_thing t = *under;
  t.kind = SCENE_CYLINDER;
  t.size[0] = scene_between(r, 0.08, 0.3);
  t.low = floor, t.high = (under->low + under->high) / 2;
  return t;
}

size_t scene_furnish(random_source *r, double floor, scene_thing *things) {
  static const double house[2][3] = {{6, 5, 3}, {40, 15, 20}}, car[2][3] = {{3.2, 1.5, 1.3}, {12, 2.6, 3.5}};
  static const double clutter[2][3] = {{0.2, 0.2, 0.2}, {2, 1.5, 1.5}};
  size_t n = 0;
  for (uint64_t left = random_below(r, 14); left > 0; left--) things[n++] = box(r, floor, 4, 60, house[0], house[1]);
  for (uint64_t left = random_below(r, 20); left > 0; left--) things[n++] = box(r, floor, 2, 40, car[0], car[1]);
  for (uint64_t left = random_below(r, 16); left > 0; left--)
    things[n++] = box(r, floor, 2, 40, clutter[0], clutter[1]);
  for (uint64_t left = random_below(r, 20); left > 0; left--)
    things[n++] = cylinder(r, floor, 2, 0.03, 0.2, scene_between(r, 0.8, 8)); /* poles */
  for (uint64_t left = random_below(r, 10); left > 0; left--)
    things[n++] = cylinder(r, floor, 1.5, 0.15, 0.35, scene_between(r, 1, 1.9)); /* people */
  for (uint64_t left = random_below(r, 25); left > 0; left--) {
    const double radius = scene_between(r, 0.8, 4);
    things[n] = crown(r, 2, radius, floor + radius + scene_between(r, 1, 4));
    things[n + 1] = trunk(r, floor, &things[n]);
    n += 2;
  }
  for (uint64_t left = random_below(r, 25); left > 0; left--) {
    const double radius = scene_between(r, 0.3, 1.2);
    things[n++] = crown(r, 1.5, radius, floor + scene_between(r, 0, radius)); /* bushes */
  }
  return n;
}

/* ---- rays ---- */

/* Between two parallel planes, from the sensor: narrows enter..leave. `way`: of the ray across them. */
static void between_planes(double low, double high, double way, double *enter, double *leave) {
  if (fabs(way) < 1e-12) {
    if (low > 0 || high < 0) *enter = INFINITY;
    return;
  }
  const double a = low / way, b = high / way;
  *enter = fmax(*enter, fmin(a, b));
  *leave = fmin(*leave, fmax(a, b));
}

static double meet_box(const scene_thing *t, const double ray[3]) {
  const double x = t->x * t->cosine + t->y * t->sine, y = t->y * t->cosine - t->x * t->sine;
  double enter = 0, leave = INFINITY;
  between_planes(x - t->size[0], x + t->size[0], ray[0] * t->cosine + ray[1] * t->sine, &enter, &leave);
  between_planes(y - t->size[1], y + t->size[1], ray[1] * t->cosine - ray[0] * t->sine, &enter, &leave);
  between_planes(t->low, t->high, ray[2], &enter, &leave);
  return enter > 0 && enter <= leave ? enter : INFINITY;
}

static double meet_cylinder(const scene_thing *t, const double ray[3]) {
  const double a = ray[0] * ray[0] + ray[1] * ray[1], b = ray[0] * t->x + ray[1] * t->y;
  const double c = t->x * t->x + t->y * t->y - t->size[0] * t->size[0], under = b * b - a * c;
  if (under < 0 || b < 0) return INFINITY;
  const double at = (b - sqrt(under)) / a, z = at * ray[2];
  return at > 0 && z >= t->low && z <= t->high ? at : INFINITY;
}

static double meet_crown(const scene_thing *t, const double ray[3], random_source *r) {
  const double z = (t->low + t->high) / 2, b = ray[0] * t->x + ray[1] * t->y + ray[2] * z;
  const double under = b * b - (t->x * t->x + t->y * t->y + z * z - t->size[0] * t->size[0]);
  if (under < 0 || b < 0) return INFINITY;
  const double enter = fmax(b - sqrt(under), 0), at = enter - t->size[1] * log(1 - random_uniform(r));
  return at > 0.3 && at < b + sqrt(under) ? at : INFINITY;
}

double scene_meet(const scene_thing *t, const double ray[3], random_source *r) {
  switch (t->kind) {
  case SCENE_BOX:
    return meet_box(t, ray);
  case SCENE_CYLINDER:
    return meet_cylinder(t, ray);
  default:
    return meet_crown(t, ray, r);
  }
}
