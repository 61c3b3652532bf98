/*
 * Baselines fitted to the reference: saturation of the top score at a per-class quantile, class prototypes, and what
 * lies between. Members and non-members differ where confidence is high, errors sit where it is low: hiding the high
 * end costs the users little. These are the rules that a trained filter has to beat.
 */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/baseline_rules.h"
#include "purifier/score_form.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct fitted_state {
  size_t classes;
  float *ceiling;   /* [K] by predicted class: quantile of the top score over the reference */
  float *prototype; /* [K, K] by predicted class: mean reference row; baseline_plateau: of those from the ceiling up */
} fitted_state;

/* The top score of a reference row and the class it speaks for. */
typedef struct top_score {
  size_t label;
  float score;
} top_score;

static int by_score(const void *a, const void *b) {
  float x = ((const top_score *)a)->score, y = ((const top_score *)b)->score;
  return (x > y) - (x < y);
}

static int by_label(const void *a, const void *b) {
  size_t x = ((const top_score *)a)->label, y = ((const top_score *)b)->label;
  return x == y ? by_score(a, b) : (x > y) - (x < y);
}

/* Index of the value of nearest rank at `quantile` of n > 0 sorted ones. */
static size_t rank(size_t n, double quantile) {
  return (size_t)(quantile * (double)(n - 1) + 0.5);
}

/* Fills the ceilings; a class that the reference never predicts gets the one of all rows together. */
static scrim_status fit_ceilings(fitted_state *s, const defence_data *data, double quantile, scrim_error *error) {
  size_t k = s->classes, n = data->n_reference;
  top_score *top = memory_alloc(n * sizeof *top);
  if (!top) return fail(error, SCRIM_E_MEMORY, "no memory for the quantiles of %zu rows", n);
  for (size_t i = 0; i < n; i++) {
    size_t label = score_argmax(data->reference + i * k, k);
    top[i] = (top_score){label, data->reference[i * k + label]};
  }
  qsort(top, n, sizeof *top, by_score);
  for (size_t c = 0; c < k; c++) s->ceiling[c] = top[rank(n, quantile)].score;
  qsort(top, n, sizeof *top, by_label);
  for (size_t from = 0, to; from < n; from = to) {
    for (to = from; to < n && top[to].label == top[from].label;) to++;
    s->ceiling[top[from].label] = top[from + rank(to - from, quantile)].score;
  }
  memory_free(top);
  return SCRIM_OK;
}

/*
 * Fills the prototypes with the mean of the reference rows predicted as each class, or of those among them whose top
 * score reaches least[class]. A mean of rows has their common arg max. A class without rows gets the mean top score of
 * all rows, the rest shared equally.
 */
static scrim_status fit_prototypes(fitted_state *s, const defence_data *data, const float *least, scrim_error *error) {
  size_t k = s->classes;
  double all = 0, *sum = memory_zalloc(k, (k + 1) * sizeof *sum); /* [K, K + 1]: the class's sum and count */
  if (!sum) return fail(error, SCRIM_E_MEMORY, "no memory for prototypes of %zu classes", k);
  for (size_t i = 0; i < data->n_reference; i++) {
    const float *row = data->reference + i * k;
    size_t c = score_argmax(row, k);
    all += row[c] / (double)data->n_reference;
    if (least && row[c] < least[c]) continue;
    for (size_t j = 0; j < k; j++) sum[c * (k + 1) + j] += row[j];
    sum[c * (k + 1) + k]++;
  }
  for (size_t c = 0; c < k; c++) {
    const double *of = sum + c * (k + 1);
    for (size_t j = 0; j < k; j++)
      s->prototype[c * k + j] = (float)(of[k] > 0 ? of[j] / of[k] : j == c ? all : (1 - all) / (double)(k - 1));
    baseline_keep_label(s->prototype + c * k, k, c);
  }
  memory_free(sum);
  return SCRIM_OK;
}

void baseline_fitted_release(void *state) {
  fitted_state *s = state;
  if (s) {
    memory_free(s->ceiling);
    memory_free(s->prototype);
  }
  memory_free(s);
}

