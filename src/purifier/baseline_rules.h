/* The rules behind the baselines: a fit, an apply and a release function each, as defence.h wants them. */
#ifndef PURIFIER_BASELINE_RULES_H
#define PURIFIER_BASELINE_RULES_H

#include "purifier/defence.h"

typedef scrim_status baseline_fit(void **state, const defence *self, const defence_data *data, uint64_t seed,
                                  scrim_error *error);
typedef scrim_status baseline_apply(void *state, const float *raw, float *released, size_t n, scrim_error *error);

/*
 * Makes `label` the first arg max of row [k] again where a rule has lost it: its score goes one float above the
 * largest. The released label is public in any case, so the raised bit tells nothing.
 */
void baseline_keep_label(float *row, size_t k, size_t label);

/* baseline_rules.c: a row at a time, nothing learnt from data. */
baseline_fit baseline_rule_fit;
void baseline_rule_release(void *state);
baseline_apply baseline_label_only, baseline_top1, baseline_rounding, baseline_temperature, baseline_reverse_sigmoid;
baseline_apply baseline_gaussian_noise; /* may change the label, as its model does */

/* baseline_fitted.c: per-class quantiles and means of the reference. */
baseline_fit baseline_fitted_fit, baseline_plateau_fit;
void baseline_fitted_release(void *state);
baseline_apply baseline_saturation, baseline_saturation_prototype, baseline_prototype, baseline_plateau;

/* baseline_memguard.c; fitting without members is SCRIM_E_UNSUPPORTED. */
baseline_fit baseline_memguard_fit;
void baseline_memguard_release(void *state);
baseline_apply baseline_memguard;

#endif
