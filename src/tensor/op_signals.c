/* Builders for signals and embeddings: convolution by FFT, cosine, unit length. */
#include "tensor/tape.h"

/* Leaves room for a backend to pad. */
enum { MAX_SIGNAL = 1 << 30 };

tensor *op_fft_conv(tape *t, tensor *x, tensor *h) {
  tensor *in[] = {x, h};
  if (!tape_accepts(t, OP_FFT_CONV, 2, in)) return NULL;
  if (x->rank != 2 || h->rank != 2 || (h->dim[0] != 1 && h->dim[0] != x->dim[0])) {
    return tape_misfit(t, OP_FFT_CONV, "x [n, length] and h [n, taps] or [1, taps]", x, h);
  }
  if (x->dim[1] > MAX_SIGNAL - h->dim[1]) return tape_misfit(t, OP_FFT_CONV, "at most 2^30 values together", x, h);
  int dim[] = {x->dim[0], x->dim[1] + h->dim[1] - 1};
  return tape_run(tape_node(t, OP_FFT_CONV, 2, in, 2, dim));
}

/* saved, where a gradient is wanted: [n, frames, bins, 2], the spectra. */
tensor *op_power_spectrum(tape *t, tensor *x, int window, int hop, int fft_length) {
  if (!tape_accepts(t, OP_POWER_SPECTRUM, 1, &x)) return NULL;
  if (window < 1 || hop < 1 || fft_length < window || fft_length % 2 || fft_length > MAX_SIGNAL) {
    return tape_unfit(t, OP_POWER_SPECTRUM, "window and hop must be at least 1, the FFT even and no shorter", x);
  }
  if (x->rank != 2 || x->dim[1] < window)
    return tape_unfit(t, OP_POWER_SPECTRUM, "x must be [n, a window's length]", x);
  int dim[] = {x->dim[0], 1 + (x->dim[1] - window) / hop, fft_length / 2 + 1};
  node *n = tape_node(t, OP_POWER_SPECTRUM, 1, &x, 3, dim);
  if (!n || (n->wants && !tape_save(n, 2 * n->out.n))) return NULL;
  n->at.frame.window = window;
  n->at.frame.hop = hop;
  n->at.frame.length = fft_length;
  return tape_run(n);
}

static tensor *op_log_bands_in_parts(tape *t, tensor *powers, tensor *weights, float floor, int centre) {
  tensor *x = op_transpose(t, op_log(t, op_linear(t, powers, weights, NULL), floor));
  return centre ? op_centre(t, x) : x;
}

/* saved: the sums, [n, bands, frames]. */
tensor *op_log_bands(tape *t, tensor *powers, tensor *weights, const int32_t *covers, float floor, int centre) {
  tensor *in[] = {powers, weights};
  if (!tape_accepts(t, OP_LOG_BANDS, 2, in)) return NULL;
  if (powers->rank != 3 || weights->rank != 2 || powers->dim[2] != weights->dim[1] || !(floor > 0)) {
    return tape_misfit(t, OP_LOG_BANDS, "[n, frames, bins] and [bands, bins], and a floor above 0", powers, weights);
  }
  if (tape_on_host(t, OP_LOG_BANDS) || tape_wants(weights))
    return op_log_bands_in_parts(t, powers, weights, floor, centre);
  int dim[] = {powers->dim[0], weights->dim[0], powers->dim[1]};
  node *n = tape_node(t, OP_LOG_BANDS, 2, in, 3, dim);
  if (!n || !tape_save(n, n->out.n)) return NULL;
  n->at.bands.floor = floor;
  n->at.bands.centre = centre;
  n->index = covers;
  n->n_index = 2 * ((size_t)weights->dim[0] + (size_t)weights->dim[1]);
  return tape_run(n);
}

/* saved: 1 / |a| of each row of a, then 1 / |b| of each row of b. */
tensor *op_cosine(tape *t, tensor *a, tensor *b) {
  tensor *in[] = {a, b};
  if (!tape_accepts(t, OP_COSINE, 2, in)) return NULL;
  if (a->rank != 2 || b->rank != 2 || a->dim[1] != b->dim[1] || (b->dim[0] != 1 && b->dim[0] != a->dim[0])) {
    return tape_misfit(t, OP_COSINE, "[n, d] and [n, d] or [1, d]", a, b);
  }
  node *n = tape_node(t, OP_COSINE, 2, in, 1, a->dim);
  return n && tape_save(n, (size_t)a->dim[0] + (size_t)b->dim[0]) ? tape_run(n) : NULL;
}

/* saved: 1 / max(|a|, epsilon) of each row. */
tensor *op_normalize(tape *t, tensor *a, float epsilon) {
  if (!tape_accepts(t, OP_NORMALIZE, 1, &a)) return NULL;
  if (!(epsilon > 0)) return tape_unfit(t, OP_NORMALIZE, "epsilon must be above 0", a);
  node *n = tape_node(t, OP_NORMALIZE, 1, &a, a->rank, a->dim);
  if (!n || !tape_save(n, a->n / (size_t)a->dim[a->rank - 1])) return NULL;
  n->at.norm.epsilon = epsilon;
  return tape_run(n);
}

tensor *op_centre(tape *t, tensor *a) {
  if (!tape_accepts(t, OP_CENTRE, 1, &a)) return NULL;
  return tape_run(tape_node(t, OP_CENTRE, 1, &a, a->rank, a->dim));
}
