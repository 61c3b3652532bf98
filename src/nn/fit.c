/* Training a multi-layer perceptron on rows in memory: as a softmax classifier, or for regression. */
#include "core/error.h"
#include "nn/nn.h"
#include <limits.h>
#include <math.h>
#include <string.h>

/*
 * Copies of some of the caller's rows, with what is wanted of them: labels for a classifier, values for regression. The
 * rows of an attack's network are scores, so the copies are wiped.
 */
typedef struct examples {
  size_t n;
  float *x;        /* [n, in] */
  int32_t *labels; /* [n] or NULL */
  float *y;        /* [n, out] or NULL */
} examples;

typedef struct fitting {
  const nn_mlp *m;
  size_t in, out;
  const float *x;        /* the caller's, [n, in] */
  const int32_t *labels; /* [n], or NULL: regression */
  const float *y;        /* [n, out], or NULL: classification */
  uint32_t *split;       /* [n] rows in random order: first those for training, then those for validation */
  size_t n_train, n_valid;
  examples batch;
  examples valid;
  float *prediction; /* [n_valid, out] */
} fitting;

/* Row `to` of e becomes the caller's row `from`. */
static void copy_example(const fitting *f, const examples *e, size_t to, size_t from) {
  memcpy(e->x + to * f->in, f->x + from * f->in, f->in * sizeof(float));
  if (f->labels)
    e->labels[to] = f->labels[from];
  else
    memcpy(e->y + to * f->out, f->y + from * f->out, f->out * sizeof(float));
}

static tensor *fit_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  fitting *f = context;
  for (size_t i = 0; i < n; i++) copy_example(f, &f->batch, i, f->split[rows[i]]);
  tensor *x = tape_input(t, f->batch.x, 2, (int[]){(int)n, (int)f->in});
  tensor *answer = nn_mlp_forward(t, f->m, x);
  if (f->labels) return op_cross_entropy(t, answer, f->batch.labels);
  return op_mse(t, answer, tape_input(t, f->batch.y, 2, (int[]){(int)n, (int)f->out}));
}

/* -log softmax(logits)[label] */
static double cross_entropy(const float *logits, size_t k, int32_t label) {
  double top = logits[0], sum = 0;
  for (size_t j = 1; j < k; j++) top = fmax(top, logits[j]);
  for (size_t j = 0; j < k; j++) sum += exp(logits[j] - top);
  return log(sum) + top - logits[label];
}

static double squared_error(const float *a, const float *b, size_t k) {
  double sum = 0;
  for (size_t j = 0; j < k; j++) sum += ((double)a[j] - b[j]) * ((double)a[j] - b[j]);
  return sum / (double)k;
}

static scrim_status fit_validate(double *figure, size_t epoch, void *context, scrim_error *error) {
  (void)epoch;
  fitting *f = context;
  scrim_status status = nn_mlp_predict(f->m, f->valid.x, f->n_valid, 0, f->prediction, error);
  if (status != SCRIM_OK) return status;
  double sum = 0;
  for (size_t i = 0; i < f->n_valid; i++) {
    const float *row = f->prediction + i * f->out;
    sum += f->labels ? cross_entropy(row, f->out, f->valid.labels[i])
                     : squared_error(row, f->valid.y + i * f->out, f->out);
  }
  *figure = sum / (double)f->n_valid;
  return SCRIM_OK;
}

static void examples_free(examples *e, const fitting *f) {
  memory_wipe_free(e->x, e->n * f->in * sizeof *e->x);
  memory_free(e->labels);
  memory_wipe_free(e->y, e->n * f->out * sizeof *e->y);
}

/* Room for n rows, with what is wanted of them; 0 when out of memory. */
static int examples_alloc(examples *e, const fitting *f, size_t n) {
  e->n = n;
  e->x = memory_zalloc(n, f->in * sizeof(float));
  if (f->labels)
    e->labels = memory_zalloc(n, sizeof *e->labels);
  else
    e->y = memory_zalloc(n, f->out * sizeof(float));
  return e->x && (e->labels || e->y);
}

static void fit_close(fitting *f) {
  examples_free(&f->batch, f);
  examples_free(&f->valid, f);
  memory_free(f->prediction);
  memory_free(f->split);
}

