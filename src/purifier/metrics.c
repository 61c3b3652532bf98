/* Attack figures with bootstrap intervals, and the utility of released scores. */
#include "purifier/metrics.h"
#include "core/error.h"
#include "core/memory.h"
#include "purifier/score_form.h"
#include <math.h>
#include <stdlib.h>

enum { RESAMPLES = 200, ECE_BINS = 15 };

/* ---- sorting ---- */

typedef struct ranked {
  double score;
  uint32_t row;
} ranked;

static int descending(const void *a, const void *b) {
  double x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;
  return (x < y) - (x > y);
}

/* Rows [n] by falling score; NULL when out of memory. The caller frees. */
static ranked *rank_rows(const double *score, size_t n) {
  ranked *order = memory_zalloc(n, sizeof *order);
  if (!order) return NULL;
  for (size_t i = 0; i < n; i++) order[i] = (ranked){score[i], (uint32_t)i};
  qsort(order, n, sizeof *order, descending);
  return order;
}

/* ---- the ROC curve as counts ---- */

/* Rows of equal score form one group; a resample is then only a new pair of counts per group. */
typedef struct roc {
  size_t n[2];        /* rows: non-members, members */
  uint32_t *group[2]; /* [n[c]] group of each row, groups numbered by falling score */
  uint32_t *count[2]; /* [groups] rows now counted in each group */
  size_t groups;
  size_t positive; /* groups whose score is above 0 */
} roc;

static void roc_free(roc *r) {
  for (int c = 0; c < 2; c++) {
    memory_free(r->group[c]);
    memory_free(r->count[c]);
  }
}

static void roc_fill(roc *r, const ranked *order, const unsigned char *member, size_t n) {
  size_t filled[2] = {0, 0};
  for (size_t i = 0; i < n; i++) {
    if (i == 0 || order[i].score != order[i - 1].score) {
      r->groups++;
      r->positive += order[i].score > 0;
    }
    int c = member[order[i].row] != 0;
    uint32_t g = (uint32_t)(r->groups - 1);
    r->group[c][filled[c]++] = g;
    r->count[c][g]++;
  }
}

/* roc_free is due whether or not this succeeds. */
static scrim_status roc_make(roc *r, const double *score, const unsigned char *member, size_t n, scrim_error *error) {
  *r = (roc){0};
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(score[i]))
      return fail_row(error, SCRIM_E_INTERNAL, (int64_t)i, "attack score of row %zu is not finite", i);
    r->n[member[i] != 0]++;
  }
  if (!r->n[0] || !r->n[1] || n > UINT32_MAX)
    return fail(error, SCRIM_E_ARGUMENT, "an attack is scored on 1 or more members and non-members, not %zu and %zu",
                r->n[1], r->n[0]);
  ranked *order = rank_rows(score, n);
  int complete = order != NULL;
  for (int c = 0; c < 2; c++) {
    r->group[c] = memory_zalloc(r->n[c], sizeof *r->group[c]);
    r->count[c] = memory_zalloc(n, sizeof *r->count[c]);
    complete = complete && r->group[c] && r->count[c];
  }
  if (complete) roc_fill(r, order, member, n);
  memory_free(order);
  return complete ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory scoring an attack on %zu rows", n);
}

static double roc_auc(const roc *r) {
  double above = 0, pairs = 0; /* members of higher groups; pairs won */
  for (size_t g = 0; g < r->groups; g++) {
    pairs += r->count[0][g] * (above + 0.5 * r->count[1][g]);
    above += r->count[1][g];
  }
  return pairs / ((double)r->n[0] * (double)r->n[1]);
}

/* A group that crosses the limit is taken in part: a random order of its rows would do the same on average. */
static double roc_tpr(const roc *r, double fpr) {
  double limit = fpr * (double)r->n[0], fp = 0, tp = 0;
  for (size_t g = 0; g < r->groups; g++) {
    if (fp + r->count[0][g] > limit) {
      tp += r->count[1][g] * (limit - fp) / r->count[0][g];
      break;
    }
    fp += r->count[0][g];
    tp += r->count[1][g];
  }
  return tp / (double)r->n[1];
}

static double roc_balanced_accuracy(const roc *r) {
  double fp = 0, tp = 0;
  for (size_t g = 0; g < r->positive; g++) {
    fp += r->count[0][g];
    tp += r->count[1][g];
  }
  return 0.5 * (tp / (double)r->n[1] + 1 - fp / (double)r->n[0]);
}

enum { FIGURES = 4 };

static void roc_figures(const roc *r, double figure[FIGURES]) {
  figure[0] = roc_balanced_accuracy(r);
  figure[1] = roc_auc(r);
  figure[2] = roc_tpr(r, 0.001);
  figure[3] = roc_tpr(r, 0.01);
}

/* ---- bootstrap ---- */

