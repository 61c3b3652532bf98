/* A spectrogram, gains that differ by attempt, and the way back. */
#include "voice_deid/attack_removal_spectrum.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/stft.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 16000, WINDOW = 512, HOP = WINDOW / 4, BINS = REMOVAL_BINS };
static const double active_range = 40;            /* dB below the loudest window that still counts as speech */
static const double power_floor = 1e-12;          /* keeps logarithms finite */
static const double most_gain = 20 / 8.685889638; /* of inverse filters, in nepers: 20 dB */

typedef struct spectrogram {
  stft stft;
  size_t n, frames, padded; /* samples; windows; samples with silence at both ends */
  float *signal;            /* [padded] */
  float *power;             /* [frames, BINS] */
  float *gain;              /* [frames, BINS] of amplitudes */
  unsigned char *is_active; /* [frames] */
} spectrogram;

static void close_spectrogram(spectrogram *s) {
  stft_close(&s->stft);
  memory_wipe_free(s->signal, s->padded * sizeof *s->signal);
  memory_wipe_free(s->power, s->frames * BINS * sizeof *s->power);
  memory_free(s->gain);
  memory_free(s->is_active);
}

static void mark_active(spectrogram *s) {
  double loudest = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t f = 0; f < s->frames; f++) {
      double sum = 0;
      for (int k = 0; k < BINS; k++) sum += s->power[f * BINS + (size_t)k];
      if (pass == 0) loudest = fmax(loudest, sum);
      s->is_active[f] = sum > 0 && sum >= loudest * pow(10, -active_range / 10);
    }
}

/* Powers of x [n], gains of 1. close_spectrogram is due in any case. */
static scrim_status open_spectrogram(spectrogram *s, const float *x, size_t n, scrim_error *error) {
  *s = (spectrogram){.n = n, .frames = (n + WINDOW - 1) / HOP + 1};
  s->padded = (s->frames - 1) * HOP + WINDOW;
  s->signal = memory_zalloc(s->padded, sizeof *s->signal);
  s->power = memory_alloc(s->frames * BINS * sizeof *s->power);
  s->gain = memory_alloc(s->frames * BINS * sizeof *s->gain);
  s->is_active = memory_zalloc(s->frames, 1);
  if (!s->signal || !s->power || !s->gain || !s->is_active)
    return fail(error, SCRIM_E_MEMORY, "out of memory for a spectrogram of %zu samples", n);
  scrim_status status = stft_open(&s->stft, WINDOW, WINDOW, error);
  if (status != SCRIM_OK) return status;
  memcpy(s->signal + WINDOW - HOP, x, n * sizeof *x);
  for (size_t f = 0; f < s->frames; f++) {
    stft_forward(&s->stft, s->signal + f * HOP);
    stft_power(&s->stft, s->power + f * BINS);
  }
  for (size_t i = 0; i < s->frames * BINS; i++) s->gain[i] = 1;
  mark_active(s);
  return SCRIM_OK;
}

/* y [n]: the signal with the gains on it. Squared windows a quarter apart sum to 1.5. */
static scrim_status resynthesise(spectrogram *s, float *y, scrim_error *error) {
  float *sum = memory_zalloc(s->padded, sizeof *sum);
  if (!sum) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu samples", s->padded);
  for (size_t f = 0; f < s->frames; f++) {
    stft_forward(&s->stft, s->signal + f * HOP);
    for (int k = 0; k < BINS; k++) {
      s->stft.spectrum[k][0] *= s->gain[f * BINS + (size_t)k];
      s->stft.spectrum[k][1] *= s->gain[f * BINS + (size_t)k];
    }
    stft_add_inverse(&s->stft, sum + f * HOP);
  }
  for (size_t i = 0; i < s->n; i++) y[i] = sum[WINDOW - HOP + i] / 1.5f;
  memory_wipe_free(sum, s->padded * sizeof *sum);
  return SCRIM_OK;
}

/* ---- mean spectra ---- */

/* Mean log power of the active windows of first..last - 1; 0 if there is none. */
static int mean_level(const spectrogram *s, size_t first, size_t last, double level[BINS]) {
  size_t n = 0;
  memset(level, 0, BINS * sizeof *level);
  for (size_t f = first; f < last; f++) {
    if (!s->is_active[f]) continue;
    n++;
    for (int k = 0; k < BINS; k++) level[k] += log(s->power[f * BINS + (size_t)k] + power_floor);
  }
  for (int k = 0; k < BINS && n > 0; k++) level[k] /= (double)n;
  return n > 0;
}

