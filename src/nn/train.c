/* The training loop. */
#include "core/error.h"
#include "core/seconds.h"
#include "nn/checkpoint.h"
#include <math.h>
#include <string.h>

static const double PROGRESS_SECONDS = 0.2;

typedef struct run {
  const nn_training *t;
  tape *tape;
  random_source *random;
  nn_optimizer *optimizer;
  nn_params *best; /* NULL without validation */
  uint32_t *order; /* [t->rows] rows as shuffled for the epoch */
  size_t batches;  /* of an epoch */
  checkpoint_place place;
  double loss;            /* of the last batch */
  double last_loss;       /* mean over the last epoch */
  size_t steps_here;      /* since this call began, for the rate */
  double began, reported; /* seconds on the steady clock */
} run;

static scrim_status training_check(const nn_training *t, scrim_error *error) {
  if (!t->params || !t->loss) return fail(error, SCRIM_E_ARGUMENT, "training without parameters or without a loss");
  if (t->rows < 1 || t->rows > UINT32_MAX) {
    return fail(error, SCRIM_E_ARGUMENT, "%zu training rows, must be 1..%u", t->rows, UINT32_MAX);
  }
  if (t->batch < 1 || t->epochs < 1) {
    return fail(error, SCRIM_E_ARGUMENT, "batch %zu and %zu epochs, both must be at least 1", t->batch, t->epochs);
  }
  if (!(t->optimizer.rate > 0) || !isfinite(t->optimizer.rate)) {
    return fail(error, SCRIM_E_ARGUMENT, "learning rate %g, must be above 0", t->optimizer.rate);
  }
  return SCRIM_OK;
}

static size_t batches_of(const nn_training *t) {
  size_t full = t->rows / t->batch, rest = t->rows % t->batch;
  if (full == 0) return 1;
  return full + (rest > 1 && !t->drop_last);
}

static void run_close(run *r) {
  tape_free(r->tape);
  random_source_free(r->random);
  nn_optimizer_free(r->optimizer);
  nn_params_free(r->best);
  memory_free(r->order);
}

static scrim_status run_open(run *r, const nn_training *t, scrim_error *error) {
  *r = (run){.t = t, .batches = batches_of(t), .loss = NAN, .last_loss = NAN};
  scrim_status status = tape_create(&r->tape, t->backend, error);
  if (status == SCRIM_OK) status = random_source_from_seed(&r->random, t->seed, error);
  if (status != SCRIM_OK) return status;
  r->optimizer = nn_optimizer_create(t->params, &t->optimizer);
  r->order = memory_alloc(t->rows * sizeof *r->order);
  if (t->validate) r->best = nn_params_clone(t->params);
  if (!r->optimizer || !r->order || (t->validate && !r->best)) {
    return fail(error, SCRIM_E_MEMORY, "out of memory for the state of training (%zu rows, %zu values)", t->rows,
                nn_params_values(t->params));
  }
  return SCRIM_OK;
}

/* Points the source at the stream of this seed, epoch and step. */
static scrim_status draw_from(run *r, const char *purpose, uint64_t epoch, uint64_t step, scrim_error *error) {
  const uint64_t number[3] = {r->t->seed, epoch, step};
  unsigned char item[sizeof number];
  for (size_t i = 0; i < sizeof item; i++) item[i] = (unsigned char)(number[i / 8] >> (8 * (i % 8)));
  return random_begin(r->random, purpose, item, sizeof item, error);
}

static scrim_status shuffle(run *r, size_t epoch, scrim_error *error) {
  scrim_status status = draw_from(r, "shuffle", epoch, 0, error);
  if (status != SCRIM_OK) return status;
  for (size_t i = 0; i < r->t->rows; i++) r->order[i] = (uint32_t)i;
  random_shuffle(r->random, r->order, r->t->rows);
  return random_status(r->random, error);
}

static scrim_status not_finite(const char *what, double value, size_t epoch, size_t step, scrim_error *error) {
  return fail(error, SCRIM_E_DATA, "%s is %g in epoch %zu, step %zu: a lower learning rate or clipping may help", what,
              value, epoch + 1, step + 1);
}

/* Loss and gradients of one batch. */
static scrim_status differentiate(run *r, const uint32_t *rows, size_t n, size_t epoch, size_t step,
                                  scrim_error *error) {
  tape_reset(r->tape);
  tape_training(r->tape, 1);
  tape_random(r->tape, r->random);
  scrim_status status = draw_from(r, "step", epoch, step, error);
  if (status != SCRIM_OK) return status;
  tensor *loss = r->t->loss(r->tape, rows, n, r->t->context);
  const float *value = tensor_values(loss);
  status = tape_status(r->tape, error);
  if (status != SCRIM_OK) return status;
  if (!value) return fail(error, SCRIM_E_INTERNAL, "no loss in epoch %zu, step %zu", epoch + 1, step + 1);
  r->loss = (double)*value;
  if (!isfinite(r->loss)) return not_finite("the loss", r->loss, epoch, step, error);
  nn_params_zero_grad(r->t->params);
  return tape_backward(r->tape, loss, error);
}

