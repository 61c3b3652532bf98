/* The tables of levels: cuts, how confident each code word is, how it divides the rest. */
#include "purifier/levels_cut.h"

#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <string.h>

#define SMALL 1e-6
#define CLASS_RIDGE 2.0 /* rows' worth of doubt that a class differs from the others */
enum { NEWTON_STEPS = 8 };

static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

/* Whether a row is right; where that is not known, how sure its own confidence is. */
static double rightness(const levels_rows *rows, size_t i) {
  return rows->right != NULL ? rows->right[i] : sigmoid(rows->rank[i]);
}

/*
 * confidence[level, class] = sigmoid(a[level] + b[class]): how often rows of a level are right, moved by how often the
 * class is. A level that no row is on (below the lowest of them) is as the one above it. `scratch` has 3K values.
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
  for (int l = LEVELS_MAX - 1; l >= 0; l--)
    a[l] = n[l] > 1 || l == LEVELS_MAX - 1 ? log(right[l] / (n[l] - right[l] + SMALL)) : a[l + 1];
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
  return (LEVELS_STEPS + 1) * (LEVELS_EDGES + LEVELS_MAX * k) + k * k;
}

scrim_status levels_fit(levels *out, float *storage, const levels_rows *reference, const levels_rows *members,
                        const float *vectors, size_t k, scrim_error *error) {
  float *edge = storage, *confidence = edge + (LEVELS_STEPS + 1) * LEVELS_EDGES;
  float *rest = confidence + (LEVELS_STEPS + 1) * LEVELS_MAX * k;
  double *scratch = memory_zalloc(3 * k, sizeof *scratch);
  if (scratch == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the levels of %zu classes", k);
  *out = (levels){k, edge, confidence, rest};
  const int measured = members != NULL && members->right != NULL && reference->right != NULL;
  const scrim_status status =
      measured ? levels_cut(edge, members, reference, error) : levels_cut_evenly(edge, reference, error);
  for (int step = 0; step <= LEVELS_STEPS && status == SCRIM_OK; step++)
    fit_confidence(confidence + (size_t)step * LEVELS_MAX * k, out, step, reference, scratch);
  if (status == SCRIM_OK) fit_rest(rest, vectors, reference->labels, reference->n, k);
  memory_free(scratch);
  return status;
}
