/* Cyclic Jacobi. */
#include "voice_deid/symmetric_eigen.h"
#include <math.h>
#include <string.h>

enum { MOST_SWEEPS = 50 };

/* Turns rows p and q, and columns p and q, so that a[p][q] vanishes; the rows of `vector` turn with them. */
static void rotate(double *a, size_t n, size_t p, size_t q, double *vector) {
  const double off = a[p * n + q];
  if (off == 0) return;
  const double theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
  const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
  for (size_t k = 0; k < n; k++) {
    const double kp = a[k * n + p], kq = a[k * n + q];
    a[k * n + p] = c * kp - s * kq;
    a[k * n + q] = s * kp + c * kq;
  }
  for (size_t k = 0; k < n; k++) {
    const double pk = a[p * n + k], qk = a[q * n + k], vp = vector[p * n + k], vq = vector[q * n + k];
    a[p * n + k] = c * pk - s * qk;
    a[q * n + k] = s * pk + c * qk;
    vector[p * n + k] = c * vp - s * vq;
    vector[q * n + k] = s * vp + c * vq;
  }
}

static void swap_rows(double *vector, size_t n, size_t i, size_t j) {
  for (size_t k = 0; k < n; k++) {
    const double kept = vector[i * n + k];
    vector[i * n + k] = vector[j * n + k];
    vector[j * n + k] = kept;
  }
}

static void sort_by_value(double *value, double *vector, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t best = i;
    for (size_t j = i + 1; j < n; j++)
      if (value[j] > value[best]) best = j;
    const double kept = value[i];
    value[i] = value[best];
    value[best] = kept;
    if (best != i) swap_rows(vector, n, i, best);
  }
}

void symmetric_eigen(double *a, size_t n, double *value, double *vector) {
  memset(vector, 0, n * n * sizeof *vector);
  for (size_t i = 0; i < n; i++) vector[i * n + i] = 1;
  for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    double off = 0, all = 0;
    for (size_t i = 0; i < n * n; i++) {
      all += a[i] * a[i];
      if (i / n != i % n) off += a[i] * a[i];
    }
    if (off <= 1e-26 * all) break;
    for (size_t p = 0; p + 1 < n; p++)
      for (size_t q = p + 1; q < n; q++) rotate(a, n, p, q, vector);
  }
  for (size_t i = 0; i < n; i++) value[i] = a[i * n + i];
  sort_by_value(value, vector, n);
}
