/*
 * The families: each puts its parts together with random proportions. Lengths in no unit: objects are scaled anyway.
 *
 * Proportions are drawn in declarations, one after the other, and at most one in a call: the order of arguments is the
 * compiler's affair, and the same seed must give the same object.
 */
#include "pointcloud_defense/shapes.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

static double between(random_source *r, double low, double high) {
  return low + (high - low) * random_uniform(r);
}

/* ---- parts by what a family knows of them: full sides, heights from the bottom up ---- */

static shape_part *box(shape *s, double x, double y, double bottom, double wide, double deep, double tall) {
  return shape_add(s, SHAPE_BOX, (const double[]){wide / 2, deep / 2, tall / 2}, x, y, bottom + tall / 2);
}

static shape_part *frustum(shape *s, double x, double y, double bottom, double low, double high, double tall) {
  return shape_add(s, SHAPE_FRUSTUM, (const double[]){low, high, tall / 2}, x, y, bottom + tall / 2);
}

static shape_part *ball(shape *s, double x, double y, double z, double radius) {
  return shape_add(s, SHAPE_BALL, (const double[]){radius, -radius, radius}, x, y, z);
}

static shape_part *torus(shape *s, double x, double y, double z, double circle, double tube, double arc) {
  return shape_add(s, SHAPE_TORUS, (const double[]){circle, tube, arc}, x, y, z);
}

/* Four of them, `in` from the corners of wide x deep. */
static void legs(shape *s, double wide, double deep, double in, double thick, double tall, int round) {
  for (int i = 0; i < 4; i++) {
    const double x = (i & 1 ? 1 : -1) * (wide / 2 - in), y = (i & 2 ? 1 : -1) * (deep / 2 - in);
    if (round)
      frustum(s, x, y, 0, 0.4 * thick, 0.6 * thick, tall);
    else
      box(s, x, y, 0, thick, thick, tall);
  }
}

/* ---- families ---- */

static void make_box(shape *s, random_source *r) {
  const double wide = between(r, 0.4, 1.5), deep = between(r, 0.4, 1.5), tall = between(r, 0.4, 1.5);
  box(s, 0, 0, 0, wide, deep, tall);
}

static void make_cylinder(shape *s, random_source *r) {
  const double radius = between(r, 0.25, 0.7);
  frustum(s, 0, 0, 0, radius, radius, between(r, 0.6, 2));
}

static void make_cone(shape *s, random_source *r) {
  const double radius = between(r, 0.4, 0.8), tip = between(r, 0.02, 0.25), tall = between(r, 0.7, 1.8);
  frustum(s, 0, 0, 0, radius, radius * tip, tall);
}

static void make_torus(shape *s, random_source *r) {
  const double circle = between(r, 0.6, 1);
  torus(s, 0, 0, 0, circle, circle * between(r, 0.15, 0.45), 2 * pi);
}

static void make_capsule(shape *s, random_source *r) {
  const double radius = between(r, 0.25, 0.5), tall = between(r, 0.4, 1.6);
  frustum(s, 0, 0, 0, radius, radius, tall);
  ball(s, 0, 0, 0, radius);
  ball(s, 0, 0, tall, radius);
}

static void make_table(shape *s, random_source *r) {
  const double wide = between(r, 1, 2), deep = between(r, 0.7, 1.2), tall = between(r, 0.6, 1);
  const double top = between(r, 0.05, 0.12), in = between(r, 0.08, 0.2), thick = between(r, 0.06, 0.14);
  box(s, 0, 0, tall, wide, deep, top);
  legs(s, wide, deep, in, thick, tall, random_below(r, 2) == 0);
}

static void make_chair(shape *s, random_source *r) {
  const double wide = between(r, 0.8, 1.1), deep = between(r, 0.8, 1.1), seat = between(r, 0.7, 1),
               thick = between(r, 0.08, 0.15);
  const double back = between(r, 0.7, 1.3), leg = between(r, 0.07, 0.14);
  box(s, 0, 0, seat, wide, deep, thick);
  shape_part *p = box(s, 0, deep / 2 - 0.05, seat + thick, wide, 0.1, back);
  shape_turn(p, 0, between(r, -0.2, 0));
  legs(s, wide, deep, 0.08, leg, seat, random_below(r, 2) == 0);
}

