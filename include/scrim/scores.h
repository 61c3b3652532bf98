/*
 * scrim/scores.h: the score filter: training and audit.
 *
 * After PURIFIER (Yang et al., AAAI 2023). What stands between a classifier's row of scores and the released one:
 *
 * - Confidence reformer (the paper's section of that name): a conditional variational autoencoder on scores and
 *   predicted class, trained on rows outside the classifier's training set, so that members' rows come out as other
 *   rows do.
 * - Levels (not in the paper): the released row is one of a few code words of its predicted class, found by the rank of
 *   its confidence. A code word's top score says how often such rows are right; what is left is divided as reformed
 *   rows of the class divide it on average. Parameter `strength`, in steps of 1/20: 0 releases reformed rows as they
 *   are, 1 is one code word a class (the prototype table). Above 0 no network runs when the filter is applied, unless
 *   `rank` is 1.
 * - Label swapper (the paper's section of that name; parameter `swap`, off by default): answers for some members with
 *   their second class, so that members are right as often as others are; mostly on hard rows, where others are wrong
 *   (the paper: on any).
 *
 * Input of the filter: confidence vectors [n, K], float32, one row an answer of the classifier. By the parameter `form`
 * a row holds probabilities (0..1, sum 1 within 1e-3), logits, or log-probabilities (exponentials sum to 1 within
 * 1e-3). The output has the same shape, form and order; log-probabilities stand in for logits. The arg max of a row,
 * the first of equals, never changes unless the swapper is on.
 *
 * What it promises: what scores leak about membership comes down towards what labels alone leak. What it does not: any
 * formal guarantee; only differentially private training gives one.
 *
 * Thread safety: all functions here may run at once from several threads, on different data or the same, which they
 * only read. Callbacks are called from the calling thread. Training and audits set OpenBLAS to one thread, for the
 * whole process.
 */
#ifndef SCRIM_SCORES_H
#define SCRIM_SCORES_H

#include <scrim/device.h>
#include <scrim/filter.h>
#include <scrim/interval.h>
#include <scrim/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- training ---- */

/* All scores in the form that the parameter `form` names. The caller's, only read; nothing is kept after the call. */
typedef struct scrim_scores_data {
  size_t classes;                  /* K, 2..65536 */
  const float *reference;          /* [n_reference, K] scores of rows that the classifier was NOT trained on */
  size_t n_reference;              /* at least 40 */
  const int32_t *reference_labels; /* [n_reference] true classes 0..K-1, or NULL; given, code words are calibrated */
  const float *members;            /* [n_members, K] scores of the classifier's training set, or NULL */
  size_t n_members;
  const int32_t *member_labels; /* [n_members] true classes; needed with members */
} scrim_scores_data;

typedef struct scrim_train_options {
  uint64_t seed;              /* same data, settings, seed and machine: the same file, bit for bit */
  const char *checkpoint;     /* path of a file that is written after each epoch and removed at the end, or NULL */
  int resume;                 /* 1: continue from `checkpoint` if it exists; ends in the same bits as an unbroken run */
  scrim_progress_fn progress; /* or NULL */
  void *context;              /* for progress */
  scrim_device device;        /* where networks are trained; 0: the CPU. SCRIM_E_DEVICE: it is not there, or failed */
} scrim_train_options;

/*
 * Trains a filter, which can be applied at once or saved; the caller frees it with scrim_filter_free. `config`: kind
 * "scores", or NULL for defaults. `options`: NULL for none, and seed 0.
 *
 * With members and reference_labels, levels are cut by how many rows they let an attacker tell who knows how hard each
 * row is, and strength, unless the caller set it, is the least at which he gains at most `leak` in AUC over labels
 * alone. Without either of the two, levels are cut by the ranks of the reference. With members, the swapper can be
 * built (swap = 1); `key` keys its index and is needed for nothing else.
 *
 * SCRIM_E_DATA: rows or labels that do not pass (the first bad row is named), too few rows, or training that diverged.
 * SCRIM_E_ARGUMENT: the swapper without members, or a config of another kind. SCRIM_E_KEY: the swapper without a key.
 * SCRIM_E_STATE: the checkpoint comes from other data or settings. SCRIM_E_IO and SCRIM_E_FORMAT: the checkpoint.
 * SCRIM_E_CANCELLED: by progress; what is in the checkpoint stays. SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_scores_train(scrim_filter **out, const scrim_scores_data *data,
                                                           const scrim_config *config, const scrim_key *key,
                                                           const scrim_train_options *options, scrim_error *error);

/* ---- audit ---- */