/* SplitMix64 (Steele, Lea, Flood 2014): resampling needs speed and repeatability, not secrecy. */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void roc_resample(roc *r, uint64_t *state) {
  for (int c = 0; c < 2; c++) {
    for (size_t g = 0; g < r->groups; g++) r->count[c][g] = 0;
    for (size_t i = 0; i < r->n[c]; i++) {
      /* n is below 2^32, so the high half of the product is uniform to within 2^-32. */
      size_t pick = (size_t)(((next_random(state) >> 32) * (uint64_t)r->n[c]) >> 32);
      r->count[c][r->group[c][pick]]++;
    }
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Quantile q of values [RESAMPLES] in rising order, linear between neighbours. */
static double quantile(const double *sorted, double q) {
  double at = q * (RESAMPLES - 1);
  size_t i = (size_t)at;
  return i + 1 < RESAMPLES ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

scrim_status metrics_attack(scrim_attack_result *result, const double *score, const unsigned char *member, size_t n,
                            uint64_t seed, scrim_error *error) {
  scrim_interval *interval[FIGURES] = {&result->balanced_accuracy, &result->auc, &result->tpr_at_0_1pct,
                                       &result->tpr_at_1pct};
  double resampled[FIGURES][RESAMPLES], figure[FIGURES];
  roc r;
  scrim_status status = roc_make(&r, score, member, n, error);
  if (status == SCRIM_OK) {
    result->n_members = r.n[1];
    result->n_nonmembers = r.n[0];
    roc_figures(&r, figure);
    for (int f = 0; f < FIGURES; f++) interval[f]->value = figure[f];
    for (int b = 0; b < RESAMPLES; b++) {
      roc_resample(&r, &seed);
      roc_figures(&r, figure);
      for (int f = 0; f < FIGURES; f++) resampled[f][b] = figure[f];
    }
    for (int f = 0; f < FIGURES; f++) {
      qsort(resampled[f], RESAMPLES, sizeof(double), ascending);
      interval[f]->low = quantile(resampled[f], 0.025);
      interval[f]->high = quantile(resampled[f], 0.975);
    }
  }
  roc_free(&r);
  return status;
}

scrim_status metrics_auc(double *auc, const double *score, const unsigned char *member, size_t n, scrim_error *error) {
  roc r;
  scrim_status status = roc_make(&r, score, member, n, error);
  if (status == SCRIM_OK) *auc = roc_auc(&r);
  roc_free(&r);
  return status;
}

/* ---- utility ---- */

double metrics_accuracy(const float *scores, const int32_t *labels, size_t n, size_t k) {
  size_t right = 0;
  for (size_t i = 0; i < n; i++) right += score_argmax(scores + i * k, k) == (size_t)labels[i];
  return (double)right / (double)n;
}

double metrics_l1(const float *a, const float *b, size_t n, size_t k) {
  double sum = 0;
  for (size_t i = 0; i < n * k; i++) sum += fabs((double)a[i] - b[i]);
  return sum / (double)n;
}

double metrics_ece(const float *scores, const int32_t *labels, size_t n, size_t k) {
  double surplus[ECE_BINS] = {0}; /* sum of confidence - correctness per bin */
  for (size_t i = 0; i < n; i++) {
    const float *row = scores + i * k;
    size_t top = score_argmax(row, k);
    double bin = floor((double)row[top] * ECE_BINS);
    bin = bin < 0 ? 0 : bin > ECE_BINS - 1 ? ECE_BINS - 1 : bin;
    surplus[(int)bin] += row[top] - (top == (size_t)labels[i]);
  }
  double sum = 0;
  for (int b = 0; b < ECE_BINS; b++) sum += fabs(surplus[b]);
  return sum / (double)n;
}

scrim_status metrics_aurc(double *aurc, const float *scores, const int32_t *labels, size_t n, size_t k,
                          scrim_error *error) {
  ranked *order = memory_zalloc(n, sizeof *order);
  if (!order) return fail(error, SCRIM_E_MEMORY, "out of memory for a risk-coverage curve of %zu rows", n);
  for (size_t i = 0; i < n; i++) {
    const float *row = scores + i * k;
    order[i] = (ranked){row[score_argmax(row, k)], (uint32_t)i};
  }
  qsort(order, n, sizeof *order, descending);
  double errors = 0, area = 0;
  for (size_t start = 0, end; start < n; start = end) {
    double wrong = 0; /* errors among the rows as confident as this one */
    for (end = start; end < n && order[end].score == order[start].score; end++) {
      size_t i = order[end].row;
      wrong += score_argmax(scores + i * k, k) != (size_t)labels[i];
    }
    for (size_t i = start; i < end; i++)
      area += (errors + wrong * (double)(i + 1 - start) / (double)(end - start)) / (double)(i + 1);
    errors += wrong;
  }
  memory_free(order);
  *aurc = area / (double)n;
  return SCRIM_OK;
}
