/* The baselines in the order in which the audit prints them, and those that it runs over their whole range. */
#include "purifier/baseline_rules.h"
#include <math.h>

#define RULE(name, setting, unit, apply)                                                                               \
  { name, setting, unit, baseline_rule_fit, apply, baseline_rule_release, 0 }
#define TEMPERATURE(t) RULE("temperature", t, "T", baseline_temperature)
#define ROUNDING(decimals) RULE("rounding", decimals, "decimals", baseline_rounding)
#define FITTED(name, quantile, unit, apply)                                                                            \
  { name, quantile, unit, baseline_fitted_fit, apply, baseline_fitted_release, 0 }
#define SATURATION(q) FITTED("saturation", q, "quantile", baseline_saturation)
#define SATURATION_PROTOTYPE(q) FITTED("saturation+prototype", q, "quantile", baseline_saturation_prototype)
#define PLATEAU(q)                                                                                                     \
  { "prototype above quantile", q, "quantile", baseline_plateau_fit, baseline_plateau, baseline_fitted_release, 0 }
#define END                                                                                                            \
  { .name = NULL }

const defence baselines[] = {
    RULE("label only", NAN, NULL, baseline_label_only),
    RULE("top-1", NAN, NULL, baseline_top1),
    ROUNDING(1),
    ROUNDING(2),
    ROUNDING(3),
    RULE("Gaussian noise", 0.2, "scale", baseline_gaussian_noise),
    RULE("reverse sigmoid", 0.1, "gamma", baseline_reverse_sigmoid),
    TEMPERATURE(2),
    TEMPERATURE(4),
    TEMPERATURE(8),
    SATURATION(0.5),
    SATURATION(0.3),
    SATURATION_PROTOTYPE(0.5),
    SATURATION_PROTOTYPE(0.3),
    PLATEAU(0.5),
    PLATEAU(0.3),
    FITTED("prototype table", NAN, NULL, baseline_prototype),
    {"MemGuard", NAN, NULL, baseline_memguard_fit, baseline_memguard, baseline_memguard_release, 0},
    END,
};

#define NINE(rule) rule(0.1), rule(0.2), rule(0.3), rule(0.4), rule(0.5), rule(0.6), rule(0.7), rule(0.8), rule(0.9)

const defence baseline_sweep[] = {
    NINE(SATURATION),
    NINE(SATURATION_PROTOTYPE),
    NINE(PLATEAU),
    TEMPERATURE(1.5),
    TEMPERATURE(2),
    TEMPERATURE(3),
    TEMPERATURE(4),
    TEMPERATURE(6),
    TEMPERATURE(8),
    TEMPERATURE(16),
    END,
};
