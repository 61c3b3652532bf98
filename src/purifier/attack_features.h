/* Scores as a network's inputs: what the inversion and attribute attacks share. */
#ifndef PURIFIER_ATTACK_FEATURES_H
#define PURIFIER_ATTACK_FEATURES_H

#include <scrim/status.h>
#include <stddef.h>

/* Per column: mean and deviation of the clipped log-probabilities that the attacker trains on. */
typedef struct attack_features {
  size_t classes;
  float *mean, *deviation; /* [K] */
} attack_features;

/* From the scores [n, K] that the attacker has; free with attack_features_free. */
scrim_status attack_features_fit(attack_features *f, const float *scores, size_t n, size_t classes, scrim_error *error);
void attack_features_free(attack_features *f);

/* One row [K] -> [2 K]: standardised log-probabilities, then the arg max as one-hot. */
void attack_features_row(const attack_features *f, const float *scores, float *out);

#endif
