/*
 * Which memory holds what, on a tape of a device. Values go to the device when a kernel there needs them and come back
 * when the host asks; an operation that the device has no kernel for runs on the CPU, is counted, and takes its inputs
 * back and its result along. Tensors that outlive tapes keep their copy until the host writes to them (tensor_edit).
 */
#ifndef TENSOR_RESIDENCY_H
#define TENSOR_RESIDENCY_H

#include "tensor/tape.h"

/* Each runs a kernel where its backend is, with everything it needs there. 0: the tape has a sticky error. */
int residency_forward(node *n);
int residency_backward(node *n);
/* The pass again, on what the memory that it borrowed holds now. */
int residency_replay(tape *t);
/* Zeroes, and makes if need be, the gradient of a result. */
int residency_zero_gradient(tensor *x);
/* d(root)/d(root) */
int residency_seed_gradient(tensor *root);

#endif
