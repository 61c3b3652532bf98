/*
 * A defence: a rule that turns raw confidence vectors into released ones. The filter is one; what else a user would
 * pick (baseline_*.c) are others. The audit runs them all through the same attacks, and lets the attacker fit the same
 * rule on his own data.
 */
#ifndef PURIFIER_DEFENCE_H
#define PURIFIER_DEFENCE_H

#include <scrim/scores.h>

/* What the party that fits a defence holds: the owner, or an attacker with his shadow classifier. */
typedef struct defence_data {
  size_t classes;
  const float *reference; /* [n_reference, K] raw scores outside the training set */
  const int32_t *reference_labels;
  size_t n_reference;
  const float *members; /* [n_members, K] raw scores of the training set, or NULL */
  const int32_t *member_labels;
  size_t n_members;
} defence_data;

typedef struct defence {
  const char *name;         /* as printed: "rounding" */
  double setting;           /* strength in the defence's own terms; NaN where there is none */
  const char *setting_name; /* "decimals", "quantile", ...; NULL where there is none */
  scrim_status (*fit)(void **state, const struct defence *self, const defence_data *data, uint64_t seed,
                      scrim_error *error);
  /*
   * raw [n, K] -> released [n, K]; may be in place. The same rows get the same answer from a state, whenever they are
   * asked about; Gaussian noise alone, as those who use it have it, is drawn anew for every call.
   */
  scrim_status (*apply)(void *state, const float *raw, float *released, size_t n, scrim_error *error);
  void (*release)(void *state);
  int per_member; /* 1: its answers depend on which single rows it was fitted on as members (the label swapper) */
} defence;

/* The baselines, each at its usual setting, and their sweeps; both end at an entry whose name is NULL. */
extern const defence baselines[];
extern const defence baseline_sweep[];

#endif
