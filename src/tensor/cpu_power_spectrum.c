/*
 * The power spectrum of windows by FFTW. The gradient goes back through the inverse transform: with Y = g X, where both
 * real bins count twice because the half spectrum stands for two of each other bin,
 * dx = hann * (inverse transform of Y, unscaled).
 */
#include "tensor/cpu.h"
#include "tensor/cpu_fft.h"
#include "tensor/vector_math.h"

/* Of one pass: the window, one frame and its spectrum, in the tape's scratch, aligned as FFTW wants them. */
typedef struct cpu_frame {
  int window, hop, length, frames, bins;
  float *hann;      /* [window] */
  float *time;      /* [length] */
  fourier_bin *bin; /* [bins] */
  const fourier *transform;
} cpu_frame;

/* 0 (sticky) when out of memory. */
static int cpu_frame_open(cpu_frame *f, node *n) {
  *f = (cpu_frame){.window = n->at.frame.window,
                   .hop = n->at.frame.hop,
                   .length = n->at.frame.length,
                   .frames = n->out.dim[1],
                   .bins = n->out.dim[2]};
  const size_t hann = cpu_fft_round((size_t)f->window), time = cpu_fft_round((size_t)f->length);
  f->hann = tape_scratch(n, hann + time + 2 * (size_t)f->bins);
  if (!f->hann) return 0;
  f->time = f->hann + hann;
  f->bin = (fourier_bin *)(f->time + time);
  for (int i = 0; i < f->window; i++) f->hann[i] = (float)(0.5 - 0.5 * cos(6.283185307179586476925287 * i / f->window));
  f->transform = cpu_fft_find(n, f->length);
  return f->transform != NULL;
}

/* Where frame `row` of all begins among the samples. */
static size_t cpu_frame_start(const cpu_frame *f, size_t row, int length) {
  return row / (size_t)f->frames * (size_t)length + row % (size_t)f->frames * (size_t)f->hop;
}

VECTOR_CLONES static void cpu_powers(const float *restrict bin, float *restrict power, size_t bins) {
  for (size_t k = 0; k < bins; k++) power[k] = bin[2 * k] * bin[2 * k] + bin[2 * k + 1] * bin[2 * k + 1];
}

void cpu_power_spectrum_forward(node *n) {
  const tensor *x = n->in[0];
  cpu_frame f;
  if (!cpu_frame_open(&f, n)) return;
  const size_t bins = (size_t)f.bins;
  for (size_t row = 0; row < (size_t)x->dim[0] * (size_t)f.frames; row++) {
    const float *from = x->data + cpu_frame_start(&f, row, x->dim[1]);
    for (int i = 0; i < f.window; i++) f.time[i] = from[i] * f.hann[i];
    memset(f.time + f.window, 0, (size_t)(f.length - f.window) * sizeof *f.time);
    fourier_forward(f.transform, f.time, f.bin);
    cpu_powers((const float *)f.bin, n->out.data + row * bins, bins);
    if (n->saved) memcpy(n->saved + 2 * row * bins, f.bin, bins * sizeof *f.bin);
  }
}

void cpu_power_spectrum_backward(node *n) {
  tensor *x = n->in[0];
  cpu_frame f;
  if (!cpu_frame_open(&f, n)) return;
  const size_t bins = (size_t)f.bins;
  for (size_t row = 0; row < (size_t)x->dim[0] * (size_t)f.frames; row++) {
    const float *g = n->out.grad + row * bins, *spectrum = n->saved + 2 * row * bins;
    float *to = x->grad + cpu_frame_start(&f, row, x->dim[1]);
    for (size_t k = 0; k < bins; k++) {
      const float slope = k == 0 || k + 1 == bins ? 2 * g[k] : g[k];
      f.bin[k][0] = slope * spectrum[2 * k];
      f.bin[k][1] = slope * spectrum[2 * k + 1];
    }
    fourier_inverse(f.transform, f.bin, f.time);
    for (int i = 0; i < f.window; i++) to[i] += f.time[i] * f.hann[i];
  }
}
