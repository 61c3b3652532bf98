/*
 * Cuts learned on the attacker's examples: per group (class), how likely a value belongs to a training row.
 *
 * The estimate is isotonic regression of membership on the value, both kinds weighted alike. Where it crosses one
 * half lies the cut of best balanced accuracy, the per-class threshold of Song and Mittal (2003.10595); its log odds
 * are the likelihood ratio, which makes values of different classes comparable, as an AUC over all classes needs.
 */
#ifndef PURIFIER_ATTACK_THRESHOLD_H
#define PURIFIER_ATTACK_THRESHOLD_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct threshold_sample {
  double value;
  uint32_t group;
  unsigned char in;
} threshold_sample;

typedef struct threshold threshold;

/* samples [n] are sorted in place; both kinds must be there. A group with too few of a kind uses the cut of all. */
scrim_status threshold_fit(threshold **out, threshold_sample *samples, size_t n, size_t groups, scrim_error *error);
void threshold_free(threshold *t);

/* Log odds of membership; equal ones are ordered by the value itself. Above 0: member. */
double threshold_score(const threshold *t, double value, size_t group);

/* The cut of best balanced accuracy between value [n] of rows with in [n] 0 and 1, all of one group. */
scrim_status threshold_cut_of(double *cut, const double *value, const unsigned char *in, size_t n, scrim_error *error);

#endif
