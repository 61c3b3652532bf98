/* Attacks that minimise a distance to the clean object together with the classifier's margin, by Adam. */
#include "core/error.h"
#include "pointcloud_defense/attack_cloud.h"
#include <math.h>
#include <string.h>

/* ---- Adam (Kingma and Ba 2015), on the attacker's memory ---- */

typedef struct adam {
  float *mean, *square; /* [values] */
  size_t values, steps;
  double rate;
} adam;

static adam adam_begin(attack_cloud *a, size_t values, double rate) {
  memset(a->first, 0, values * sizeof *a->first);
  memset(a->second, 0, values * sizeof *a->second);
  return (adam){.mean = a->first, .square = a->second, .values = values, .rate = rate};
}

static void adam_step(adam *s, float *x, const float *slope) {
  const double step = (double)++s->steps;
  const double mean_bias = 1 - pow(0.9, step), square_bias = 1 - pow(0.999, step);
  for (size_t i = 0; i < s->values; i++) {
    s->mean[i] = 0.9f * s->mean[i] + 0.1f * slope[i];
    s->square[i] = 0.999f * s->square[i] + 0.001f * slope[i] * slope[i];
    x[i] -= (float)(s->rate * s->mean[i] / mean_bias / (sqrt(s->square[i] / square_bias) + 1e-8));
  }
}

/* ---- Carlini and Wagner ---- */

enum { CW_SEARCHES = 5 };
static const double CW_FIRST_WEIGHT = 10, CW_MOST_WEIGHT = 80, CW_RATE = 0.01; /* as published for points */

static double squared_shift(const float *x, const float *clean, size_t values) {
  double sum = 0;
  for (size_t i = 0; i < values; i++) sum += ((double)x[i] - clean[i]) * ((double)x[i] - clean[i]);
  return sum;
}

/*
 * One weight: descends |x - clean|^2 + weight * max(-margin, 0). `best` keeps the nearest point that fools, *least its
 * squared shift. *fooled: this weight found one.
 */
static scrim_status descend(attack_cloud *a, const float *clean, size_t n, int32_t label, double weight, float *x,
                            double *least, int *fooled, scrim_error *error) {
  const size_t values = 3 * n;
  scrim_status status = SCRIM_OK;
  adam optimiser = adam_begin(a, values, CW_RATE);
  *fooled = 0;
  for (size_t i = 0; i < values; i++) x[i] = clean[i] + (float)(1e-7 * random_normal(a->random));
  for (size_t i = 0; i <= a->iterations && status == SCRIM_OK; i++) {
    attack_cloud_height height;
    status = attack_cloud_climb(a, x, n, label, ATTACK_CLOUD_MARGIN, &height, a->slope, error);
    if (status != SCRIM_OK) break;
    const int fools = height.margin > 0;
    const double shift = squared_shift(x, clean, values);
    *fooled |= fools;
    if (fools && shift < *least) {
      *least = shift;
      memcpy(a->best, x, values * sizeof *x);
    }
    for (size_t j = 0; j < values; j++) a->slope[j] = 2 * (x[j] - clean[j]) - (fools ? 0 : (float)weight * a->slope[j]);
    adam_step(&optimiser, x, a->slope);
  }
  return status;
}

scrim_status attack_cloud_cw(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                             scrim_error *error) {
  double low = 0, high = CW_MOST_WEIGHT, weight = CW_FIRST_WEIGHT, least = INFINITY;
  scrim_status status = SCRIM_OK;
  memcpy(a->best, clean, 3 * n * sizeof *clean);
  for (int search = 0; search < CW_SEARCHES && status == SCRIM_OK; search++) {
    int fooled;
    status = descend(a, clean, n, label, weight, out->xyz, &least, &fooled, error);
    *(fooled ? &high : &low) = weight;
    weight = (low + high) / 2;
  }
  memcpy(out->xyz, a->best, 3 * n * sizeof *clean);
  out->n = n;
  return status;
}

/* ---- near the clean points, near each other ---- */

