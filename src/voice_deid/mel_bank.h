/* Triangular bands, evenly spaced on the mel scale 2595 log10(1 + f / 700), each of height 1. */
#ifndef VOICE_DEID_MEL_BANK_H
#define VOICE_DEID_MEL_BANK_H

#include <scrim/status.h>

typedef struct mel_bank {
  int bands, bins;
  int *first, *last; /* [bands] bins that a band covers: first..last - 1 */
  float *weight;     /* [bands, bins] */
} mel_bank;

/* Bands between low and high Hz over the spectra of n_fft samples at `rate` Hz. mel_bank_close is due in any case. */
scrim_status mel_bank_open(mel_bank *m, int bands, double low, double high, int n_fft, double rate, scrim_error *error);
void mel_bank_close(mel_bank *m);
/* power [bins] -> energy [bands] */
void mel_bank_apply(const mel_bank *m, const float *power, float *energy);

#endif
