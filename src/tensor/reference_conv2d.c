/* Plain C: y [n, c_out, h', w'] = sum over c_in and taps of w x, read at y * stride + tap - padding on either side. */
#include "tensor/reference.h"

/* Index into x of what tap (i, j) of an input channel reads for output (row, column), or -1 in the padding. */
static int64_t reference_conv2d_source(const node *n, int64_t item, int channel, const int output[2],
                                       const int tap[2]) {
  const tensor *x = n->in[0];
  int64_t at = item * x->dim[1] + channel;
  for (int side = 0; side < 2; side++) {
    const int64_t from = (int64_t)output[side] * n->at.conv.stride + tap[side] - n->at.conv.padding;
    if (from < 0 || from >= x->dim[2 + side]) return -1;
    at = at * x->dim[2 + side] + from;
  }
  return at;
}

/* Visits each output y with each weight w and the value of x that the two read. */
static void reference_conv2d_each(node *n, void (*visit)(node *n, size_t y, size_t w, size_t x)) {
  const tensor *w = n->in[1];
  const int columns = n->out.dim[3], rows = n->out.dim[2], c_out = w->dim[0], c_in = w->dim[1], taps = w->dim[2];
  for (size_t y = 0; y < n->out.n; y++) {
    const int64_t plane = (int64_t)(y / (size_t)columns / (size_t)rows);
    const int output[] = {(int)(y / (size_t)columns % (size_t)rows), (int)(y % (size_t)columns)};
    for (int k = 0; k < c_in * taps * taps; k++) {
      const int tap[] = {k / taps % taps, k % taps};
      const int64_t from = reference_conv2d_source(n, plane / c_out, k / taps / taps, output, tap);
      if (from >= 0) visit(n, y, (size_t)(plane % c_out * c_in * taps * taps + k), (size_t)from);
    }
  }
}

/* The channel of an output. */
static size_t reference_conv2d_channel(const node *n, size_t y) {
  return y / ((size_t)n->out.dim[2] * (size_t)n->out.dim[3]) % (size_t)n->out.dim[1];
}

static void reference_conv2d_add(node *n, size_t y, size_t w, size_t x) {
  n->out.data[y] += n->in[1]->data[w] * n->in[0]->data[x];
}

static void reference_conv2d_add_grad(node *n, size_t y, size_t w, size_t x) {
  if (n->in[0]->grad) n->in[0]->grad[x] += n->out.grad[y] * n->in[1]->data[w];
  if (n->in[1]->grad) n->in[1]->grad[w] += n->out.grad[y] * n->in[0]->data[x];
}

FORWARD(conv2d) {
  const tensor *b = n->in[2];
  for (size_t y = 0; y < n->out.n; y++) n->out.data[y] = b ? b->data[reference_conv2d_channel(n, y)] : 0;
  reference_conv2d_each(n, reference_conv2d_add);
}

BACKWARD(conv2d) {
  tensor *b = n->in[2];
  for (size_t y = 0; b && b->grad && y < n->out.n; y++) b->grad[reference_conv2d_channel(n, y)] += n->out.grad[y];
  reference_conv2d_each(n, reference_conv2d_add_grad);
}
