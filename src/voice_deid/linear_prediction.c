/* Autocorrelation, recursion, and the two filters. */
#include "voice_deid/linear_prediction.h"
#include <string.h>

int prediction_find(const double *x, size_t n, int order, double *a) {
  double r[PREDICTION_MOST + 1] = {0}, previous[PREDICTION_MOST + 1];
  for (int lag = 0; lag <= order; lag++)
    for (size_t i = (size_t)lag; i < n; i++) r[lag] += x[i] * x[i - (size_t)lag];
  memset(a, 0, ((size_t)order + 1) * sizeof *a);
  a[0] = 1;
  if (r[0] <= 0) return 0;
  double error = r[0] *= 1 + 1e-9; /* a breath of white noise: pure tones have no finite answer */
  for (int i = 1; i <= order; i++) {
    double reflection = r[i];
    for (int j = 1; j < i; j++) reflection += a[j] * r[i - j];
    reflection /= -error;
    memcpy(previous, a, sizeof(double) * (size_t)i);
    for (int j = 1; j < i; j++) a[j] += reflection * previous[i - j];
    a[i] = reflection;
    error *= 1 - reflection * reflection;
  }
  return 1;
}

void prediction_residual(const double *x, size_t n, const double *a, int order, double *residual) {
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t j = 0; j <= (size_t)order && j <= i; j++) sum += a[j] * x[i - j];
    residual[i] = sum;
  }
}

void prediction_synthesise(const double *residual, size_t n, const double *a, int order, double *x) {
  for (size_t i = 0; i < n; i++) {
    double sum = residual[i];
    for (size_t j = 1; j <= (size_t)order && j <= i; j++) sum -= a[j] * x[i - j];
    x[i] = sum;
  }
}