static scrim_status fit_open(fitting *f, const nn_fit *fit, size_t n, scrim_error *error) {
  f->n_valid = (size_t)(fit->validation * (double)n);
  f->n_train = n - f->n_valid;
  f->split = memory_alloc(n * sizeof *f->split);
  int made = f->split && examples_alloc(&f->batch, f, fit->batch < f->n_train ? fit->batch : f->n_train);
  if (made && f->n_valid) {
    f->prediction = memory_zalloc(f->n_valid, f->out * sizeof(float));
    made = f->prediction && examples_alloc(&f->valid, f, f->n_valid);
  }
  if (!made) return fail(error, SCRIM_E_MEMORY, "out of memory for training on %zu rows", n);
  random_source *random = NULL;
  scrim_status status = random_source_from_seed(&random, fit->seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "split", NULL, 0, error);
  if (status == SCRIM_OK) {
    for (size_t i = 0; i < n; i++) f->split[i] = (uint32_t)i;
    random_shuffle(random, f->split, n);
    status = random_status(random, error);
  }
  random_source_free(random);
  for (size_t i = 0; status == SCRIM_OK && i < f->n_valid; i++) {
    copy_example(f, &f->valid, i, f->split[f->n_train + i]);
  }
  return status;
}

static scrim_status check_finite(const float *x, size_t n, size_t width, const char *what, scrim_error *error) {
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < width; j++) {
      if (isfinite(x[i * width + j])) continue;
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "%s %zu of row %zu is %g", what, j, i, (double)x[i * width + j]);
    }
  }
  return SCRIM_OK;
}

static scrim_status fit_check(const fitting *f, const nn_fit *fit, size_t n, scrim_error *error) {
  if (n < 1 || n > UINT32_MAX) {
    return fail(error, SCRIM_E_ARGUMENT, "%zu rows to train on, must be 1..%u", n, UINT32_MAX);
  }
  if (!(fit->validation >= 0) || !(fit->validation < 1)) {
    return fail(error, SCRIM_E_ARGUMENT, "validation share %g, must be 0 or more and below 1", fit->validation);
  }
  if (fit->batch < 1 || fit->batch > INT_MAX) {
    return fail(error, SCRIM_E_ARGUMENT, "batch of %zu rows, must be 1..%d", fit->batch, INT_MAX);
  }
  scrim_status status = check_finite(f->x, n, f->in, "feature", error);
  if (status == SCRIM_OK && f->y) status = check_finite(f->y, n, f->out, "target", error);
  for (size_t i = 0; status == SCRIM_OK && f->labels && i < n; i++) {
    const int32_t label = f->labels[i];
    if (label >= 0 && (size_t)label < f->out) continue;
    status = fail_row(error, SCRIM_E_DATA, (int64_t)i, "label %d of row %zu, must be 0..%zu", label, i, f->out - 1);
  }
  return status;
}

/* Adam, with decoupled weight decay where there is any. */
static scrim_status fit_run(fitting *f, const nn_fit *fit, scrim_error *error) {
  const nn_training training = {
      .params = f->m->params,
      .rows = f->n_train,
      .batch = fit->batch,
      .epochs = fit->epochs,
      .optimizer = {.kind = NN_ADAMW, .rate = fit->rate, .weight_decay = fit->weight_decay},
      .schedule = NN_CONSTANT,
      .seed = fit->seed,
      .loss = fit_loss,
      .validate = f->n_valid ? fit_validate : NULL,
      .context = f,
      .patience = fit->patience,
      .stage = "network",
      .progress = fit->progress,
      .progress_context = fit->progress_context,
  };
  nn_result result;
  return nn_train(&result, &training, error);
}

static scrim_status fit_rows(fitting *f, size_t n, const nn_fit *fit, scrim_error *error) {
  f->in = (size_t)f->m->width[0];
  f->out = (size_t)f->m->width[f->m->n_layers];
  scrim_status status = fit_check(f, fit, n, error);
  if (status == SCRIM_OK) status = fit_open(f, fit, n, error);
  if (status == SCRIM_OK) status = fit_run(f, fit, error);
  fit_close(f);
  return status;
}

scrim_status nn_mlp_fit(nn_mlp *m, const float *x, const int32_t *labels, size_t n, const nn_fit *fit,
                        scrim_error *error) {
  return fit_rows(&(fitting){.m = m, .x = x, .labels = labels}, n, fit, error);
}

scrim_status nn_mlp_fit_regression(nn_mlp *m, const float *x, const float *y, size_t n, const nn_fit *fit,
                                   scrim_error *error) {
  return fit_rows(&(fitting){.m = m, .x = x, .y = y}, n, fit, error);
}
