#include "pointcloud_defense/cloud_corruption.h"
#include "core/error.h"
#include <math.h>
#include <string.h>

static size_t severity_of(const attack_cloud *a) {
  return (size_t)a->budget - 1;
}

/* In -most..most. */
static double either_way(attack_cloud *a, double most) {
  return most * (2 * random_uniform(a->random) - 1);
}

static double sign_of(attack_cloud *a) {
  return random_below(a->random, 2) ? 1 : -1;
}

static void copy_all(const float *clean, size_t n, attack_cloud_points *out) {
  memcpy(out->xyz, clean, 3 * n * sizeof *clean);
  out->n = n;
}

/* ---- linear maps ---- */

static void map_points(const double m[3][3], const float *clean, size_t n, attack_cloud_points *out) {
  for (size_t i = 0; i < n; i++)
    for (size_t row = 0; row < 3; row++) {
      double sum = 0;
      for (size_t axis = 0; axis < 3; axis++) sum += m[row][axis] * clean[3 * i + axis];
      out->xyz[3 * i + row] = (float)sum;
    }
  out->n = n;
}

/* m = rotation by `angle` about `axis`, times m. */
static void turn(double m[3][3], size_t axis, double angle) {
  const size_t u = (axis + 1) % 3, v = (axis + 2) % 3;
  const double c = cos(angle), s = sin(angle);
  for (size_t column = 0; column < 3; column++) {
    const double at_u = m[u][column], at_v = m[v][column];
    m[u][column] = c * at_u - s * at_v;
    m[v][column] = s * at_u + c * at_v;
  }
}

scrim_status cloud_corrupt_rotation(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                    attack_cloud_points *out, scrim_error *error) {
  static const double degrees[] = {2.5, 5, 7.5, 10, 15};
  double m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  (void)label, (void)error;
  for (size_t axis = 0; axis < 3; axis++) turn(m, axis, sign_of(a) * degrees[severity_of(a)] * 3.14159265358979 / 180);
  map_points(m, clean, n, out);
  return SCRIM_OK;
}

/* Along x and z by the other axes; what stands upright stays so. */
scrim_status cloud_corrupt_shear(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                                 scrim_error *error) {
  const double most = 0.05 * a->budget;
  double m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  (void)label, (void)error;
  for (size_t row = 0; row < 3; row += 2)
    for (size_t axis = 0; axis < 3; axis++)
      if (axis != row) m[row][axis] = sign_of(a) * most;
  map_points(m, clean, n, out);
  return SCRIM_OK;
}

/* ---- noise ---- */

scrim_status cloud_corrupt_uniform(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error) {
  (void)label, (void)error;
  copy_all(clean, n, out);
  for (size_t i = 0; i < 3 * n; i++) out->xyz[i] += (float)either_way(a, 0.01 * a->budget);
  return SCRIM_OK;
}

scrim_status cloud_corrupt_gaussian(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                    attack_cloud_points *out, scrim_error *error) {
  const double deviation = 0.005 + 0.005 * a->budget;
  (void)label, (void)error;
  copy_all(clean, n, out);
  for (size_t i = 0; i < 3 * n; i++) out->xyz[i] += (float)(deviation * random_normal(a->random));
  return SCRIM_OK;
}

scrim_status cloud_corrupt_impulse(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error) {
  static const size_t one_in[] = {30, 25, 20, 15, 10};
  uint8_t *hit = (uint8_t *)a->first;
  (void)label, (void)error;
  copy_all(clean, n, out);
  outliers_sample(a->random, n, n / one_in[severity_of(a)], hit);
  for (size_t i = 0; i < 3 * n; i++)
    if (hit[i / 3]) out->xyz[i] += (float)(0.1 * sign_of(a));
  return SCRIM_OK;
}

/* ---- more points ---- */

scrim_status cloud_corrupt_background(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                      attack_cloud_points *out, scrim_error *error) {
  static const size_t one_in[] = {45, 40, 35, 30, 20};
  (void)label, (void)error;
  copy_all(clean, n, out);
  out->n += n / one_in[severity_of(a)];
  for (size_t i = 3 * n; i < 3 * out->n; i++) out->xyz[i] = (float)either_way(a, 1);
  return SCRIM_OK;
}

