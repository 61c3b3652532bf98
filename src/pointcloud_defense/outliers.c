#include "pointcloud_defense/outliers.h"
#include <math.h>
#include <string.h>

/* ---- measures: one a rule ---- */

typedef float (*measure_fn)(const outlier_settings *s, const survey_point *p, const float *xyz);

/* A sensor sees nothing at no range: what is there is farther out of place than anything. */
static float over(float value, float range) {
  return value > 0 ? value / range : 0;
}

static float by_plane(const outlier_settings *s, const survey_point *p, const float *xyz) {
  (void)s, (void)xyz;
  return p->plane;
}

static float by_spacing(const outlier_settings *s, const survey_point *p, const float *xyz) {
  (void)s, (void)xyz;
  return over(p->plane, p->spacing);
}

static float by_range(const outlier_settings *s, const survey_point *p, const float *xyz) {
  (void)s;
  return over(p->plane, survey_range(xyz));
}

static float by_mean(const outlier_settings *s, const survey_point *p, const float *xyz) {
  (void)s, (void)xyz;
  return p->spacing;
}

static float by_squared(const outlier_settings *s, const survey_point *p, const float *xyz) {
  (void)s, (void)xyz;
  return p->squared;
}

static float by_farthest(const outlier_settings *s, const survey_point *p, const float *xyz) {
  (void)s, (void)xyz;
  return p->farthest;
}

static float by_farthest_over_range(const outlier_settings *s, const survey_point *p, const float *xyz) {
  const double least = s->threshold > 0 ? s->radius / s->threshold : 0;
  return over(p->farthest, (float)fmax(survey_range_level(xyz), least));
}

static float by_mean_over_range(const outlier_settings *s, const survey_point *p, const float *xyz) {
  (void)s;
  return over(p->spacing, survey_range(xyz));
}

/* ---- limits ---- */

/* Mean and `deviations` standard deviations of one field, in two passes: distances may be large and alike. */
static double spread_limit(const survey_point *points, const uint32_t *first, size_t n, int squared,
                           double deviations) {
  double sum = 0, sum_squared = 0;
  size_t places = 0;
  for (size_t i = 0; i < n; i++) {
    if (first[i] != i) continue;
    sum += squared ? points[i].squared : points[i].spacing;
    places++;
  }
  if (places < 2) return INFINITY;
  const double mean = sum / (double)places;
  for (size_t i = 0; i < n; i++) {
    if (first[i] != i) continue;
    const double off = (squared ? points[i].squared : points[i].spacing) - mean;
    sum_squared += off * off;
  }
  return mean + deviations * sqrt(sum_squared / (double)(places - 1));
}

typedef double (*limit_fn)(const outlier_settings *s, const survey_point *points, const uint32_t *first, size_t n);

static double threshold_limit(const outlier_settings *s, const survey_point *points, const uint32_t *first, size_t n) {
  (void)points, (void)first, (void)n;
  return s->threshold;
}

static double radius_limit(const outlier_settings *s, const survey_point *points, const uint32_t *first, size_t n) {
  (void)points, (void)first, (void)n;
  return s->radius;
}

static double mean_limit(const outlier_settings *s, const survey_point *points, const uint32_t *first, size_t n) {
  return spread_limit(points, first, n, 0, s->deviations);
}

static double squared_limit(const outlier_settings *s, const survey_point *points, const uint32_t *first, size_t n) {
  return spread_limit(points, first, n, 1, s->deviations);
}

static double dynamic_limit(const outlier_settings *s, const survey_point *points, const uint32_t *first, size_t n) {
  return s->threshold * mean_limit(s, points, first, n);
}

/* ---- rules ---- */

static const struct {
  measure_fn measure;
  limit_fn limit;
  int needs_planes;
  double threshold, deviations, radius; /* usual ones; 0 where the rule has no such thing */
} rules[OUTLIER_RULES] = {
    [OUTLIER_PLANE] = {by_plane, threshold_limit, 1, 0.1, 0, 0},
    [OUTLIER_SPACING] = {by_spacing, threshold_limit, 1, 1, 0, 0},
    [OUTLIER_RANGE] = {by_range, threshold_limit, 1, 0.01, 0, 0},
    [OUTLIER_SOR] = {by_mean, mean_limit, 0, 0, 1, 0},
    [OUTLIER_SOR2] = {by_squared, squared_limit, 0, 0, 1.1, 0},
    [OUTLIER_ROR] = {by_farthest, radius_limit, 0, 0, 0, 0.5},
    [OUTLIER_DROR] = {by_farthest_over_range, threshold_limit, 0, 0.00838, 0, 0.04}, /* 3 times 0.16 degrees */
    [OUTLIER_DSOR] = {by_mean_over_range, dynamic_limit, 0, 0.05, 0.01, 0},
    [OUTLIER_NEAR] = {by_mean_over_range, threshold_limit, 0, 0.055, 0, 0},
};

void outliers_fill_in(outlier_settings *s) {
  if (s->rule >= OUTLIER_RULES) return;
  if (s->threshold < 0) s->threshold = rules[s->rule].threshold;
  if (s->deviations < 0) s->deviations = rules[s->rule].deviations;
  if (s->radius < 0) s->radius = rules[s->rule].radius;
}

int outliers_need_planes(outlier_rule rule) {
  return rules[rule].needs_planes;
}

double outliers_measure(const outlier_settings *s, const survey_point *points, const float *xyz, const uint32_t *first,
                        size_t n, float *measure) {
  const measure_fn measure_one = rules[s->rule].measure;
  for (size_t i = 0; i < n; i++) measure[i] = first[i] != i ? 0 : measure_one(s, &points[i], xyz + 3 * i);
  return rules[s->rule].limit(s, points, first, n);
}

/* ---- marks ---- */

static float from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static size_t count_above(const float *measure, size_t n, double limit) {
  size_t above = 0;
  for (size_t i = 0; i < n; i++) above += measure[i] > limit;
  return above;
}

/*
 * The least number that at most `most` measures are above. Floats that are not negative are in the order of their bits,
 * so that halving finds it in 32 steps.
 */
static float bounded_limit(const float *measure, size_t n, size_t most) {
  uint32_t low = 0, high = 0x7f800000; /* 0 and infinity */
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (count_above(measure, n, from_bits(middle)) <= most)
      high = middle;
    else
      low = middle + 1;
  }
  return from_bits(low);
}

size_t outliers_mark(const float *measure, size_t n, double limit, size_t most, uint8_t *mark, size_t *wanted) {
  *wanted = count_above(measure, n, limit);
  if (*wanted <= most) {
    for (size_t i = 0; i < n; i++) mark[i] = measure[i] > limit;
    return *wanted;
  }
  const double bounded = bounded_limit(measure, n, most);
  size_t left = most - count_above(measure, n, bounded);
  for (size_t i = 0; i < n; i++) {
    const int is_last = left > 0 && measure[i] == bounded && measure[i] > limit;
    mark[i] = measure[i] > bounded || is_last;
    left -= (size_t)is_last;
  }
  return most;
}

void outliers_sample(random_source *source, size_t n, size_t drop, uint8_t *mark) {
  /* Each point in turn, with the chance of what is left to drop among what is left to see. */
  for (size_t i = 0; i < n; i++) {
    mark[i] = random_below(source, n - i) < drop;
    drop -= mark[i];
  }
}
