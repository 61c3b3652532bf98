/* Kernels for the emulation's own test: one that is right, and some with mistakes that it must find. */
#ifndef EMULATED_PROBES_H
#define EMULATED_PROBES_H

#include "cuda_runtime_api.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PROBE_THREADS = 96 };

/* y[0] = sum of x [PROBE_THREADS], by shuffles and shared memory. */
cudaError_t probe_sum(const float *x, float *y, cudaStream_t stream);
/* y[t] = x[t + 1], from the first to the last, by way of shared memory: with a wait between, or without. */
cudaError_t probe_shift(const float *x, float *y, int waits, cudaStream_t stream);
/* y[l] = the odd lanes of the half of a warp that lane l is in, as bits. */
cudaError_t probe_votes(float *y, cudaStream_t stream);
/* Some threads wait for lanes that have gone. */
cudaError_t probe_left_alone(cudaStream_t stream);
/* x[n] = 1 */
cudaError_t probe_store(float *x, int n, cudaStream_t stream);
/* A launch of that many threads a block. */
cudaError_t probe_block(unsigned threads, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