scrim_status cloud_corrupt_upsample(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                    attack_cloud_points *out, scrim_error *error) {
  static const size_t one_in[] = {5, 4, 3, 2, 1};
  (void)label, (void)error;
  copy_all(clean, n, out);
  out->n += n / one_in[severity_of(a)];
  for (size_t i = n; i < out->n; i++) {
    const float *from = clean + 3 * random_below(a->random, n);
    for (size_t axis = 0; axis < 3; axis++) out->xyz[3 * i + axis] = from[axis] + (float)either_way(a, 0.05);
  }
  return SCRIM_OK;
}

/* ---- fewer points ---- */

static double squared_between(const float *a, const float *b) {
  double sum = 0;
  for (size_t axis = 0; axis < 3; axis++) sum += ((double)a[axis] - b[axis]) * ((double)a[axis] - b[axis]);
  return sum;
}

/* Marks, besides what is marked, the `near` nearest to a point drawn at random, that one among them. */
static void mark_around(attack_cloud *a, const float *xyz, size_t n, size_t near, uint8_t *mark) {
  float *distance = a->first;
  const float *centre = xyz + 3 * random_below(a->random, n);
  for (size_t i = 0; i < n; i++) distance[i] = (float)squared_between(xyz + 3 * i, centre);
  for (size_t found = 0; found < near; found++) {
    size_t nearest = 0;
    for (size_t i = 1; i < n; i++)
      if (distance[i] < distance[nearest]) nearest = i;
    distance[nearest] = INFINITY;
    mark[nearest] = 1;
  }
}

/*
 * `drop` of the points whose mark is `kind` go, each set of them as likely as any other; there are `of`. At least one
 * point stays.
 */
static void drop_marked(attack_cloud *a, attack_cloud_points *out, const uint8_t *mark, int kind, size_t of,
                        size_t drop) {
  size_t kept = 0;
  if (drop > out->n - 1) drop = out->n - 1;
  for (size_t i = 0; i < out->n; i++) {
    const int goes = mark[i] == kind && random_below(a->random, of--) < drop;
    drop -= (size_t)goes;
    if (!goes) memmove(out->xyz + 3 * kept++, out->xyz + 3 * i, 3 * sizeof *out->xyz);
  }
  out->n = kept;
}

/* Around a point drawn at random: `drop` of the `near` nearest points go. */
static void thin_around(attack_cloud *a, attack_cloud_points *out, size_t near, size_t drop) {
  uint8_t *mark = (uint8_t *)a->second;
  if (near > out->n - 1) near = out->n - 1;
  memset(mark, 0, out->n);
  mark_around(a, out->xyz, out->n, near, mark);
  drop_marked(a, out, mark, 1, near, drop < near ? drop : near);
}

scrim_status cloud_corrupt_cutout(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                  attack_cloud_points *out, scrim_error *error) {
  static const size_t holes[] = {2, 3, 5, 7, 10};
  const size_t points = n * 30 / 1024;
  (void)label, (void)error;
  copy_all(clean, n, out);
  for (size_t i = 0; i < holes[severity_of(a)]; i++) thin_around(a, out, points, points);
  return SCRIM_OK;
}

scrim_status cloud_corrupt_density(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error) {
  const size_t points = n * 100 / 1024;
  (void)label, (void)error;
  copy_all(clean, n, out);
  for (size_t i = 0; i <= severity_of(a); i++) thin_around(a, out, points, points * 3 / 4);
  return SCRIM_OK;
}

scrim_status cloud_corrupt_density_inc(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                       attack_cloud_points *out, scrim_error *error) {
  uint8_t *dense = (uint8_t *)a->second;
  size_t elsewhere = 0;
  (void)label, (void)error;
  copy_all(clean, n, out);
  memset(dense, 0, n);
  for (size_t i = 0; i <= severity_of(a); i++) mark_around(a, clean, n, n * 100 / 1024, dense);
  for (size_t i = 0; i < n; i++) elsewhere += !dense[i];
  drop_marked(a, out, dense, 0, elsewhere, elsewhere / 2);
  return SCRIM_OK;
}
