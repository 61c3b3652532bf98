/* The transforms that a tape keeps, so that a warm pass plans none. */
#ifndef TENSOR_CPU_FFT_H
#define TENSOR_CPU_FFT_H

#include "tensor/backend.h"
#include "tensor/fourier.h"

/* The tape's transform of this length, made when first asked for. NULL (sticky) when out of memory. */
const fourier *cpu_fft_find(node *n, int length);
/* Frees those that the tape's state holds. */
void cpu_fft_release(void *state);
/* Floats that an array takes up if what follows it in the tape's scratch is to be aligned. */
size_t cpu_fft_round(size_t values);

#endif
