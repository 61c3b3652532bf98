/*
 * Tensors and reverse-mode differentiation. float32, row major, at most 4 dimensions.
 *
 * A tape records the operations of one forward pass as they are run (eagerly); tape_backward walks it in reverse.
 * Values and gradients of a pass live in the tape's arena: after the first pass of a shape nothing is allocated.
 *
 * Errors are sticky: an operation that is given NULL or shapes that do not fit answers NULL and the tape remembers the
 * first cause; a whole network can be written without a check a line, and tape_status tells at the end.
 *
 * Every operation runs through a backend: a table indexed by operation, whose NULL members fall back to the plain C
 * reference (reference.c). cpu.c has the fast ones.
 *
 * Dimensions are at least 1. Inputs of an operation, and the tensors handed to tape_input, must outlive the pass.
 *
 * A tape belongs to one thread at a time.
 */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include "core/memory.h"
#include "core/random.h"
#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

enum { TENSOR_MAX_RANK = 4 };

/* Tests build the tape and the plain C reference a second time with double, for gradients by central differences. */
#ifdef TENSOR_DOUBLE
typedef double real;
#else
typedef float real;
#endif

typedef struct tape tape;
typedef struct tensor tensor;
typedef struct backend backend; /* backend.h */

/* Where a block of values lies (residency.h). All zero: in the host's memory only, as always without a device. */
typedef struct residency {
  void *device;              /* the device's copy; NULL: none */
  unsigned char on_device;   /* 1: that copy is current */
  unsigned char host_behind; /* 1: the host's copy is not */
} residency;

struct tensor {
  int rank;
  int dim[TENSOR_MAX_RANK];
  size_t n;            /* values */
  real *data;          /* [dim...]; of results read with tensor_values */
  real *grad;          /* same shape; NULL where no gradient is wanted and, for results, before tape_backward */
  struct node *node;   /* how it was made; NULL for inputs and parameters. Private to src/tensor, as all below */
  tape *tape;          /* whose pass it belongs to; NULL: it outlives passes (parameters) */
  const backend *home; /* of one that outlives passes: the device that has a copy; NULL: none */
  residency values, gradient;
};

extern const backend reference_backend; /* plain C */
extern const backend cpu_backend;       /* OpenBLAS, vector code */

/* b NULL: the CPU's. */
scrim_status tape_create(tape **out, const backend *b, scrim_error *error);
void tape_free(tape *t);
void tape_reset(tape *t); /* forgets the pass, keeps the memory; clears a sticky error */
scrim_status tape_status(const tape *t, scrim_error *error);
/* 1: operations behave as in training (batch statistics, dropout); 0, the default: as in inference. */
void tape_training(tape *t, int on);
/* Randomness of dropout and sampling; borrowed. Each such operation takes one number from it, which a counter generator
 * expands: good for training, never for noise that must stay secret. */
void tape_random(tape *t, random_source *source);
random_source *tape_source(const tape *t); /* what it was given; NULL: none */
/*
 * Runs the pass of this tape again, forward, on what the memory handed to tape_input, and labels and rows, hold now:
 * without building it anew, and on a device without asking for one kernel after the other. Results are where they were;
 * noise is the same as the first time.
 */
scrim_status tape_replay(tape *t, scrim_error *error);
/* Kernels of this kind of tape that ran on the CPU for want of one, since it was made; *name is the operation that did
 * most often, NULL: none. Always 0 on a tape of the CPU. */
size_t tape_fallbacks(const tape *t, const char **name);
/* d(root)/d(all that want a gradient), root being one value. Adds to the grads of parameters and variables; the
 * caller zeroes those of parameters. May be called again for another root of the same pass. */
scrim_status tape_backward(tape *t, tensor *root, scrim_error *error);

/*
 * Values and gradient of a tensor, brought to the host if they are on a device: what reads a result reads it through
 * these. NULL: x is NULL, or has no gradient, or could not be fetched, in which case the tape has a sticky error: read
 * first, then ask for tape_status. On a tape of the CPU they are x->data and x->grad.
 */
const real *tensor_values(tensor *x);
const real *tensor_gradient(tensor *x);
/* What writes to the values of a tensor that outlives passes (weights) asks for them here: a device's copy is then out
 * of date. NULL: they could not be fetched. */
