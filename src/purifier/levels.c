/* Levels in use: look-up, files, and what they leak. How they are cut is in levels_fit.c. */
#include "purifier/levels.h"

#include <math.h>
#include <stdlib.h>

int levels_step(double strength) {
  return (int)lround(strength * LEVELS_STEPS);
}

float levels_rank(const float *row, size_t k, size_t label) {
  double others = 0;
  for (size_t j = 0; j < k; j++) others += j == label ? 0 : row[j];
  const double odds = log(fmax(row[label], 1e-30)) - log(fmax(others, 1e-30));
  return (float)fmax(-16, fmin(16, odds));
}

int levels_find(const levels *v, int step, float rank) {
  const float *edge = v->edge + (size_t)step * (LEVELS_MAX - 1);
  int level = 0;
  for (int i = 0; i < LEVELS_MAX - 1; i++) level += rank >= edge[i];
  return level;
}

void levels_word(const levels *v, int step, int level, size_t label, float *row) {
  const float top = v->confidence[((size_t)step * LEVELS_MAX + (size_t)level) * v->k + label];
  const float *rest = v->rest + label * v->k;
  for (size_t j = 0; j < v->k; j++) row[j] = (1 - top) * rest[j];
  row[label] = top;
}

scrim_status levels_put(const levels *v, tensorfile_writer *writer, scrim_error *error) {
  const int64_t k = (int64_t)v->k;
  const int64_t edges[2] = {LEVELS_STEPS + 1, LEVELS_MAX - 1}, words[3] = {LEVELS_STEPS + 1, LEVELS_MAX, k};
  const int64_t square[2] = {k, k};
  scrim_status status = tensorfile_put(writer, "levels.edge", TENSORFILE_F32, 2, edges, v->edge, error);
  if (status == SCRIM_OK)
    status = tensorfile_put(writer, "levels.confidence", TENSORFILE_F32, 3, words, v->confidence, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, "levels.rest", TENSORFILE_F32, 2, square, v->rest, error);
  return status;
}

scrim_status levels_get(levels *v, const tensorfile *file, size_t k, scrim_error *error) {
  int64_t edges[2] = {LEVELS_STEPS + 1, LEVELS_MAX - 1}, words[3] = {LEVELS_STEPS + 1, LEVELS_MAX, (int64_t)k};
  int64_t square[2] = {(int64_t)k, (int64_t)k};
  const void *edge = NULL, *confidence = NULL, *rest = NULL;
  scrim_status status = tensorfile_get(file, "levels.edge", TENSORFILE_F32, 2, edges, &edge, error);
  if (status == SCRIM_OK)
    status = tensorfile_get(file, "levels.confidence", TENSORFILE_F32, 3, words, &confidence, error);
  if (status == SCRIM_OK) status = tensorfile_get(file, "levels.rest", TENSORFILE_F32, 2, square, &rest, error);
  if (status == SCRIM_OK) *v = (levels){k, edge, confidence, rest};
  return status;
}

/* ---- leakage ---- */

typedef struct cell {
  double members, others; /* shares of each party */
} cell;

/* Shares of a party by (right, level); step below 0: by right alone. */
static void count(const levels *v, int step, const levels_rows *rows, cell cells[2 * LEVELS_MAX], int are_members) {
  for (size_t i = 0; i < rows->n; i++) {
    const int level = step < 0 ? 0 : levels_find(v, step, rows->rank[i]);
    cell *c = &cells[rows->right[i] * LEVELS_MAX + level];
    *(are_members ? &c->members : &c->others) += 1.0 / (double)rows->n;
  }
}

static int by_likelihood_ratio(const void *a, const void *b) {
  const cell *x = a, *y = b;
  const double left = x->members * y->others, right = y->members * x->others;
  return (left > right) - (left < right);
}

/* AUC of the likelihood ratio of the cells: the best that any test on them can do. */
static double best_auc(const levels *v, int step, const levels_rows *members, const levels_rows *others) {
  cell cells[2 * LEVELS_MAX] = {{0, 0}};
  double below = 0, auc = 0;
  count(v, step, members, cells, 1);
  count(v, step, others, cells, 0);
  qsort(cells, 2 * LEVELS_MAX, sizeof *cells, by_likelihood_ratio);
  for (int i = 0; i < 2 * LEVELS_MAX; i++) {
    auc += cells[i].members * (below + 0.5 * cells[i].others);
    below += cells[i].others;
  }
  return auc;
}

double levels_leak(const levels *v, int step, const levels_rows *members, const levels_rows *others) {
  return best_auc(v, step, members, others) - best_auc(v, -1, members, others);
}

double levels_choose(const levels *v, double most, const levels_rows *members, const levels_rows *others,
                     double *leak) {
  int step = 0;
  do *leak = levels_leak(v, ++step, members, others);
  while (*leak > most && step < LEVELS_STEPS);
  return (double)step / LEVELS_STEPS;
}
