#include "purifier/reformer_train.h"
#include "tensor/backend_open.h"

#include "core/error.h"
#include <stdio.h>
#include <string.h>

/* A latent unit is active when the variance of its mean exceeds this (Burda et al. 2016). */
#define ACTIVE_VARIANCE 0.01
enum { HELD_BLOCK = 256 }; /* held-out rows a pass */

typedef struct training_context {
  reformer *reformer;
  const reformer_data *data;
  const score_settings *settings;
  const backend *backend;
  tape *held_tape;
  size_t capacity;                 /* rows that the buffers below hold */
  float *input, *one_hot, *target; /* [capacity, 2K], [capacity, K], [capacity, K] */
  int32_t *labels, *truth;         /* [capacity] */
  uint32_t *rows;                  /* [capacity] */
  double *unit_sum, *unit_square;  /* [latent] of the held-out means, last validation */
  double held_loss, kl;
} training_context;

static void context_free(training_context *c) {
  const size_t k = (size_t)c->reformer->shape.classes;
  tape_free(c->held_tape);
  memory_wipe_free(c->input, c->capacity * 2 * k * sizeof *c->input);
  memory_wipe_free(c->target, c->capacity * k * sizeof *c->target);
  memory_free(c->one_hot);
  memory_free(c->labels);
  memory_free(c->truth);
  memory_free(c->rows);
  memory_free(c->unit_sum);
  memory_free(c->unit_square);
}

static scrim_status context_create(training_context *c, scrim_error *error) {
  const size_t k = (size_t)c->reformer->shape.classes, latent = (size_t)c->reformer->shape.latent;
  c->capacity = c->settings->batch > HELD_BLOCK ? c->settings->batch : HELD_BLOCK;
  c->input = memory_zalloc(c->capacity * 2 * k, sizeof(float));
  c->one_hot = memory_zalloc(c->capacity * k, sizeof(float));
  c->target = memory_zalloc(c->capacity * k, sizeof(float));
  c->labels = memory_zalloc(c->capacity, sizeof(int32_t));
  c->truth = memory_zalloc(c->capacity, sizeof(int32_t));
  c->rows = memory_zalloc(c->capacity, sizeof(uint32_t));
  c->unit_sum = memory_zalloc(latent, sizeof(double));
  c->unit_square = memory_zalloc(latent, sizeof(double));
  if (c->input != NULL && c->one_hot != NULL && c->target != NULL && c->labels != NULL && c->truth != NULL &&
      c->rows != NULL && c->unit_sum != NULL && c->unit_square != NULL)
    return tape_create(&c->held_tape, c->backend, error);
  return fail(error, SCRIM_E_MEMORY, "out of memory for batches of %zu rows", c->capacity);
}

/* Lays the rows out as the encoder, the decoder and the losses want them. */
static void fill_batch(training_context *c, const uint32_t *rows, size_t n) {
  const size_t k = (size_t)c->reformer->shape.classes;
  memset(c->input, 0, n * 2 * k * sizeof *c->input);
  memset(c->one_hot, 0, n * k * sizeof *c->one_hot);
  for (size_t i = 0; i < n; i++) {
    const float *row = c->data->probabilities + rows[i] * k;
    const int32_t label = c->data->labels[rows[i]];
    reformer_features(&c->reformer->shape, row, c->input + i * 2 * k);
    memcpy(c->target + i * k, row, k * sizeof *row);
    c->input[i * 2 * k + k + (size_t)label] = 1;
    c->one_hot[i * k + (size_t)label] = 1;
    c->labels[i] = label;
    c->truth[i] = c->data->truth != NULL ? c->data->truth[rows[i]] : label;
  }
}

static tensor *add_weighted(tape *t, tensor *total, tensor *term, double weight) {
  return op_add(t, total, op_affine(t, term, (float)weight, 0));
}

/*
 * The loss of the rows but for its KL term, which *kl gives a row; *mean is for the validation's figures. The latent is
 * its mean unless `sample`.
 */
