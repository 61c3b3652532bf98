/* The statistics of single rows, and of all rows of a classifier at once. */
#include "purifier/attack_statistic.h"
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack_rank.h"
#include "purifier/score_form.h"
#include <math.h>

/* Below this a float32 softmax tells more about rounding than about the row; it also keeps rounded zeros finite. */
static const double FLOOR = 1e-8;

static double floored(double p) {
  return p > FLOOR ? p : FLOOR;
}

double statistic_log_odds(const float *row, size_t k, size_t y) {
  double others = 0; /* summed, since 1 - p_y has lost its digits where p_y is near 1 */
  for (size_t j = 0; j < k; j++)
    if (j != y) others += row[j];
  return log(floored(row[y])) - log(floored(others));
}

static double entropy(const float *row, size_t k) {
  double sum = 0;
  for (size_t j = 0; j < k; j++) sum -= row[j] > 0 ? row[j] * log(row[j]) : 0;
  return sum;
}

static double modified_entropy(const float *row, size_t k, size_t y) {
  double sum = -(1 - (double)row[y]) * log(floored(row[y]));
  for (size_t j = 0; j < k; j++)
    if (j != y) sum -= row[j] * log(floored(1 - (double)row[j]));
  return sum;
}

double statistic_of(attack_statistic which, const float *row, size_t k, int32_t label) {
  switch (which) {
  case STATISTIC_MAX_CONFIDENCE:
    return statistic_log_odds(row, k, score_argmax(row, k));
  case STATISTIC_ENTROPY:
    return -entropy(row, k);
  case STATISTIC_MODIFIED_ENTROPY:
    return -modified_entropy(row, k, (size_t)label);
  case STATISTIC_PROBABILITY:
    return row[label];
  case STATISTIC_TRUE_CONFIDENCE:
    break;
  }
  return statistic_log_odds(row, k, (size_t)label);
}

/* ---- many rows ---- */

/* Values of scores [rows, K]. */
static scrim_status of_rows(int which, const attack_view *view, const float *scores, double *out, scrim_error *error) {
  attack_statistic statistic = (attack_statistic)(which & ~STATISTIC_RANKED);
  for (size_t i = 0; i < view->rows; i++)
    out[i] = statistic_of(statistic, scores + i * view->classes, view->classes, view->labels[i]);
  /* Labels are 0 or more, so they are groups as they stand. */
  return which & STATISTIC_RANKED ? rank_within(out, (const uint32_t *)view->labels, view->rows, error) : SCRIM_OK;
}

scrim_status statistic_of_target(int which, const attack_view *view, double *out, scrim_error *error) {
  return of_rows(which, view, view->target, out, error);
}

scrim_status statistic_of_shadow(int which, const attack_view *view, size_t s, double *out, scrim_error *error) {
  return of_rows(which, view, view->shadows + s * view->rows * view->classes, out, error);
}

scrim_status statistic_of_examples(int which, const attack_view *view, double *out, scrim_error *error) {
  attack_statistic statistic = (attack_statistic)(which & ~STATISTIC_RANKED);
  for (size_t i = 0; i < view->n_examples; i++) {
    const attack_example *e = &view->examples[i];
    out[i] = statistic_of(statistic, e->scores, view->classes, view->labels[e->row]);
  }
  if (!(which & STATISTIC_RANKED)) return SCRIM_OK;
  uint32_t *group = memory_zalloc(view->n_examples, sizeof *group);
  if (!group) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu examples", view->n_examples);
  for (size_t i = 0; i < view->n_examples; i++) { /* shadow -1 is the audited classifier, alone: any number will do */
    const attack_example *e = &view->examples[i];
    group[i] = (uint32_t)e->shadow * (uint32_t)view->classes + (uint32_t)view->labels[e->row];
  }
  scrim_status status = rank_within(out, group, view->n_examples, error);
  memory_free(group);
  return status;
}