/* Tells the caller; `must` 0: only if the last time was long enough ago. */
static scrim_status report(run *r, size_t done, int must, scrim_error *error) {
  const nn_training *t = r->t;
  if (!t->progress) return SCRIM_OK;
  double now = seconds_now();
  if (!must && now - r->reported < PROGRESS_SECONDS) return SCRIM_OK;
  r->reported = now;
  size_t steps = t->epochs * r->batches;
  double per_second = (double)r->steps_here / fmax(now - r->began, 1e-9);
  scrim_progress progress = {.stage = t->stage ? t->stage : "training",
                             .step = done,
                             .steps = steps,
                             .loss = r->loss,
                             .per_second = per_second,
                             .seconds_left = per_second > 0 ? (double)(steps - done) / per_second : NAN};
  if (t->progress(&progress, t->progress_context) == 0) return SCRIM_OK;
  return fail(error, SCRIM_E_CANCELLED, "cancelled in %s after %zu of %zu steps", progress.stage, done, steps);
}

static scrim_status train_epoch(run *r, size_t epoch, scrim_error *error) {
  const nn_training *t = r->t;
  double sum = 0;
  size_t seen = 0;
  scrim_status status = shuffle(r, epoch, error);
  for (size_t step = 0; status == SCRIM_OK && step < r->batches; step++) {
    const size_t start = step * t->batch, n = t->rows - start < t->batch ? t->rows - start : t->batch;
    const size_t done = epoch * r->batches + step;
    status = differentiate(r, r->order + start, n, epoch, step, error);
    if (status != SCRIM_OK) break;
    double factor = nn_schedule_factor(t->schedule, done, t->epochs * r->batches, t->warmup_steps);
    double norm = nn_optimizer_step(r->optimizer, factor);
    status = nn_optimizer_status(r->optimizer, error);
    if (status != SCRIM_OK) break;
    if (!isfinite(norm)) return not_finite("the norm of the gradient", norm, epoch, step, error);
    sum += r->loss * (double)n;
    seen += n;
    r->steps_here++;
    if (step + 1 < r->batches) status = report(r, done + 1, 0, error);
  }
  r->last_loss = sum / (double)seen;
  return status;
}

static scrim_status validate(run *r, size_t epoch, scrim_error *error) {
  if (!r->t->validate) return SCRIM_OK;
  double figure = NAN;
  scrim_status status = r->t->validate(&figure, epoch, r->t->context, error);
  if (status != SCRIM_OK) return status;
  if (!isfinite(figure)) return not_finite("the validation figure", figure, epoch, r->batches - 1, error);
  if (r->place.best_epoch && !(figure < r->place.best_figure)) return SCRIM_OK;
  r->place.best_figure = figure;
  r->place.best_epoch = epoch + 1;
  nn_params_copy(r->best, r->t->params);
  return SCRIM_OK;
}

static int finished(const run *r) {
  if (r->place.epochs_done >= r->t->epochs) return 1;
  return r->t->validate && r->t->patience && r->place.epochs_done >= r->place.best_epoch + r->t->patience;
}

static scrim_status run_epochs(run *r, scrim_error *error) {
  const nn_training *t = r->t;
  const size_t every = t->checkpoint_every ? t->checkpoint_every : 1;
  scrim_status status = SCRIM_OK;
  r->began = r->reported = seconds_now();
  while (status == SCRIM_OK && !finished(r)) {
    const size_t epoch = (size_t)r->place.epochs_done;
    status = train_epoch(r, epoch, error);
    if (status == SCRIM_OK) status = nn_params_settle(t->params, error);
    if (status == SCRIM_OK) status = validate(r, epoch, error);
    if (status != SCRIM_OK) break;
    r->place.epochs_done = epoch + 1;
    if (t->checkpoint && !finished(r) && (epoch + 1) % every == 0) {
      status = checkpoint_save(t, &r->place, r->best, r->optimizer, error);
    }
    if (status == SCRIM_OK) status = report(r, (epoch + 1) * r->batches, 1, error);
  }
  return status;
}

scrim_status nn_train(nn_result *result, const nn_training *training, scrim_error *error) {
  run r;
  scrim_status status = training_check(training, error);
  if (status != SCRIM_OK) return status;
  status = run_open(&r, training, error);
  if (status == SCRIM_OK && training->resume && checkpoint_exists(training)) {
    status = checkpoint_load(training, &r.place, r.best, r.optimizer, error);
  }
  if (status == SCRIM_OK) status = run_epochs(&r, error);
  if (status == SCRIM_OK) {
    if (r.best) nn_params_copy(training->params, r.best);
    checkpoint_remove(training);
    *result = (nn_result){.epochs_run = (size_t)r.place.epochs_done,
                          .best_epoch = (size_t)(r.best ? r.place.best_epoch : r.place.epochs_done),
                          .best_figure = r.best ? r.place.best_figure : NAN,
                          .last_loss = r.last_loss};
  }
  run_close(&r);
  return status;
}