static tensor *build_loss(tape *t, training_context *c, const uint32_t *rows, size_t n, int sample, tensor **mean,
                          tensor **kl) {
  const score_settings *w = c->settings;
  const int k = c->reformer->shape.classes;
  fill_batch(c, rows, n);
  tensor *x = tape_input(t, c->input, 2, (int[]){(int)n, 2 * k});
  tensor *one_hot = tape_input(t, c->one_hot, 2, (int[]){(int)n, k});
  tensor *target = tape_input(t, c->target, 2, (int[]){(int)n, k});
  tensor *log_variance;
  *mean = reformer_encode(t, c->reformer, x, &log_variance);
  *kl = op_kl_gaussian(t, *mean, log_variance);
  tensor *z = sample ? op_gaussian(t, *mean, log_variance) : *mean;
  tensor *logits = reformer_decode(t, c->reformer, z, one_hot);
  tensor *distance = op_mse(t, op_softmax(t, logits), target); /* mean over K too: times K is the squared distance */
  tensor *loss = op_affine(t, distance, (float)(w->weight_reconstruction * k), 0);
  if (w->weight_label > 0) loss = add_weighted(t, loss, op_cross_entropy(t, logits, c->labels), w->weight_label);
  if (w->weight_calibration > 0 && c->data->truth != NULL)
    loss = add_weighted(t, loss, op_cross_entropy(t, logits, c->truth), w->weight_calibration);
  return loss;
}

/* Training rows come after the held-out ones. The latent is sampled only where a KL term keeps its variance honest. */
static tensor *training_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  training_context *c = context;
  for (size_t i = 0; i < n; i++) c->rows[i] = rows[i] + (uint32_t)c->data->n_held;
  const double weight = c->settings->weight_kl;
  tensor *mean, *kl, *loss = build_loss(t, c, c->rows, n, weight > 0, &mean, &kl);
  return weight > 0 ? add_weighted(t, loss, kl, weight) : loss;
}

static scrim_status held_block(training_context *c, size_t first, size_t n, scrim_error *error) {
  const int latent = c->reformer->shape.latent;
  tensor *mean, *kl;
  for (size_t i = 0; i < n; i++) c->rows[i] = (uint32_t)(first + i);
  tape_reset(c->held_tape);
  tensor *loss = build_loss(c->held_tape, c, c->rows, n, 0, &mean, &kl);
  scrim_status status = tape_status(c->held_tape, error);
  if (status != SCRIM_OK) return status;
  const float *loss_value = tensor_values(loss), *kl_value = tensor_values(kl), *latents = tensor_values(mean);
  status = tape_status(c->held_tape, error);
  if (status != SCRIM_OK) return status;
  c->held_loss += *loss_value * (double)n;
  c->kl += *kl_value * (double)n;
  for (size_t i = 0; i < n * (size_t)latent; i++) {
    c->unit_sum[i % (size_t)latent] += latents[i];
    c->unit_square[i % (size_t)latent] += (double)latents[i] * latents[i];
  }
  return SCRIM_OK;
}

static int count_active(const training_context *c) {
  int active = 0;
  for (int d = 0; d < c->reformer->shape.latent; d++) {
    const double mean = c->unit_sum[d] / (double)c->data->n_held;
    active += c->unit_square[d] / (double)c->data->n_held - mean * mean > ACTIVE_VARIANCE;
  }
  return active;
}

/* The KL term guides training; what picks the epoch is the distortion alone, with the latent at its mean as in use. */
static scrim_status validate(double *figure, size_t epoch, void *context, scrim_error *error) {
  training_context *c = context;
  const size_t latent = (size_t)c->reformer->shape.latent, held = c->data->n_held;
  memset(c->unit_sum, 0, latent * sizeof *c->unit_sum);
  memset(c->unit_square, 0, latent * sizeof *c->unit_square);
  c->held_loss = c->kl = 0;
  for (size_t i = 0; i < held; i += HELD_BLOCK) {
    const scrim_status status = held_block(c, i, held - i < HELD_BLOCK ? held - i : HELD_BLOCK, error);
    if (status != SCRIM_OK) return status;
  }
  (void)epoch;
  *figure = c->held_loss / (double)held;
  return SCRIM_OK;
}