static void make_lamp(shape *s, random_source *r) {
  const double foot = between(r, 0.25, 0.45), tall = between(r, 0.9, 1.8), shade = between(r, 0.3, 0.6);
  const double deep = between(r, 0.3, 0.6), thick = between(r, 0.03, 0.06);
  frustum(s, 0, 0, 0, foot, foot * between(r, 0.6, 1), 0.08);
  frustum(s, 0, 0, 0.08, thick, thick, tall);
  frustum(s, 0, 0, tall - 0.3 * deep, shade, shade * between(r, 0.3, 0.8), deep)->is_open = 1;
}

static void make_bottle(shape *s, random_source *r) {
  const double radius = between(r, 0.25, 0.4), body = between(r, 0.7, 1.1), neck = radius * between(r, 0.25, 0.45);
  const double shoulder = between(r, 0.15, 0.35);
  frustum(s, 0, 0, 0, radius, radius, body);
  frustum(s, 0, 0, body, radius, neck, shoulder);
  frustum(s, 0, 0, body + shoulder, neck, neck, between(r, 0.2, 0.5));
}

static void make_stairs(shape *s, random_source *r) {
  const int steps = 3 + (int)random_below(r, 4);
  const double deep = between(r, 0.2, 0.4), tall = between(r, 0.15, 0.3), wide = between(r, 0.7, 1.3);
  for (int i = 0; i < steps; i++) box(s, 0, i * deep, 0, wide, deep, (i + 1) * tall);
}

/* An elbow with a straight piece at either end. */
static void make_pipe(shape *s, random_source *r) {
  const double bend = between(r, 0.5, 0.8), tube = between(r, 0.15, 0.3), first = between(r, 0.4, 1),
               second = between(r, 0.4, 1);
  torus(s, 0, 0, 0, bend, tube, pi / 2);
  shape_lay(shape_add(s, SHAPE_FRUSTUM, (const double[]){tube, tube, first / 2}, bend, -first / 2, 0), 1);
  shape_lay(shape_add(s, SHAPE_FRUSTUM, (const double[]){tube, tube, second / 2}, -second / 2, bend, 0), 0);
}

static void make_aeroplane(shape *s, random_source *r) {
  const double radius = between(r, 0.1, 0.18), nose = between(r, 0.8, 1.2), span = between(r, 1.6, 2.4),
               chord = between(r, 0.25, 0.45);
  const double tail = span * between(r, 0.25, 0.4);
  shape_lay(shape_add(s, SHAPE_FRUSTUM, (const double[]){0.5 * radius, radius, nose}, 0, 0, 0), 0);
  ball(s, nose, 0, 0, radius);
  box(s, between(r, 0, 0.2), 0, -0.5 * radius, chord, span, 0.04);
  box(s, -nose + 0.15, 0, 0, 0.6 * chord, tail, 0.03);
  box(s, -nose + 0.15, 0, 0, 0.6 * chord, 0.03, between(r, 0.35, 0.5));
}

static void make_car(shape *s, random_source *r) {
  const double length = between(r, 1.8, 2.4), wide = between(r, 0.8, 1), body = between(r, 0.3, 0.45),
               wheel = between(r, 0.15, 0.22);
  const double cabin = length * between(r, 0.4, 0.6), back = between(r, -0.2, 0.1), roof = between(r, 0.25, 0.45);
  box(s, 0, 0, wheel, length, wide, body);
  box(s, back, 0, wheel + body, cabin, 0.9 * wide, roof);
  for (int i = 0; i < 4; i++) {
    const double x = (i & 1 ? 1 : -1) * 0.3 * length, y = (i & 2 ? 1 : -1) * wide / 2;
    shape_lay(shape_add(s, SHAPE_FRUSTUM, (const double[]){wheel, wheel, 0.06}, x, y, wheel), 1);
  }
}

static void make_bed(shape *s, random_source *r) {
  const double wide = between(r, 0.9, 1.6), length = between(r, 1.8, 2.2), foot = between(r, 0.15, 0.35),
               soft = between(r, 0.15, 0.3);
  box(s, 0, 0, foot, wide, length, soft);
  box(s, 0, length / 2, 0, wide, 0.08, between(r, 0.7, 1.1));
  legs(s, wide, length, 0.08, 0.1, foot, 0);
}

