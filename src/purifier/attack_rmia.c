/*
 * RMIA, Zarifzadeh et al., 2312.03262, offline form: is the row's confidence raised over what classifiers not trained
 * on it give, and by more than that of rows from the population?
 *
 *   r(x) = f(x) / p(x),   p(x) = (1 + a) / 2 * mean_OUT f_s(x) + (1 - a) / 2,   score(x) = share of z with r(x) > r(z).
 */
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack.h"
#include "purifier/attack_reference.h"
#include "purifier/attack_statistic.h"
#include "purifier/attack_threshold.h"
#include "purifier/metrics.h"
#include <math.h>
#include <stdlib.h>

/* One classifier under attack: the audited one, or a shadow that stands in for it while the attack is tuned. */
typedef struct rmia_target {
  const float *scores;     /* [rows, K] */
  const float *population; /* [n_population, K], or NULL */
  int32_t shadow;          /* -1: the audited one; else left out of the references */
} rmia_target;

static double ratio(double f, double mean_out, double a) {
  double p = 0.5 * (1 + a) * mean_out + 0.5 * (1 - a);
  return log(fmax(f, 1e-8)) - log(fmax(p, 1e-8)); /* in logs: same order, finite */
}

/* log r of every audited row. */
static void row_ratios(const attack_view *v, const reference *r, const rmia_target *target, double a, double *out) {
  for (size_t i = 0; i < v->rows; i++) {
    reference_sum s = reference_without(r, i, 0, target->shadow);
    double mean = reference_mean(s.n > 0.5 ? &s : &r->total[0]);
    out[i] = ratio(target->scores[i * v->classes + (size_t)v->labels[i]], mean, a);
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* log r of the population [n_population], sorted. All shadows are OUT for it. */
static void population_ratios(const attack_view *v, const rmia_target *target, double a, double *out) {
  size_t m = v->n_population;
  for (size_t z = 0; z < m; z++) {
    size_t at = z * v->classes + (size_t)v->population_labels[z];
    double sum = 0, n = 0;
    for (size_t s = 0; s < v->n_shadows; s++) {
      if ((int32_t)s == target->shadow && v->n_shadows > 1) continue;
      sum += v->shadow_population[s * m * v->classes + at];
      n += 1;
    }
    out[z] = ratio(target->population[at], sum / n, a);
  }
  qsort(out, m, sizeof *out, ascending);
}

/* Values of sorted [n] below x; with `equal`, those equal to it too. */
static size_t count_below(const double *sorted, size_t n, double x, int equal) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (sorted[middle] < x || (equal && sorted[middle] == x))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Turns log ratios into scores in place. Rows that beat the same share keep the order of their ratios. */
static void rank_against_population(const double *population, size_t m, double *score, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double x = score[i];
    double share =
        m ? 0.5 * (double)(count_below(population, m, x, 0) + count_below(population, m, x, 1)) / (double)m : 0;
    score[i] = share + 1e-6 * x;
  }
}

/* The a of best AUC on the first shadow, judged by the others. scratch [rows] */
static scrim_status tune(double *best_a, const attack_view *v, const reference *r, double *scratch,
                         scrim_error *error) {
  const rmia_target first = {v->shadows, NULL, 0};
  double best = -1;
  for (int step = 0; step <= 10; step++) {
    double auc;
    row_ratios(v, r, &first, 0.1 * step, scratch);
    scrim_status status = metrics_auc(&auc, scratch, r->in, v->rows, error);
    if (status != SCRIM_OK) return status;
    if (auc > best) {
      best = auc;
      *best_a = 0.1 * step;
    }
  }
  return SCRIM_OK;
}

/* Scores of one target's rows. population [n_population]: scratch */
static void score_target(const attack_view *v, const reference *r, const rmia_target *target, double a,
                         double *population, double *score) {
  row_ratios(v, r, target, a, score);
  if (v->n_population) population_ratios(v, target, a, population);
  rank_against_population(population, v->n_population, score, v->rows);
}

scrim_status attack_rmia(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                         scrim_error *error) {
  (void)self, (void)scored;
  double a = 0, cut = 0;
  const rmia_target first = {view->shadows, view->shadow_population, 0};
  const rmia_target audited = {view->target, view->population, -1};
  double *population = memory_zalloc(view->n_population, sizeof *population);
  reference r;
  scrim_status status = reference_make(&r, view, STATISTIC_PROBABILITY, error);
  if (status == SCRIM_OK && !population) status = fail(error, SCRIM_E_MEMORY, "out of memory for the population");
  if (status == SCRIM_OK) status = tune(&a, view, &r, score, error);
  if (status == SCRIM_OK) {
    score_target(view, &r, &first, a, population, score);
    status = threshold_cut_of(&cut, score, view->shadow_in, view->rows, error);
  }
  if (status == SCRIM_OK) {
    score_target(view, &r, &audited, a, population, score);
    for (size_t i = 0; i < view->rows; i++) score[i] -= cut;
  }
  reference_free(&r);
  memory_free(population);
  return status;
}