enum { KNN_NEIGHBOURS = 5 };
static const double KNN_MARGIN = 15, KNN_DEVIATIONS = 1.05, KNN_CLEAN_WEIGHT = 5, KNN_NEAR_WEIGHT = 3;

/* slope += weight * d/dx of the squared distance of each point from the nearest clean one. */
static scrim_status pull_to_clean(attack_cloud *a, const float *clean, const float *x, size_t n, scrim_error *error) {
  const scrim_status status = neighbours_build(a->index, clean, n, 3, error);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    uint32_t nearest;
    float squared;
    if (neighbours_near(a->index, x + 3 * i, 1, &nearest, &squared) == 0) break;
    for (size_t axis = 0; axis < 3; axis++)
      a->slope[3 * i + axis] += (float)(2 * KNN_CLEAN_WEIGHT) * (x[3 * i + axis] - clean[3 * nearest + axis]);
  }
  return status;
}

/* Mean squared distance of each place from its neighbours, into distance [n]; answers what stands out. */
static double spread_of(const neighbours *s, float *distance, size_t n) {
  double sum = 0, squares = 0;
  const double places = (double)neighbours_places(s);
  memset(distance, 0, n * sizeof *distance);
  for (size_t block = 0; block < neighbours_blocks(s); block++) {
    neighbours_block found;
    neighbours_find(s, block, KNN_NEIGHBOURS, &found);
    for (size_t i = 0; i < found.n; i++) {
      double mean = 0;
      for (size_t j = 0; j < found.count; j++) mean += found.squared[i][j] / (double)found.count;
      distance[found.point[i]] = (float)mean;
      sum += mean;
      squares += mean * mean;
    }
  }
  const double mean = sum / places;
  return mean + KNN_DEVIATIONS * sqrt(fmax(squares / places - mean * mean, 0));
}

/* slope += weight * d/dx of that distance, for points that stand out. */
static scrim_status pull_together(attack_cloud *a, const float *x, size_t n, scrim_error *error) {
  float *distance = a->best;
  const scrim_status status = neighbours_build(a->index, x, n, 3, error);
  if (status != SCRIM_OK || neighbours_places(a->index) < 2) return status;
  const double limit = spread_of(a->index, distance, n);
  for (size_t block = 0; block < neighbours_blocks(a->index); block++) {
    neighbours_block found;
    neighbours_find(a->index, block, KNN_NEIGHBOURS, &found);
    for (size_t i = 0; i < found.n; i++) {
      const size_t at = found.point[i];
      if (distance[at] <= limit) continue;
      for (size_t j = 0; j < found.count; j++)
        for (size_t axis = 0; axis < 3; axis++) {
          const size_t other = 3 * found.index[i][j] + axis;
          const float pull = (float)(2 * KNN_NEAR_WEIGHT / (double)found.count) * (x[3 * at + axis] - x[other]);
          a->slope[3 * at + axis] += pull;
          a->slope[other] -= pull;
        }
    }
  }
  return status;
}

scrim_status attack_cloud_knn(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                              scrim_error *error) {
  float *x = out->xyz;
  scrim_status status = SCRIM_OK;
  adam optimiser = adam_begin(a, 3 * n, a->budget / 10);
  memcpy(x, clean, 3 * n * sizeof *clean);
  out->n = n;
  for (size_t i = 0; i < a->iterations && status == SCRIM_OK; i++) {
    attack_cloud_height height;
    status = attack_cloud_climb(a, x, n, label, ATTACK_CLOUD_MARGIN, &height, a->slope, error);
    const float towards = height.margin < KNN_MARGIN ? -1 : 0;
    for (size_t j = 0; j < 3 * n; j++) a->slope[j] *= towards;
    if (status == SCRIM_OK) status = pull_to_clean(a, clean, x, n, error);
    if (status == SCRIM_OK) status = pull_together(a, x, n, error);
    adam_step(&optimiser, x, a->slope);
    attack_cloud_clip(x, clean, 3 * n, a->budget);
  }
  return status;
}
