/*
 * scrim/scores.h: the score filter (PURIFIER, Yang et al., AAAI 2023): training and audit.
 *
 * Input of the filter: confidence vectors [n, K], float32, one row an answer of the classifier. Depending on the parameter
 * `form` a row holds probabilities (finite, in 0..1, sum 1 within 1e-3), logits or log-probabilities; the output has the
 * same shape, form and order. The arg max of a row (the predicted label) never changes unless the label swapper is on.
 *
 * What it promises: what scores leak about membership comes down towards what labels alone leak. What it does not: any formal
 * guarantee; only differentially private training gives one.
 *
 * Thread safety: both calls may run at once from several threads on different data.
 */
#ifndef SCRIM_SCORES_H
#define SCRIM_SCORES_H

#include <scrim/filter.h>
#include <scrim/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- training ---- */

typedef struct scrim_scores_data {
  size_t classes;         /* K, 2..65536 */
  const float *reference; /* [n_reference, K] scores on data that the classifier was NOT trained on */
  size_t n_reference;
  const int32_t *reference_labels; /* [n_reference] true classes, or NULL: enables calibration */
  const float *members;         /* [n_members, K] scores on the training set, or NULL: enables the choice of strength */
  size_t n_members;             /*     by measured leakage, and the label swapper */
  const int32_t *member_labels; /* [n_members] true classes; needed with members */
} scrim_scores_data;

typedef struct scrim_train_options {
  uint64_t seed;          /* same data, settings and seed: the same file, bit for bit */
  const char *checkpoint; /* path of a checkpoint written as training goes and removed at the end, or NULL */
  int resume;             /* 1: continue from `checkpoint` if it exists; ends in the same bits as an unbroken run */
  scrim_progress_fn progress;
  void *context;
} scrim_train_options;

/*
 * Trains a filter. `config`: kind "scores", or NULL for defaults. `key`: needed only when the swapper is on, whose index is
 * keyed with it. SCRIM_E_DATA names the first bad row. The result can be applied at once or saved.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_scores_train(scrim_filter **out, const scrim_scores_data *data,
                                                           const scrim_config *config, const scrim_key *key,
                                                           const scrim_train_options *options, scrim_error *error);

/* ---- audit ---- */

/* The caller's classifier, for attacks that query it: scores [n, K] of inputs [n, features]. Non-zero: failure. */
typedef int (*scrim_classify_fn)(const float *inputs, size_t n, float *scores, void *context);

typedef struct scrim_scores_audit {
  size_t classes;               /* K */
  const float *members;         /* [n_members, K] raw scores on training rows */
  const int32_t *member_labels; /* [n_members] true classes */
  size_t n_members;
  const float *nonmembers; /* [n_nonmembers, K] raw scores on rows seen neither in training nor as reference */
  const int32_t *nonmember_labels;
  size_t n_nonmembers;

  /* The attacker's own classifiers ("shadows"), or 0: LiRA and RMIA are then left out, and the attack networks learn on
   * half of the audited rows (the paper's strong attacker) and are scored on the other half. */
  size_t n_shadows;
  const float *shadow_scores;     /* [n_shadows, n_members + n_nonmembers, K] on the audited rows, members first */
  const unsigned char *shadow_in; /* [n_shadows, n_members + n_nonmembers] 1: the shadow was trained on the row */
  /* Data of the attacker's outside every training set: fits his own purifiers, and is RMIA's population. */
  size_t n_population;
  const float *shadow_population;   /* [n_shadows, n_population, K] scores of each shadow */
  const float *population;          /* [n_population, K] scores of the audited classifier */
  const int32_t *population_labels; /* [n_population] */

  /* The classifier itself, or NULL: enables the boundary attack and swap detection on inputs. */
  scrim_classify_fn classify;
  void *classify_context;
  size_t features;
  const float *member_inputs;    /* [n_members, features] */
  const float *nonmember_inputs; /* [n_nonmembers, features] */

  uint64_t seed;
  int baselines; /* 1: compare with what else a user would pick, in the same run */
  int sweep;     /* 1: also the filter and the saturation baselines over their whole range of strengths */
  scrim_progress_fn progress;
  void *context;
} scrim_scores_audit;

/* Who the attacker is. */
typedef enum scrim_attacker {
  SCRIM_ATTACKER_UNAWARE = 0,  /* calibrates on raw shadow scores */
  SCRIM_ATTACKER_ADAPTIVE = 1, /* trains purifiers of his own on his population, attacks through them */
  SCRIM_ATTACKER_INSIDER = 2   /* has the very filter (not the key) and attacks through it */
} scrim_attacker;

typedef struct scrim_interval {
  double value, low, high; /* 95 %, bootstrap over rows */
} scrim_interval;

typedef struct scrim_attack_result {
  char defence[40]; /* "none", "scrim", "label only", ... */
  char attack[32];  /* "gap", "confidence", "LiRA", ... */
  scrim_attacker attacker;
  size_t n_members, n_nonmembers;
  scrim_interval balanced_accuracy, auc, tpr_at_0_1pct, tpr_at_1pct; /* tpr: at 0.1 % and 1 % false positives */
} scrim_attack_result;

typedef struct scrim_utility_result {
  char defence[40];
  double setting;         /* the defence's strength where it has one (sweeps), or NaN */
  double member_accuracy; /* on training rows */
  double accuracy;        /* on non-members */
  double l1;              /* mean sum |purified - raw| over non-members */
  double ece;             /* expected calibration error, 15 equal-width bins, non-members */
  double aurc;            /* area under the risk-coverage curve, ties at their expected value, non-members */
  double worst_auc;       /* highest AUC of any attack on this defence */
  char worst_attack[32];
} scrim_utility_result;

typedef struct scrim_scores_report {
  size_t n_attacks, n_utilities;
  const scrim_attack_result *attacks;
  const scrim_utility_result *utilities;
  double gap_auc;        /* label-only gap attack: what labels alone leak at least */
  double label_only_auc; /* strongest attack on labels alone, shadow models included */
} scrim_scores_report;

/* Attacks the filter. The report is freed with scrim_scores_report_free. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_scores_audit_run(scrim_scores_report **out, const scrim_filter *filter,
                                                               const scrim_key *key, const scrim_scores_audit *audit,
                                                               scrim_error *error);
SCRIM_API void scrim_scores_report_free(scrim_scores_report *report);

#ifdef __cplusplus
}
#endif
#endif
