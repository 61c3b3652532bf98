/* Builders of operations that pick, join, turn and reduce. */
#include "tensor/tape.h"
#include <string.h>

tensor *op_sum(tape *t, tensor *a) {
  if (!tape_accepts(t, OP_SUM, 1, &a)) return NULL;
  return tape_run(tape_node(t, OP_SUM, 1, &a, 1, (int[]){1}));
}

tensor *op_mean(tape *t, tensor *a) {
  if (!tape_accepts(t, OP_MEAN, 1, &a)) return NULL;
  return tape_run(tape_node(t, OP_MEAN, 1, &a, 1, (int[]){1}));
}

/* a's shape without `axis`; a rank of 1 leaves one value. */
static node *op_reduce(tape *t, op_kind kind, tensor *a, int axis) {
  if (!tape_accepts(t, kind, 1, &a)) return NULL;
  if (axis < 0 || axis >= a->rank) {
    tape_unfit(t, kind, "it has no such axis", a);
    return NULL;
  }
  int dim[TENSOR_MAX_RANK] = {1}, rank = 0;
  for (int i = 0; i < a->rank; i++) {
    if (i != axis) dim[rank++] = a->dim[i];
  }
  node *n = tape_node(t, kind, 1, &a, rank ? rank : 1, dim);
  if (n) n->at.span.axis = axis;
  return n;
}

tensor *op_reduce_mean(tape *t, tensor *a, int axis) {
  return tape_run(op_reduce(t, OP_REDUCE_MEAN, a, axis));
}

/* chosen: where along the axis each result was found. */
tensor *op_reduce_max(tape *t, tensor *a, int axis) {
  node *n = op_reduce(t, OP_REDUCE_MAX, a, axis);
  return n && tape_choose(n, n->out.n) ? tape_run(n) : NULL;
}

/* saved: [n, c, length], the attention weights. */
tensor *op_attentive_stats(tape *t, tensor *x, tensor *logits) {
  tensor *in[] = {x, logits};
  if (!tape_accepts(t, OP_ATTENTIVE_STATS, 2, in)) return NULL;
  if (x->rank != 3 || !tape_same_shape(x, logits)) {
    return tape_misfit(t, OP_ATTENTIVE_STATS, "x and logits must both be [n, c, length]", x, logits);
  }
  if (x->dim[1] > INT32_MAX / 2) return tape_unfit(t, OP_ATTENTIVE_STATS, "too many channels", x);
  int dim[] = {x->dim[0], 2 * x->dim[1]};
  node *n = tape_node(t, OP_ATTENTIVE_STATS, 2, in, 2, dim);
  return n && tape_save(n, x->n) ? tape_run(n) : NULL;
}

tensor *op_gather(tape *t, tensor *a, const int32_t *rows, int n_rows) {
  if (!tape_accepts(t, OP_GATHER, 1, &a)) return NULL;
  if (!rows) return tape_unfit(t, OP_GATHER, "rows is NULL", a);
  for (int i = 0; i < n_rows; i++) {
    if (rows[i] < 0 || rows[i] >= a->dim[0]) {
      return tape_fail(t, SCRIM_E_ARGUMENT, "gather: row %d at position %d is not in 0..%d", rows[i], i, a->dim[0] - 1);
    }
  }
  int dim[TENSOR_MAX_RANK];
  memcpy(dim, a->dim, sizeof dim);
  dim[0] = n_rows;
  node *n = tape_node(t, OP_GATHER, 1, &a, a->rank, dim);
  if (!n) return NULL;
  n->index = rows;
  n->n_index = (size_t)n_rows;
  return tape_run(n);
}

/* Same rank and, but for `axis`, the same dimensions. */
static int op_aligned(const tensor *a, const tensor *b, int axis) {
  if (a->rank != b->rank) return 0;
  for (int i = 0; i < a->rank; i++) {
    if (i != axis && a->dim[i] != b->dim[i]) return 0;
  }
  return 1;
}

tensor *op_concat(tape *t, tensor *const *parts, int n_parts, int axis) {
  if (n_parts < 1) return tape_fail(t, SCRIM_E_ARGUMENT, "concat: %d parts, at least 1 expected", n_parts);
  if (!tape_accepts(t, OP_CONCAT, n_parts, parts)) return NULL;
  if (axis < 0 || axis >= parts[0]->rank) return tape_unfit(t, OP_CONCAT, "it has no such axis", parts[0]);
  int dim[TENSOR_MAX_RANK];
  memcpy(dim, parts[0]->dim, sizeof dim);
  for (int i = 1; i < n_parts; i++) {
    if (!op_aligned(parts[0], parts[i], axis) || dim[axis] > INT32_MAX - parts[i]->dim[axis]) {
      return tape_misfit(t, OP_CONCAT, "parts may differ in the joined axis only", parts[0], parts[i]);
    }
    dim[axis] += parts[i]->dim[axis];
  }
  node *n = tape_node(t, OP_CONCAT, n_parts, parts, parts[0]->rank, dim);
  if (!n) return NULL;
  n->at.span.axis = axis;
  return tape_run(n);
}

tensor *op_slice(tape *t, tensor *a, int axis, int start, int length) {
  if (!tape_accepts(t, OP_SLICE, 1, &a)) return NULL;
  if (axis < 0 || axis >= a->rank) return tape_unfit(t, OP_SLICE, "it has no such axis", a);
  if (start < 0 || length < 1 || length > a->dim[axis] - start) {
    return tape_fail(t, SCRIM_E_ARGUMENT, "slice: %d values from %d on are not in 0..%d", length, start,
                     a->dim[axis] - 1);
  }
  int dim[TENSOR_MAX_RANK];
  memcpy(dim, a->dim, sizeof dim);
  dim[axis] = length;
  node *n = tape_node(t, OP_SLICE, 1, &a, a->rank, dim);
  if (!n) return NULL;
  n->at.span.axis = axis;
  n->at.span.start = start;
  return tape_run(n);
}

/* The result shares a's values; only gradients are copied. */
tensor *op_reshape(tape *t, tensor *a, int rank, const int *dim) {
  if (!tape_accepts(t, OP_RESHAPE, 1, &a)) return NULL;
  node *n = tape_node(t, OP_RESHAPE, 1, &a, rank, dim);
  if (!n) return NULL;
  if (n->out.n != a->n) return tape_misfit(t, OP_RESHAPE, "the number of values must stay", a, &n->out);
  if (tape_on_host(t, OP_RESHAPE)) n->out.data = a->data;
  return tape_run(n);
}

tensor *op_transpose(tape *t, tensor *a) {
  if (!tape_accepts(t, OP_TRANSPOSE, 1, &a)) return NULL;
  int r = a->rank;
  if (r < 2) return tape_unfit(t, OP_TRANSPOSE, "at least 2 dimensions", a);
  int dim[TENSOR_MAX_RANK];
  memcpy(dim, a->dim, sizeof dim);
  dim[r - 2] = a->dim[r - 1];
  dim[r - 1] = a->dim[r - 2];
  return tape_run(tape_node(t, OP_TRANSPOSE, 1, &a, r, dim));
}
