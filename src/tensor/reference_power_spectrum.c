/* Plain C: the power spectrum of windows, as the discrete Fourier transform is written. */
#include "tensor/reference.h"
#include <tgmath.h>

static const double reference_turn = 6.283185307179586476925287;

static real reference_hann(int i, int window) {
  return (real)(0.5 - 0.5 * cos(reference_turn * i / window));
}

FORWARD(power_spectrum) {
  const tensor *x = n->in[0];
  const int window = n->at.frame.window, length = n->at.frame.length, frames = n->out.dim[1], bins = n->out.dim[2];
  for (size_t row = 0; row < (size_t)x->dim[0] * (size_t)frames; row++) {
    const real *from =
        x->data + row / (size_t)frames * (size_t)x->dim[1] + row % (size_t)frames * (size_t)n->at.frame.hop;
    for (int k = 0; k < bins; k++) {
      double re = 0, im = 0;
      for (int i = 0; i < window; i++) {
        const double angle = reference_turn * ((int64_t)k * i % length) / length;
        re += (double)(from[i] * reference_hann(i, window)) * cos(angle);
        im -= (double)(from[i] * reference_hann(i, window)) * sin(angle);
      }
      const size_t at = row * (size_t)bins + (size_t)k;
      n->out.data[at] = (real)(re * re + im * im);
      if (n->saved) n->saved[2 * at] = (real)re, n->saved[2 * at + 1] = (real)im;
    }
  }
}

/* d|X|^2 / dx[i] = 2 hann[i] (re cos - im sin) */
BACKWARD(power_spectrum) {
  tensor *x = n->in[0];
  const int window = n->at.frame.window, length = n->at.frame.length, frames = n->out.dim[1], bins = n->out.dim[2];
  for (size_t row = 0; row < (size_t)x->dim[0] * (size_t)frames; row++) {
    real *to = x->grad + row / (size_t)frames * (size_t)x->dim[1] + row % (size_t)frames * (size_t)n->at.frame.hop;
    for (int i = 0; i < window; i++) {
      double sum = 0;
      for (int k = 0; k < bins; k++) {
        const size_t at = row * (size_t)bins + (size_t)k;
        const double angle = reference_turn * ((int64_t)k * i % length) / length;
        sum += (double)n->out.grad[at] *
               ((double)n->saved[2 * at] * cos(angle) - (double)n->saved[2 * at + 1] * sin(angle));
      }
      to[i] += (real)(2 * sum) * reference_hann(i, window);
    }
  }
}
