/* Recording, sticky errors, memory and the backward pass. */
#include "tensor/tape.h"
#include "core/error.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TAPE_FIRST_BLOCK = 1 << 16 };

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

/* ---- life ---- */

scrim_status tape_create(tape **out, const backend *b, scrim_error *error) {
  *out = NULL;
  tape *t = memory_zalloc(1, sizeof *t);
  arena *a = arena_create(TAPE_FIRST_BLOCK);
  if (!t || !a) {
    memory_free(t);
    arena_free(a);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a tape");
  }
  t->backend = b;
  t->arena = a;
  if (b->prepare) b->prepare();
  *out = t;
  return SCRIM_OK;
}

/* It may hold what a filter must not leave behind. */
static void tape_free_scratch(tape *t) {
  memory_wipe_free(t->scratch, t->scratch_values * sizeof(real));
  t->scratch = NULL;
  t->scratch_values = 0;
}

void tape_free(tape *t) {
  if (!t) return;
  if (t->backend->release) t->backend->release(t->state);
  arena_free(t->arena);
  tape_free_scratch(t);
  memory_free(t);
}

void tape_reset(tape *t) {
  arena_reset(t->arena);
  t->last = NULL;
  memset(&t->error, 0, sizeof t->error);
}

void tape_training(tape *t, int on) {
  t->training = on;
}

void tape_random(tape *t, random_source *source) {
  t->random = source;
}

/* ---- errors ---- */

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

