/*
 * Convolution by FFTW: the spectrum of y = x * h is the product of theirs. The gradients are correlations,
 * dx[i] = sum over k of g[i + k] h[k], and so products with a conjugate spectrum.
 */
#include "tensor/cpu.h"
#include "tensor/cpu_fft.h"
#include <string.h>

/* ---- buffers: one signal and three half spectra, in the tape's scratch, each aligned as FFTW wants it ---- */

typedef struct cpu_spectra {
  int length;
  float *time;            /* [length] */
  fourier_bin *x, *h, *g; /* [length / 2 + 1] */
  const fourier *transform;
} cpu_spectra;

/* 0 (sticky) when out of memory. */
static int cpu_spectra_open(cpu_spectra *s, node *n) {
  s->length = fourier_good_length(n->out.dim[1]);
  const size_t values = cpu_fft_round((size_t)s->length), bins = cpu_fft_round((size_t)s->length + 2);
  float *scratch = tape_scratch(n, values + 3 * bins);
  if (!scratch) return 0;
  s->time = scratch;
  s->x = (fourier_bin *)(scratch + values);
  s->h = (fourier_bin *)(scratch + values + bins);
  s->g = (fourier_bin *)(scratch + values + 2 * bins);
  s->transform = cpu_fft_find(n, s->length);
  return s->transform != NULL;
}

/* to = spectrum of from [n], zeros behind */
static void cpu_spectrum(const cpu_spectra *s, const float *from, size_t n, fourier_bin *to) {
  memcpy(s->time, from, n * sizeof *from);
  memset(s->time + n, 0, ((size_t)s->length - n) * sizeof *from);
  fourier_forward(s->transform, s->time, to);
}

/* Leaves in s->time the signal of a * b, or of a * conj(b) for sign -1, times the length. a becomes scratch. */
static void cpu_spectrum_product(const cpu_spectra *s, fourier_bin *a, fourier_bin *b, float sign) {
  for (int i = 0; i <= s->length / 2; i++) {
    const float re = a[i][0] * b[i][0] - sign * (a[i][1] * b[i][1]);
    a[i][1] = sign * (a[i][0] * b[i][1]) + a[i][1] * b[i][0];
    a[i][0] = re;
  }
  fourier_inverse(s->transform, a, s->time);
}

/* ---- the kernels ---- */

void cpu_fft_conv_forward(node *n) {
  const tensor *x = n->in[0], *h = n->in[1];
  const size_t length = (size_t)x->dim[1], taps = (size_t)h->dim[1], out = (size_t)n->out.dim[1];
  cpu_spectra s;
  if (!cpu_spectra_open(&s, n)) return;
  for (size_t r = 0; r < (size_t)x->dim[0]; r++) {
    if (r == 0 || h->dim[0] > 1) cpu_spectrum(&s, h->data + r * taps, taps, s.h);
    cpu_spectrum(&s, x->data + r * length, length, s.x);
    cpu_spectrum_product(&s, s.x, s.h, 1);
    for (size_t i = 0; i < out; i++) n->out.data[r * out + i] = s.time[i] / (float)s.length;
  }
}

/* x_grad or h_grad [n] of one row from its g and from the other operand. */
static void cpu_correlate(const cpu_spectra *s, const float *g, size_t out, fourier_bin *other, float *grad, size_t n) {
  cpu_spectrum(s, g, out, s->g);
  cpu_spectrum_product(s, s->g, other, -1);
  for (size_t i = 0; i < n; i++) grad[i] += s->time[i] / (float)s->length;
}

void cpu_fft_conv_backward(node *n) {
  tensor *x = n->in[0], *h = n->in[1];
  const size_t length = (size_t)x->dim[1], taps = (size_t)h->dim[1], out = (size_t)n->out.dim[1];
  cpu_spectra s;
  if (!cpu_spectra_open(&s, n)) return;
  for (size_t r = 0; r < (size_t)x->dim[0]; r++) {
    const size_t filter = h->dim[0] > 1 ? r * taps : 0;
    const float *g = n->out.grad + r * out;
    if (x->grad) {
      if (r == 0 || h->dim[0] > 1) cpu_spectrum(&s, h->data + filter, taps, s.h);
      cpu_correlate(&s, g, out, s.h, x->grad + r * length, length);
    }
    if (h->grad) {
      cpu_spectrum(&s, x->data + r * length, length, s.x);
      cpu_correlate(&s, g, out, s.x, h->grad + filter, taps);
    }
  }
}