real *tensor_edit(tensor *x);
/* The same for who writes all of them: nothing is fetched, and it cannot fail. */
real *tensor_overwrite(tensor *x);
/* Of a tensor that outlives passes and has a gradient. */
void tensor_zero_gradient(tensor *x);
/* Takes the values of one that outlives passes to where `like` has its own, if that is a device. */
scrim_status tensor_follow(tensor *x, const tensor *like, scrim_error *error);
/* Gives back a device's copies; before such a tensor goes. What only the device knew is lost. */
void tensor_forget(tensor *x);
void tensor_forget_gradient(tensor *x);

/* ---- leaves ---- */
tensor *tape_input(tape *t, const real *data, int rank, const int *dim); /* borrowed; no gradient */
/* Copied; its gradient is wanted (attacks on inputs). */
tensor *tape_variable(tape *t, const real *data, int rank, const int *dim);
tensor *tape_zeros(tape *t, int rank, const int *dim);

/* ---- pointwise; b may have a's shape, or a's trailing shape (broadcast over leading dimensions), or one value ---- */
tensor *op_add(tape *t, tensor *a, tensor *b);
tensor *op_sub(tape *t, tensor *a, tensor *b);
tensor *op_mul(tape *t, tensor *a, tensor *b);
tensor *op_affine(tape *t, tensor *a, float scale, float shift); /* scale * a + shift */
tensor *op_relu(tape *t, tensor *a);
tensor *op_leaky_relu(tape *t, tensor *a, float slope);
tensor *op_tanh(tape *t, tensor *a);
tensor *op_sigmoid(tape *t, tensor *a);
tensor *op_silu(tape *t, tensor *a);
tensor *op_gelu(tape *t, tensor *a); /* exact, by erf */
tensor *op_softplus(tape *t, tensor *a);
tensor *op_exp(tape *t, tensor *a);
tensor *op_log(tape *t, tensor *a, float floor); /* log(max(a, floor)) */
tensor *op_square(tape *t, tensor *a);
tensor *op_sqrt(tape *t, tensor *a, float floor);
tensor *op_dropout(tape *t, tensor *a, float rate);

/* ---- layers ---- */
tensor *op_linear(tape *t, tensor *x, tensor *w, tensor *b); /* x [.., in], w [out, in], b [out] or NULL -> [.., out] */
tensor *op_matmul(tape *t, tensor *a, tensor *b);            /* [n, k] x [k, m], or batched [B, n, k] x [B, k, m] */
/* x [n, c_in, length], w [c_out, c_in, taps], b [c_out] or NULL; zero padding both sides -> [n, c_out, length'] */
tensor *op_conv1d(tape *t, tensor *x, tensor *w, tensor *b, int stride, int dilation, int padding);
/* x [n, c_in, height, width], w [c_out, c_in, taps, taps], b [c_out] or NULL; zero padding on all four sides ->
 * [n, c_out, height', width'] */
tensor *op_conv2d(tape *t, tensor *x, tensor *w, tensor *b, int stride, int padding);
/*
 * x [n, c], [n, c, length] or [n, c, height, width]; statistics over all but c. In training updates running_mean and
 * running_var [c] (running = (1 - momentum) * running + momentum * batch, unbiased variance as in PyTorch).
 */
tensor *op_batch_norm(tape *t, tensor *x, tensor *gamma, tensor *beta, tensor *running_mean, tensor *running_var,
                      float momentum, float epsilon);
tensor *op_layer_norm(tape *t, tensor *x, tensor *gamma, tensor *beta, float epsilon); /* over the last dimension */
tensor *op_softmax(tape *t, tensor *x);                                                /* last dimension */
tensor *op_log_softmax(tape *t, tensor *x);

/* ---- shape and reduction ---- */
tensor *op_sum(tape *t, tensor *a);                   /* -> [1] */
tensor *op_mean(tape *t, tensor *a);                  /* -> [1] */
tensor *op_reduce_mean(tape *t, tensor *a, int axis); /* removes axis */
tensor *op_reduce_max(tape *t, tensor *a, int axis);  /* pooling over points; first of equals takes the gradient */
/* x [n, points, in], w [out, in], b [out] or NULL -> [n, out], the largest over the points. As op_linear and then
 * op_reduce_max, but what is not the largest is never stored, and the way back costs next to nothing. */
tensor *op_linear_max(tape *t, tensor *x, tensor *w, tensor *b);
/* values [n, points, c], places [n, points, d] -> [n, points, c]: the largest over a point itself and the nearest by
 * places, k in all. Who is near has no gradient. */
