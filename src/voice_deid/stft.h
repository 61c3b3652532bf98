/* Spectra of short windows of a signal, for measurements and attacks; networks have front_end.h. */
#ifndef VOICE_DEID_STFT_H
#define VOICE_DEID_STFT_H

#include "tensor/fourier.h"
#include <scrim/status.h>

/* Scratch of one thread. */
typedef struct stft {
  int n_window, n_fft, bins; /* n_window <= n_fft; bins = n_fft / 2 + 1 */
  fourier *transform;
  float *window;         /* [n_window] periodic Hann; the owner may put another in its place */
  float *frame;          /* [n_fft] */
  fourier_bin *spectrum; /* [bins] of the last frame */
} stft;

/* Freed with stft_close in any case. SCRIM_E_MEMORY. */
scrim_status stft_open(stft *s, int n_window, int n_fft, scrim_error *error);
void stft_close(stft *s);

/* s->spectrum of x [n_window] under the window, zeros behind. */
void stft_forward(stft *s, const float *x);
/* power [bins] of the last spectrum */
void stft_power(const stft *s, float *power);
/* Adds s->spectrum, as a signal under the window, to x [n_window]. The spectrum becomes scratch. */
void stft_add_inverse(stft *s, float *x);

/* Windows of a signal of n samples that lie inside it. */
size_t stft_frames(const stft *s, size_t n, size_t hop);

#endif
