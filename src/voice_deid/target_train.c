/* The loss of the target sampler and its training loop. What it came to is measured in target_measure.c. */
#include "voice_deid/target_train.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/target_measure.h"
#include <stdio.h>
#include <string.h>

enum { BATCH = 64, HELD_OUT = 10 /* one speaker of so many picks the epoch */, LEAST_SPEAKERS = 20 };

typedef struct target_trainer {
  target_sampler *sampler;
  const target_data *data;
  double concentration;
  int width, columns;
  uint32_t *split; /* [n] rows: first those that are learnt, then those held out */
  size_t n_learnt;
  float *batch;    /* [n, columns] */
  float *class_of; /* [n, PITCH_CLASSES] one of n */
  tape *tape;      /* of validation */
  random_source *random;
} target_trainer;

static void trainer_free(target_trainer *t) {
  memory_free(t->split);
  memory_wipe_free(t->batch, t->data->n * (size_t)t->columns * sizeof *t->batch);
  memory_free(t->class_of);
  tape_free(t->tape);
  random_source_free(t->random);
}

/* Speakers at every tenth place are held out. */
static void trainer_split(target_trainer *t) {
  size_t learnt = 0, held = t->data->n;
  for (size_t i = 0; i < t->data->n; i++) {
    if (t->data->speaker[i] % HELD_OUT == 0)
      t->split[--held] = (uint32_t)i;
    else
      t->split[learnt++] = (uint32_t)i;
  }
  t->n_learnt = learnt;
}

