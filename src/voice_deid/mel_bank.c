/* Where the triangles stand, and sums under them. */
#include "voice_deid/mel_bank.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>

static double mel_of(double hertz) {
  return 2595 * log10(1 + hertz / 700);
}

static double hertz_of(double mel) {
  return 700 * (pow(10, mel / 2595) - 1);
}

/* The triangle left..middle..right (Hz) over the bins, which are `step` Hz apart. */
static void fill_band(mel_bank *m, int band, double left, double middle, double right, double step) {
  float *weight = m->weight + (size_t)band * (size_t)m->bins;
  m->first[band] = m->bins;
  for (int k = 0; k < m->bins; k++) {
    const double f = k * step, rising = (f - left) / (middle - left), falling = (right - f) / (right - middle);
    const double height = fmin(rising, falling);
    if (height <= 0) continue;
    weight[k] = (float)height;
    if (k < m->first[band]) m->first[band] = k;
    m->last[band] = k + 1;
  }
}

scrim_status mel_bank_open(mel_bank *m, int bands, double low, double high, int n_fft, double rate,
                           scrim_error *error) {
  *m = (mel_bank){.bands = bands, .bins = n_fft / 2 + 1};
  m->first = memory_zalloc((size_t)bands, sizeof *m->first);
  m->last = memory_zalloc((size_t)bands, sizeof *m->last);
  m->weight = memory_zalloc((size_t)bands * (size_t)m->bins, sizeof *m->weight);
  if (!m->first || !m->last || !m->weight) return fail(error, SCRIM_E_MEMORY, "out of memory for %d mel bands", bands);
  const double from = mel_of(low), step = (mel_of(high) - from) / (bands + 1);
  for (int b = 0; b < bands; b++)
    fill_band(m, b, hertz_of(from + b * step), hertz_of(from + (b + 1) * step), hertz_of(from + (b + 2) * step),
              rate / n_fft);
  return SCRIM_OK;
}

void mel_bank_close(mel_bank *m) {
  memory_free(m->first);
  memory_free(m->last);
  memory_free(m->weight);
  *m = (mel_bank){0};
}

void mel_bank_apply(const mel_bank *m, const float *power, float *energy) {
  for (int b = 0; b < m->bands; b++) {
    const float *weight = m->weight + (size_t)b * (size_t)m->bins;
    float sum = 0;
    for (int k = m->first[b]; k < m->last[b]; k++) sum += weight[k] * power[k];
    energy[b] = sum;
  }
}
