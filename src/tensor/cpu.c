/* The table of the fast kernels. What is missing here runs as plain C. */
#include "tensor/cpu.h"
#include <cblas.h>
#include <pthread.h>

/* The pool splits batches over threads, so BLAS must not start threads of its own. This holds for the whole process. */
static void cpu_blas_single_threaded(void) {
  openblas_set_num_threads(1);
}

static void cpu_prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, cpu_blas_single_threaded);
}

#define KERNEL(name)                                                                                                   \
  { cpu_##name##_forward, cpu_##name##_backward }

const backend cpu_backend = {
    .name = "cpu",
    .prepare = cpu_prepare,
    .op =
        {
            [OP_LINEAR] = KERNEL(linear),
            [OP_MATMUL] = KERNEL(matmul),
            [OP_CONV1D] = KERNEL(conv1d),
        },
};