static scrim_status trainer_open(target_trainer *t, const target_training *training, scrim_error *error) {
  t->width = target_sampler_width(t->sampler);
  t->columns = t->width + PITCH_CLASSES;
  t->split = memory_zalloc(t->data->n, sizeof *t->split);
  t->batch = memory_zalloc(t->data->n, (size_t)t->columns * sizeof *t->batch);
  t->class_of = memory_zalloc(t->data->n, PITCH_CLASSES * sizeof *t->class_of);
  if (t->split == NULL || t->batch == NULL || t->class_of == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu embeddings", t->data->n);
  trainer_split(t);
  scrim_status status = tape_create(&t->tape, training->backend, error);
  if (status == SCRIM_OK) status = random_source_from_seed(&t->random, training->seed, error);
  if (status == SCRIM_OK) tape_random(t->tape, t->random);
  return status;
}

/* The batch of the rows as inputs of the network, and their classes for the decoder. */
static void fill_batch(target_trainer *t, const uint32_t *rows, size_t n) {
  memset(t->class_of, 0, n * PITCH_CLASSES * sizeof *t->class_of);
  for (size_t i = 0; i < n; i++) {
    const size_t row = t->split[rows[i]];
    float *to = t->batch + i * (size_t)t->columns, *class_of = t->class_of + i * PITCH_CLASSES;
    memcpy(to, t->data->rows + row * (size_t)t->width, (size_t)t->width * sizeof *to);
    class_of[t->data->class[row]] = 1;
    memcpy(to + t->width, class_of, PITCH_CLASSES * sizeof *to);
  }
}

/* Mean over rows of the sum over encoders of 1 - cosine(decoded, embedding) -> [1] */
static tensor *distance(const target_trainer *t, tape *tape, tensor *decoded, tensor *rows) {
  const target_settings *set = target_sampler_about(t->sampler);
  tensor *sum = NULL;
  for (int p = 0, at = 0; p < set->parts; at += set->dim[p++]) {
    tensor *a = op_slice(tape, decoded, 1, at, set->dim[p]), *b = op_slice(tape, rows, 1, at, set->dim[p]);
    tensor *one = op_affine(tape, op_mean(tape, op_cosine(tape, a, b)), -1, 1);
    sum = sum == NULL ? one : op_add(tape, sum, one);
  }
  return sum;
}

/* Minus the evidence lower bound, but for constants; without sampling the latent is its mean. */
static tensor *trainer_pass(target_trainer *t, tape *tape, const uint32_t *rows, size_t n, int sampled, tensor **far) {
  fill_batch(t, rows, n);
  tensor *mean, *log_variance, *x = tape_input(tape, t->batch, 2, (int[]){(int)n, t->columns});
  target_sampler_encode(t->sampler, tape, x, &mean, &log_variance);
  tensor *latent = sampled ? op_gaussian(tape, mean, log_variance) : mean;
  tensor *class_of = tape_input(tape, t->class_of, 2, (int[]){(int)n, PITCH_CLASSES});
  tensor *z = op_concat(tape, (tensor *[]){latent, class_of}, 2, 1);
  *far = distance(t, tape, target_sampler_decode(t->sampler, tape, z), x);
  return op_add(tape, op_affine(tape, *far, (float)t->concentration, 0), op_kl_gaussian(tape, mean, log_variance));
}

static tensor *train_loss(tape *tape, const uint32_t *rows, size_t n, void *context) {
  tensor *far;
  return trainer_pass(context, tape, rows, n, 1, &far);
}

/* The held-out speakers' loss and mean cosine, with the same draws after every epoch. */
static scrim_status held_out(target_trainer *t, int sampled, double *loss, double *cosine, scrim_error *error) {
  const size_t n_held = t->data->n - t->n_learnt;
  double total = 0, far_total = 0;
  scrim_status status = random_begin(t->random, "held out", NULL, 0, error);
  for (size_t at = 0; at < n_held && status == SCRIM_OK; at += BATCH) {
    uint32_t rows[BATCH];
    const size_t n = n_held - at < BATCH ? n_held - at : BATCH;
    for (size_t i = 0; i < n; i++) rows[i] = (uint32_t)(t->n_learnt + at + i);
    tape_reset(t->tape);
    tensor *far, *one = trainer_pass(t, t->tape, rows, n, sampled, &far);
    const float *loss_value = tensor_values(one), *far_value = tensor_values(far);
    status = tape_status(t->tape, error);
    if (status != SCRIM_OK) break;
    total += (double)*loss_value * (double)n;
    far_total += (double)*far_value * (double)n;
  }
  *loss = total / (double)n_held;
  *cosine = 1 - far_total / (double)n_held / target_sampler_about(t->sampler)->parts;
  return status;
}

static scrim_status train_validate(double *figure, size_t epoch, void *context, scrim_error *error) {
  (void)epoch;
  double cosine;
  return held_out(context, 1, figure, &cosine, error);
}

static scrim_status trainer_run(target_trainer *t, const target_training *training, scrim_error *error) {
  char fingerprint[64];
  snprintf(fingerprint, sizeof fingerprint, "targets %zu %g", t->data->n, training->concentration);
  const nn_training loop = {
      .params = target_sampler_params(t->sampler),
      .rows = t->n_learnt,
      .batch = BATCH,
      .epochs = training->epochs,
      .optimizer = {.kind = NN_ADAMW, .rate = 1e-3, .weight_decay = 1e-3, .clip_norm = 10},
      .schedule = NN_COSINE,
      .warmup_steps = 50,
      .seed = training->seed,
      .loss = train_loss,
      .validate = train_validate,
      .context = t,
      .backend = training->backend,
      .checkpoint = training->checkpoint,
      .resume = training->resume,
      .fingerprint = fingerprint,
      .stage = "targets",
      .progress = training->progress,
      .progress_context = training->progress_context,
  };
  nn_result result;
  return nn_train(&result, &loop, error);
}

static scrim_status check_data(const target_data *data, scrim_error *error) {
  if (data->speakers < LEAST_SPEAKERS)
    return fail(error, SCRIM_E_DATA, "targets are learnt from %d speakers at least, not %zu", LEAST_SPEAKERS,
                data->speakers);
  for (size_t i = 0; i < data->n; i++) {
    if (data->class[i] < 0 || data->class[i] >= PITCH_CLASSES)
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "clip %zu: there is no pitch class %d", i, data->class[i]);
  }
  return SCRIM_OK;
}

scrim_status target_train(target_sampler *s, const target_data *data, const target_training *training,
                          target_figures *figures, scrim_error *error) {
  memset(figures, 0, sizeof *figures);
  scrim_status status = check_data(data, error);
  if (status != SCRIM_OK) return status;
  target_trainer t = {.sampler = s, .data = data, .concentration = training->concentration};
  status = trainer_open(&t, training, error);
  if (status == SCRIM_OK) status = trainer_run(&t, training, error);
  double loss;
  if (status == SCRIM_OK) status = held_out(&t, 0, &loss, &figures->validation, error);
  trainer_free(&t);
  if (status == SCRIM_OK) status = target_measure(s, data, training->near, figures, error);
  return status;
}
