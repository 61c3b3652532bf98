/* Cepstra of two signals, frame by frame. */
#include "voice_deid/cepstral_distortion.h"
#include "core/error.h"
#include "voice_deid/mel_bank.h"
#include "voice_deid/stft.h"
#include <math.h>

enum { RATE = 16000, WINDOW = 400, HOP = 160, N_FFT = 512, BANDS = 40, CEPSTRA = 13 };

/* Energies below what rounding to 16 bits leaves in a window are taken for that: (2^-15)^2 / 12 * sum of squares. */
#define ENERGY_FLOOR 1.2e-8f

typedef struct cepstra {
  stft stft;
  mel_bank bank;
  double cosine[CEPSTRA][BANDS];
} cepstra;

static scrim_status open_cepstra(cepstra *c, scrim_error *error) {
  c->bank = (mel_bank){0};
  for (int m = 0; m < CEPSTRA; m++)
    for (int b = 0; b < BANDS; b++)
      c->cosine[m][b] = 2.0 / BANDS * cos(3.141592653589793 * (m + 1) * (b + 0.5) / BANDS);
  scrim_status status = stft_open(&c->stft, WINDOW, N_FFT, error);
  return status == SCRIM_OK ? mel_bank_open(&c->bank, BANDS, 0, RATE / 2, N_FFT, RATE, error) : status;
}

static void close_cepstra(cepstra *c) {
  stft_close(&c->stft);
  mel_bank_close(&c->bank);
}

/* x [WINDOW] -> out [CEPSTRA] */
static void find_cepstra(cepstra *c, const float *x, double *out) {
  float power[N_FFT / 2 + 1], energy[BANDS];
  double amplitude[BANDS]; /* logarithms */
  stft_forward(&c->stft, x);
  stft_power(&c->stft, power);
  mel_bank_apply(&c->bank, power, energy);
  for (int b = 0; b < BANDS; b++) amplitude[b] = 0.5 * log(fmaxf(energy[b], ENERGY_FLOOR));
  for (int m = 0; m < CEPSTRA; m++) {
    out[m] = 0;
    for (int b = 0; b < BANDS; b++) out[m] += c->cosine[m][b] * amplitude[b];
  }
}

scrim_status cepstral_distortion(double *mcd, const float *a, const float *b, size_t n, scrim_error *error) {
  cepstra c;
  scrim_status status = open_cepstra(&c, error);
  const size_t frames = status == SCRIM_OK ? stft_frames(&c.stft, n, HOP) : 0;
  if (status == SCRIM_OK && frames == 0)
    status = fail(error, SCRIM_E_DATA, "%zu samples are too few for a distortion, %d are needed", n, (int)WINDOW);
  double sum = 0;
  for (size_t i = 0; i < frames; i++) {
    double ca[CEPSTRA], cb[CEPSTRA], square = 0;
    find_cepstra(&c, a + i * HOP, ca);
    find_cepstra(&c, b + i * HOP, cb);
    for (int m = 0; m < CEPSTRA; m++) square += (ca[m] - cb[m]) * (ca[m] - cb[m]);
    sum += 10 / log(10) * sqrt(2 * square);
  }
  if (status == SCRIM_OK) *mcd = sum / (double)frames;
  close_cepstra(&c);
  return status;
}