tensor *op_neighbour_max(tape *t, tensor *values, tensor *places, int k);
/* x, logits [n, c, length] -> [n, 2c]: mean | standard deviation, weighted with the softmax of logits over length */
tensor *op_attentive_stats(tape *t, tensor *x, tensor *logits);
tensor *op_gather(tape *t, tensor *a, const int32_t *rows, int n); /* a [r, ..] -> [n, ..]; rows borrowed */
tensor *op_concat(tape *t, tensor *const *parts, int n_parts, int axis);
tensor *op_slice(tape *t, tensor *a, int axis, int start, int length);
tensor *op_reshape(tape *t, tensor *a, int rank, const int *dim);
tensor *op_transpose(tape *t, tensor *a); /* last two dimensions */
/* x [n, length], h [n, taps] or [1, taps] -> [n, length + taps - 1] */
tensor *op_fft_conv(tape *t, tensor *x, tensor *h);
/*
 * x [c, n] through a response that moves: responses [j, taps] hold at samples 0, hop, 2 hop...; a sample that is sent
 * out between two of them passes a mixture, linear in time. (j - 1) * hop >= n - 1. -> [c, n]: the tail is cut.
 */
tensor *op_moving_filter(tape *t, tensor *x, tensor *responses, int hop);
/*
 * Cepstra [j, q] of log magnitudes, from the first (level, which is left out, is 0) -> [j, taps] the responses of
 * minimum phase that have them: log |H(w)| = sum over m of c[m] cos(m w). The first tap is 1.
 */
tensor *op_minimum_phase(tape *t, tensor *cepstra, int taps);
/*
 * x [n, length] -> [n, frames, fft_length / 2 + 1], the squared magnitudes of the spectra of the Hann windows that lie
 * in x: frame i starts at i * hop, frames = 1 + (length - window) / hop, and zeros follow up to fft_length
 */
tensor *op_power_spectrum(tape *t, tensor *x, int window, int hop, int fft_length);
/*
 * powers [n, frames, bins] under weights [bands, bins] -> [n, bands, frames]: the logarithms of their sums, of `floor`
 * where they are less; with `centre`, minus the mean over the frames. It is linear, log, transpose and centre, which is
 * what runs on the CPU; on a device it is one kernel. covers [2 * bands + 2 * bins], borrowed, says what is not 0: the
 * first bin of each band, the one after its last, the first band of each bin, and the one after its last.
 */
tensor *op_log_bands(tape *t, tensor *powers, tensor *weights, const int32_t *covers, float floor, int centre);
tensor *op_cosine(tape *t, tensor *a, tensor *b);        /* [n, d], [n, d] or [1, d] -> [n] */
tensor *op_normalize(tape *t, tensor *a, float epsilon); /* rows to unit length */
tensor *op_centre(tape *t, tensor *a);                   /* rows (the last dimension) minus their means */
/* mean + exp(log_variance / 2) * N(0, 1), from tape_random, in training and in inference */
tensor *op_gaussian(tape *t, tensor *mean, tensor *log_variance);

/* ---- losses -> [1], averaged over rows ---- */
tensor *op_mse(tape *t, tensor *a, tensor *target); /* mean over all values */
tensor *op_l1(tape *t, tensor *a, tensor *target);
tensor *op_cross_entropy(tape *t, tensor *logits, const int32_t *labels); /* [n, k]; labels [n], borrowed */
tensor *op_soft_cross_entropy(tape *t, tensor *logits, tensor *target);   /* target [n, k] distributions */
tensor *op_binary_cross_entropy(tape *t, tensor *logits, tensor *target); /* elementwise, mean over all */
/* Divergence from N(0, I): sum over the last dimension, mean over rows. */
tensor *op_kl_gaussian(tape *t, tensor *mean, tensor *log_variance);
/* Cross entropy of scale * cos(angle + margin) for the label, scale * cos(angle) for the others. cosines [n, k] */
tensor *op_margin_softmax(tape *t, tensor *cosines, const int32_t *labels, float margin, float scale);
tensor *op_hinge(tape *t, tensor *a, float margin); /* mean max(0, margin - a) */
tensor *op_chamfer(tape *t, tensor *a, tensor *b);  /* [n, p, d], [n, q, d]: mean squared both ways */

#endif