/* gain [BINS] from one mean level to the other, smooth over five bins, without a change of loudness. */
static void match_level(const double from[BINS], const double to[BINS], float *gain) {
  double rise[BINS], mean = 0;
  for (int k = 0; k < BINS; k++) mean += (to[k] - from[k]) / BINS;
  for (int k = 0; k < BINS; k++) {
    int n = 0;
    rise[k] = 0;
    for (int j = k - 2; j <= k + 2; j++) {
      if (j < 0 || j >= BINS) continue;
      rise[k] += to[j] - from[j] - mean;
      n++;
    }
    rise[k] = 0.5 * rise[k] / n; /* of amplitudes */
    gain[k] = (float)exp(fmin(fmax(rise[k], -most_gain), most_gain));
  }
}

scrim_status attack_removal_measure(const float *x, size_t n, double level[REMOVAL_BINS], scrim_error *error) {
  spectrogram s;
  scrim_status status = open_spectrogram(&s, x, n, error);
  if (status == SCRIM_OK) mean_level(&s, 0, s.frames, level);
  close_spectrogram(&s);
  return status;
}

static void inverse_gains(spectrogram *s, const double *clean) {
  double level[BINS];
  if (!mean_level(s, 0, s->frames, level)) return;
  for (size_t f = 0; f < s->frames; f++) match_level(level, clean, s->gain + f * BINS);
}

static void local_inverse_gains(spectrogram *s, const double *clean) {
  const size_t reach = RATE / HOP / 2; /* windows in half a second */
  double level[BINS];
  for (size_t f = 0; f < s->frames; f++) {
    const size_t first = f > reach ? f - reach : 0, last = f + reach < s->frames ? f + reach : s->frames;
    if (mean_level(s, first, last, level)) match_level(level, clean, s->gain + f * BINS);
  }
}

/* ---- subtraction ---- */

static const float least_gain = 0.1f; /* lower makes music */

/* Lebart, Boucher, Denbigh, "A new method based on spectral subtraction for speech dereverberation" (Acta Acustica 87,
 * 2001), for a room of T60 0.4 s. */
static void dereverberation_gains(spectrogram *s, const double *clean) {
  const size_t delay = RATE / 20 / HOP; /* 50 ms */
  const float left = (float)pow(10, -6 * 0.05 / 0.4);
  (void)clean;
  for (size_t f = delay; f < s->frames; f++)
    for (size_t k = 0; k < BINS; k++) {
      const float power = s->power[f * BINS + k], late = left * s->power[(f - delay) * BINS + k];
      if (power > 0) s->gain[f * BINS + k] = fmaxf(1 - sqrtf(late / power), least_gain);
    }
}

static int rising(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* The power of Gaussian noise is below 0.105 of its mean a tenth of the time. `column` [frames] is scratch. */
static void denoise_gains(spectrogram *s, float *column) {
  for (size_t k = 0; k < BINS; k++) {
    for (size_t f = 0; f < s->frames; f++) column[f] = s->power[f * BINS + k];
    qsort(column, s->frames, sizeof *column, rising);
    const float noise = column[s->frames / 10] / 0.105f;
    for (size_t f = 0; f < s->frames; f++) {
      const float power = s->power[f * BINS + k];
      if (power > 0) s->gain[f * BINS + k] = fmaxf(1 - noise / power, least_gain);
    }
  }
}

/* ---- the attempts ---- */

static scrim_status with_gains(const float *x, size_t n, const double *clean,
                               void (*find)(spectrogram *s, const double *clean), float *y, scrim_error *error) {
  spectrogram s;
  scrim_status status = open_spectrogram(&s, x, n, error);
  if (status == SCRIM_OK) {
    find(&s, clean);
    status = resynthesise(&s, y, error);
  }
  close_spectrogram(&s);
  return status;
}

scrim_status attack_removal_inverse(const float *x, size_t n, const double *clean, float *y, scrim_error *error) {
  return with_gains(x, n, clean, inverse_gains, y, error);
}

scrim_status attack_removal_local_inverse(const float *x, size_t n, const double *clean, float *y, scrim_error *error) {
  return with_gains(x, n, clean, local_inverse_gains, y, error);
}

scrim_status attack_removal_dereverberate(const float *x, size_t n, const double *clean, float *y, scrim_error *error) {
  return with_gains(x, n, clean, dereverberation_gains, y, error);
}

scrim_status attack_removal_denoise(const float *x, size_t n, const double *clean, float *y, scrim_error *error) {
  (void)clean;
  spectrogram s;
  scrim_status status = open_spectrogram(&s, x, n, error);
  float *column = status == SCRIM_OK ? memory_alloc(s.frames * sizeof *column) : NULL;
  if (status == SCRIM_OK && !column) status = fail(error, SCRIM_E_MEMORY, "out of memory for %zu windows", s.frames);
  if (status == SCRIM_OK) {
    denoise_gains(&s, column);
    status = resynthesise(&s, y, error);
  }
  memory_free(column);
  close_spectrogram(&s);
  return status;
}
