/*
 * Figures of the audit: how well an attack's scores tell members from non-members, and what a defence costs its users.
 * All functions are pure; the same input and seed give the same figures.
 */
#ifndef PURIFIER_METRICS_H
#define PURIFIER_METRICS_H

#include <scrim/scores.h>

/*
 * Fills n_members, n_nonmembers and the four intervals of `result`. score [n]: finite, larger is more likely a
 * member, and above 0 is the attack's own verdict "member" (balanced accuracy). member [n]: 1 or 0, both present.
 * Equal scores count at their expected value under random order, in the AUC and on the ROC curve alike.
 * Intervals are 95 % percentile bootstrap over rows, members and non-members resampled apart.
 */
scrim_status metrics_attack(scrim_attack_result *result, const double *score, const unsigned char *member, size_t n,
                            uint64_t seed, scrim_error *error);

/* The AUC alone: the chance that a member scores above a non-member, ties a half. */
scrim_status metrics_auc(double *auc, const double *score, const unsigned char *member, size_t n, scrim_error *error);

/* Share of the rows of scores [n, k] whose arg max is the label [n]. */
double metrics_accuracy(const float *scores, const int32_t *labels, size_t n, size_t k);

/* Mean over rows of sum |a - b|; a, b [n, k]. */
double metrics_l1(const float *a, const float *b, size_t n, size_t k);

/* Expected calibration error of the top score, 15 equal-width bins over 0..1. scores [n, k] */
double metrics_ece(const float *scores, const int32_t *labels, size_t n, size_t k);

/* Area under the risk-coverage curve: mean error rate of the 1, 2, ... n most confident rows; equally confident rows
 * count at their expected value under random order. scores [n, k] */
scrim_status metrics_aurc(double *aurc, const float *scores, const int32_t *labels, size_t n, size_t k,
                          scrim_error *error);

#endif
