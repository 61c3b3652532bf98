/* One window at a time, there and back. */
#include "voice_deid/stft.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <string.h>

scrim_status stft_open(stft *s, int n_window, int n_fft, scrim_error *error) {
  *s = (stft){.n_window = n_window, .n_fft = n_fft, .bins = n_fft / 2 + 1};
  s->transform = fourier_create(n_fft);
  s->window = memory_zalloc((size_t)n_window, sizeof *s->window);
  s->frame = memory_zalloc((size_t)n_fft, sizeof *s->frame);
  s->spectrum = memory_zalloc((size_t)s->bins, sizeof *s->spectrum);
  if (!s->transform || !s->window || !s->frame || !s->spectrum)
    return fail(error, SCRIM_E_MEMORY, "out of memory for spectra of %d samples", n_fft);
  const double turn = 6.283185307179586 / n_window;
  for (int i = 0; i < n_window; i++) s->window[i] = (float)(0.5 - 0.5 * cos(turn * i));
  return SCRIM_OK;
}

void stft_close(stft *s) {
  fourier_free(s->transform);
  memory_free(s->window);
  memory_free(s->frame);
  memory_free(s->spectrum);
  *s = (stft){0};
}

void stft_forward(stft *s, const float *x) {
  for (int i = 0; i < s->n_window; i++) s->frame[i] = s->window[i] * x[i];
  memset(s->frame + s->n_window, 0, (size_t)(s->n_fft - s->n_window) * sizeof *s->frame);
  fourier_forward(s->transform, s->frame, s->spectrum);
}

void stft_power(const stft *s, float *power) {
  for (int k = 0; k < s->bins; k++) {
    const float re = s->spectrum[k][0], im = s->spectrum[k][1];
    power[k] = re * re + im * im;
  }
}

void stft_add_inverse(stft *s, float *x) {
  const float scale = 1.0f / (float)s->n_fft;
  fourier_inverse(s->transform, s->spectrum, s->frame);
  for (int i = 0; i < s->n_window; i++) x[i] += scale * s->window[i] * s->frame[i];
}

size_t stft_frames(const stft *s, size_t n, size_t hop) {
  return n < (size_t)s->n_window ? 0 : 1 + (n - (size_t)s->n_window) / hop;
}
