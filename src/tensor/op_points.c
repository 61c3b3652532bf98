/* Builders of operations on sets of points. */
#include "tensor/tape.h"

/* chosen: the point of each result, within its set. */
tensor *op_linear_max(tape *t, tensor *x, tensor *w, tensor *b) {
  tensor *in[] = {x, w, b};
  if (!tape_accepts(t, OP_LINEAR_MAX, 2, in)) return NULL;
  if (x->rank != 3 || w->rank != 2 || x->dim[2] != w->dim[1]) {
    return tape_misfit(t, OP_LINEAR_MAX, "x [n, points, in] and w [out, in]", x, w);
  }
  if (b && (b->rank != 1 || b->dim[0] != w->dim[0])) {
    return tape_misfit(t, OP_LINEAR_MAX, "one bias an output", w, b);
  }
  node *n = tape_node(t, OP_LINEAR_MAX, 3, in, 2, (int[]){x->dim[0], w->dim[0]});
  return n && tape_choose(n, n->out.n) ? tape_run(n) : NULL;
}

/* chosen: as above. */
tensor *op_neighbour_max(tape *t, tensor *values, tensor *places, int k) {
  tensor *in[] = {values, places};
  if (!tape_accepts(t, OP_NEIGHBOUR_MAX, 2, in)) return NULL;
  if (values->rank != 3 || places->rank != 3 || values->dim[0] != places->dim[0] || values->dim[1] != places->dim[1]) {
    return tape_misfit(t, OP_NEIGHBOUR_MAX, "values [n, points, c] and places [n, points, d]", values, places);
  }
  if (k < 1) return tape_fail(t, SCRIM_E_ARGUMENT, "neighbour_max: %d neighbours, at least 1 expected", k);
  node *n = tape_node(t, OP_NEIGHBOUR_MAX, 2, in, 3, values->dim);
  if (!n) return NULL;
  n->at.near.k = k < values->dim[1] ? k : values->dim[1];
  return tape_choose(n, n->out.n) ? tape_run(n) : NULL;
}