/* `plateau`: prototypes of the rows at or above the ceiling only. */
static scrim_status fit(void **state, const defence *self, const defence_data *data, int plateau, scrim_error *error) {
  if (!data->n_reference) return fail(error, SCRIM_E_UNSUPPORTED, "'%s' needs reference rows", self->name);
  fitted_state *s = memory_zalloc(1, sizeof *s);
  if (s) {
    s->classes = data->classes;
    s->ceiling = memory_zalloc(s->classes, sizeof *s->ceiling);
    s->prototype = memory_zalloc(s->classes * s->classes, sizeof *s->prototype);
  }
  scrim_status status = SCRIM_OK;
  if (!s || !s->ceiling || !s->prototype) status = fail(error, SCRIM_E_MEMORY, "no memory for '%s'", self->name);
  if (status == SCRIM_OK && !isnan(self->setting)) status = fit_ceilings(s, data, self->setting, error);
  if (status == SCRIM_OK) status = fit_prototypes(s, data, plateau ? s->ceiling : NULL, error);
  if (status == SCRIM_OK)
    *state = s;
  else
    baseline_fitted_release(s);
  return status;
}

scrim_status baseline_fitted_fit(void **state, const defence *self, const defence_data *data, uint64_t seed,
                                 scrim_error *error) {
  (void)seed;
  return fit(state, self, data, 0, error);
}

scrim_status baseline_plateau_fit(void **state, const defence *self, const defence_data *data, uint64_t seed,
                                  scrim_error *error) {
  (void)seed;
  return fit(state, self, data, 1, error);
}

/*
 * Sets the label's score to `top` and shares 1 - top among the others in proportion to weight [k] (equally where they
 * weigh nothing), none above `top`: what is cut there goes to those below, so that the label stays the arg max.
 * `weight` may be `row`.
 */
static void share_rest(float *row, size_t k, size_t label, double top, const float *weight) {
  double cut = INFINITY, scale = 0, equal = 0; /* weights from `cut` up are held at `top` */
  for (;;) {
    double mass = 1 - top, total = 0, next = cut;
    size_t below = 0;
    for (size_t j = 0; j < k; j++) {
      if (j == label) continue;
      if (weight[j] >= cut)
        mass -= top;
      else
        total += weight[j], below++;
    }
    scale = total > 0 ? mass / total : 0;
    equal = total > 0 || !below ? 0 : fmax(0, mass / (double)below);
    for (size_t j = 0; j < k; j++)
      if (j != label && weight[j] < cut && weight[j] * scale > top) next = fmin(next, weight[j]);
    if (next == cut) break;
    cut = next;
  }
  for (size_t j = 0; j < k; j++)
    if (j != label) row[j] = (float)(weight[j] >= cut ? top : weight[j] * scale + equal);
  row[label] = (float)top;
  baseline_keep_label(row, k, label);
}

/* Rows whose top score is above the ceiling get the ceiling; the rest is scaled in proportion. */
scrim_status baseline_saturation(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  const fitted_state *s = state;
  size_t k = s->classes;
  if (released != raw) memcpy(released, raw, n * k * sizeof *raw);
  for (size_t i = 0; i < n; i++) {
    float *row = released + i * k;
    size_t label = score_argmax(row, k);
    if (row[label] > s->ceiling[label]) share_rest(row, k, label, s->ceiling[label], row);
  }
  return SCRIM_OK;
}

/* The saturated top score, and all below it from the prototype: nothing of the row but its label and its doubt. */
scrim_status baseline_saturation_prototype(void *state, const float *raw, float *released, size_t n,
                                           scrim_error *error) {
  (void)error;
  const fitted_state *s = state;
  size_t k = s->classes;
  for (size_t i = 0; i < n; i++) {
    size_t label = score_argmax(raw + i * k, k);
    double top = fmin(raw[i * k + label], s->ceiling[label]);
    share_rest(released + i * k, k, label, top, s->prototype + label * k);
  }
  return SCRIM_OK;
}

scrim_status baseline_prototype(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  const fitted_state *s = state;
  size_t k = s->classes;
  for (size_t i = 0; i < n; i++)
    memcpy(released + i * k, s->prototype + score_argmax(raw + i * k, k) * k, k * sizeof *raw);
  return SCRIM_OK;
}

/* Rows at or above the ceiling get one vector a class, the mean of such rows; those below stay raw. */
scrim_status baseline_plateau(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  const fitted_state *s = state;
  size_t k = s->classes;
  if (released != raw) memcpy(released, raw, n * k * sizeof *raw);
  for (size_t i = 0; i < n; i++) {
    float *row = released + i * k;
    size_t label = score_argmax(row, k);
    if (row[label] >= s->ceiling[label]) memcpy(row, s->prototype + label * k, k * sizeof *row);
  }
  return SCRIM_OK;
}
