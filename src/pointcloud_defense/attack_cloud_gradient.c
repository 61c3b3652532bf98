/* Attacks that walk along the gradient within a ball around the clean points. */
#include "pointcloud_defense/attack_cloud.h"
#include <math.h>
#include <string.h>

/* A norm: its longest step along a gradient, and the way back into its ball. Both over `values` coordinates. */
typedef struct ball {
  /* x += size * (the steepest direction of length 1) */
  void (*step)(float *x, const float *slope, size_t values, double size);
  void (*enter)(float *x, const float *clean, size_t values, double radius);
  double (*radius)(double budget, size_t values);
} ball;

static double length_of(const float *x, const float *from, size_t values) {
  double sum = 0;
  for (size_t i = 0; i < values; i++) {
    const double off = (double)x[i] - (from ? from[i] : 0);
    sum += off * off;
  }
  return sqrt(sum);
}

/* ---- L-inf ---- */

static void step_linf(float *x, const float *slope, size_t values, double size) {
  for (size_t i = 0; i < values; i++) x[i] += (float)size * (float)((slope[i] > 0) - (slope[i] < 0));
}

static double radius_linf(double budget, size_t values) {
  (void)values;
  return budget;
}

/* ---- L2 ---- */

static void step_l2(float *x, const float *slope, size_t values, double size) {
  const double length = length_of(slope, NULL, values);
  if (length <= 0) return;
  for (size_t i = 0; i < values; i++) x[i] += (float)(size / length * slope[i]);
}

static void enter_l2(float *x, const float *clean, size_t values, double radius) {
  const double length = length_of(x, clean, values);
  if (length <= radius) return;
  const double share = radius / length * (1 - 1e-6); /* rounding to float32 may lengthen */
  for (size_t i = 0; i < values; i++) x[i] = (float)(clean[i] + share * ((double)x[i] - clean[i]));
}

static double radius_l2(double budget, size_t values) {
  return budget * sqrt((double)values);
}

static const ball linf = {step_linf, attack_cloud_clip, radius_linf}, l2 = {step_l2, enter_l2, radius_l2};

/* ---- attacks ---- */

static const double FLAT_WEIGHT = 0.5;

scrim_status attack_cloud_fgm(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                              scrim_error *error) {
  const double radius = l2.radius(a->budget, 3 * n);
  attack_cloud_height height;
  const scrim_status status = attack_cloud_climb(a, clean, n, label, ATTACK_CLOUD_ENTROPY, &height, a->slope, error);
  memcpy(out->xyz, clean, 3 * n * sizeof *clean);
  out->n = n;
  l2.step(out->xyz, a->slope, 3 * n, radius);
  l2.enter(out->xyz, clean, 3 * n, radius);
  return status;
}

/* `flat`: what lowering the distortion weighs; 0: nothing. */
static scrim_status walk(attack_cloud *a, const ball *b, double flat, const float *clean, size_t n, int32_t label,
                         attack_cloud_points *out, scrim_error *error) {
  const size_t values = 3 * n;
  const double radius = b->radius(a->budget, values);
  const double step = 2.5 * radius / (double)(a->iterations > 0 ? a->iterations : 1);
  float *x = a->first;
  double highest = -INFINITY;
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < values; i++) x[i] = clean[i] + (float)(a->budget * (2 * random_uniform(a->random) - 1));
  b->enter(x, clean, values, radius);
  for (size_t i = 0; i <= a->iterations && status == SCRIM_OK; i++) {
    attack_cloud_height height;
    status = attack_cloud_climb(a, x, n, label, ATTACK_CLOUD_ENTROPY, &height, a->slope, error);
    if (status != SCRIM_OK) break;
    if (height.goal > highest || attack_cloud_is_done(a, height)) {
      highest = height.goal;
      memcpy(out->xyz, x, values * sizeof *x);
    }
    if (attack_cloud_is_done(a, height)) break;
    if (flat > 0) status = attack_cloud_flatten(a, x, n, flat, a->slope, error);
    b->step(x, a->slope, values, step);
    b->enter(x, clean, values, radius);
  }
  out->n = n;
  return status;
}

scrim_status attack_cloud_pgd_linf(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error) {
  return walk(a, &linf, 0, clean, n, label, out, error);
}

scrim_status attack_cloud_pgd_flat(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error) {
  return walk(a, &linf, FLAT_WEIGHT, clean, n, label, out, error);
}

scrim_status attack_cloud_pgd_l2(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                                 scrim_error *error) {
  return walk(a, &l2, 0, clean, n, label, out, error);
}
