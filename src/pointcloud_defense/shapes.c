/* Parts of procedural objects: where they are, how to draw points on them, and objects put together from them. */
#include "pointcloud_defense/shapes.h"
#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* ---- placing ---- */

shape_part *shape_add(shape *s, shape_kind kind, const double size[3], double x, double y, double z) {
  shape_part *p = &s->part[s->n++];
  *p = (shape_part){.kind = kind,
                    .size = {size[0], size[1], size[2]},
                    .axis = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                    .centre = {x, y, z}};
  return p;
}

void shape_lay(shape_part *p, int along) {
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) p->axis[i][j] = (i + along + 1) % 3 == j;
}

void shape_turn(shape_part *p, int about, double angle) {
  const int u = (about + 1) % 3, v = (about + 2) % 3;
  const double c = cos(angle), s = sin(angle);
  for (int i = 0; i < 3; i++) {
    const double x = p->axis[i][u], y = p->axis[i][v];
    p->axis[i][u] = c * x - s * y;
    p->axis[i][v] = s * x + c * y;
  }
}

/* ---- distances, in the part's own frame ---- */

static double larger(double a, double b) {
  return a > b ? a : b;
}

static double box_distance(const shape_part *p, const double q[3]) {
  double outside = 0, inside = -INFINITY;
  for (int i = 0; i < 3; i++) {
    const double past = fabs(q[i]) - p->size[i];
    outside += past > 0 ? past * past : 0;
    inside = larger(inside, past);
  }
  return inside > 0 ? sqrt(outside) : inside;
}

/* To the straight side in the half plane of radius and height, and to the lids where there are any. */
static double frustum_distance(const shape_part *p, const double q[3]) {
  const double bottom = p->size[0], top = p->size[1], half = p->size[2];
  const double radius = sqrt(q[0] * q[0] + q[1] * q[1]);
  const double dr = top - bottom, dz = 2 * half, length = sqrt(dr * dr + dz * dz);
  const double share = fmin(fmax(((radius - bottom) * dr + (q[2] + half) * dz) / (length * length), 0), 1);
  const double off_r = radius - (bottom + share * dr), off_z = q[2] + half - share * dz;
  double nearest = sqrt(off_r * off_r + off_z * off_z);
  if (p->is_open) return nearest;
  const double over_bottom = larger(radius - bottom, 0), over_top = larger(radius - top, 0);
  nearest = fmin(nearest, hypot(over_bottom, q[2] + half));
  nearest = fmin(nearest, hypot(over_top, q[2] - half));
  const int is_inside = fabs(q[2]) < half && radius < bottom + (q[2] + half) / dz * dr;
  return is_inside ? -nearest : nearest;
}

/* A whole ball has an inside; a zone of one is a sheet, as is every open one. */
static double ball_distance(const shape_part *p, const double q[3]) {
  const double radius = p->size[0], range = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2]);
  if (!p->is_open) return range - radius;
  const double at = range > 0 ? radius * q[2] / range : 0;
  if (at >= p->size[1] && at <= p->size[2]) return fabs(range - radius);
  const double edge = at < p->size[1] ? p->size[1] : p->size[2];
  return hypot(sqrt(q[0] * q[0] + q[1] * q[1]) - sqrt(larger(radius * radius - edge * edge, 0)), q[2] - edge);
}

static double torus_distance(const shape_part *p, const double q[3]) {
  const double angle = atan2(q[1], q[0]), turned = angle < 0 ? angle + 2 * pi : angle;
  double along = 0, off = sqrt(q[0] * q[0] + q[1] * q[1]) - p->size[0];
  if (turned > p->size[2]) { /* beyond the arc: from the nearer of its ends */
    const double end = turned - p->size[2] < 2 * pi - turned ? p->size[2] : 0;
    off = q[0] * cos(end) + q[1] * sin(end) - p->size[0];
    along = q[1] * cos(end) - q[0] * sin(end);
  }
  const double from_tube = sqrt(off * off + q[2] * q[2]) - p->size[1];
  return along != 0 ? hypot(from_tube, along) : from_tube;
}

double shape_distance(const shape_part *p, const double at[3]) {
  static double (*const distance[])(const shape_part *, const double[3]) = {box_distance, frustum_distance,
                                                                            ball_distance, torus_distance};
  double q[3] = {0};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) q[i] += p->axis[i][j] * (at[j] - p->centre[j]);
  return distance[p->kind](p, q);
}

/* ---- areas, and points drawn evenly over them ---- */

static double side_area(const shape_part *p) {
  return pi * (p->size[0] + p->size[1]) * hypot(p->size[0] - p->size[1], 2 * p->size[2]);
}

static double area(const shape_part *p) {
  const double a = p->size[0], b = p->size[1], c = p->size[2];
  switch (p->kind) {
  case SHAPE_BOX:
    return 8 * (a * b + b * c + c * a);
  case SHAPE_FRUSTUM:
    return side_area(p) + (p->is_open ? 0 : pi * (a * a + b * b));
  case SHAPE_BALL:
    return 2 * pi * a * (c - b);
  default:
    return 2 * pi * b * c * a;
  }
}

static double between(random_source *r, double low, double high) {
  return low + (high - low) * random_uniform(r);
}

static void draw_box(const shape_part *p, random_source *r, double q[3]) {
  const double *s = p->size, face[3] = {s[1] * s[2], s[2] * s[0], s[0] * s[1]};
  const double pick = between(r, -1, 1) * (face[0] + face[1] + face[2]);
  const int side = fabs(pick) < face[0] ? 0 : fabs(pick) < face[0] + face[1] ? 1 : 2;
  for (int i = 0; i < 3; i++) q[i] = i == side ? copysign(s[i], pick) : between(r, -s[i], s[i]);
}

