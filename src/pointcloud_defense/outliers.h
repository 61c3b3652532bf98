/*
 * Which points do not belong to a surface: the published rules, as baselines and as marks.
 *
 * Every rule is a measure of each point and a limit: a point is an outlier if its measure is greater. So all rules can
 * be bounded in the same way: where more points would go than may, the worst go.
 *
 *     plane       distance from the best-fit plane of k neighbours, metres           limit: threshold
 *     spacing     the same over the mean distance to the neighbours                  limit: threshold
 *     range       the same over the range                                            limit: threshold
 *     sor         mean distance to k neighbours (PCL's StatisticalOutlierRemoval)    limit: mean + deviations * sd
 *     sor2        mean squared distance (as in the adversarial literature: k 2, deviations 1.1)     the same
 *     ror         distance to the k-th neighbour (fewer than k within a radius)      limit: radius
 *     dror        the same over max(level range, radius / threshold): Charron et al. 2018, with
 *                 threshold = multiplier * azimuth resolution in radians             limit: threshold
 *     dsor        mean distance over range: Kurup and Bos 2021                       limit: threshold * (sor's limit)
 *     near        mean distance over range                                           limit: threshold
 *
 * Neighbours never include the point itself, and copies of a point are that point. Means and deviations (n - 1) are
 * over places.
 */
#ifndef POINTCLOUD_DEFENSE_OUTLIERS_H
#define POINTCLOUD_DEFENSE_OUTLIERS_H

#include "core/random.h"
#include "pointcloud_defense/survey.h"

typedef enum outlier_rule {
  OUTLIER_PLANE,
  OUTLIER_SPACING,
  OUTLIER_RANGE,
  OUTLIER_SOR,
  OUTLIER_SOR2,
  OUTLIER_ROR,
  OUTLIER_DROR,
  OUTLIER_DSOR,
  OUTLIER_NEAR,
  OUTLIER_RULES,
  OUTLIER_LEARNED = OUTLIER_RULES /* by a marker (marker.h): no rule of those here, and measured elsewhere */
} outlier_rule;

typedef struct outlier_settings {
  outlier_rule rule;
  double threshold;  /* in the unit of the measure */
  double deviations; /* sor, sor2, dsor */
  double radius;     /* metres: ror; dror's least */
} outlier_settings;

int outliers_need_planes(outlier_rule rule);

/* What is negative becomes what is usual for the rule: as published where there is such a number. Not for a marker. */
void outliers_fill_in(outlier_settings *settings);

/*
 * measure [n], and the limit as the answer. Points that are nowhere, and all copies of a point but the first, measure
 * 0. first [n] as of copies_find.
 */
double outliers_measure(const outlier_settings *settings, const survey_point *points, const float *xyz,
                        const uint32_t *first, size_t n, float *measure);

/*
 * mark[i] = 1 for points whose measure is above the limit, but for `most` of them at most: those of greatest measure,
 * of equal ones those of lower index. All else 0. Answers how many; *wanted, how many there would be without `most`.
 */
size_t outliers_mark(const float *measure, size_t n, double limit, size_t most, uint8_t *mark, size_t *wanted);

/* Simple random sampling (SRS): mark [n] for `drop` of n points, each set of them as likely as any other. */
void outliers_sample(random_source *source, size_t n, size_t drop, uint8_t *mark);

#endif
