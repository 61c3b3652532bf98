/* Builders of operations that work value by value. */
#include "tensor/tape.h"
#include <string.h>

/* b has a's shape, or its trailing shape, or one value. */
static int op_broadcasts(const tensor *a, const tensor *b) {
  if (b->n == 1) return 1;
  if (b->rank > a->rank) return 0;
  return memcmp(a->dim + a->rank - b->rank, b->dim, (size_t)b->rank * sizeof b->dim[0]) == 0;
}

static tensor *op_binary(tape *t, op_kind kind, tensor *a, tensor *b) {
  tensor *in[] = {a, b};
  if (!tape_accepts(t, kind, 2, in)) return NULL;
  if (!op_broadcasts(a, b)) {
    return tape_misfit(t, kind, "the second must have the shape of the first, its trailing shape, or one value", a, b);
  }
  return tape_run(tape_node(t, kind, 2, in, a->rank, a->dim));
}

tensor *op_add(tape *t, tensor *a, tensor *b) {
  return op_binary(t, OP_ADD, a, b);
}

tensor *op_sub(tape *t, tensor *a, tensor *b) {
  return op_binary(t, OP_SUB, a, b);
}

tensor *op_mul(tape *t, tensor *a, tensor *b) {
  return op_binary(t, OP_MUL, a, b);
}

static node *op_unary_node(tape *t, op_kind kind, tensor *a) {
  if (!tape_accepts(t, kind, 1, &a)) return NULL;
  return tape_node(t, kind, 1, &a, a->rank, a->dim);
}

static tensor *op_unary(tape *t, op_kind kind, tensor *a) {
  return tape_run(op_unary_node(t, kind, a));
}

tensor *op_relu(tape *t, tensor *a) {
  return op_unary(t, OP_RELU, a);
}

tensor *op_tanh(tape *t, tensor *a) {
  return op_unary(t, OP_TANH, a);
}

tensor *op_sigmoid(tape *t, tensor *a) {
  return op_unary(t, OP_SIGMOID, a);
}

tensor *op_silu(tape *t, tensor *a) {
  return op_unary(t, OP_SILU, a);
}

tensor *op_gelu(tape *t, tensor *a) {
  return op_unary(t, OP_GELU, a);
}

tensor *op_softplus(tape *t, tensor *a) {
  return op_unary(t, OP_SOFTPLUS, a);
}

tensor *op_exp(tape *t, tensor *a) {
  return op_unary(t, OP_EXP, a);
}

tensor *op_square(tape *t, tensor *a) {
  return op_unary(t, OP_SQUARE, a);
}

tensor *op_affine(tape *t, tensor *a, float scale, float shift) {
  node *n = op_unary_node(t, OP_AFFINE, a);
  if (!n) return NULL;
  n->at.affine.scale = scale;
  n->at.affine.shift = shift;
  return tape_run(n);
}

tensor *op_leaky_relu(tape *t, tensor *a, float slope) {
  node *n = op_unary_node(t, OP_LEAKY_RELU, a);
  if (!n) return NULL;
  n->at.leaky.slope = slope;
  return tape_run(n);
}

/* A floor of 0 would let a gradient of 1 / 0 through. */
static tensor *op_clamped(tape *t, op_kind kind, tensor *a, float floor) {
  node *n = op_unary_node(t, kind, a);
  if (!n) return NULL;
  if (!(floor > 0)) return tape_unfit(t, kind, "the floor must be above 0", a);
  n->at.clamp.floor = floor;
  return tape_run(n);
}

tensor *op_log(tape *t, tensor *a, float floor) {
  return op_clamped(t, OP_LOG, a, floor);
}

tensor *op_sqrt(tape *t, tensor *a, float floor) {
  return op_clamped(t, OP_SQRT, a, floor);
}