static void draw_ring(random_source *r, double radius, double z, double q[3]) {
  const double angle = between(r, 0, 2 * pi);
  q[0] = radius * cos(angle);
  q[1] = radius * sin(angle);
  q[2] = z;
}

/* On the side the radius is the root of a uniform share of the area, which grows with its square. */
static void draw_frustum(const shape_part *p, random_source *r, double q[3]) {
  const double bottom = p->size[0], top = p->size[1], half = p->size[2];
  const double side = side_area(p), lids = p->is_open ? 0 : pi * (bottom * bottom + top * top);
  const double pick = random_uniform(r) * (side + lids), share = random_uniform(r);
  if (pick < side) {
    const double radius = sqrt(bottom * bottom + share * (top * top - bottom * bottom)), change = top - bottom;
    const double height = fabs(change) > 1e-9 * (top + bottom) ? (radius - bottom) / change : share;
    draw_ring(r, radius, half * (2 * height - 1), q);
  } else {
    const int is_top = pick - side > pi * bottom * bottom;
    draw_ring(r, (is_top ? top : bottom) * sqrt(share), is_top ? half : -half, q);
  }
}

/* Archimedes: the area of a zone goes with its height. */
static void draw_ball(const shape_part *p, random_source *r, double q[3]) {
  const double z = between(r, p->size[1], p->size[2]);
  draw_ring(r, sqrt(larger(p->size[0] * p->size[0] - z * z, 0)), z, q);
}

/* The outer half of the tube has more area: angles about it are kept as often as their circle is long. */
static void draw_torus(const shape_part *p, random_source *r, double q[3]) {
  const double circle = p->size[0], tube = p->size[1], along = between(r, 0, p->size[2]);
  double about = 0, radius = 0;
  for (int i = 0; i < 64; i++) {
    about = between(r, 0, 2 * pi);
    radius = circle + tube * cos(about);
    if (random_uniform(r) * (circle + tube) <= radius) break;
  }
  q[0] = radius * cos(along);
  q[1] = radius * sin(along);
  q[2] = tube * sin(about);
}

static void draw_on_part(const shape_part *p, random_source *r, double at[3]) {
  static void (*const draw[])(const shape_part *, random_source *, double[3]) = {draw_box, draw_frustum, draw_ball,
                                                                                 draw_torus};
  double q[3];
  draw[p->kind](p, r, q);
  for (int j = 0; j < 3; j++) {
    at[j] = p->centre[j];
    for (int i = 0; i < 3; i++) at[j] += p->axis[i][j] * q[i];
  }
}

/* ---- objects ---- */

static const double touch = 1e-6; /* parts that only touch hide nothing of each other */

static int is_hidden(const shape *s, int part, const double at[3]) {
  for (int i = 0; i < s->n; i++)
    if (i != part && !s->part[i].is_open && shape_distance(&s->part[i], at) < -touch) return 1;
  return 0;
}

/* Every family shows some of its surface; the bound on tries is for a source that failed and gives only zeros. */
static void draw_on_shape(const shape *s, const double *up_to, random_source *r, double at[3]) {
  for (int tries = 0; tries < 1000; tries++) {
    const double pick = random_uniform(r) * up_to[s->n - 1];
    int part = 0;
    while (part < s->n - 1 && pick >= up_to[part]) part++;
    draw_on_part(&s->part[part], r, at);
    if (!is_hidden(s, part, at)) return;
  }
}

/* To mean 0, with the farthest point at 1. */
static void normalise(float *xyz, size_t n, double *scale, double *centre) {
  double mean[3] = {0}, most = 0;
  for (size_t i = 0; i < 3 * n; i++) mean[i % 3] += xyz[i] / (double)n;
  for (size_t i = 0; i < n; i++) {
    double square = 0;
    for (size_t a = 0; a < 3; a++) square += (xyz[3 * i + a] - mean[a]) * (xyz[3 * i + a] - mean[a]);
    most = larger(most, sqrt(square));
  }
  if (!(most > 0)) most = 1;
  for (size_t i = 0; i < 3 * n; i++) xyz[i] = (float)((xyz[i] - mean[i % 3]) / most);
  if (scale != NULL) *scale = most;
  if (centre != NULL) memcpy(centre, mean, sizeof mean);
}

void shape_sample(const shape *s, random_source *r, size_t n, float *xyz, double *scale, double *centre) {
  double up_to[SHAPE_MOST_PARTS] = {0}, sum = 0;
  for (int i = 0; i < s->n; i++) up_to[i] = sum += area(&s->part[i]);
  for (size_t i = 0; i < n; i++) {
    double at[3];
    draw_on_shape(s, up_to, r, at);
    for (size_t a = 0; a < 3; a++) xyz[3 * i + a] = (float)at[a];
  }
  normalise(xyz, n, scale, centre);
}

scrim_status shape_draw(random_source *r, uint64_t seed, uint64_t index, size_t n, float *xyz, scrim_error *error) {
  unsigned char item[16];
  shape s;
  for (size_t i = 0; i < sizeof item; i++) item[i] = (unsigned char)((i < 8 ? seed : index) >> (8 * (i % 8)));
  const scrim_status status = random_begin(r, "shape", item, sizeof item, error);
  if (status != SCRIM_OK) return status;
  shape_make(&s, (int)(index % SHAPE_FAMILIES), r);
  shape_sample(&s, r, n, xyz, NULL, NULL);
  return random_status(r, error);
}
