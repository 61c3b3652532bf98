/* Builders for filters: one that moves, and responses of minimum phase. */
#include "tensor/tape.h"

tensor *op_moving_filter(tape *t, tensor *x, tensor *responses, int hop) {
  tensor *in[] = {x, responses};
  if (!tape_accepts(t, OP_MOVING_FILTER, 2, in)) return NULL;
  if (x->rank != 2 || responses->rank != 2 || hop < 1 ||
      (x->dim[1] - 1) / hop + ((x->dim[1] - 1) % hop != 0) >= responses->dim[0]) {
    return tape_misfit(t, OP_MOVING_FILTER, "x [c, n], responses [j, taps], (j - 1) * hop >= n - 1", x, responses);
  }
  node *n = tape_node(t, OP_MOVING_FILTER, 2, in, 2, x->dim);
  if (!n) return NULL;
  n->at.moving.hop = hop;
  return tape_run(n);
}

tensor *op_minimum_phase(tape *t, tensor *cepstra, int taps) {
  if (!tape_accepts(t, OP_MINIMUM_PHASE, 1, &cepstra)) return NULL;
  if (cepstra->rank != 2 || taps < 1) {
    return tape_unfit(t, OP_MINIMUM_PHASE, "cepstra [j, q], and at least one tap", cepstra);
  }
  return tape_run(tape_node(t, OP_MINIMUM_PHASE, 1, &cepstra, 2, (int[]){cepstra->dim[0], taps}));
}
