/*
 * CUDA on the processor, for tests: the .cu files are compiled by a C++ compiler with this folder before the toolkit's,
 * and the tests link what is here in place of the runtime, cuBLAS and cuFFT.
 *
 * It is stricter than a device wherever that finds mistakes:
 * - Work waits in its stream until somebody waits for it, so that a result that is read too early is not there yet.
 * - Device memory is out of the host's reach while no kernel and no copy runs: a pointer that is followed on the wrong
 *   side ends the program. A kernel's pointers must be the device's. Copies go the way that they say.
 * - Under ASan each allocation has red zones; new memory is filled with NaN (its first MiB).
 * - The threads of a block run one after the other until they wait for each other, in the order that the test says. A
 *   kernel that answers differently in another order has a race.
 * - Threads that wait for each other in vain, and lanes that are named in a mask but do not come, end the program.
 *
 * What it cannot tell: anything of speed, of caches and of memory order between blocks.
 */
#ifndef EMULATED_CUDA_H
#define EMULATED_CUDA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How blocks of a grid and threads of a block follow each other, and who goes on after a wait. The first: the default.
 */
typedef enum emulated_order {
  EMULATED_ASCENDING,
  EMULATED_DESCENDING,
  EMULATED_SHUFFLED,
  EMULATED_ORDERS
} emulated_order;
void emulated_cuda_order(emulated_order order);

/* Devices that cudaGetDeviceCount finds: 0 or 1, the default. */
void emulated_cuda_devices(int count);
/* All memory of the device, in bytes; 0 is the default, 512 MiB. More than that there cannot be. */
void emulated_cuda_memory(size_t bytes);
/* The n-th call from now on that may fail (1 is the next) answers cudaErrorUnknown, or for memory
 * cudaErrorMemoryAllocation; 0 switches it off. Answers 1 if the one wanted before has failed. */
int emulated_cuda_fail_at(unsigned long n);

/* Since the program began. */
unsigned long emulated_cuda_launches(void);    /* kernels that have run, those of graphs included */
unsigned long emulated_cuda_allocations(void); /* cudaMalloc and cudaMallocHost */
/* Bytes that are now allocated on the device. */
size_t emulated_cuda_allocated(void);

#ifdef __cplusplus
}
#endif

#endif
