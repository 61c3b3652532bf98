/*
 * What a backend supplies: a forward and a backward kernel for each operation. A NULL member falls back to the
 * reference, so that a backend starts empty and grows by what pays.
 */
#ifndef TENSOR_BACKEND_H
#define TENSOR_BACKEND_H

#include "tensor/optimizer_step.h"
#include "tensor/tensor.h"

typedef enum op_kind {
  OP_ADD,
  OP_SUB,
  OP_MUL,
  OP_AFFINE,
  OP_RELU,
  OP_LEAKY_RELU,
  OP_TANH,
  OP_SIGMOID,
  OP_SILU,
  OP_GELU,
  OP_SOFTPLUS,
  OP_EXP,
  OP_LOG,
  OP_SQUARE,
  OP_SQRT,
  OP_DROPOUT,
  OP_GAUSSIAN,
  OP_LINEAR,
  OP_MATMUL,
  OP_CONV1D,
  OP_CONV2D,
  OP_BATCH_NORM,
  OP_LAYER_NORM,
  OP_SOFTMAX,
  OP_LOG_SOFTMAX,
  OP_SUM,
  OP_MEAN,
  OP_REDUCE_MEAN,
  OP_REDUCE_MAX,
  OP_LINEAR_MAX,
  OP_NEIGHBOUR_MAX,
  OP_ATTENTIVE_STATS,
  OP_GATHER,
  OP_CONCAT,
  OP_SLICE,
  OP_RESHAPE,
  OP_TRANSPOSE,
  OP_FFT_CONV,
  OP_MOVING_FILTER,
  OP_MINIMUM_PHASE,
  OP_POWER_SPECTRUM,
  OP_LOG_BANDS,
  OP_COSINE,
  OP_NORMALIZE,
  OP_CENTRE,
  OP_MSE,
  OP_L1,
  OP_CROSS_ENTROPY,
  OP_SOFT_CROSS_ENTROPY,
  OP_BINARY_CROSS_ENTROPY,
  OP_KL_GAUSSIAN,
  OP_MARGIN_SOFTMAX,
  OP_HINGE,
  OP_CHAMFER,
  OP_COUNT
} op_kind;

/* One operation as it was run. Lives in the tape's arena. */
typedef struct node {
  op_kind kind;
  tape *tape;
  struct node *previous, *next; /* the ones run before and after it */
  int wants;                    /* 1: an input wants a gradient, so backward may be called */
  int live;                     /* 1: the root of the running backward pass depends on it */
  int training;                 /* the tape's mode when it was run */
  union {                       /* attributes */
    struct {
      float scale, shift;
    } affine;
    struct {
      float slope;
    } leaky;
    struct {
      float floor;
    } clamp; /* log, sqrt */
    struct {
      int stride, dilation, padding;
    } conv;
    struct {
      int window, hop, length;
    } frame; /* power_spectrum */
    struct {
      float floor;
      int centre;
    } bands; /* log_bands */
    struct {
      float momentum, epsilon;
    } norm; /* batch_norm, layer_norm, normalize */
    struct {
      int axis, start;
    } span; /* reductions, concat, slice */
    struct {
      int hop;
    } moving; /* moving_filter */
    struct {
      float margin, scale;
    } margin; /* margin_softmax, hinge */
    struct {
      int k;
    } near; /* neighbour_max */
    struct {
      uint64_t seed;
      float rate;
    } noise; /* dropout, gaussian: a device draws for itself, from the same counters */
  } at;
  const int32_t *index; /* labels or rows; the caller's */
  int32_t *chosen;      /* where a maximum or minimum was found; the builder says how many */
  real *saved; /* what forward (or, for noise, the builder) leaves for backward; the builder fixes the layout */
  size_t n_index, n_chosen, n_saved;
  residency index_at, chosen_at, saved_at;
  tensor out;
  int n_in;
  tensor *in[]; /* an optional input may be NULL */
} node;

/*
 * forward fills n->out.data. backward adds to n->in[k]->grad for each k where that is not NULL, from n->out.grad.
 * Both may use tape_scratch; a failure there is the tape's sticky error.
 */
typedef struct kernel {
  void (*forward)(node *n);
  void (*backward)(node *n);
} kernel;

/*
 * A device with memory of its own. Addresses are the device's, sizes are bytes. What a tape asks for fails with the
 * tape's sticky error, and then answers NULL or 0; what belongs to no tape fails with *error.
 */
typedef struct device_memory {
  void *(*room)(tape *t, size_t bytes); /* of the tape's arena, until `reset`; 256-byte aligned, not zeroed */
  void (*reset)(tape *t);               /* the pass is forgotten, its memory stays for the next one */
  /* The host's bytes may change as soon as it has answered. */
  int (*upload)(tape *t, void *to, const void *from, size_t bytes);
  void *(*keep)(size_t bytes, scrim_error *error); /* of tensors that outlive tapes */
  void (*drop)(void *kept);
  scrim_status (*zero)(void *at, size_t bytes, scrim_error *error);
  scrim_status (*upload_kept)(void *to, const void *from, size_t bytes, scrim_error *error);
  /* Waits for what this thread has asked of the device before. */
  scrim_status (*download)(void *to, const void *from, size_t bytes, scrim_error *error);
} device_memory;

/*
 * How a device repeats a pass of its own, without asking for one kernel after the other: between begin and end it takes
 * note of what is asked of it (uploads included) instead of doing it; launch does it all, with what the memory that was
 * uploaded holds by then. Where begin succeeded, end is called whatever happened between them. Forgotten at
 * device_memory's reset. Each answers 0 after a sticky error.
 */
typedef struct device_replay {
  int (*begin)(tape *t);
  int (*end)(tape *t);
  int (*launch)(tape *t);
} device_replay;

struct backend {
  const char *name;
  scrim_status (*describe)(char *text, size_t bytes, scrim_error *error); /* the device in words; NULL: the CPU */
  void (*prepare)(void);                    /* called by tape_create; NULL: nothing to prepare */
  void (*release)(void *state);             /* frees what tape_state holds; NULL: nothing is held */
  const device_memory *memory;              /* NULL: the host's */
  const device_replay *replay;              /* NULL: kernels are asked for one by one */
  const device_optimizer *optimizer;        /* NULL: weights and gradients come to the host for a step */
  const struct device_functions *functions; /* what it does that is no operation (device_functions.h); NULL: nothing */
  kernel op[OP_COUNT];
};

/* Scratch of the kernel that runs: `values` reals, not zeroed, gone when the next kernel asks. NULL: out of memory. */
real *tape_scratch(node *n, size_t values);
/* A place for what the CPU's kernels keep from pass to pass (plans). A device has tape.state for itself. */
void **tape_state(node *n);
/* Keeps the first failure of a pass. Answers NULL, so that a builder reads: return tape_fail(...). */
tensor *tape_fail(tape *t, scrim_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
