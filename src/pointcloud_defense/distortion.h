/*
 * How far a cloud is from a clean surface, in one number, and what that number is for clean clouds of the same source.
 *
 * Ada3Diff (arXiv 2211.16247) sums the distances of points to the best-fit planes of their neighbours. That grows with
 * the number of points, the size of the object and the spacing of the sensor, so a threshold on it holds for one source
 * only. Here it is a mean, and it can be had in units of the local spacing or of the range.
 *
 * Its floor on clean clouds still differs between sources (measured: 0.20 for meshes, 0.23 for voxel surfaces), and
 * attacks with small budgets hardly lift it: it says how much to smooth, never whether there was an attack.
 */
#ifndef POINTCLOUD_DEFENSE_DISTORTION_H
#define POINTCLOUD_DEFENSE_DISTORTION_H

#include "pointcloud_defense/survey.h"

typedef struct distortion {
  size_t places;     /* points that it is of */
  double metres;     /* mean distance to the plane */
  double spacing;    /* mean distance to a neighbour, metres */
  double by_spacing; /* metres / spacing: what the filter decides by. 0 without points */
  double by_range;   /* mean of distance / range, over points with a range */
} distortion;

/* Over places, each once: first [n] as of copies_find. Sums in the order of the points. */
distortion distortion_of(const survey_point *points, const float *xyz, const uint32_t *first, size_t n);

/* The value at rank quantile * (n - 1), rounded down, of n > 0 values: one that is there, not one between two. */
double distortion_quantile(const double *values, size_t n, double quantile);

/*
 * A running quantile of the last `frames` numbers, exact. Where most frames are clean it tells what clean ones have;
 * who owns most of the frames owns the baseline.
 */
enum { BASELINE_MOST_FRAMES = 1024, BASELINE_LEAST_FRAMES = 8 };
typedef struct baseline {
  size_t frames; /* 0..BASELINE_MOST_FRAMES; 0: nothing is kept */
  size_t n, next;
  double value[BASELINE_MOST_FRAMES];
} baseline;

void baseline_init(baseline *b, size_t frames);
void baseline_add(baseline *b, double value); /* forgets the oldest once there are `frames` */
/* As distortion_quantile; `fallback` before BASELINE_LEAST_FRAMES, or all if fewer, have come. */
double baseline_quantile(const baseline *b, double quantile, double fallback);

#endif
