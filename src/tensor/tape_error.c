/* Sticky errors, and how operations and shapes read in them. */
#include "core/error.h"
#include "tensor/tape.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const op_name[OP_COUNT] = {
    [OP_ADD] = "add",
    [OP_SUB] = "sub",
    [OP_MUL] = "mul",
    [OP_AFFINE] = "affine",
    [OP_RELU] = "relu",
    [OP_LEAKY_RELU] = "leaky_relu",
    [OP_TANH] = "tanh",
    [OP_SIGMOID] = "sigmoid",
    [OP_SILU] = "silu",
    [OP_GELU] = "gelu",
    [OP_SOFTPLUS] = "softplus",
    [OP_EXP] = "exp",
    [OP_LOG] = "log",
    [OP_SQUARE] = "square",
    [OP_SQRT] = "sqrt",
    [OP_DROPOUT] = "dropout",
    [OP_GAUSSIAN] = "gaussian",
    [OP_LINEAR] = "linear",
    [OP_MATMUL] = "matmul",
    [OP_CONV1D] = "conv1d",
    [OP_CONV2D] = "conv2d",
    [OP_BATCH_NORM] = "batch_norm",
    [OP_LAYER_NORM] = "layer_norm",
    [OP_SOFTMAX] = "softmax",
    [OP_LOG_SOFTMAX] = "log_softmax",
    [OP_SUM] = "sum",
    [OP_MEAN] = "mean",
    [OP_REDUCE_MEAN] = "reduce_mean",
    [OP_REDUCE_MAX] = "reduce_max",
    [OP_LINEAR_MAX] = "linear_max",
    [OP_NEIGHBOUR_MAX] = "neighbour_max",
    [OP_ATTENTIVE_STATS] = "attentive_stats",
    [OP_GATHER] = "gather",
    [OP_CONCAT] = "concat",
    [OP_SLICE] = "slice",
    [OP_RESHAPE] = "reshape",
    [OP_TRANSPOSE] = "transpose",
    [OP_FFT_CONV] = "fft_conv",
    [OP_MOVING_FILTER] = "moving_filter",
    [OP_MINIMUM_PHASE] = "minimum_phase",
    [OP_POWER_SPECTRUM] = "power_spectrum",
    [OP_LOG_BANDS] = "log_bands",
    [OP_COSINE] = "cosine",
    [OP_NORMALIZE] = "normalize",
    [OP_CENTRE] = "centre",
    [OP_MSE] = "mse",
    [OP_L1] = "l1",
    [OP_CROSS_ENTROPY] = "cross_entropy",
    [OP_SOFT_CROSS_ENTROPY] = "soft_cross_entropy",
    [OP_BINARY_CROSS_ENTROPY] = "binary_cross_entropy",
    [OP_KL_GAUSSIAN] = "kl_gaussian",
    [OP_MARGIN_SOFTMAX] = "margin_softmax",
    [OP_HINGE] = "hinge",
    [OP_CHAMFER] = "chamfer",
};

const char *tape_op_name(op_kind kind) {
  return op_name[kind];
}

scrim_status tape_status(const tape *t, scrim_error *error) {
  if (t->error.status != SCRIM_OK && error) *error = t->error;
  return t->error.status;
}

tensor *tape_fail(tape *t, scrim_status status, const char *format, ...) {
  if (t->error.status != SCRIM_OK) return NULL;
  char text[sizeof t->error.message];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  fail(&t->error, status, "%s", text);
  return NULL;
}

void *tape_out_of_memory(tape *t, op_kind kind) {
  return tape_fail(t, SCRIM_E_MEMORY, "%s: out of memory", op_name[kind]);
}

const char *tape_shape_text(char text[SHAPE_TEXT], int rank, const int *dim) {
  int at = snprintf(text, SHAPE_TEXT, "[");
  for (int i = 0; i < rank && i < TENSOR_MAX_RANK; i++) {
    at += snprintf(text + at, SHAPE_TEXT - (size_t)at, i ? ", %d" : "%d", dim[i]);
  }
  snprintf(text + at, SHAPE_TEXT - (size_t)at, "]");
  return text;
}

int tape_same_shape(const tensor *a, const tensor *b) {
  return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

tensor *tape_misfit(tape *t, op_kind kind, const char *rule, const tensor *a, const tensor *b) {
  char one[SHAPE_TEXT], other[SHAPE_TEXT];
  return tape_fail(t, SCRIM_E_ARGUMENT, "%s: %s and %s do not fit: %s", op_name[kind],
                   tape_shape_text(one, a->rank, a->dim), tape_shape_text(other, b->rank, b->dim), rule);
}

tensor *tape_unfit(tape *t, op_kind kind, const char *rule, const tensor *a) {
  char text[SHAPE_TEXT];
  return tape_fail(t, SCRIM_E_ARGUMENT, "%s: %s does not fit: %s", op_name[kind],
                   tape_shape_text(text, a->rank, a->dim), rule);
}

int tape_accepts(tape *t, op_kind kind, int n, tensor *const *in) {
  for (int i = 0; i < n; i++) {
    if (!in[i]) tape_fail(t, SCRIM_E_ARGUMENT, "%s: input %d is NULL", op_name[kind], i + 1);
  }
  return t->error.status == SCRIM_OK;
}
