/* Plain C: linear maps and convolution. */
#include "tensor/reference.h"

/* ---- linear: y [rows, out] = x [rows, in] w^T + b ---- */

FORWARD(linear) {
  const tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const size_t out = (size_t)w->dim[0], in = (size_t)w->dim[1], rows = x->n / in;
  for (size_t r = 0; r < rows; r++) {
    for (size_t o = 0; o < out; o++) {
      real sum = b ? b->data[o] : 0;
      for (size_t i = 0; i < in; i++) sum += x->data[r * in + i] * w->data[o * in + i];
      n->out.data[r * out + o] = sum;
    }
  }
}

BACKWARD(linear) {
  tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const size_t out = (size_t)w->dim[0], in = (size_t)w->dim[1], rows = x->n / in;
  for (size_t r = 0; r < rows; r++) {
    for (size_t o = 0; o < out; o++) {
      const real g = n->out.grad[r * out + o];
      for (size_t i = 0; x->grad && i < in; i++) x->grad[r * in + i] += g * w->data[o * in + i];
      for (size_t i = 0; w->grad && i < in; i++) w->grad[o * in + i] += g * x->data[r * in + i];
      if (b && b->grad) b->grad[o] += g;
    }
  }
}

/* ---- matmul: y [n, m] = a [n, k] b [k, m], `batch` times ---- */

typedef struct reference_product {
  size_t batch, n, k, m;
} reference_product;

static reference_product reference_product_of(const node *n) {
  const tensor *a = n->in[0], *b = n->in[1];
  const int r = a->rank;
  return (reference_product){.batch = r == 3 ? (size_t)a->dim[0] : 1,
                             .n = (size_t)a->dim[r - 2],
                             .k = (size_t)a->dim[r - 1],
                             .m = (size_t)b->dim[r - 1]};
}

FORWARD(matmul) {
  const reference_product p = reference_product_of(n);
  for (size_t row = 0; row < p.batch * p.n; row++) {
    const real *a = n->in[0]->data + row * p.k, *b = n->in[1]->data + row / p.n * p.k * p.m;
    for (size_t j = 0; j < p.m; j++) {
      real sum = 0;
      for (size_t i = 0; i < p.k; i++) sum += a[i] * b[i * p.m + j];
      n->out.data[row * p.m + j] = sum;
    }
  }
}

BACKWARD(matmul) {
  const reference_product p = reference_product_of(n);
  tensor *a = n->in[0], *b = n->in[1];
  for (size_t row = 0; row < p.batch * p.n; row++) {
    const size_t b_start = row / p.n * p.k * p.m;
    for (size_t i = 0; i < p.k; i++) {
      for (size_t j = 0; j < p.m; j++) {
        const real g = n->out.grad[row * p.m + j];
        if (a->grad) a->grad[row * p.k + i] += g * b->data[b_start + i * p.m + j];
        if (b->grad) b->grad[b_start + i * p.m + j] += g * a->data[row * p.k + i];
      }
    }
  }
}

/* ---- conv1d: y [n, c_out, to] = sum over c_in and taps of w x, read at to * stride + tap * dilation - padding ---- */

typedef struct reference_reach {
  int c_in, c_out, taps, length, out_length;
} reference_reach;

static reference_reach reference_reach_of(const node *n) {
  const tensor *x = n->in[0], *w = n->in[1];
  return (reference_reach){
      .c_in = x->dim[1], .c_out = w->dim[0], .taps = w->dim[2], .length = x->dim[2], .out_length = n->out.dim[2]};
}

/* Index into x of what the tap reads for output `at`, or -1 in the padding. */
static int64_t reference_conv1d_source(const node *n, int64_t item, int channel, int at, int tap) {
  const reference_reach r = reference_reach_of(n);
  const int64_t from = (int64_t)at * n->at.conv.stride + (int64_t)tap * n->at.conv.dilation - n->at.conv.padding;
  return from < 0 || from >= r.length ? -1 : (item * r.c_in + channel) * r.length + from;
}

FORWARD(conv1d) {
  const tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const reference_reach r = reference_reach_of(n);
  for (size_t y = 0; y < n->out.n; y++) {
    const int at = (int)(y % (size_t)r.out_length), o = (int)(y / (size_t)r.out_length % (size_t)r.c_out);
    const int64_t item = (int64_t)(y / (size_t)r.out_length / (size_t)r.c_out);
    real sum = b ? b->data[o] : 0;
    for (int k = 0; k < r.c_in * r.taps; k++) {
      const int64_t from = reference_conv1d_source(n, item, k / r.taps, at, k % r.taps);
      if (from >= 0) sum += x->data[from] * w->data[(size_t)o * (size_t)(r.c_in * r.taps) + (size_t)k];
    }
    n->out.data[y] = sum;
  }
}

BACKWARD(conv1d) {
  tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const reference_reach r = reference_reach_of(n);
  for (size_t y = 0; y < n->out.n; y++) {
    const int at = (int)(y % (size_t)r.out_length), o = (int)(y / (size_t)r.out_length % (size_t)r.c_out);
    const int64_t item = (int64_t)(y / (size_t)r.out_length / (size_t)r.c_out);
    const real g = n->out.grad[y];
    if (b && b->grad) b->grad[o] += g;
    for (int k = 0; k < r.c_in * r.taps; k++) {
      const int64_t from = reference_conv1d_source(n, item, k / r.taps, at, k % r.taps);
      const size_t weight = (size_t)o * (size_t)(r.c_in * r.taps) + (size_t)k;
      if (from >= 0 && x->grad) x->grad[from] += g * w->data[weight];
      if (from >= 0 && w->grad) w->grad[weight] += g * x->data[from];
    }
  }
}
