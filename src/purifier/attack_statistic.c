/* The statistics of single rows. */
#include "purifier/attack_statistic.h"
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
  case STATISTIC_TRUE_CONFIDENCE:
    break;
  }
  return statistic_log_odds(row, k, (size_t)label);
}