/*
 * The caller's classifier, for attacks that query it: inputs [n, features] -> scores [n, K], as the filter's `form` has
 * them. Non-zero: failure.
 */
typedef int (*scrim_classify_fn)(const float *inputs, size_t n, float *scores, void *context);

/* All scores in the filter's `form`. The caller's, only read; nothing is kept after the call. */
typedef struct scrim_scores_audit {
  size_t classes;                  /* K */
  const float *members;            /* [n_members, K] raw scores of training rows */
  const int32_t *member_labels;    /* [n_members] true classes */
  size_t n_members;                /* at least 20 */
  const float *nonmembers;         /* [n_nonmembers, K] raw scores of rows seen neither in training nor as reference */
  const int32_t *nonmember_labels; /* [n_nonmembers] true classes */
  size_t n_nonmembers;             /* at least 20 */

  /*
   * The attacker's own classifiers ("shadows"), or 0: LiRA and RMIA are then left out, and attacks learn on half of the
   * audited rows (the paper's strong attacker) and are scored on the other half.
   */
  size_t n_shadows;
  const float *shadow_scores;     /* [n_shadows, n_members + n_nonmembers, K] of the audited rows, members first */
  const unsigned char *shadow_in; /* [n_shadows, n_members + n_nonmembers] 1: the shadow was trained on the row */
  /*
   * Rows outside every training set: the attacker fits filters of his own on them, the baselines are fitted on them,
   * and they are RMIA's population. Or 0: other rows stand in, so that only half of the audited rows are scored.
   */
  size_t n_population;
  const float *population;          /* [n_population, K] scores of the audited classifier */
  const float *shadow_population;   /* [n_shadows, n_population, K] scores of each shadow */
  const int32_t *population_labels; /* [n_population] true classes */

  /* The classifier itself, or NULL: enables the boundary attack and swap detection on inputs. */
  scrim_classify_fn classify;
  void *classify_context;
  size_t features;
  const float *member_inputs;    /* [n_members, features] */
  const float *nonmember_inputs; /* [n_nonmembers, features] */

  uint64_t seed;              /* same filter, key, data and seed: the same report */
  int baselines;              /* 1: compare with what else a user would pick, in the same run */
  int sweep;                  /* 1: also the filter, saturation and temperature over their whole range of strengths */
  scrim_progress_fn progress; /* or NULL; a step is an attack. From whatever thread, one at a time */
  void *context;              /* for progress */
  /* Where filters run and attackers train theirs; 0: the CPU, which is also where small attack networks stay. */
  scrim_device device;
  unsigned threads; /* the same report for any number; 0: one a processor. With `classify` always one. Each of them
                                 holds its own copy of the shadows' scores */
} scrim_scores_audit;

/* Who the attacker is: what the scores of his shadows pass through before he learns on them. */
typedef enum scrim_attacker {
  SCRIM_ATTACKER_UNAWARE = 0,  /* nothing */
  SCRIM_ATTACKER_ADAPTIVE = 1, /* filters of the same settings, trained on his own shadows and population */
  SCRIM_ATTACKER_INSIDER = 2   /* the very filter, under another key; under the owner's where it works under no other */
} scrim_attacker;

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
  char worst_attack[32];  /* its name */
} scrim_utility_result;

typedef struct scrim_scores_report {
  size_t n_attacks, n_utilities;
  const scrim_attack_result *attacks;    /* [n_attacks] by defence, then attacker; points of sweeps have none */
  const scrim_utility_result *utilities; /* [n_utilities] one a defence; after it, the points of its curve */
  double gap_auc;                        /* label-only gap attack: what labels alone leak at least */
  double label_only_auc;                 /* strongest attack on labels alone, shadow models included */
} scrim_scores_report;

/*
 * Attacks the filter. The report, which holds no scores, is the caller's to free with scrim_scores_report_free.
 * SCRIM_E_DATA names the first bad row. SCRIM_E_ARGUMENT: a table that goes with another is missing. SCRIM_E_KEY: as
 * for a session. SCRIM_E_CANCELLED, SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_scores_audit_run(scrim_scores_report **out, const scrim_filter *filter,
                                                               const scrim_key *key, const scrim_scores_audit *audit,
                                                               scrim_error *error);
SCRIM_API void scrim_scores_report_free(scrim_scores_report *report); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
