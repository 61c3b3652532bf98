/* The caller's audit, checked, as probabilities, its rows divided into those that teach and those that are scored. */
#ifndef PURIFIER_AUDIT_DATA_H
#define PURIFIER_AUDIT_DATA_H

#include "purifier/attack.h"
#include "purifier/defence.h"
#include "purifier/score_form.h"

typedef struct audit_data {
  const scrim_scores_audit *audit;
  score_form form;
  size_t classes, rows, n_members;
  float *raw;            /* [rows, K] of the audited classifier, members first */
  int32_t *labels;       /* [rows] */
  unsigned char *member; /* [rows] */
  unsigned char *open;   /* [rows] 1: scored; 0: what the attacker or the baselines learn on */

  /* As probabilities: the caller's memory where it holds them already, else `converted`. */
  const float *shadows, *shadow_population, *population;
  float *converted[3];

  /* Rows outside the training set that the owner of a baseline fits it on: population, or closed non-members. */
  defence_data owner;
  float *owner_reference;
  int32_t *owner_labels;

  /* What the attacker learns on, in random order: shadow * rows + row, or closed rows where there are no shadows. */
  uint32_t *order;
  size_t n_examples;
} audit_data;

/* audit_data_close is due whether or not this succeeds. `audit` is borrowed. */
scrim_status audit_data_open(audit_data *d, const scrim_scores_audit *audit, score_form form, scrim_error *error);
void audit_data_close(audit_data *d); /* wipes raw scores */

/* What shadow `s` has for a defence of its own, gathered into *scores and *labels, which the caller frees. */
scrim_status audit_data_of_shadow(const audit_data *d, size_t s, defence_data *out, float **scores, int32_t **labels,
                                  scrim_error *error);

#endif
