/* Builders of losses; each gives one value. */
#include "tensor/tape.h"

/* Two inputs of one shape. */
static node *op_pair(tape *t, op_kind kind, tensor *a, tensor *b) {
  tensor *in[] = {a, b};
  if (!tape_accepts(t, kind, 2, in)) return NULL;
  if (!tape_same_shape(a, b)) {
    tape_misfit(t, kind, "both must have one shape", a, b);
    return NULL;
  }
  return tape_node(t, kind, 2, in, 1, (int[]){1});
}

tensor *op_mse(tape *t, tensor *a, tensor *target) {
  return tape_run(op_pair(t, OP_MSE, a, target));
}

tensor *op_l1(tape *t, tensor *a, tensor *target) {
  return tape_run(op_pair(t, OP_L1, a, target));
}

tensor *op_binary_cross_entropy(tape *t, tensor *logits, tensor *target) {
  return tape_run(op_pair(t, OP_BINARY_CROSS_ENTROPY, logits, target));
}

tensor *op_kl_gaussian(tape *t, tensor *mean, tensor *log_variance) {
  return tape_run(op_pair(t, OP_KL_GAUSSIAN, mean, log_variance));
}

/* saved: [rows, k], log softmax. */
tensor *op_soft_cross_entropy(tape *t, tensor *logits, tensor *target) {
  node *n = op_pair(t, OP_SOFT_CROSS_ENTROPY, logits, target);
  return n && tape_save(n, logits->n) ? tape_run(n) : NULL;
}

/* logits [n, k] with labels [n]. saved: [n, k], softmax of the logits. */
static node *op_labelled(tape *t, op_kind kind, const char *name, tensor *logits, const int32_t *labels) {
  if (!tape_accepts(t, kind, 1, &logits)) return NULL;
  if (logits->rank != 2 || !labels) {
    tape_unfit(t, kind, labels ? "[n, k] expected" : "labels is NULL", logits);
    return NULL;
  }
  for (int i = 0; i < logits->dim[0]; i++) {
    if (labels[i] < 0 || labels[i] >= logits->dim[1]) {
      tape_fail(t, SCRIM_E_ARGUMENT, "%s: label %d of row %d is not in 0..%d", name, labels[i], i, logits->dim[1] - 1);
      return NULL;
    }
  }
  node *n = tape_node(t, kind, 1, &logits, 1, (int[]){1});
  if (!n || !tape_save(n, logits->n)) return NULL;
  n->index = labels;
  n->n_index = (size_t)logits->dim[0];
  return n;
}

tensor *op_cross_entropy(tape *t, tensor *logits, const int32_t *labels) {
  return tape_run(op_labelled(t, OP_CROSS_ENTROPY, "cross_entropy", logits, labels));
}

tensor *op_margin_softmax(tape *t, tensor *cosines, const int32_t *labels, float margin, float scale) {
  node *n = op_labelled(t, OP_MARGIN_SOFTMAX, "margin_softmax", cosines, labels);
  if (!n) return NULL;
  if (!(margin >= 0 && margin < 3.14159f && scale > 0)) {
    return tape_unfit(t, OP_MARGIN_SOFTMAX, "the margin must be in [0, pi) and the scale above 0", cosines);
  }
  n->at.margin.margin = margin;
  n->at.margin.scale = scale;
  return tape_run(n);
}

tensor *op_hinge(tape *t, tensor *a, float margin) {
  if (!tape_accepts(t, OP_HINGE, 1, &a)) return NULL;
  node *n = tape_node(t, OP_HINGE, 1, &a, 1, (int[]){1});
  if (!n) return NULL;
  n->at.margin.margin = margin;
  return tape_run(n);
}

/* chosen: [n, p], the nearest of b for each point of a; then [n, q], the nearest of a for each point of b. */
tensor *op_chamfer(tape *t, tensor *a, tensor *b) {
  tensor *in[] = {a, b};
  if (!tape_accepts(t, OP_CHAMFER, 2, in)) return NULL;
  if (a->rank != 3 || b->rank != 3 || a->dim[0] != b->dim[0] || a->dim[2] != b->dim[2]) {
    return tape_misfit(t, OP_CHAMFER, "[n, p, d] and [n, q, d]", a, b);
  }
  node *n = tape_node(t, OP_CHAMFER, 2, in, 1, (int[]){1});
  size_t points = (size_t)a->dim[0] * ((size_t)a->dim[1] + (size_t)b->dim[1]);
  return n && tape_choose(n, points) ? tape_run(n) : NULL;
}
