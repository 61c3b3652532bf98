/*
 * Parameters, layers, optimisers, schedules and the training loop. Knows no domain.
 */
#ifndef NN_NN_H
#define NN_NN_H

#include "core/tensorfile.h"
#include "tensor/tensor.h"
#include <scrim/progress.h>

/* ---- parameters: owned here, in the order they were added ---- */

typedef struct nn_params nn_params;
nn_params *nn_params_create(void); /* NULL when out of memory */
void nn_params_free(nn_params *p);
/* Zeroed; `trainable` 0 for running statistics (saved, never stepped). NULL when out of memory. Names are copied. */
tensor *nn_params_add(nn_params *p, const char *name, int rank, const int *dim, int trainable);
size_t nn_params_count(const nn_params *p);
tensor *nn_params_at(const nn_params *p, size_t index, const char **name, int *trainable);
size_t nn_params_values(const nn_params *p); /* trainable values in all */
void nn_params_zero_grad(nn_params *p);
/* Brings to the host what a device has trained, for all that reads x->data. SCRIM_E_DEVICE. */
scrim_status nn_params_settle(nn_params *p, scrim_error *error);
void nn_params_freeze(nn_params *p); /* none is trainable any longer: constants of a pass */
/* Stores under prefix + name; loads with every shape checked. */
scrim_status nn_params_put(const nn_params *p, const char *prefix, tensorfile_writer *writer, scrim_error *error);
scrim_status nn_params_get(nn_params *p, const char *prefix, const tensorfile *file, scrim_error *error);
/* Copies values (for "best epoch so far"); both sets were made the same way, and `from` is settled. */
void nn_params_copy(nn_params *to, const nn_params *from);
/* Same names, shapes and values; none trainable. NULL when out of memory. */
nn_params *nn_params_clone(const nn_params *p);

/* ---- first values; `r` stands in a stream that the caller has begun ---- */

void nn_init_normal(tensor *w, double std, random_source *r);
void nn_init_uniform(tensor *w, double bound, random_source *r);
void nn_init_he(tensor *w, random_source *r); /* fan-in = product of all but the first dimension */
void nn_init_xavier(tensor *w, random_source *r);
void nn_init_fill(tensor *w, float value);

/* ---- layers: a few tensors and a function that reads like the figure ---- */

typedef struct nn_linear {
  tensor *w; /* [out, in] */
  tensor *b; /* [out] */
} nn_linear;
typedef struct nn_norm {
  tensor *gamma, *beta;
  tensor *mean, *var; /* running statistics of batch norm; NULL in layer norm */
} nn_norm;

/* Each answers 0 when out of memory. The weights of nn_linear are left zero, for the caller to initialise. */
int nn_linear_add(nn_linear *l, nn_params *p, const char *name, int in, int out);
int nn_batch_norm_add(nn_norm *l, nn_params *p, const char *name, int channels); /* gamma 1, beta 0, mean 0, var 1 */
int nn_layer_norm_add(nn_norm *l, nn_params *p, const char *name, int channels);
tensor *nn_linear_forward(tape *t, const nn_linear *l, tensor *x);
tensor *nn_batch_norm_forward(tape *t, const nn_norm *l, tensor *x); /* momentum 0.1, epsilon 1e-5 */
tensor *nn_layer_norm_forward(tape *t, const nn_norm *l, tensor *x); /* epsilon 1e-5 */

/* ---- optimisers ---- */

typedef enum nn_optimizer_kind { NN_SGD, NN_ADAM, NN_ADAMW, NN_AMSGRAD } nn_optimizer_kind;
typedef struct nn_optimizer_config {
  nn_optimizer_kind kind;
  double rate;
  double beta1, beta2, epsilon; /* 0: 0.9, 0.999, 1e-8 */
  double momentum;              /* SGD */
  double weight_decay;          /* L2 for SGD/Adam/amsgrad, decoupled for AdamW */
  double clip_norm;             /* 0: off; else the global gradient norm is scaled down to it */
} nn_optimizer_config;
typedef struct nn_optimizer nn_optimizer;
nn_optimizer *nn_optimizer_create(nn_params *p, const nn_optimizer_config *config); /* NULL when out of memory */
void nn_optimizer_free(nn_optimizer *o);
/*
 * One step with the learning rate config.rate * rate_scale, where the gradients are; answers their norm before
 * clipping. If that is not finite, nothing was changed; then nn_optimizer_status tells whether it was a device that
 * failed.
 */
double nn_optimizer_step(nn_optimizer *o, double rate_scale);
scrim_status nn_optimizer_status(const nn_optimizer *o, scrim_error *error);
scrim_status nn_optimizer_put(const nn_optimizer *o, tensorfile_writer *writer, scrim_error *error);
scrim_status nn_optimizer_get(nn_optimizer *o, const tensorfile *file, scrim_error *error);

/* ---- schedules: factor of the base rate at `step` of `steps` ---- */

/*
 * All but one-cycle first rise linearly over `warmup` steps. NN_COSINE then falls to 0 along half a cosine; NN_STEP
 * falls to a tenth at half and to a hundredth at three quarters of the rest; NN_ONE_CYCLE rises for `warmup` steps
 * (0: 30 %).
 */
