/* Attacks that change how many points there are. */
#include "core/error.h"
#include "core/memory.h"
#include "pointcloud_defense/attack_cloud.h"
#include <math.h>
#include <string.h>

static size_t share_of(double budget, size_t n) {
  const size_t share = (size_t)(budget * (double)n);
  return share < n ? share : n - 1;
}

static void copy_point(float *to, const float *from) {
  memcpy(to, from, 3 * sizeof *to);
}

/* ---- adding ---- */

typedef struct box {
  float low[3], high[3];
} box;

static box box_of(const float *xyz, size_t n) {
  box b = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
  for (size_t i = 0; i < 3 * n; i++) {
    b.low[i % 3] = fminf(b.low[i % 3], xyz[i]);
    b.high[i % 3] = fmaxf(b.high[i % 3], xyz[i]);
  }
  return b;
}

static void enter_box(const box *b, float *xyz, size_t n) {
  for (size_t i = 0; i < 3 * n; i++) xyz[i] = fminf(fmaxf(xyz[i], b->low[i % 3]), b->high[i % 3]);
}

/* The point whose slope is steepest; its slope is cleared, so that the next call finds the next. */
static size_t take_steepest(float *slope, size_t n) {
  size_t steepest = 0;
  float most = -1;
  for (size_t i = 0; i < n; i++) {
    const float *g = slope + 3 * i, squared = g[0] * g[0] + g[1] * g[1] + g[2] * g[2];
    if (squared <= most) continue;
    most = squared;
    steepest = i;
  }
  memset(slope + 3 * steepest, 0, 3 * sizeof *slope);
  return steepest;
}

/* Not on the spot: a copy of a point is no news to a classifier. */
static const double ADD_OFF = 0.05;

scrim_status attack_cloud_add(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                              scrim_error *error) {
  const size_t added = share_of(a->budget, n), all = n + added;
  const box bounds = box_of(clean, n);
  float *mine = a->first + 3 * n;
  attack_cloud_height height;
  double highest = -INFINITY;
  scrim_status status = attack_cloud_climb(a, clean, n, label, ATTACK_CLOUD_ENTROPY, &height, a->slope, error);
  memcpy(a->first, clean, 3 * n * sizeof *clean);
  for (size_t i = 0; i < added && status == SCRIM_OK; i++) {
    copy_point(mine + 3 * i, clean + 3 * take_steepest(a->slope, n));
    for (size_t axis = 0; axis < 3; axis++)
      mine[3 * i + axis] += (float)(ADD_OFF * (2 * random_uniform(a->random) - 1));
  }
  enter_box(&bounds, mine, added);
  for (size_t i = 0; i <= a->iterations && status == SCRIM_OK; i++) {
    status = attack_cloud_climb(a, a->first, all, label, ATTACK_CLOUD_ENTROPY, &height, a->slope, error);
    if (status != SCRIM_OK) break;
    if (height.goal > highest) {
      highest = height.goal;
      memcpy(out->xyz, a->first, 3 * all * sizeof *clean);
    }
    const float step = 2 / (float)(a->iterations > 0 ? a->iterations : 1); /* enough to cross the unit sphere */
    const float *g = a->slope + 3 * n;
    for (size_t j = 0; j < 3 * added; j++) mine[j] += step * (float)((g[j] > 0) - (g[j] < 0));
    enter_box(&bounds, mine, added);
  }
  out->n = all;
  return status;
}

/* ---- dropping ---- */

/* Points without a mark, in their order. */
static void keep_unmarked(const uint8_t *mark, attack_cloud_points *points) {
  size_t kept = 0;
  for (size_t i = 0; i < points->n; i++)
    if (!mark[i]) copy_point(points->xyz + 3 * kept++, points->xyz + 3 * i);
  points->n = kept;
}

scrim_status attack_cloud_drop(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                               scrim_error *error) {
  uint8_t *mark = (uint8_t *)a->first;
  (void)label, (void)error;
  memcpy(out->xyz, clean, 3 * n * sizeof *clean);
  out->n = n;
  outliers_sample(a->random, n, share_of(a->budget, n), mark);
  keep_unmarked(mark, out);
  return SCRIM_OK;
}

/* How much the loss rises as a point goes to the centre: -dL/dr r^(1 + alpha), alpha 1. */
static void salience_of(const attack_cloud_points *points, const float *slope, float *salience) {
  double centre[3] = {0};
  for (size_t i = 0; i < 3 * points->n; i++) centre[i % 3] += (double)points->xyz[i] / (double)points->n;
  for (size_t i = 0; i < points->n; i++) {
    double along = 0, squared = 0;
    for (size_t axis = 0; axis < 3; axis++) {
      const double off = points->xyz[3 * i + axis] - centre[axis];
      along += off * slope[3 * i + axis];
      squared += off * off;
    }
    salience[i] = (float)(-along * sqrt(squared));
  }
}

/* Marks the `drop` of greatest salience; of equal ones those that come first. */
static void mark_most(float *salience, size_t n, size_t drop, uint8_t *mark) {
  memset(mark, 0, n);
  for (; drop > 0; drop--) {
    size_t most = 0;
    for (size_t i = 1; i < n; i++)
      if (salience[i] > salience[most]) most = i;
    salience[most] = -INFINITY;
    mark[most] = 1;
  }
}

enum { SALIENCY_ROUNDS = 20 };

scrim_status attack_cloud_saliency(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error) {
  const size_t drop = share_of(a->budget, n), rounds = drop < SALIENCY_ROUNDS ? drop : SALIENCY_ROUNDS;
  scrim_status status = SCRIM_OK;
  memcpy(out->xyz, clean, 3 * n * sizeof *clean);
  out->n = n;
  for (size_t i = 0; i < rounds && status == SCRIM_OK; i++) {
    attack_cloud_height height;
    status = attack_cloud_climb(a, out->xyz, out->n, label, ATTACK_CLOUD_ENTROPY, &height, a->slope, error);
    if (status != SCRIM_OK) break;
    salience_of(out, a->slope, a->first);
    mark_most(a->first, out->n, drop * (i + 1) / rounds - drop * i / rounds, (uint8_t *)a->second);
    keep_unmarked((const uint8_t *)a->second, out);
  }
  return status;
}