enum { FINGERPRINT_CHARS = 2 * RANDOM_BLOCK_BYTES + 1 };

/* What a resumed run must share with the one that was cut: the rows, and what the loss makes of them. Hexadecimal. */
static scrim_status fingerprint(char text[FINGERPRINT_CHARS], const training_context *c, scrim_error *error) {
  const reformer_data *d = c->data;
  const score_settings *w = c->settings;
  const size_t k = (size_t)c->reformer->shape.classes;
  const double numbers[] = {
      (double)k,       (double)d->n, (double)d->n_held,    c->reformer->shape.log_features, w->weight_reconstruction,
      w->weight_label, w->weight_kl, w->weight_calibration};
  const struct {
    const char *purpose;
    const void *item;
    size_t bytes;
  } parts[] = {{"numbers", numbers, sizeof numbers},
               {"probabilities", d->probabilities, d->n * k * sizeof *d->probabilities},
               {"labels", d->labels, d->n * sizeof *d->labels},
               {"truth", d->truth, d->truth != NULL ? d->n * sizeof *d->truth : 0}};
  enum { PARTS = sizeof parts / sizeof *parts };
  unsigned char part[PARTS][RANDOM_BLOCK_BYTES], whole[RANDOM_BLOCK_BYTES];
  random_source *source = NULL;
  scrim_status status = random_source_from_seed(&source, 0, error);
  for (int i = 0; i < PARTS && status == SCRIM_OK; i++)
    status = random_digest(source, parts[i].purpose, parts[i].item, parts[i].bytes, part[i], error);
  if (status == SCRIM_OK) status = random_digest(source, "fingerprint", part, sizeof part, whole, error);
  for (int i = 0; i < RANDOM_BLOCK_BYTES && status == SCRIM_OK; i++) snprintf(text + 2 * i, 3, "%02x", whole[i]);
  random_source_free(source);
  return status;
}

scrim_status reformer_train(reformer *r, reformer_fit *fit, const reformer_data *data, const score_settings *settings,
                            const scrim_train_options *options, scrim_error *error) {
  training_context c = {.reformer = r, .data = data, .settings = settings};
  char data_fingerprint[FINGERPRINT_CHARS] = "";
  nn_result result;
  scrim_status status = backend_open(&c.backend, options->device, error);
  if (status == SCRIM_OK) status = context_create(&c, error);
  if (status == SCRIM_OK && options->checkpoint != NULL) status = fingerprint(data_fingerprint, &c, error);
  if (status == SCRIM_OK) {
    const nn_training training = {
        .params = r->params,
        .rows = data->n - data->n_held,
        .batch = settings->batch,
        .epochs = settings->epochs,
        .optimizer = {.kind = NN_AMSGRAD,
                      .rate = settings->rate,
                      .beta1 = 0.5,
                      .beta2 = 0.999,
                      .weight_decay = settings->weight_decay},
        .schedule = NN_CONSTANT,
        .seed = options->seed,
        .loss = training_loss,
        .validate = validate,
        .context = &c,
        .backend = c.backend,
        .patience = settings->patience,
        .checkpoint = options->checkpoint,
        .resume = options->resume,
        .fingerprint = data_fingerprint,
        .stage = "reformer",
        .progress = options->progress,
        .progress_context = options->context,
    };
    status = nn_train(&result, &training, error);
  }
  double figure = 0;
  if (status == SCRIM_OK) status = validate(&figure, 0, &c, error); /* once more, at the best epoch's weights */
  if (status == SCRIM_OK)
    *fit = (reformer_fit){result.epochs_run, result.best_epoch, figure, c.kl / (double)data->n_held, count_active(&c)};
  context_free(&c);
  return status;
}
