/* Recording, memory and the backward pass. */
#include "core/error.h"
#include "tensor/residency.h"
#include <string.h>

enum { TAPE_FIRST_BLOCK = 1 << 16 };

/* ---- life ---- */

scrim_status tape_create(tape **out, const backend *b, scrim_error *error) {
  *out = NULL;
  if (!b) b = &cpu_backend;
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
  if (t->backend->memory) cpu_backend.release(t->host_state);
  arena_free(t->arena);
  tape_free_scratch(t);
  memory_free(t);
}

void tape_reset(tape *t) {
  arena_reset(t->arena);
  if (t->backend->memory) t->backend->memory->reset(t);
  t->first = t->last = NULL;
  t->strayed = t->captured = 0;
  memset(&t->error, 0, sizeof t->error);
}

void tape_training(tape *t, int on) {
  t->training = on;
}

void tape_random(tape *t, random_source *source) {
  t->random = source;
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

node *tape_node(tape *t, op_kind kind, int n_in, tensor *const *in, int rank, const int *dim) {
  node *n = arena_alloc(t->arena, sizeof *n + (size_t)n_in * sizeof *in);
  if (!n) return tape_out_of_memory(t, kind);
  *n = (node){.kind = kind, .tape = t, .training = t->training, .n_in = n_in};
  if (!tape_shape(t, &n->out, rank, dim)) return NULL;
  n->out.node = n;
  n->out.tape = t;
  for (int i = 0; i < n_in; i++) {
    n->in[i] = in[i];
    n->wants |= tape_wants(in[i]);
    /* Weights that a device has trained: it reads them itself, the CPU's kernels read x->data. */
    if (!t->backend->memory && in[i] && in[i]->values.host_behind && !tensor_values(in[i])) {
      return tape_fail(t, SCRIM_E_DEVICE, "%s: input %d is lost on the device", tape_op_name(kind), i + 1), NULL;
    }
  }
  return n;
}

int tape_save(node *n, size_t values) {
  n->n_saved = values;
  if (!tape_on_host(n->tape, n->kind)) return 1;
  n->saved = arena_alloc(n->tape->arena, values * sizeof *n->saved);
  return n->saved || tape_out_of_memory(n->tape, n->kind);
}

int tape_choose(node *n, size_t values) {
  n->n_chosen = values;
  if (!tape_on_host(n->tape, n->kind)) return 1;
  n->chosen = arena_alloc(n->tape->arena, values * sizeof *n->chosen);
  return n->chosen || tape_out_of_memory(n->tape, n->kind);
}

int tape_on_host(const tape *t, op_kind kind) {
  return !t->backend->memory || !t->backend->op[kind].forward;
}

kernel tape_host_kernel(const tape *t, op_kind kind) {
  kernel k = (t->backend->memory ? &cpu_backend : t->backend)->op[kind];
  if (!k.forward) k.forward = reference_backend.op[kind].forward;
  if (!k.backward) k.backward = reference_backend.op[kind].backward;
  return k;
}

static int tape_forward(node *n) {
  tape *t = n->tape;
  if (!n->out.data) n->out.data = arena_alloc(t->arena, n->out.n * sizeof(real));
  if (!n->out.data) return tape_out_of_memory(t, n->kind) != NULL;
  tape_host_kernel(t, n->kind).forward(n);
  return t->error.status == SCRIM_OK;
}

tensor *tape_run(node *n) {
  if (!n) return NULL;
  tape *t = n->tape;
  if (!(t->backend->memory ? residency_forward(n) : tape_forward(n))) return NULL;
  n->previous = t->last;
  if (t->last) t->last->next = n;
  if (!t->first) t->first = n;
  t->last = n;
  t->captured = 0;
  return &n->out;
}

scrim_status tape_replay(tape *t, scrim_error *error) {
  if (t->error.status != SCRIM_OK) return tape_status(t, error);
  if (t->backend->memory) residency_replay(t);
  for (node *n = t->first; n && !t->backend->memory && tape_forward(n);) n = n->next;
  return tape_status(t, error);
}

size_t tape_fallbacks(const tape *t, const char **name) {
  size_t sum = 0, most = 0;
  *name = NULL;
  for (int kind = 0; kind < OP_COUNT; kind++) {
    sum += t->fallbacks[kind];
    if (t->fallbacks[kind] <= most) continue;
    most = t->fallbacks[kind];
    *name = tape_op_name((op_kind)kind);
  }
  return sum;
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
  return n->tape->backend->memory ? &n->tape->host_state : &n->tape->state;
}

int tape_seed(tape *t, op_kind kind, uint64_t *seed) {
  if (!t->random) {
    tape_fail(t, SCRIM_E_STATE, "%s: the tape has no source of randomness", tape_op_name(kind));
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
  *x = (tensor){.tape = t};
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
  if (x->tape->backend->memory) return residency_zero_gradient(x);
  if (!x->grad) return (x->grad = tape_values(t, x)) != NULL;
  memset(x->grad, 0, x->n * sizeof *x->grad);
  return 1;
}

static void tape_node_backward(node *n) {
  for (int i = 0; i < n->n_in; i++) {
    if (!tape_enliven(n->tape, n->in[i])) return;
  }
  if (n->tape->backend->memory)
    residency_backward(n);
  else
    tape_host_kernel(n->tape, n->kind).backward(n);
}

/* d(root)/d(root) */
static void tape_seed_gradient(tape *t, tensor *root) {
  if (!tape_enliven(t, root)) return;
  if (t->backend->memory)
    residency_seed_gradient(root);
  else
    root->grad[0] = 1;
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
  t->captured = 0; /* the way back may move the scratch that a recorded pass knows */
  tape_seed_gradient(t, root);
  for (node *n = root->node; n; n = n->previous) {
    if (n->live && t->error.status == SCRIM_OK) tape_node_backward(n);
    n->live = 0;
  }
  return tape_status(t, error);
}
