/* Builders of layers: linear maps, convolution, norms, softmax. */
#include "tensor/tape.h"
#include <string.h>

/* NULL, or as many values as there are outputs. */
static int op_bias_fits(const tensor *b, int n) {
  return !b || (b->rank == 1 && b->dim[0] == n);
}

tensor *op_linear(tape *t, tensor *x, tensor *w, tensor *b) {
  tensor *in[] = {x, w, b};
  if (!tape_accepts(t, OP_LINEAR, 2, in)) return NULL;
  if (w->rank != 2 || x->dim[x->rank - 1] != w->dim[1]) {
    return tape_misfit(t, OP_LINEAR, "x must end in the inputs of w [out, in]", x, w);
  }
  if (!op_bias_fits(b, w->dim[0])) return tape_misfit(t, OP_LINEAR, "one bias an output", w, b);
  int dim[TENSOR_MAX_RANK];
  memcpy(dim, x->dim, sizeof dim);
  dim[x->rank - 1] = w->dim[0];
  return tape_run(tape_node(t, OP_LINEAR, 3, in, x->rank, dim));
}

tensor *op_matmul(tape *t, tensor *a, tensor *b) {
  tensor *in[] = {a, b};
  if (!tape_accepts(t, OP_MATMUL, 2, in)) return NULL;
  int r = a->rank;
  if (r < 2 || r > 3 || b->rank != r || a->dim[r - 1] != b->dim[r - 2] || (r == 3 && a->dim[0] != b->dim[0])) {
    return tape_misfit(t, OP_MATMUL, "[n, k] x [k, m] or [B, n, k] x [B, k, m]", a, b);
  }
  int dim[TENSOR_MAX_RANK];
  memcpy(dim, a->dim, sizeof dim);
  dim[r - 1] = b->dim[r - 1];
  return tape_run(tape_node(t, OP_MATMUL, 2, in, r, dim));
}

tensor *op_conv1d(tape *t, tensor *x, tensor *w, tensor *b, int stride, int dilation, int padding) {
  tensor *in[] = {x, w, b};
  if (!tape_accepts(t, OP_CONV1D, 2, in)) return NULL;
  if (x->rank != 3 || w->rank != 3 || x->dim[1] != w->dim[1]) {
    return tape_misfit(t, OP_CONV1D, "x [n, c_in, length] and w [c_out, c_in, taps]", x, w);
  }
  if (!op_bias_fits(b, w->dim[0])) return tape_misfit(t, OP_CONV1D, "one bias an output channel", w, b);
  if (stride < 1 || dilation < 1 || padding < 0) {
    return tape_unfit(t, OP_CONV1D, "stride and dilation must be at least 1, padding at least 0", w);
  }
  int64_t span = (int64_t)dilation * (w->dim[2] - 1) + 1, padded = x->dim[2] + 2 * (int64_t)padding;
  if (padded < span || padded > INT32_MAX) {
    return tape_misfit(t, OP_CONV1D, "the padded length must hold all taps", x, w);
  }
  int dim[] = {x->dim[0], w->dim[0], (int)((padded - span) / stride) + 1};
  node *n = tape_node(t, OP_CONV1D, 3, in, 3, dim);
  if (!n) return NULL;
  n->at.conv.stride = stride;
  n->at.conv.dilation = dilation;
  n->at.conv.padding = padding;
  return tape_run(n);
}

tensor *op_conv2d(tape *t, tensor *x, tensor *w, tensor *b, int stride, int padding) {
  tensor *in[] = {x, w, b};
  if (!tape_accepts(t, OP_CONV2D, 2, in)) return NULL;
  if (x->rank != 4 || w->rank != 4 || x->dim[1] != w->dim[1] || w->dim[2] != w->dim[3]) {
    return tape_misfit(t, OP_CONV2D, "x [n, c_in, height, width] and w [c_out, c_in, taps, taps]", x, w);
  }
  if (!op_bias_fits(b, w->dim[0])) return tape_misfit(t, OP_CONV2D, "one bias an output channel", w, b);
  if (stride < 1 || padding < 0) return tape_unfit(t, OP_CONV2D, "stride must be at least 1, padding at least 0", w);
  int dim[] = {x->dim[0], w->dim[0], 0, 0};
  for (int side = 2; side < 4; side++) {
    int64_t padded = x->dim[side] + 2 * (int64_t)padding;
    if (padded < w->dim[side] || padded > INT32_MAX) {
      return tape_misfit(t, OP_CONV2D, "the padded height and width must hold all taps", x, w);
    }
    dim[side] = (int)((padded - w->dim[side]) / stride) + 1;
  }
  node *n = tape_node(t, OP_CONV2D, 3, in, 4, dim);
  if (!n) return NULL;
  n->at.conv.stride = stride;
  n->at.conv.padding = padding;
  return tape_run(n);
}

/* saved: [2, c], the mean and 1 / sqrt(variance + epsilon) that normalised. */
tensor *op_batch_norm(tape *t, tensor *x, tensor *gamma, tensor *beta, tensor *running_mean, tensor *running_var,
                      float momentum, float epsilon) {
  tensor *in[] = {x, gamma, beta, running_mean, running_var};
  if (!tape_accepts(t, OP_BATCH_NORM, 5, in)) return NULL;
  if (x->rank < 2) return tape_unfit(t, OP_BATCH_NORM, "x must be [n, c], [n, c, length] or [n, c, height, width]", x);
  for (int i = 1; i < 5; i++) {
    if (!op_bias_fits(in[i], x->dim[1])) {
      return tape_misfit(t, OP_BATCH_NORM, "one gamma, beta, mean and variance a channel", x, in[i]);
    }
  }
  if (t->training && x->n == (size_t)x->dim[1]) {
    return tape_unfit(t, OP_BATCH_NORM, "training needs at least 2 values a channel", x);
  }
  node *n = tape_node(t, OP_BATCH_NORM, 5, in, x->rank, x->dim);
  if (!n || !tape_save(n, 2 * (size_t)x->dim[1])) return NULL;
  n->at.norm.momentum = momentum;
  n->at.norm.epsilon = epsilon;
  return tape_run(n);
}

/* saved: [rows, 2], the mean and 1 / sqrt(variance + epsilon) of each row. */
tensor *op_layer_norm(tape *t, tensor *x, tensor *gamma, tensor *beta, float epsilon) {
  tensor *in[] = {x, gamma, beta};
  if (!tape_accepts(t, OP_LAYER_NORM, 3, in)) return NULL;
  int c = x->dim[x->rank - 1];
  if (!op_bias_fits(gamma, c)) return tape_misfit(t, OP_LAYER_NORM, "one gamma a column", x, gamma);
  if (!op_bias_fits(beta, c)) return tape_misfit(t, OP_LAYER_NORM, "one beta a column", x, beta);
  node *n = tape_node(t, OP_LAYER_NORM, 3, in, x->rank, x->dim);
  if (!n || !tape_save(n, 2 * (x->n / (size_t)c))) return NULL;
  n->at.norm.epsilon = epsilon;
  return tape_run(n);
}

tensor *op_softmax(tape *t, tensor *x) {
  if (!tape_accepts(t, OP_SOFTMAX, 1, &x)) return NULL;
  return tape_run(tape_node(t, OP_SOFTMAX, 1, &x, x->rank, x->dim));
}

tensor *op_log_softmax(tape *t, tensor *x) {
  if (!tape_accepts(t, OP_LOG_SOFTMAX, 1, &x)) return NULL;
  return tape_run(tape_node(t, OP_LOG_SOFTMAX, 1, &x, x->rank, x->dim));
}
