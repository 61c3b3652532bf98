/* One number a row: what the simplest attacks look at, and the better ones build on. Larger is more member-like. */
#ifndef PURIFIER_ATTACK_STATISTIC_H
#define PURIFIER_ATTACK_STATISTIC_H

#include <stddef.h>
#include <stdint.h>

typedef enum attack_statistic {
  STATISTIC_TRUE_CONFIDENCE, /* log odds of the true class: the order of its confidence, without the crowding at 1 */
  STATISTIC_MAX_CONFIDENCE,  /* log odds of the top class */
  STATISTIC_ENTROPY,         /* minus the Shannon entropy */
  STATISTIC_MODIFIED_ENTROPY /* minus Mentr of Song and Mittal, 2003.10595, eq. (9) */
} attack_statistic;

/* row [k]: probabilities; label: the true class. Finite for every row of finite values. */
double statistic_of(attack_statistic which, const float *row, size_t k, int32_t label);

/* log p_y - log sum of the others, both at least 1e-8: LiRA's rescaled confidence, 2112.03570 eq. (2) in the stable form. */
double statistic_log_odds(const float *row, size_t k, size_t y);

#endif
