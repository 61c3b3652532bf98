/* How levels are cut and how confident their code words are. */
#include "purifier/levels.h"

#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUANTILES = 21, MAX_BINS = 3 * QUANTILES + 1, EDGES = LEVELS_MAX - 1 };

#define NO_EDGE 1e9f      /* above every rank */
#define FIRST_LAMBDA 0.05 /* the ladder: lambda = FIRST_LAMBDA * LADDER^((step - 1) / (STEPS - 2)) */
#define LADDER 1000.0
#define LEVEL_PRICE 1e-4 /* nats that a further level must earn */
#define SMALL 1e-6

/* ---- the ranking in fine bins ---- */

typedef struct bins {
  int n;
  float edge[MAX_BINS];                                                   /* n - 1 ascending edges */
  double right[MAX_BINS + 1], wrong[MAX_BINS + 1], members[MAX_BINS + 1]; /* cumulative shares; members: right ones */
  double accuracy;
} bins;

static int ascending(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Ranks of the rows whose `right` is `wanted` (all rows where it is not known), ascending. */
static size_t select_ranks(float *out, const levels_rows *rows, int wanted) {
  size_t n = 0;
  for (size_t i = 0; i < rows->n; i++)
    if (rows->right == NULL || rows->right[i] == wanted) out[n++] = rows->rank[i];
  qsort(out, n, sizeof *out, ascending);
  return n;
}

/* Evenly spaced quantiles of sorted ranks, as candidate edges. */
static int add_quantiles(float *edge, int n_edges, const float *sorted, size_t n) {
  for (int q = 1; n > 0 && q <= QUANTILES; q++) edge[n_edges++] = sorted[(size_t)q * (n - 1) / (QUANTILES + 1)];
  return n_edges;
}

static void cumulate(double *share, const bins *b, const float *sorted, size_t n) {
  size_t i = 0;
  share[0] = 0;
  for (int bin = 0; bin < b->n; bin++) {
    while (i < n && (bin == b->n - 1 || sorted[i] < b->edge[bin])) i++;
    share[bin + 1] = n > 0 ? (double)i / (double)n : 0;
  }
}

static scrim_status bins_fit(bins *b, const levels_rows *reference, const levels_rows *members, scrim_error *error) {
  float *right = memory_zalloc(2 * reference->n + members->n, sizeof *right);
  if (right == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the ranks of %zu rows", reference->n);
  float *wrong = right + reference->n, *inside = wrong + reference->n;
  const size_t n_right = select_ranks(right, reference, 1), n_wrong = select_ranks(wrong, reference, 0);
  const size_t n_inside = select_ranks(inside, members, 1);
  int n = add_quantiles(b->edge, 0, right, n_right), distinct = 0;
  n = add_quantiles(b->edge, n, wrong, n_wrong);
  n = add_quantiles(b->edge, n, inside, n_inside);
  qsort(b->edge, (size_t)n, sizeof *b->edge, ascending);
  for (int i = 0; i < n; i++)
    if (distinct == 0 || b->edge[i] > b->edge[distinct - 1]) b->edge[distinct++] = b->edge[i];
  b->n = distinct + 1;
  b->accuracy = (double)n_right / (double)(n_right + n_wrong);
  cumulate(b->right, b, right, n_right);
  cumulate(b->wrong, b, wrong, n_wrong);
  cumulate(b->members, b, inside, n_inside);
  memory_wipe(right, (2 * reference->n + members->n) * sizeof *right);
  memory_free(right);
  return SCRIM_OK;
}

/* ---- the best cuts for one lambda ---- */

/* What bins from..to-1 cost as one level. */
static double level_cost(const bins *b, int from, int to, double lambda) {
  const double right = b->right[to] - b->right[from], members = b->members[to] - b->members[from];
  const double r = b->accuracy * right + SMALL, w = (1 - b->accuracy) * (b->wrong[to] - b->wrong[from]) + SMALL;
  const double log_loss = -(r * log(r / (r + w)) + w * log(w / (r + w)));
  const double difference = members - right;
  return log_loss + lambda * difference * difference / (members + right + SMALL) + LEVEL_PRICE;
}

/* Least cost of the first `to` bins in `levels` levels, for all of both; then the way back along the choices. */
static void best_cuts(float edge[EDGES], const bins *b, double lambda) {
  double least[LEVELS_MAX + 1][MAX_BINS + 1];
  int choice[LEVELS_MAX + 1][MAX_BINS + 1];
  int best = 1, to = b->n;
  for (int l = 0; l <= LEVELS_MAX; l++)
    for (int j = 0; j <= b->n; j++) least[l][j] = l == 0 && j == 0 ? 0 : INFINITY;
  for (int l = 1; l <= LEVELS_MAX; l++) {
    for (int j = 1; j <= b->n; j++) {
      for (int i = 0; i < j; i++) {
        if (isinf(least[l - 1][i])) continue;
        const double cost = least[l - 1][i] + level_cost(b, i, j, lambda);
        if (cost < least[l][j]) least[l][j] = cost, choice[l][j] = i;
      }
    }
    if (least[l][b->n] < least[best][b->n]) best = l;
  }
  for (int i = 0; i < EDGES; i++) edge[i] = NO_EDGE;
  for (int l = best; l > 1; l--) {
    to = choice[l][to];
    edge[l - 2] = b->edge[to - 1];
  }
}

/* ---- cuts without members: the top share in one level, the others evenly below it ---- */

static void merge_top(float edge[EDGES], const float *sorted, size_t n, double share) {
  const double low = 1 - share;
  for (int i = 0; i < EDGES; i++) {
    const double quantile = low * (i + 1) / EDGES;
    edge[i] = sorted[(size_t)(quantile * (double)(n - 1))];
  }
}

static scrim_status cut_all(float *edge, const levels_rows *reference, const levels_rows *members, scrim_error *error) {
  bins b;
  float *sorted = NULL;
  const int measured = members != NULL && members->right != NULL && reference->right != NULL;
  scrim_status status = SCRIM_OK;
  if (measured)
    status = bins_fit(&b, reference, members, error);
  else if ((sorted = memory_zalloc(reference->n, sizeof *sorted)) == NULL)
    status = fail(error, SCRIM_E_MEMORY, "out of memory for the ranks of %zu rows", reference->n);
  else {
    memcpy(sorted, reference->rank, reference->n * sizeof *sorted);
    qsort(sorted, reference->n, sizeof *sorted, ascending);
  }
  for (int step = 0; step <= LEVELS_STEPS && status == SCRIM_OK; step++) {
    float *row = edge + (size_t)step * EDGES;
    for (int i = 0; i < EDGES; i++) row[i] = NO_EDGE;
    if (step == LEVELS_STEPS) break;
    if (measured)
      best_cuts(row, &b, FIRST_LAMBDA * pow(LADDER, fmax(step - 1, 0) / (LEVELS_STEPS - 2)));
    else
      merge_top(row, sorted, reference->n, (double)step / LEVELS_STEPS);
  }
  memory_free(sorted);
  return status;
}

/* ---- how confident the code words are ---- */

enum { NEWTON_STEPS = 8 };
#define CLASS_RIDGE 2.0 /* rows' worth of doubt that a class differs from the others */

static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

/* Whether a row is right; where that is not known, how sure its own confidence is. */
static double rightness(const levels_rows *rows, size_t i) {
  return rows->right != NULL ? rows->right[i] : sigmoid(rows->rank[i]);
}

/*
 * confidence[level, class] = sigmoid(a[level] + b[class]): how often rows of a level are right, moved by how often the class is. `scratch`
 * has 3K values.
 */
static void fit_confidence(float *confidence, const levels *v, int step, const levels_rows *rows, double *scratch) {
  const size_t k = v->k;
  double a[LEVELS_MAX], right[LEVELS_MAX], n[LEVELS_MAX];
  double *b = scratch, *gradient = b + k, *curvature = gradient + k;
  for (int l = 0; l < LEVELS_MAX; l++) right[l] = 0.5, n[l] = 1;
  for (size_t i = 0; i < rows->n; i++) {
    const int l = levels_find(v, step, rows->rank[i]);
    right[l] += rightness(rows, i);
    n[l] += 1;
  }
  for (int l = 0; l < LEVELS_MAX; l++) a[l] = log(right[l] / (n[l] - right[l] + SMALL));
  memset(b, 0, k * sizeof *b);
  for (int round = 0; round < NEWTON_STEPS; round++) {
    for (size_t c = 0; c < k; c++) gradient[c] = -CLASS_RIDGE * b[c], curvature[c] = CLASS_RIDGE;
    for (size_t i = 0; i < rows->n; i++) {
      const size_t c = (size_t)rows->labels[i];
      const double p = sigmoid(a[levels_find(v, step, rows->rank[i])] + b[c]);
      gradient[c] += rightness(rows, i) - p;
      curvature[c] += p * (1 - p);
    }
    for (size_t c = 0; c < k; c++) b[c] += fmax(-1, fmin(1, gradient[c] / curvature[c]));
  }
  for (int l = 0; l < LEVELS_MAX; l++)
    for (size_t c = 0; c < k; c++) confidence[(size_t)l * k + c] = (float)sigmoid(a[l] + b[c]);
}

/* How the mean vector of each predicted class divides what its own score leaves. */
static void fit_rest(float *rest, const float *vectors, const int32_t *labels, size_t n, size_t k) {
  memset(rest, 0, k * k * sizeof *rest);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < k; j++) rest[(size_t)labels[i] * k + j] += vectors[i * k + j];
  for (size_t c = 0; c < k; c++) {
    double sum = 0;
    rest[c * k + c] = 0;
    for (size_t j = 0; j < k; j++) sum += rest[c * k + j];
    for (size_t j = 0; j < k; j++)
      rest[c * k + j] = j == c ? 0 : sum > 0 ? (float)(rest[c * k + j] / sum) : 1.0f / (float)(k - 1);
  }
}

size_t levels_storage(size_t k) {
  return (LEVELS_STEPS + 1) * (EDGES + LEVELS_MAX * k) + k * k;
}

scrim_status levels_fit(levels *out, float *storage, const levels_rows *reference, const levels_rows *members,
                        const float *vectors, size_t k, scrim_error *error) {
  float *edge = storage, *confidence = edge + (LEVELS_STEPS + 1) * EDGES;
  float *rest = confidence + (LEVELS_STEPS + 1) * LEVELS_MAX * k;
  double *scratch = memory_zalloc(3 * k, sizeof *scratch);
  if (scratch == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the levels of %zu classes", k);
  *out = (levels){k, edge, confidence, rest};
  const scrim_status status = cut_all(edge, reference, members, error);
  for (int step = 0; step <= LEVELS_STEPS && status == SCRIM_OK; step++)
    fit_confidence(confidence + (size_t)step * LEVELS_MAX * k, out, step, reference, scratch);
  if (status == SCRIM_OK) fit_rest(rest, vectors, reference->labels, reference->n, k);
  memory_free(scratch);
  return status;
}
