#include "purifier/saturation.h"

#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <stdlib.h>

enum { LEVELS = SATURATION_STEPS + 1 };

/* Rows that a class borrows from all classes together, so that a class with few merged rows gets no wild confidence. */
#define PRIOR_ROWS 10.0

int saturation_step(double strength) {
  return (int)lround(strength * SATURATION_STEPS);
}

size_t saturation_storage(size_t k) {
  return LEVELS + LEVELS * k + k * k;
}

static int descending(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x < y) - (x > y);
}

/* threshold[step]: the smallest confidence among the `step` hundredths of the rows that are most confident. */
static void fit_thresholds(float *threshold, const float *confidence, size_t n) {
  threshold[0] = 2; /* above every confidence: nothing is merged */
  for (int step = 1; step < SATURATION_STEPS; step++) {
    const size_t rank = (size_t)step * n / SATURATION_STEPS;
    threshold[step] = confidence[rank > 0 ? rank - 1 : 0];
  }
  threshold[SATURATION_STEPS] = 0;
}

/* One row of `top`: the confidence of each class's merged rows, drawn towards that of all merged rows. */
static void fit_top(float *top, float threshold, const float *reformed, const int32_t *labels, const int32_t *truth,
                    size_t n, size_t k, double *sum, double *count) {
  double all_sum = 0, all_count = 0;
  for (size_t c = 0; c < k; c++) sum[c] = count[c] = 0;
  for (size_t i = 0; i < n; i++) {
    const float confidence = reformed[i * k + (size_t)labels[i]];
    if (confidence < threshold) continue;
    sum[labels[i]] += truth != NULL ? labels[i] == truth[i] : confidence;
    count[labels[i]] += 1;
  }
  for (size_t c = 0; c < k; c++) all_sum += sum[c], all_count += count[c];
  const double prior = all_count > 0 ? all_sum / all_count : 1;
  for (size_t c = 0; c < k; c++) top[c] = (float)((sum[c] + PRIOR_ROWS * prior) / (count[c] + PRIOR_ROWS));
}

/* How the mean reformed row of each class divides what its own score leaves. */
static void fit_rest(float *rest, const float *reformed, const int32_t *labels, size_t n, size_t k) {
  for (size_t i = 0; i < k * k; i++) rest[i] = 0;
  for (size_t i = 0; i < n; i++) {
    float *row = rest + (size_t)labels[i] * k;
    for (size_t j = 0; j < k; j++) row[j] += reformed[i * k + j];
  }
  for (size_t c = 0; c < k; c++) {
    double sum = 0;
    rest[c * k + c] = 0;
    for (size_t j = 0; j < k; j++) sum += rest[c * k + j];
    for (size_t j = 0; j < k; j++)
      rest[c * k + j] = j == c ? 0 : sum > 0 ? (float)(rest[c * k + j] / sum) : 1.0f / (float)(k - 1);
  }
}

scrim_status saturation_fit(saturation *out, float *storage, const float *reformed, const int32_t *labels,
                            const int32_t *truth, size_t n_held, size_t n, size_t k, scrim_error *error) {
  float *threshold = storage, *top = threshold + LEVELS, *rest = top + LEVELS * k;
  float *confidence = memory_zalloc(n_held, sizeof *confidence);
  double *sums = memory_zalloc(2 * k, sizeof *sums);
  if (confidence == NULL || sums == NULL) {
    memory_free(confidence);
    memory_free(sums);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the saturation table of %zu rows", n);
  }
  for (size_t i = 0; i < n_held; i++) confidence[i] = reformed[i * k + (size_t)labels[i]];
  qsort(confidence, n_held, sizeof *confidence, descending);
  fit_thresholds(threshold, confidence, n_held);
  for (int step = 0; step < LEVELS; step++)
    fit_top(top + (size_t)step * k, threshold[step], reformed, labels, truth, n_held, k, sums, sums + k);
  fit_rest(rest, reformed, labels, n, k);
  memory_free(confidence);
  memory_free(sums);
  *out = (saturation){k, threshold, top, rest};
  return SCRIM_OK;
}

scrim_status saturation_put(const saturation *s, tensorfile_writer *writer, scrim_error *error) {
  const int64_t k = (int64_t)s->k, levels[1] = {LEVELS}, by_class[2] = {LEVELS, k}, square[2] = {k, k};
  scrim_status status = tensorfile_put(writer, "saturation.threshold", TENSORFILE_F32, 1, levels, s->threshold, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, "saturation.top", TENSORFILE_F32, 2, by_class, s->top, error);
  if (status == SCRIM_OK) status = tensorfile_put(writer, "saturation.rest", TENSORFILE_F32, 2, square, s->rest, error);
  return status;
}

scrim_status saturation_get(saturation *s, const tensorfile *file, size_t k, scrim_error *error) {
  int64_t levels[1] = {LEVELS}, by_class[2] = {LEVELS, (int64_t)k}, square[2] = {(int64_t)k, (int64_t)k};
  const void *threshold = NULL, *top = NULL, *rest = NULL;
  scrim_status status = tensorfile_get(file, "saturation.threshold", TENSORFILE_F32, 1, levels, &threshold, error);
  if (status == SCRIM_OK) status = tensorfile_get(file, "saturation.top", TENSORFILE_F32, 2, by_class, &top, error);
  if (status == SCRIM_OK) status = tensorfile_get(file, "saturation.rest", TENSORFILE_F32, 2, square, &rest, error);
  if (status == SCRIM_OK) *s = (saturation){k, threshold, top, rest};
  return status;
}

int saturation_apply(const saturation *s, int step, size_t label, float *row) {
  if (row[label] < s->threshold[step]) return 0;
  const float top = s->top[(size_t)step * s->k + label], *rest = s->rest + label * s->k;
  for (size_t j = 0; j < s->k; j++) row[j] = (1 - top) * rest[j];
  row[label] = top;
  return 1;
}
