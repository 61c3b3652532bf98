/* Private to packed*.c: one kernel an instruction set, all with the same bits. */
#ifndef TENSOR_PACKED_KERNEL_H
#define TENSOR_PACKED_KERNEL_H

#include "tensor/packed.h"

enum { PACKED_WIDTH = 16 }; /* outputs a panel: one 512-bit vector */

struct packed_linear {
  int in, out, panels; /* panels = ceil(out / PACKED_WIDTH) */
  packed_activation activation;
  const struct packed_kernel *kernel;
  float *weights; /* [panels, in, PACKED_WIDTH], zero beyond `out` */
  float *bias;    /* [panels * PACKED_WIDTH], zero beyond `out` */
};

typedef struct packed_kernel {
  const char *name;
  int (*supported)(void);
  /* start[i] points to at least `out` values; never NULL here */
  void (*run)(const packed_linear *l, const float *x, size_t x_stride, const float *const *start, float *y,
              size_t y_stride, size_t n);
} packed_kernel;

extern const packed_kernel packed_reference, packed_avx2, packed_avx512;

/* Best first; NULL at the end. The reference is last and always supported. */
extern const packed_kernel *const packed_kernels[];

#endif
