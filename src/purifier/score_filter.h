/* The score filter's table, its model, and its settings. */
#ifndef PURIFIER_SCORE_FILTER_H
#define PURIFIER_SCORE_FILTER_H

#include "core/filter_table.h"
#include "purifier/levels.h"
#include "purifier/reformer_plan.h"
#include "purifier/score_form.h"

extern const filter_table scores_filter;

/* The published parameters: one table for flags, help, docs and checks. */
enum { SCORE_PARAMS = 27 };
extern const scrim_param score_params[SCORE_PARAMS];

/* The same, read out of a config. */
typedef struct score_settings {
  /* training */
  int hidden[3], latent; /* 0: by the number of classes */
  int log_features;
  size_t epochs, batch, patience;
  double rate, weight_decay, holdout;
  double weight_reconstruction, weight_label, weight_kl, weight_calibration;
  double leak;
  int rank_reformed;           /* levels rank rows by the reformer's confidence, not the classifier's */
  double swap_rate, swap_step; /* rate below 0: from the accuracy gap */
  int swap_grids;
  /* apply */
  score_form form;
  double strength, mix, noise, input_step;
  int decimals, swap;
} score_settings;
scrim_status score_settings_read(score_settings *settings, const scrim_config *config, scrim_error *error);

/* One checked row in the caller's form -> probabilities; answers its rank (levels_rank). */
float score_take_in(const score_settings *settings, const float *row, size_t k, float *probabilities);
/* Probabilities -> the nearest on the input grid, which is all that the reformer sees. */
void score_to_grid(const score_settings *settings, float *probabilities, size_t k);

/* Multiples of 1 / units that released scores are rounded to: 10^decimals, more where K classes need it. */
int score_units(int decimals, size_t k);

/* Immutable, shared by sessions. */
typedef struct score_model {
  size_t k;
  const tensorfile *file; /* borrowed: the filter's */
  reformer_plan *plan;
  levels levels;
  reformer_shape shape;
} score_model;

/*
 * Rows of probabilities -> reformed rows, before levels and rounding: what the reformer alone makes of them. Used by
 * sessions and by training when it fits the levels. n <= score_work_rows.
 */
typedef struct score_work score_work;
/* On the CPU, of REFORMER_PLAN_ROWS rows; NULL when out of memory. */
score_work *score_work_create(const reformer_plan *plan, const reformer_shape *shape);
/* On a device; `noisy` 0: score_reform is never asked for noise. */
scrim_status score_work_open(score_work **out, const score_model *m, scrim_device device, int noisy,
                             scrim_error *error);
size_t score_work_rows(const score_work *w);
void score_work_free(score_work *w);
scrim_status score_reform(score_work *w, const float *probabilities, const int32_t *labels, size_t n,
                          random_source *source, double noise, float *reformed, scrim_error *error);

#endif
