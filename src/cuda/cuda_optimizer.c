/* Optimiser steps without moving the weights. */
#include "cuda/cuda_state.h"
#include "cuda/kernels_optimizer.h"
#include <math.h>

static scrim_status optimizer_norm(const optimizer_block *blocks, size_t n_blocks, void *room, double *norm,
                                   scrim_error *error) {
  double squares;
  cudaError_t status = cuda_optimizer_squares(blocks, n_blocks, room, cudaStreamPerThread);
  if (status == cudaSuccess)
    status = cudaMemcpyAsync(&squares, room, sizeof squares, cudaMemcpyDeviceToHost, cudaStreamPerThread);
  if (status == cudaSuccess) status = cudaStreamSynchronize(cudaStreamPerThread);
  if (status == cudaSuccess) *norm = sqrt(squares);
  return cuda_status(status, "the norm of the gradient", error);
}

static scrim_status optimizer_step(optimizer_rule rule, const optimizer_terms *terms, const optimizer_block *blocks,
                                   size_t n_blocks, scrim_error *error) {
  return cuda_status(cuda_optimizer_update(rule, terms, blocks, n_blocks, cudaStreamPerThread),
                     "a step of the optimiser", error);
}

const device_optimizer cuda_optimizer = {
    .room_bytes = CUDA_NORM_PARTS * sizeof(double), .norm = optimizer_norm, .step = optimizer_step};
