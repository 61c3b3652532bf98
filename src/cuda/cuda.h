/*
 * The backend table on CUDA: what its parts share. A shared object of its own, opened at run time
 * (tensor/backend_open.h), so that one library runs with and without a GPU.
 *
 * kernels_*.cu hold kernels and `extern "C"` launchers on raw device pointers, sizes and a stream; they know no node
 * and answer the launch's error. cuda_ops_*.c are the adapters: a node in, a launch out.
 *
 * Before an adapter runs, the tape has seen to it (tensor/residency.h) that all inputs are on the device with their
 * current values, that the result has room there, and in a backward pass the same of the gradients, so that the getters
 * below cannot fail. What an adapter writes through cuda_out, cuda_saved, cuda_chosen, cuda_in_place and cuda_in_grad
 * is taken to be on the device only, until the host asks for it.
 *
 * Same seed, same device, same bits: no float atomics; sums have an order that depends on shapes alone.
 */
#ifndef CUDA_CUDA_H
#define CUDA_CUDA_H

#include "tensor/tape.h"
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

/* ---- what an adapter sees of its node ---- */

/* Values of input k, [n->in[k]->dim...]; NULL: an optional input that is not there. */
static inline const float *cuda_in(const node *n, int k) {
  return n->in[k] ? n->in[k]->values.device : NULL;
}
/* The same for an input that the operation writes to (running statistics of batch_norm). */
float *cuda_in_place(node *n, int k);
/* The result: not initialised in forward; in backward what forward left. */
static inline float *cuda_out(const node *n) {
  return n->out.values.device;
}
/* Gradient of the result. */
static inline const float *cuda_out_grad(const node *n) {
  return n->out.gradient.device;
}
/* Where to add the gradient of input k; NULL: none is wanted. Two inputs may be the same tensor. */
float *cuda_in_grad(node *n, int k);

/* n->saved, n->chosen and n->index, on the device; NULL where the builder asked for none. */
static inline float *cuda_saved(const node *n) {
  return n->saved_at.device;
}
static inline int32_t *cuda_chosen(const node *n) {
  return n->chosen_at.device;
}
static inline const int32_t *cuda_index(const node *n) {
  return n->index_at.device;
}

/* ---- what it may ask for: NULL or 0 after a failure, which is the tape's sticky error; the adapter returns ---- */

/* `values` floats for this launch, not initialised, gone at the next call: one call a kernel, to be shared out. */
float *cuda_scratch(node *n, size_t values);
/* Everything of a thread goes through one stream, in order. */
cudaStream_t cuda_stream(const node *n);
/* On cuda_stream, pedantic float32 but for cuda_tf32_backend, with a workspace of the tape's. */
cublasHandle_t cuda_blas(node *n);
/* A place for plans of cuFFT, kept from pass to pass; NULL at first. `release` frees what it holds, with the tape. */
void **cuda_fft_plans(node *n, void (*release)(void *plans));

/* 1: no error; 0: the tape's error names the operation and what CUDA says. Reads: cuda_ok(n, relu_forward(...)) */
int cuda_ok(node *n, cudaError_t launched);
int cuda_blas_ok(node *n, cublasStatus_t status);

/* ---- the table: adapters are declared in cuda_ops.h and listed in cuda_backend.c ---- */

extern const backend cuda_backend;
extern const backend cuda_tf32_backend; /* the same, with products on tensor cores */

#endif
