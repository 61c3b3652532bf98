/* Fundamental frequency by autocorrelation, frame by frame, and its median. */
#include "voice_deid/pitch.h"
#include "core/error.h"
#include "core/memory.h"
#include "tensor/fourier.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  RATE = 16000,
  FRAME = 1024,
  HOP = 1600,
  LENGTH = 2 * FRAME,    /* so that correlations do not wrap */
  SHORTEST = RATE / 400, /* lags: 60 to 400 Hz */
  LONGEST = RATE / 60,
  MOST_FRAMES = 300
};

static const float voiced = 0.5f; /* correlation, as a share of that at lag 0 */

typedef struct pitch_scratch {
  fourier *transform;
  float *time;           /* [LENGTH] */
  fourier_bin *spectrum; /* [LENGTH / 2 + 1] */
} pitch_scratch;

static int compare_floats(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Hz of the frame at x; 0: unvoiced. The longer lag has fewer samples to agree in, which is made up for. */
static float pitch_frame(const pitch_scratch *s, const float *x) {
  memset(s->time, 0, LENGTH * sizeof *s->time);
  memcpy(s->time, x, FRAME * sizeof *x);
  fourier_forward(s->transform, s->time, s->spectrum);
  for (int k = 0; k < fourier_bins(s->transform); k++) {
    s->spectrum[k][0] = s->spectrum[k][0] * s->spectrum[k][0] + s->spectrum[k][1] * s->spectrum[k][1];
    s->spectrum[k][1] = 0;
  }
  fourier_inverse(s->transform, s->spectrum, s->time);
  int best = 0;
  float most = voiced * s->time[0];
  if (!(s->time[0] > 0)) return 0;
  for (int lag = SHORTEST; lag <= LONGEST; lag++) {
    const float r = s->time[lag] * FRAME / (float)(FRAME - lag);
    const int is_peak = s->time[lag] >= s->time[lag - 1] && s->time[lag] >= s->time[lag + 1];
    if (is_peak && r > 1.05f * most)
      most = r, best = lag; /* a later peak is likely a multiple: it must be clearly higher */
  }
  return best == 0 ? 0 : (float)RATE / (float)best;
}

static double pitch_of_frames(const pitch_scratch *s, const float *x, size_t n) {
  float found[MOST_FRAMES];
  size_t n_found = 0;
  for (size_t at = 0; at + FRAME <= n && n_found < MOST_FRAMES; at += HOP) {
    const float hz = pitch_frame(s, x + at);
    if (hz > 0) found[n_found++] = hz;
  }
  if (n_found == 0) return 0;
  qsort(found, n_found, sizeof *found, compare_floats);
  return (double)found[n_found / 2];
}

scrim_status pitch_median(const float *x, size_t n, double *hz, scrim_error *error) {
  pitch_scratch s = {.transform = fourier_create(LENGTH),
                     .time = memory_zalloc(LENGTH, sizeof *s.time),
                     .spectrum = memory_zalloc(LENGTH / 2 + 1, sizeof *s.spectrum)};
  const int is_ready = s.transform != NULL && s.time != NULL && s.spectrum != NULL;
  *hz = is_ready ? pitch_of_frames(&s, x, n) : 0;
  fourier_free(s.transform);
  memory_wipe_free(s.time, LENGTH * sizeof *s.time);
  memory_wipe_free(s.spectrum, (LENGTH / 2 + 1) * sizeof *s.spectrum);
  return is_ready ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for a pitch");
}

int pitch_class(double hz) {
  if (hz == 0) return 1;
  return hz > 210 ? 2 : hz > 150;
}