static void make_shelf(shape *s, random_source *r) {
  const int boards = 3 + (int)random_below(r, 4);
  const double wide = between(r, 0.7, 1.3), deep = between(r, 0.25, 0.45), tall = between(r, 1.4, 2.2), thick = 0.05;
  box(s, -wide / 2, 0, 0, thick, deep, tall + thick);
  box(s, wide / 2, 0, 0, thick, deep, tall + thick);
  for (int i = 0; i < boards; i++) box(s, 0, 0, i * tall / (boards - 1), wide, deep, thick);
}

static void make_monitor(shape *s, random_source *r) {
  const double wide = between(r, 1.2, 1.8), tall = between(r, 0.7, 1.1), stand = between(r, 0.25, 0.5),
               foot = between(r, 0.4, 0.7);
  box(s, 0, 0, stand, wide, between(r, 0.06, 0.15), tall);
  box(s, 0, 0.05, 0, 0.15, 0.06, stand + 0.3);
  box(s, 0, 0.05, 0, foot, 0.6 * foot, 0.05);
}

/* Open at the top, with half a ring for a handle. */
static void make_cup(shape *s, random_source *r) {
  const double low = between(r, 0.3, 0.45), high = low * between(r, 1, 1.4), tall = between(r, 0.7, 1.1),
               ring = tall * between(r, 0.22, 0.3);
  frustum(s, 0, 0, 0, low, high, tall)->is_open = 1;
  frustum(s, 0, 0, 0, low, low, 0.03);
  shape_part *handle = torus(s, (low + high) / 2, 0, tall / 2, ring, 0.2 * ring, pi);
  shape_turn(handle, 2, -pi / 2);
  shape_turn(handle, 0, pi / 2);
}

static void make_dumbbell(shape *s, random_source *r) {
  const double bar = between(r, 0.06, 0.14), half = between(r, 0.5, 0.9), weight = between(r, 0.25, 0.45);
  const int round = random_below(r, 2) == 0;
  shape_lay(shape_add(s, SHAPE_FRUSTUM, (const double[]){bar, bar, half}, 0, 0, 0), 0);
  for (int side = -1; side <= 1; side += 2) {
    if (round)
      ball(s, side * half, 0, 0, weight);
    else
      shape_lay(shape_add(s, SHAPE_FRUSTUM, (const double[]){weight, weight, 0.15}, side * half, 0, 0), 0);
  }
}

static void make_rocket(shape *s, random_source *r) {
  const double radius = between(r, 0.2, 0.35), body = between(r, 1, 1.6), fin = radius + between(r, 0.2, 0.4),
               tall = between(r, 0.3, 0.5);
  frustum(s, 0, 0, 0, radius, radius, body);
  frustum(s, 0, 0, body, radius, 0.03, between(r, 0.4, 0.8));
  for (int i = 0; i < 2; i++) box(s, 0, 0, 0, i ? 0.03 : 2 * fin, i ? 2 * fin : 0.03, tall);
}

static void make_tree(shape *s, random_source *r) {
  const double trunk = between(r, 0.08, 0.16), tall = between(r, 0.4, 0.8), crown = between(r, 0.4, 0.6),
               layer = between(r, 0.5, 0.8);
  frustum(s, 0, 0, 0, trunk, trunk, tall);
  for (int i = 0; i < 3; i++) {
    const double wide = crown * (1 - 0.25 * i);
    frustum(s, 0, 0, tall + 0.6 * layer * i, wide, 0.1 * wide, layer);
  }
}

static const struct {
  const char *name;
  void (*make)(shape *s, random_source *r);
} families[SHAPE_FAMILIES] = {
    {"box", make_box},         {"cylinder", make_cylinder}, {"cone", make_cone},     {"torus", make_torus},
    {"capsule", make_capsule}, {"table", make_table},       {"chair", make_chair},   {"lamp", make_lamp},
    {"bottle", make_bottle},   {"stairs", make_stairs},     {"pipe", make_pipe},     {"aeroplane", make_aeroplane},
    {"car", make_car},         {"bed", make_bed},           {"shelf", make_shelf},   {"monitor", make_monitor},
    {"cup", make_cup},         {"dumbbell", make_dumbbell}, {"rocket", make_rocket}, {"tree", make_tree},
};

const char *shape_family_name(int family) {
  return families[family].name;
}

void shape_make(shape *out, int family, random_source *r) {
  *out = (shape){0};
  families[family].make(out, r);
}
