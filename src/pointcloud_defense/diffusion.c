#include "pointcloud_defense/diffusion.h"
#include <math.h>

static const double first_beta = 1e-4, last_beta = 0.05;

void diffusion_init(diffusion *d) {
  d->beta[0] = 0;
  d->alpha[0] = 1;
  for (int t = 1; t <= DIFFUSION_STEPS; t++) {
    d->beta[t] = first_beta + (last_beta - first_beta) * (t - 1) / (DIFFUSION_STEPS - 1);
    d->alpha[t] = d->alpha[t - 1] * (1 - d->beta[t]);
  }
}

double diffusion_ratio(const diffusion *d, int t) {
  return sqrt((1 - d->alpha[t]) / d->alpha[t]);
}

int diffusion_choose(const diffusion *d, double ratio, int cap) {
  int t = 0;
  while (t < cap && diffusion_ratio(d, t) < ratio) t++;
  return t;
}

int diffusion_choose_level(const diffusion *d, double ratio, int cap) {
  if (!(ratio > 0)) return 0;
  for (int level = 1; level < 3; level++) {
    const int t = cap * level / 3;
    if (t > 0 && diffusion_ratio(d, t) >= ratio) return t;
  }
  return cap;
}

diffusion_terms diffusion_forward_terms(const diffusion *d, int t, double scale) {
  return (diffusion_terms){
      .inner = (float)sqrt(d->alpha[t]), .outer = 1, .spread = (float)(scale * sqrt(1 - d->alpha[t]))};
}

diffusion_terms diffusion_reverse_terms(const diffusion *d, int t) {
  const double rest = 1 - d->alpha[t];
  return (diffusion_terms){.inner = 1,
                           .part = -(float)(d->beta[t] / sqrt(rest)),
                           .outer = (float)(1 / sqrt(1 - d->beta[t])),
                           .spread = t > 1 ? (float)sqrt((1 - d->alpha[t - 1]) / rest * d->beta[t]) : 0};
}

diffusion_terms diffusion_leap_terms(const diffusion *d, int t, int s) {
  const double signal = sqrt(d->alpha[s] / d->alpha[t]);
  return (diffusion_terms){
      .inner = (float)signal, .part = (float)(sqrt(1 - d->alpha[s]) - signal * sqrt(1 - d->alpha[t])), .outer = 1};
}

void diffusion_forward(const diffusion *d, int t, double scale, const float *noise, size_t count, float *x) {
  const diffusion_terms by = diffusion_forward_terms(d, t, scale);
  for (size_t i = 0; i < count; i++) x[i] = by.inner * x[i] + by.spread * noise[i];
}

void diffusion_reverse(const diffusion *d, int t, const float *epsilon, const float *noise, size_t count, float *x) {
  const diffusion_terms by = diffusion_reverse_terms(d, t);
  for (size_t i = 0; i < count; i++) x[i] = by.outer * (x[i] + by.part * epsilon[i]);
  for (size_t i = 0; t > 1 && i < count; i++) x[i] += by.spread * noise[i];
}

void diffusion_leap(const diffusion *d, int t, int s, const float *epsilon, size_t count, float *x) {
  const diffusion_terms by = diffusion_leap_terms(d, t, s);
  for (size_t i = 0; i < count; i++) x[i] = by.inner * x[i] + by.part * epsilon[i];
}

int diffusion_stop(int t, int leaps, int i) {
  return t - t * i / leaps;
}
