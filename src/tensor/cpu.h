/* The fast kernels of the processor: OpenBLAS, FFTW and loops that compilers turn into vector code. */
#ifndef TENSOR_CPU_H
#define TENSOR_CPU_H

#include "tensor/backend.h"

#define CPU_KERNEL(name) void cpu_##name##_forward(node *n), cpu_##name##_backward(node *n)

/* cpu_blas.c */
CPU_KERNEL(linear);
CPU_KERNEL(matmul);
CPU_KERNEL(conv1d);

#undef CPU_KERNEL

#endif