static void *tape_out_of_memory(tape *t, op_kind kind) {
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

/* ---- recording ---- */

/* Fills x's shape; 0 (sticky) if it is no shape or its values could not be addressed. */
static int tape_shape(tape *t, tensor *x, int rank, const int *dim) {
  char text[SHAPE_TEXT];
  if (rank < 1 || rank > TENSOR_MAX_RANK) {
    tape_fail(t, SCRIM_E_ARGUMENT, "rank %d is not in 1..%d", rank, TENSOR_MAX_RANK);
    return 0;
  }
  x->rank = rank;
  x->n = 1;
  for (int i = 0; i < rank; i++) {
    if (dim[i] < 1 || x->n > SIZE_MAX / sizeof(real) / (size_t)dim[i]) {
      tape_fail(t, SCRIM_E_ARGUMENT, "%s is no shape: dimension %d is empty or too large",
                tape_shape_text(text, rank, dim), i + 1);
      return 0;
    }
    x->dim[i] = dim[i];
    x->n *= (size_t)dim[i];
  }
  return 1;
}

static int tape_wants(const tensor *x) {
  return x && (x->grad || (x->node && x->node->wants));
}

node *tape_node(tape *t, op_kind kind, int n_in, tensor *const *in, int rank, const int *dim) {
  node *n = arena_alloc(t->arena, sizeof *n + (size_t)n_in * sizeof *in);
  if (!n) return tape_out_of_memory(t, kind);
  *n = (node){.kind = kind, .tape = t, .training = t->training, .n_in = n_in};
  if (!tape_shape(t, &n->out, rank, dim)) return NULL;
  n->out.node = n;
  for (int i = 0; i < n_in; i++) {
    n->in[i] = in[i];
    n->wants |= tape_wants(in[i]);
  }
  return n;
}

real *tape_save(node *n, size_t values) {
  n->saved = arena_alloc(n->tape->arena, values * sizeof *n->saved);
  return n->saved ? n->saved : tape_out_of_memory(n->tape, n->kind);
}

int32_t *tape_choose(node *n, size_t values) {
  n->chosen = arena_alloc(n->tape->arena, values * sizeof *n->chosen);
  return n->chosen ? n->chosen : tape_out_of_memory(n->tape, n->kind);
}

tensor *tape_run(node *n) {
  if (!n) return NULL;
  tape *t = n->tape;
  if (!n->out.data) n->out.data = arena_alloc(t->arena, n->out.n * sizeof(real));
  if (!n->out.data) return tape_out_of_memory(t, n->kind);
  void (*forward)(node *) = t->backend->op[n->kind].forward;
  if (!forward) forward = reference_backend.op[n->kind].forward;
  forward(n);
  if (t->error.status != SCRIM_OK) return NULL;
  n->previous = t->last;
  t->last = n;
  return &n->out;
}

real *tape_scratch(node *n, size_t values) {
  tape *t = n->tape;
  if (values <= t->scratch_values) return t->scratch;
  tape_free_scratch(t);
  t->scratch = values > SIZE_MAX / sizeof(real) ? NULL : memory_alloc(values * sizeof(real));
  if (!t->scratch) return tape_out_of_memory(t, n->kind);
  t->scratch_values = values;
  return t->scratch;
}

void **tape_state(node *n) {
  return &n->tape->state;
}

int tape_seed(tape *t, op_kind kind, uint64_t *seed) {
  if (!t->random) {
    tape_fail(t, SCRIM_E_STATE, "%s: the tape has no source of randomness", op_name[kind]);
    return 0;
  }
  *seed = random_u64(t->random);
  return 1;
}

random_source *tape_source(const tape *t) {
  return t->random;
}

/* ---- leaves ---- */

static tensor *tape_leaf(tape *t, int rank, const int *dim) {
  if (t->error.status != SCRIM_OK) return NULL;
  tensor *x = arena_alloc(t->arena, sizeof *x);
  if (!x) return tape_fail(t, SCRIM_E_MEMORY, "out of memory for a tensor");
  *x = (tensor){0};
  return tape_shape(t, x, rank, dim) ? x : NULL;
}

static real *tape_values(tape *t, const tensor *x) {
  real *values = arena_alloc(t->arena, x->n * sizeof *values);
  if (!values) {
    tape_fail(t, SCRIM_E_MEMORY, "out of memory for a tensor of %zu values", x->n);
    return NULL;
  }
  memset(values, 0, x->n * sizeof *values);
  return values;
}

tensor *tape_input(tape *t, const real *data, int rank, const int *dim) {
  if (!data) return tape_fail(t, SCRIM_E_ARGUMENT, "input: data is NULL");
  tensor *x = tape_leaf(t, rank, dim);
  if (x) x->data = (real *)data; /* no operation writes to its inputs, but for the running statistics of batch_norm */
  return x;
}

tensor *tape_variable(tape *t, const real *data, int rank, const int *dim) {
  if (!data) return tape_fail(t, SCRIM_E_ARGUMENT, "variable: data is NULL");
  tensor *x = tape_zeros(t, rank, dim);
  if (!x || !(x->grad = tape_values(t, x))) return NULL;
  memcpy(x->data, data, x->n * sizeof *data);
  return x;
}

tensor *tape_zeros(tape *t, int rank, const int *dim) {
  tensor *x = tape_leaf(t, rank, dim);
  return x && (x->data = tape_values(t, x)) ? x : NULL;
}

/* ---- backward ---- */

/* Readies the gradient of a result that the root depends on; its users come later on the tape and add to it first. */
static int tape_enliven(tape *t, tensor *x) {
  if (!x || !x->node || !x->node->wants || x->node->live) return 1;
  x->node->live = 1;
  if (!x->grad) return (x->grad = tape_values(t, x)) != NULL;
  memset(x->grad, 0, x->n * sizeof *x->grad);
  return 1;
}

static void tape_node_backward(node *n) {
  for (int i = 0; i < n->n_in; i++) {
    if (!tape_enliven(n->tape, n->in[i])) return;
  }
  void (*backward)(node *) = n->tape->backend->op[n->kind].backward;
  if (!backward) backward = reference_backend.op[n->kind].backward;
  backward(n);
}

scrim_status tape_backward(tape *t, tensor *root, scrim_error *error) {
  if (!root && t->error.status == SCRIM_OK) tape_fail(t, SCRIM_E_ARGUMENT, "backward: the root is NULL");
  if (t->error.status != SCRIM_OK) return tape_status(t, error);
  char text[SHAPE_TEXT];
  if (root->n != 1) {
    return fail(error, SCRIM_E_ARGUMENT, "backward: the root %s is not one value",
                tape_shape_text(text, root->rank, root->dim));
  }
  if (!root->node || !root->node->wants) {
    return fail(error, SCRIM_E_ARGUMENT, "backward: nothing that the root depends on wants a gradient");
  }
  if (tape_enliven(t, root)) root->grad[0] = 1;
  for (node *n = root->node; n; n = n->previous) {
    if (n->live && t->error.status == SCRIM_OK) tape_node_backward(n);
    n->live = 0;
  }
  return tape_status(t, error);
}
