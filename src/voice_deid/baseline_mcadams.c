/* Patino et al., "Speaker anonymisation using the McAdams coefficient" (Interspeech 2021). */
#include "voice_deid/baseline_mcadams.h"
#include "core/error.h"
#include "voice_deid/linear_prediction.h"
#include "voice_deid/polynomial.h"
#include <math.h>

enum { RATE = 16000, FRAME = RATE / 50, HOP = FRAME / 2, ORDER = 20 };

/* Roots nearer to the real axis than this are real. */
static const double real_root = 1e-9;

/* Coefficients a [ORDER + 1] with the angles of complex poles raised to the power. */
static void move_poles(double *a, double power) {
  double complex pole[ORDER];
  polynomial_roots(a, ORDER, pole);
  for (int i = 0; i < ORDER; i++) {
    if (fabs(cimag(pole[i])) < real_root) {
      pole[i] = creal(pole[i]);
      continue;
    }
    const double angle = carg(pole[i]), moved = copysign(pow(fabs(angle), power), angle);
    pole[i] = cabs(pole[i]) * cexp(I * moved);
  }
  polynomial_from_roots(pole, ORDER, a);
}

/* Adds the frame that begins at x [n], as it becomes, to y. */
static void add_frame(const float *x, size_t n, const double *window, double coefficient, float *y) {
  double frame[FRAME] = {0}, residual[FRAME], a[ORDER + 1];
  for (size_t i = 0; i < FRAME && i < n; i++) frame[i] = window[i] * x[i];
  if (!prediction_find(frame, FRAME, ORDER, a)) return;
  prediction_residual(frame, FRAME, a, ORDER, residual);
  move_poles(a, coefficient);
  prediction_synthesise(residual, FRAME, a, ORDER, frame);
  for (size_t i = 0; i < FRAME && i < n; i++) y[i] += (float)(window[i] * frame[i]);
}

static float peak_of(const float *x, size_t n) {
  float peak = 0;
  for (size_t i = 0; i < n; i++) peak = fmaxf(peak, fabsf(x[i]));
  return peak;
}

scrim_status baseline_mcadams(const float *x, size_t n, double coefficient, float *y, scrim_error *error) {
  double window[FRAME];
  for (int i = 0; i < FRAME; i++) window[i] = sqrt(0.5 - 0.5 * cos(6.283185307179586 * i / FRAME));
  for (size_t i = 0; i < n; i++) y[i] = 0;
  /* The first half frame would have one window instead of two: it is worked on again with silence before it. */
  float head[FRAME] = {0}, start[FRAME] = {0};
  for (size_t i = 0; i < HOP && i < n; i++) head[HOP + i] = x[i];
  add_frame(head, FRAME, window, coefficient, start);
  for (size_t i = 0; i < HOP && i < n; i++) y[i] = start[HOP + i];
  for (size_t at = 0; at < n; at += HOP) add_frame(x + at, n - at, window, coefficient, y + at);
  const float before = peak_of(x, n), after = peak_of(y, n);
  if (!isfinite(after))
    return fail(error, SCRIM_E_INTERNAL, "McAdams' coefficient %g gave no finite speech", coefficient);
  for (size_t i = 0; i < n && after > 0; i++) y[i] *= before / after;
  return SCRIM_OK;
}
