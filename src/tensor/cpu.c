/* The table of the fast kernels. What is missing here runs as plain C. */
#include "tensor/cpu.h"
#include "tensor/cpu_fft.h"
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
    .release = cpu_fft_release,
    .op =
        {
            [OP_ADD] = KERNEL(add),
            [OP_SUB] = KERNEL(sub),
            [OP_MUL] = KERNEL(mul),
            [OP_AFFINE] = KERNEL(affine),
            [OP_RELU] = KERNEL(relu),
            [OP_LEAKY_RELU] = KERNEL(leaky_relu),
            [OP_TANH] = KERNEL(tanh),
            [OP_SIGMOID] = KERNEL(sigmoid),
            [OP_SILU] = KERNEL(silu),
            [OP_GELU] = KERNEL(gelu),
            [OP_SOFTPLUS] = KERNEL(softplus),
            [OP_EXP] = KERNEL(exp),
            [OP_LOG] = KERNEL(log),
            [OP_SQUARE] = KERNEL(square),
            [OP_SQRT] = KERNEL(sqrt),
            [OP_DROPOUT] = KERNEL(dropout),
            [OP_GAUSSIAN] = KERNEL(gaussian),
            [OP_LINEAR] = KERNEL(linear),
            [OP_MATMUL] = KERNEL(matmul),
            [OP_CONV1D] = KERNEL(conv1d),
            [OP_CONV2D] = KERNEL(conv2d),
            [OP_BATCH_NORM] = KERNEL(batch_norm),
            [OP_LAYER_NORM] = KERNEL(layer_norm),
            [OP_SOFTMAX] = KERNEL(softmax),
            [OP_LOG_SOFTMAX] = KERNEL(log_softmax),
            [OP_SUM] = KERNEL(sum),
            [OP_MEAN] = KERNEL(mean),
            [OP_REDUCE_MEAN] = KERNEL(reduce_mean),
            [OP_REDUCE_MAX] = {.forward = cpu_reduce_max_forward},
            [OP_LINEAR_MAX] = {.forward = cpu_linear_max_forward},
            [OP_NEIGHBOUR_MAX] = {.forward = cpu_neighbour_max_forward},
            [OP_ATTENTIVE_STATS] = KERNEL(attentive_stats),
            [OP_TRANSPOSE] = KERNEL(transpose),
            [OP_FFT_CONV] = KERNEL(fft_conv),
            [OP_MOVING_FILTER] = KERNEL(moving_filter),
            [OP_MINIMUM_PHASE] = KERNEL(minimum_phase),
            [OP_POWER_SPECTRUM] = KERNEL(power_spectrum),
            [OP_COSINE] = KERNEL(cosine),
            [OP_NORMALIZE] = KERNEL(normalize),
            [OP_CENTRE] = KERNEL(centre),
            [OP_MSE] = KERNEL(mse),
            [OP_L1] = KERNEL(l1),
            [OP_CROSS_ENTROPY] = KERNEL(cross_entropy),
            [OP_SOFT_CROSS_ENTROPY] = KERNEL(soft_cross_entropy),
            [OP_BINARY_CROSS_ENTROPY] = KERNEL(binary_cross_entropy),
            [OP_KL_GAUSSIAN] = KERNEL(kl_gaussian),
            [OP_CHAMFER] = {.forward = cpu_chamfer_forward},
        },
};
