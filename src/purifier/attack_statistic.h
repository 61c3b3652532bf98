/* One number a row: what the simplest attacks look at, and the better ones build on. Larger is more member-like. */
#ifndef PURIFIER_ATTACK_STATISTIC_H
#define PURIFIER_ATTACK_STATISTIC_H

#include "purifier/attack.h"

typedef enum attack_statistic {
  STATISTIC_TRUE_CONFIDENCE, /* log odds of the true class: the order of its confidence, without the crowding at 1 */
  STATISTIC_MAX_CONFIDENCE,  /* log odds of the top class */
  STATISTIC_ENTROPY,         /* minus the Shannon entropy */
  STATISTIC_PROBABILITY,     /* the true class's probability as it stands: what RMIA's ratios are made of */
  STATISTIC_MODIFIED_ENTROPY /* minus Mentr of Song and Mittal, 2003.10595, eq. (9) */
} attack_statistic;

/* row [k]: probabilities; label: the true class. Finite for every row of finite values. */
double statistic_of(attack_statistic which, const float *row, size_t k, int32_t label);

/* Added to a statistic: ranks within classifier and class stand for the values (attack_rank.h). */
enum { STATISTIC_RANKED = 16 };

/* Of the attacker's examples [n_examples], and of the audited rows [rows]. which: a statistic, perhaps ranked. */
scrim_status statistic_of_examples(int which, const attack_view *view, double *out, scrim_error *error);
scrim_status statistic_of_target(int which, const attack_view *view, double *out, scrim_error *error);
/* Of the answers of shadow s [rows]. */
scrim_status statistic_of_shadow(int which, const attack_view *view, size_t s, double *out, scrim_error *error);

/* log p_y - log sum of the others, both at least 1e-8: LiRA's rescaled confidence, 2112.03570, in its stable form. */
double statistic_log_odds(const float *row, size_t k, size_t y);

#endif
