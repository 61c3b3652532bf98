/* Plain C: filters that move, as the sums that they are, and responses of minimum phase from their cepstra. */
#include "tensor/reference.h"
#include <string.h>

/* ---- moving filter: y[i + k] += x[i] * h(i)[k], h(i) between two responses ---- */

/* The responses before and after sample i, and the share of the one after. */
typedef struct reference_between {
  const real *before, *after;
  size_t at, next;
  real share;
} reference_between;

static reference_between reference_find(const tensor *h, size_t i, size_t hop) {
  const size_t at = i / hop, next = at + 1 < (size_t)h->dim[0] ? at + 1 : at, taps = (size_t)h->dim[1];
  return (reference_between){.before = h->data + at * taps,
                             .after = h->data + next * taps,
                             .at = at,
                             .next = next,
                             .share = (real)(i % hop) / (real)hop};
}

FORWARD(moving_filter) {
  const tensor *x = n->in[0], *h = n->in[1];
  const size_t length = (size_t)x->dim[1], taps = (size_t)h->dim[1];
  memset(n->out.data, 0, n->out.n * sizeof(real));
  for (size_t i = 0; i < length; i++) {
    const reference_between b = reference_find(h, i, (size_t)n->at.moving.hop);
    for (size_t k = 0; k < taps && i + k < length; k++) {
      const real tap = (1 - b.share) * b.before[k] + b.share * b.after[k];
      for (size_t c = 0; c < x->n; c += length) n->out.data[c + i + k] += x->data[c + i] * tap;
    }
  }
}

BACKWARD(moving_filter) {
  tensor *x = n->in[0], *h = n->in[1];
  const size_t length = (size_t)x->dim[1], taps = (size_t)h->dim[1];
  for (size_t i = 0; i < length; i++) {
    const reference_between b = reference_find(h, i, (size_t)n->at.moving.hop);
    for (size_t k = 0; k < taps && i + k < length; k++) {
      for (size_t c = 0; c < x->n; c += length) {
        const real g = n->out.grad[c + i + k];
        if (x->grad) x->grad[c + i] += g * ((1 - b.share) * b.before[k] + b.share * b.after[k]);
        if (!h->grad) continue;
        h->grad[b.at * taps + k] += (1 - b.share) * g * x->data[c + i];
        h->grad[b.next * taps + k] += b.share * g * x->data[c + i];
      }
    }
  }
}

/*
 * ---- minimum phase: H(z) = exp(sum over m of c[m] z^-m), whose derivative by z gives a recursion without any FFT ----
 */

FORWARD(minimum_phase) {
  const tensor *c = n->in[0];
  const size_t order = (size_t)c->dim[1], taps = (size_t)n->out.dim[1];
  for (size_t r = 0; r < (size_t)c->dim[0]; r++) {
    const real *cepstrum = c->data + r * order;
    real *h = n->out.data + r * taps;
    h[0] = 1;
    for (size_t i = 1; i < taps; i++) {
      real sum = 0;
      for (size_t m = 1; m <= order && m <= i; m++) sum += (real)m * cepstrum[m - 1] * h[i - m];
      h[i] = sum / (real)i;
    }
  }
}

/* dH / dc[m] = z^-m H */
BACKWARD(minimum_phase) {
  tensor *c = n->in[0];
  const size_t order = (size_t)c->dim[1], taps = (size_t)n->out.dim[1];
  for (size_t r = 0; r < (size_t)c->dim[0]; r++) {
    const real *h = n->out.data + r * taps, *g = n->out.grad + r * taps;
    for (size_t m = 1; m <= order && m < taps; m++) {
      real sum = 0;
      for (size_t i = m; i < taps; i++) sum += g[i] * h[i - m];
      c->grad[r * order + m - 1] += sum;
    }
  }
}
