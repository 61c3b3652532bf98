/* STOI: silence out, bands, correlations. */
#include "voice_deid/stoi.h"
#include "core/error.h"
#include "core/memory.h"
#include "formats/resample.h"
#include "voice_deid/stft.h"
#include <math.h>
#include <string.h>

enum { RATE = 10000, WINDOW = 256, HOP = 128, N_FFT = 512, BANDS = 15, STRETCH = 30 };
static const double lowest_band = 150, dynamic_range = 40, clip_db = -15;

/* One call's buffers. */
typedef struct stoi_room {
  size_t n; /* samples of each signal at RATE, then of what is left */
  stft stft;
  int edge[BANDS][2]; /* bins of a band: edge[0] .. edge[1] - 1 */
  float *signal[2];   /* [n] clean, processed */
  float *kept[2];     /* [n] without silence */
  double *band[2];    /* [windows, BANDS] */
} stoi_room;

/* ---- bands ---- */

static int nearest_bin(double frequency) {
  return (int)floor(frequency * N_FFT / RATE + 0.5);
}

/* Centres are a third of an octave apart; edges are the geometric means between them. */
static void set_bands(stoi_room *r) {
  for (int b = 0; b < BANDS; b++) {
    const double centre = lowest_band * pow(2, b / 3.0);
    r->edge[b][0] = nearest_bin(centre * pow(2, -1 / 6.0));
    r->edge[b][1] = nearest_bin(centre * pow(2, 1 / 6.0));
  }
}

/* x [n] -> band [windows, BANDS]: roots of the energies */
static void find_bands(stoi_room *r, const float *x, size_t windows, double *band) {
  float power[N_FFT / 2 + 1];
  for (size_t i = 0; i < windows; i++) {
    stft_forward(&r->stft, x + i * HOP);
    stft_power(&r->stft, power);
    for (int b = 0; b < BANDS; b++) {
      double sum = 0;
      for (int k = r->edge[b][0]; k < r->edge[b][1]; k++) sum += power[k];
      band[i * BANDS + (size_t)b] = sqrt(sum);
    }
  }
}

/* ---- silence ---- */

/* dB of a window of x [WINDOW]; digital silence is below everything. */
static double window_level(const stoi_room *r, const float *x) {
  double sum = 0;
  for (int i = 0; i < WINDOW; i++) sum += (double)(r->stft.window[i] * x[i]) * (r->stft.window[i] * x[i]);
  return 10 * log10(sum / WINDOW + 1e-30);
}

/* Windows of both signals where the clean one speaks, overlapped and added; r->n becomes the samples that are left. */
static void drop_silence(stoi_room *r) {
  const size_t windows = stft_frames(&r->stft, r->n, HOP);
  double loudest = -INFINITY;
  size_t kept = 0;
  for (size_t i = 0; i < windows; i++) loudest = fmax(loudest, window_level(r, r->signal[0] + i * HOP));
  for (size_t i = 0; i < windows; i++) {
    if (window_level(r, r->signal[0] + i * HOP) <= loudest - dynamic_range) continue;
    for (int s = 0; s < 2; s++)
      for (int j = 0; j < WINDOW; j++)
        r->kept[s][kept * HOP + (size_t)j] += r->stft.window[j] * r->signal[s][i * HOP + (size_t)j];
    kept++;
  }
  r->n = kept > 0 ? (kept - 1) * HOP + WINDOW : 0;
}

/* ---- correlations ---- */

/* Of band b over the STRETCH windows that x and y [STRETCH, BANDS] begin with. 0 where one of them is constant. */
static double correlate(const double *x, const double *y, int b) {
  const double clip = 1 + pow(10, -clip_db / 20);
  double xx = 0, yy = 0, xy = 0, mean_x = 0, mean_y = 0, clipped[STRETCH];
  for (int i = 0; i < STRETCH; i++) {
    xx += x[i * BANDS + b] * x[i * BANDS + b];
    yy += y[i * BANDS + b] * y[i * BANDS + b];
  }
  const double scale = yy > 0 ? sqrt(xx / yy) : 0;
  for (int i = 0; i < STRETCH; i++) {
    clipped[i] = fmin(scale * y[i * BANDS + b], clip * x[i * BANDS + b]);
    mean_x += x[i * BANDS + b] / STRETCH;
    mean_y += clipped[i] / STRETCH;
  }
  xx = yy = 0;
  for (int i = 0; i < STRETCH; i++) {
    const double dx = x[i * BANDS + b] - mean_x, dy = clipped[i] - mean_y;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

static scrim_status measure(stoi_room *r, double *out, scrim_error *error) {
  drop_silence(r);
  const size_t windows = stft_frames(&r->stft, r->n, HOP);
  if (windows < STRETCH)
    return fail(error, SCRIM_E_DATA, "%zu windows of speech are too few for STOI, %d are needed", windows,
                (int)STRETCH);
  for (int s = 0; s < 2; s++) {
    r->band[s] = memory_alloc(windows * BANDS * sizeof *r->band[s]);
    if (!r->band[s]) return fail(error, SCRIM_E_MEMORY, "out of memory for the bands of %zu windows", windows);
    find_bands(r, r->kept[s], windows, r->band[s]);
  }
  double sum = 0;
  for (size_t i = 0; i + STRETCH <= windows; i++)
    for (int b = 0; b < BANDS; b++) sum += correlate(r->band[0] + i * BANDS, r->band[1] + i * BANDS, b);
  *out = sum / ((double)(windows - STRETCH + 1) * BANDS);
  return SCRIM_OK;
}

/* ---- the whole ---- */

static scrim_status open_room(stoi_room *r, const float *const source[2], size_t n, double rate, scrim_error *error) {
  *r = (stoi_room){.n = resample_length(n, rate, RATE)};
  set_bands(r);
  scrim_status status = stft_open(&r->stft, WINDOW, N_FFT, error);
  /* Without the zeros at the ends of the periodic window, as the paper's code has it. */
  for (int i = 0; status == SCRIM_OK && i < WINDOW; i++)
    r->stft.window[i] = (float)(0.5 - 0.5 * cos(6.283185307179586 * (i + 1) / (WINDOW + 1)));
  for (int s = 0; s < 2 && status == SCRIM_OK; s++) {
    r->signal[s] = memory_alloc(r->n * sizeof *r->signal[s]);
    r->kept[s] = memory_zalloc(r->n + WINDOW, sizeof *r->kept[s]);
    if (!r->signal[s] || !r->kept[s]) return fail(error, SCRIM_E_MEMORY, "out of memory for STOI of %zu samples", n);
    status = resample_all(source[s], n, 1, rate, RATE, r->signal[s], r->n, error);
  }
  return status;
}

/* What it holds is speech that was to be hidden. */
static void close_room(stoi_room *r, size_t n) {
  stft_close(&r->stft);
  for (int s = 0; s < 2; s++) {
    memory_wipe_free(r->signal[s], n * sizeof *r->signal[s]);
    memory_wipe_free(r->kept[s], (n + WINDOW) * sizeof *r->kept[s]);
    memory_free(r->band[s]);
  }
}

scrim_status stoi(double *out, const float *clean, const float *processed, size_t n, double rate, scrim_error *error) {
  const float *const source[2] = {clean, processed};
  stoi_room room;
  scrim_status status = open_room(&room, source, n, rate, error);
  const size_t samples = room.n;
  if (status == SCRIM_OK) status = measure(&room, out, error);
  close_room(&room, samples);
  return status;
}
