/* Plain C: full convolution as the sum that it is. x [n, length], h [n or 1, taps] -> [n, length + taps - 1]. */
#include "tensor/reference.h"
#include <string.h>

FORWARD(fft_conv) {
  const tensor *x = n->in[0], *h = n->in[1];
  const size_t length = (size_t)x->dim[1], taps = (size_t)h->dim[1], out = (size_t)n->out.dim[1];
  memset(n->out.data, 0, n->out.n * sizeof(real));
  for (size_t r = 0; r < (size_t)x->dim[0]; r++) {
    const real *row = x->data + r * length, *filter = h->data + (h->dim[0] == 1 ? 0 : r) * taps;
    for (size_t i = 0; i < length; i++) {
      for (size_t k = 0; k < taps; k++) n->out.data[r * out + i + k] += row[i] * filter[k];
    }
  }
}

BACKWARD(fft_conv) {
  tensor *x = n->in[0], *h = n->in[1];
  const size_t length = (size_t)x->dim[1], taps = (size_t)h->dim[1], out = (size_t)n->out.dim[1];
  for (size_t r = 0; r < (size_t)x->dim[0]; r++) {
    const size_t filter = (h->dim[0] == 1 ? 0 : r) * taps;
    for (size_t i = 0; i < length; i++) {
      for (size_t k = 0; k < taps; k++) {
        const real g = n->out.grad[r * out + i + k];
        if (x->grad) x->grad[r * length + i] += g * h->data[filter + k];
        if (h->grad) h->grad[filter + k] += g * x->data[r * length + i];
      }
    }
  }
}
