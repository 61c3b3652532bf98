#include "purifier/score_form.h"

#include "core/error.h"
#include <math.h>

size_t score_argmax(const float *row, size_t k) {
  size_t best = 0;
  for (size_t j = 1; j < k; j++)
    if (row[j] > row[best]) best = j;
  return best;
}

static scrim_status check_sum(double sum, size_t row, const char *what, scrim_error *error) {
  if (fabs(sum - 1) <= SCORE_SUM_TOLERANCE) return SCRIM_OK;
  return fail_row(
      error, SCRIM_E_DATA, (int64_t)row,
      "row %zu: %s sum to %.9g, not to 1 within %g (are these logits or log-probabilities? the parameter form says)",
      row, what, sum, SCORE_SUM_TOLERANCE);
}

static scrim_status check_probabilities(const float *row, size_t k, size_t index, scrim_error *error) {
  double sum = 0;
  for (size_t j = 0; j < k; j++) {
    if (!(row[j] >= 0 && row[j] <= 1 + SCORE_SUM_TOLERANCE))
      return fail_row(error, SCRIM_E_DATA, (int64_t)index, "row %zu, column %zu: %.9g is no probability (0 to 1)",
                      index, j, (double)row[j]);
    sum += row[j];
  }
  return check_sum(sum, index, "probabilities", error);
}

static scrim_status check_log_probabilities(const float *row, size_t k, size_t index, scrim_error *error) {
  double sum = 0;
  for (size_t j = 0; j < k; j++) {
    if (!(row[j] <= SCORE_SUM_TOLERANCE))
      return fail_row(error, SCRIM_E_DATA, (int64_t)index,
                      "row %zu, column %zu: %.9g is no log-probability (at most 0)", index, j, (double)row[j]);
    sum += exp(row[j]);
  }
  return check_sum(sum, index, "exponentials of the log-probabilities", error);
}

static scrim_status check_finite(const float *row, size_t k, size_t index, scrim_error *error) {
  for (size_t j = 0; j < k; j++) {
    if (!isfinite(row[j]))
      return fail_row(error, SCRIM_E_DATA, (int64_t)index, "row %zu, column %zu: %.9g is not finite", index, j,
                      (double)row[j]);
  }
  return SCRIM_OK;
}

typedef scrim_status (*row_check)(const float *row, size_t k, size_t index, scrim_error *error);

scrim_status score_form_check(score_form form, const float *rows, size_t n, size_t k, scrim_error *error) {
  static const row_check check[] = {check_probabilities, check_finite, check_log_probabilities};
  for (size_t i = 0; i < n; i++) {
    scrim_status status = check_finite(rows + i * k, k, i, error);
    if (status == SCRIM_OK) status = check[form](rows + i * k, k, i, error);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

void score_form_to_probabilities(score_form form, const float *row, size_t k, float *probabilities) {
  double sum = 0;
  const float top = form == SCORE_PROBABILITIES ? 0 : row[score_argmax(row, k)];
  for (size_t j = 0; j < k; j++) {
    probabilities[j] = form == SCORE_PROBABILITIES ? row[j] : expf(row[j] - top);
    sum += probabilities[j];
  }
  const float scale = (float)(1 / sum);
  for (size_t j = 0; j < k; j++) probabilities[j] *= scale;
}

void score_form_from_probabilities(score_form form, const float *probabilities, size_t k, float *row) {
  for (size_t j = 0; j < k; j++)
    row[j] = form == SCORE_PROBABILITIES ? probabilities[j] : logf(fmaxf(probabilities[j], SCORE_LOG_FLOOR));
}
