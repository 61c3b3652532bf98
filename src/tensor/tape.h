/* What the builders (op_*.c) share: a node is made, given its attributes, then run. */
#ifndef TENSOR_TAPE_H
#define TENSOR_TAPE_H

#include "tensor/backend.h"

struct tape {
  const backend *backend;
  arena *arena;
  node *first, *last; /* the oldest and the newest */
  int training;
  random_source *random;
  real *scratch;
  size_t scratch_values;
  void *state; /* the backend's */
  /* Of a device: */
  void *host_state;           /* of the CPU's kernels that serve it */
  size_t fallbacks[OP_COUNT]; /* kernels that ran on the CPU for want of one, since tape_create */
  int strayed;                /* 1: one did in this pass */
  int captured;               /* 1: the device can repeat the pass by itself */
  scrim_error error;
};

const char *tape_op_name(op_kind kind);
/* "[50, 200]" */
enum { SHAPE_TEXT = 64 };
const char *tape_shape_text(char text[SHAPE_TEXT], int rank, const int *dim);
int tape_same_shape(const tensor *a, const tensor *b);

/* 1 when the pass is sound so far and none of the `n` tensors is NULL. */
int tape_accepts(tape *t, op_kind kind, int n, tensor *const *in);
/* "linear: [50, 200] and [128, 100] do not fit: the last dimensions must be equal" */
tensor *tape_misfit(tape *t, op_kind kind, const char *rule, const tensor *a, const tensor *b);
/* The same for one tensor: "softmax: [..] does not fit: ..." */
tensor *tape_unfit(tape *t, op_kind kind, const char *rule, const tensor *a);
void *tape_out_of_memory(tape *t, op_kind kind); /* NULL */

/* A node whose result has the shape `dim`; NULL (sticky) when out of memory. */
node *tape_node(tape *t, op_kind kind, int n_in, tensor *const *in, int rank, const int *dim);
/* Room for n->saved and n->chosen, where the kernel that will run has its memory. 0 (sticky): out of memory. */
int tape_save(node *n, size_t values);
int tape_choose(node *n, size_t values);
/* Runs forward and appends the node to the tape. n may be NULL. */
tensor *tape_run(node *n);
/* One number of the tape's source, to be expanded by a counter generator; 0 (sticky) when there is no source. */
int tape_seed(tape *t, op_kind kind, uint64_t *seed);
/* 1: the CPU's kernels run here, or the device has none of this kind, so that the builder draws noise into saved. */
int tape_on_host(const tape *t, op_kind kind);
/* The CPU's kernel: the tape's own, or what serves where the device has none. */
kernel tape_host_kernel(const tape *t, op_kind kind);
/* 1: the operation that made x, or x itself, wants a gradient. */
static inline int tape_wants(const tensor *x) {
  return x && (x->grad || (x->node && x->node->wants));
}

#endif