typedef enum nn_schedule { NN_CONSTANT, NN_COSINE, NN_STEP, NN_ONE_CYCLE } nn_schedule;
double nn_schedule_factor(nn_schedule s, size_t step, size_t steps, size_t warmup);

/* ---- the training loop ---- */

/*
 * One loop for all networks: shuffles rows each epoch, builds the loss of each batch on a tape, steps, validates after
 * each epoch, keeps the best parameters, checkpoints, reports progress. Once warm an epoch without a checkpoint
 * allocates nothing.
 *
 * All randomness comes from streams named by seed, epoch and step, so that nothing of it needs to be stored: training
 * killed at any moment and resumed ends in the same bits. That holds if `loss` and `validate` depend on nothing but the
 * parameters, the rows and the tape's random source.
 *
 * SCRIM_E_DATA: the loss, a gradient or the validation figure is not finite; the error names epoch and step.
 * SCRIM_E_STATE: the checkpoint was made with other settings. SCRIM_E_CANCELLED: `progress` said so.
 * On failure the last checkpoint stays; on success it is removed. Parameters are then the best ones, or without
 * `validate` the last.
 */
typedef struct nn_training {
  nn_params *params;
  size_t rows; /* training rows */
  size_t batch;
  size_t epochs;
  /* 1: leaves out an incomplete last batch. A last batch of one row is always left out: batch norm has no variance
   * there. Neither applies where it is the only batch of the epoch. */
  int drop_last;
  nn_optimizer_config optimizer;
  nn_schedule schedule;
  size_t warmup_steps;
  uint64_t seed;
  /* The loss [1] of the rows [n] on the tape, in training mode; NULL: the tape's sticky error. */
  tensor *(*loss)(tape *t, const uint32_t *rows, size_t n, void *context);
  /* Validation figure after an epoch (counted from 0), smaller is better; NULL: the last epoch is kept. */
  scrim_status (*validate)(double *figure, size_t epoch, void *context, scrim_error *error);
  void *context;
  const backend *backend;  /* where it trains; NULL: the CPU. Parameters are settled whenever `validate` is called */
  size_t patience;         /* stop after so many epochs without a better figure; 0: never */
  const char *checkpoint;  /* path or NULL */
  size_t checkpoint_every; /* epochs; 0: each */
  int resume;              /* 1: goes on from `checkpoint` if it exists */
  /* What a checkpoint must agree on beside the settings here: a digest of the data, weights of the loss. Or NULL. */
  const char *fingerprint;
  const char *stage;          /* name shown in progress */
  scrim_progress_fn progress; /* at most five times a second, and at the end of each epoch */
  void *progress_context;
} nn_training;

typedef struct nn_result {
  size_t epochs_run;  /* those before a resume included */
  size_t best_epoch;  /* counted from 1; without validate the last */
  double best_figure; /* NaN without validate */
  double last_loss;   /* mean over the rows of the last epoch */
} nn_result;

scrim_status nn_train(nn_result *result, const nn_training *training, scrim_error *error);

/* ---- multi-layer perceptron: target and shadow classifiers, attack networks, heads ---- */

typedef enum nn_activation { NN_RELU, NN_TANH, NN_LEAKY_RELU, NN_SIGMOID, NN_SILU, NN_IDENTITY } nn_activation;

enum { NN_MLP_MAX_LAYERS = 8 };
typedef struct nn_mlp {
  nn_params *params;
  int n_layers;                     /* linear layers */
  int width[NN_MLP_MAX_LAYERS + 1]; /* in, hidden..., out */
  nn_activation activation;         /* between layers; the output is raw (logits) */
  float dropout;
  nn_linear layer[NN_MLP_MAX_LAYERS];
} nn_mlp;
/*
 * Weights are drawn from the stream in which `init` stands; NULL: zero, to be loaded. m is the caller's; nn_mlp_free
 * frees what it points to.
 */
scrim_status nn_mlp_create(nn_mlp *m, int n_layers, const int *width, nn_activation activation, random_source *init,
                           scrim_error *error);
void nn_mlp_free(nn_mlp *m);
tensor *nn_mlp_forward(tape *t, const nn_mlp *m, tensor *x); /* -> logits [n, out] */

typedef struct nn_fit {
  size_t batch, epochs;
  size_t patience;           /* epochs without a better validation figure; 0: never stops early */
  double rate, weight_decay; /* AdamW */
  double validation;         /* share of the rows that picks the epoch; 0: none, the last epoch is kept */
  uint64_t seed;
  scrim_progress_fn progress;
  void *progress_context;
} nn_fit;
/* Softmax classifier on rows x [n, in] and labels [n] in 0..out-1. SCRIM_E_DATA names the row at fault. */
scrim_status nn_mlp_fit(nn_mlp *m, const float *x, const int32_t *labels, size_t n, const nn_fit *fit,
                        scrim_error *error);
/* Mean squared error against y [n, out]. */
scrim_status nn_mlp_fit_regression(nn_mlp *m, const float *x, const float *y, size_t n, const nn_fit *fit,
                                   scrim_error *error);
/* Outputs [n, out]: softmaxed when `softmax` is 1, else raw. A row's outputs do not depend on the rows it came with. */
scrim_status nn_mlp_predict(const nn_mlp *m, const float *x, size_t n, int softmax, float *out, scrim_error *error);

#endif
