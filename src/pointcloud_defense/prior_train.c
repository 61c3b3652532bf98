#include "pointcloud_defense/prior_train.h"
#include "tensor/backend_open.h"

#include "core/error.h"
#include "core/hash.h"
#include "pointcloud_defense/diffusion.h"
#include "pointcloud_defense/distortion.h"
#include "pointcloud_defense/prior_noise.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const float gauge_weight = 0.2f; /* the gauge's part of the loss */

typedef struct training_context {
  const prior *prior;
  const prior_settings *settings;
  size_t n, n_held, points; /* objects; the first n_held of them are held out; points of each */
  float *objects;           /* [n, points, 3], normalised, points in random order */
  const backend *backend;
  tape *held_tape;
  random_source *held_random;
  diffusion schedule;
  /* One object: */
  pool *workers;
  prior_local *local;
  double spacing;
  float *cloud, *noise;     /* [points, 3] */
  float *ways, *invariants; /* [3, points, PRIOR_WAYS], [points, PRIOR_INVARIANTS] */
  /* One batch: */
  float *batch_ways, *batch_invariants; /* [3, batch * settings->points, ..], [batch * settings->points, ..] */
  float *target;                        /* [batch * settings->points, 3] the noise in it */
  float *times, *gauge;                 /* [batch, PRIOR_TIMES], [batch, 1] what the gauge should say */
  int32_t *owner;                       /* [batch * settings->points] */
} training_context;

int prior_normalise(float *xyz, size_t n, double mean[3], double *deviation) {
  double square = 0;
  mean[0] = mean[1] = mean[2] = 0;
  for (size_t i = 0; i < 3 * n; i++) mean[i % 3] += xyz[i];
  for (size_t a = 0; a < 3; a++) mean[a] /= (double)n;
  for (size_t i = 0; i < 3 * n; i++) square += (xyz[i] - mean[i % 3]) * (xyz[i] - mean[i % 3]);
  *deviation = sqrt(square / (3 * (double)n));
  if (!(*deviation > 0) || !isfinite(*deviation)) return 0;
  for (size_t i = 0; i < 3 * n; i++) xyz[i] = (float)((xyz[i] - mean[i % 3]) / *deviation);
  return 1;
}

/* ---- memory, objects in ---- */

static void context_free(training_context *c) {
  tape_free(c->held_tape);
  random_source_free(c->held_random);
  memory_free(c->objects);
  memory_free(c->cloud);
  memory_free(c->noise);
  memory_free(c->ways);
  memory_free(c->invariants);
  memory_free(c->batch_ways);
  memory_free(c->batch_invariants);
  memory_free(c->target);
  memory_free(c->times);
  memory_free(c->gauge);
  memory_free(c->owner);
  prior_local_free(c->local);
  pool_free(c->workers);
}

static scrim_status context_create(training_context *c, uint64_t seed, scrim_error *error) {
  const size_t rows = c->settings->batch * c->settings->points;
  const struct {
    float **to;
    size_t n;
  } arrays[] = {{&c->objects, c->n * c->points * 3},
                {&c->cloud, c->points * 3},
                {&c->noise, c->points * 3},
                {&c->ways, c->points * 3 * PRIOR_WAYS},
                {&c->invariants, c->points * PRIOR_INVARIANTS},
                {&c->batch_ways, rows * 3 * PRIOR_WAYS},
                {&c->batch_invariants, rows * PRIOR_INVARIANTS},
                {&c->target, rows * 3},
                {&c->times, c->settings->batch * PRIOR_TIMES},
                {&c->gauge, c->settings->batch}};
  diffusion_init(&c->schedule);
  c->owner = memory_zalloc(rows, sizeof *c->owner);
  c->local = prior_local_create();
  int made = c->owner != NULL && c->local != NULL;
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays && made; i++)
    made = (*arrays[i].to = memory_zalloc(arrays[i].n, sizeof(float))) != NULL;
  if (!made) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu objects of %zu points", c->n, c->points);
  for (size_t i = 0; i < rows; i++) c->owner[i] = (int32_t)(i / c->settings->points);
  scrim_status status = tape_create(&c->held_tape, c->backend, error);
  if (status == SCRIM_OK) status = pool_create(&c->workers, 1, error);
  return status == SCRIM_OK ? random_source_from_seed(&c->held_random, seed, error) : status;
}

static scrim_status look(training_context *c, const float *xyz, size_t n, scrim_error *error) {
  return prior_local_find(c->local, c->workers, xyz, n, c->ways, c->invariants, &c->spacing, error);
}

/* Any run of a shuffled object's points is then a fair sample of it. */
static void shuffle_points(random_source *r, float *xyz, size_t n) {
  for (size_t i = n; i > 1; i--) {
    const size_t j = (size_t)random_below(r, i);
    for (size_t a = 0; a < 3; a++) {
      const float held = xyz[3 * (i - 1) + a];
      xyz[3 * (i - 1) + a] = xyz[3 * j + a];
      xyz[3 * j + a] = held;
    }
  }
}

static scrim_status take_objects(training_context *c, const float *objects, scrim_error *error) {
  scrim_status status = random_begin(c->held_random, "points", NULL, 0, error);
  memcpy(c->objects, objects, c->n * c->points * 3 * sizeof *objects);
  for (size_t i = 0; i < c->n && status == SCRIM_OK; i++) {
    float *xyz = c->objects + i * c->points * 3;
    double mean[3], deviation;
    shuffle_points(c->held_random, xyz, c->points);
    if (!prior_normalise(xyz, c->points, mean, &deviation))
      status = fail(error, SCRIM_E_DATA, "object %zu: all points are at one place", i);
  }
  if (status == SCRIM_OK) status = random_status(c->held_random, error);
  if (status != SCRIM_OK) return status;
  /* After one there is memory for all. */
  return look(c, c->objects, c->points, error);
}

/* ---- a batch ---- */

/* What is random about one object of a batch: its time step and what prior_noise needs, normal numbers all. */
enum { DRAW_TIME, DRAW_UNIFORM, DRAW_SIDE = DRAW_UNIFORM + PRIOR_NOISE_UNIFORM, DRAWS = DRAW_SIDE + PRIOR_NOISE_SIDE };

static tensor *normals(tape *t, size_t rows, int columns) {
  tensor *zero = tape_zeros(t, 2, (int[]){(int)rows, columns});
  return op_gaussian(t, zero, zero);
}

/* What the neighbours tell of object i's n points, and how much noise there is in them. */
static void lay_gauge(training_context *c, size_t i, size_t n, double noise) {
  double square = 0;
  for (size_t v = 0; v < 3 * n; v++) square += (double)c->noise[v] * c->noise[v];
  c->gauge[i] = (float)log(noise * sqrt(square / (3 * (double)n)) / c->spacing + PRIOR_GAUGE_LEAST);
}

/* Lays object i of a batch of `n` out: what the first settings->points of its points are like, and their noise. */
static scrim_status fill_object(training_context *c, size_t i, size_t n, size_t object, double time,
                                const prior_noise *how, scrim_error *error) {
  const size_t rows = c->settings->points, all = n * rows;
  const size_t kept = prior_noise_keep(how, c->objects + object * c->points * 3, c->points, rows, c->cloud);
  const int t = 1 + (int)(time * c->settings->reach);
  const double noise = sqrt(1 - c->schedule.alpha[t]);
  prior_noise_make(how, c->cloud, kept, diffusion_ratio(&c->schedule, t), c->noise);
  diffusion_forward(&c->schedule, t, 1, c->noise, 3 * kept, c->cloud);
  memcpy(c->target + i * rows * 3, c->noise, rows * 3 * sizeof *c->target);
  const scrim_status status = look(c, c->cloud, kept, error);
  const float unit = (float)(c->spacing / noise);
  lay_gauge(c, i, kept, noise);
  prior_times(noise / c->spacing, c->times + i * PRIOR_TIMES);
  memcpy(c->batch_invariants + i * rows * PRIOR_INVARIANTS, c->invariants,
         rows * PRIOR_INVARIANTS * sizeof *c->invariants);
  for (size_t a = 0; a < 3; a++) {
    const float *from = c->ways + a * kept * PRIOR_WAYS;
    float *to = c->batch_ways + (a * all + i * rows) * PRIOR_WAYS;
    for (size_t v = 0; v < rows * PRIOR_WAYS; v++) to[v] = unit * from[v];
  }
  return status;
}

/* The network on the batch of n objects as it is laid out. */
static tensor *batch_loss(tape *t, const training_context *c, size_t n) {
  const int b = (int)n, points = (int)c->settings->points, m = b * points;
  tensor *latent =
      prior_encode(t, c->prior, tape_input(t, c->batch_invariants, 3, (int[]){b, points, PRIOR_INVARIANTS}));
  tensor *times = tape_input(t, c->times, 2, (int[]){b, PRIOR_TIMES});
  tensor *context = op_concat(t, (tensor *[]){latent, times}, 2, 1);
  tensor *x = tape_input(t, c->batch_invariants, 2, (int[]){m, PRIOR_INVARIANTS});
  tensor *ways = tape_input(t, c->batch_ways, 3, (int[]){3, m, PRIOR_WAYS});
  tensor *target = tape_input(t, c->target, 2, (int[]){m, 3});
  tensor *gauge = tape_input(t, c->gauge, 2, (int[]){b, 1});
  tensor *noise_loss = op_mse(t, prior_epsilon(t, c->prior, x, ways, context, c->owner), target);
  tensor *gauge_loss = op_mse(t, prior_gauge(t, c->prior, latent), gauge);
  return op_add(t, noise_loss, op_affine(t, gauge_loss, gauge_weight, 0));
}

/* The batch of n objects, drawn on the tape: `first` of them held out, with time steps spread evenly, or by `rows`. */
static tensor *draw_batch(tape *t, training_context *c, const uint32_t *rows, size_t first, size_t n) {
  const float *draws = tensor_values(normals(t, n, DRAWS));
  const float *points = tensor_values(normals(t, n * c->points, PRIOR_NOISE_POINT));
  const float *critics = tensor_values(normals(t, n, PRIOR_NOISE_CRITIC));
  if (draws == NULL || points == NULL || critics == NULL) return NULL;
  for (size_t i = 0; i < n; i++) {
    const float *draw = draws + i * DRAWS;
    double uniform[PRIOR_NOISE_UNIFORM];
    for (size_t d = 0; d < PRIOR_NOISE_UNIFORM; d++) uniform[d] = prior_noise_uniform(draw[DRAW_UNIFORM + d]);
    const prior_noise how = {.keep = uniform[0],
                             .kind = uniform[1],
                             .share = uniform[2],
                             .size = uniform[3],
                             .start = uniform[4],
                             .side = draw + DRAW_SIDE,
                             .points = points + i * c->points * PRIOR_NOISE_POINT,
                             .critic = critics + i * PRIOR_NOISE_CRITIC};
    const double time =
        rows != NULL ? prior_noise_uniform(draw[DRAW_TIME]) : ((double)(first + i) + 0.5) / (double)c->n_held;
    const size_t object = rows != NULL ? c->n_held + rows[i] : first + i;
    if (fill_object(c, i, n, object, time, &how, NULL) != SCRIM_OK) return NULL;
  }
  return batch_loss(t, c, n);
}

static tensor *training_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  return draw_batch(t, context, rows, 0, n);
}

/* ---- held-out objects: the same noise after every epoch ---- */

static scrim_status held_batch(training_context *c, size_t first, size_t n, double *loss, scrim_error *error) {
  tape_reset(c->held_tape);
  tape_random(c->held_tape, c->held_random);
  const float *answer = tensor_values(draw_batch(c->held_tape, c, NULL, first, n));
  const scrim_status status = tape_status(c->held_tape, error);
  if (status == SCRIM_OK && answer == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for held-out objects");
  if (status == SCRIM_OK) *loss += *answer * (double)n;
  return status;
}

static scrim_status validate(double *figure, size_t epoch, void *context, scrim_error *error) {
  training_context *c = context;
  const size_t batch = c->settings->batch;
  double loss = 0;
  scrim_status status = random_begin(c->held_random, "held out", NULL, 0, error);
  (void)epoch;
  for (size_t i = 0; i < c->n_held && status == SCRIM_OK; i += batch)
    status = held_batch(c, i, c->n_held - i < batch ? c->n_held - i : batch, &loss, error);
  *figure = loss / (double)c->n_held;
  return status;
}

/* ---- what the gauge tells of clean objects ---- */

static scrim_status gauge_clean(training_context *c, size_t object, double *noise, scrim_error *error) {
  tape *t = c->held_tape;
  const scrim_status status = look(c, c->objects + object * c->points * 3, c->points, error);
  if (status != SCRIM_OK) return status;
  tape_reset(t);
  tensor *x = tape_input(t, c->invariants, 3, (int[]){1, (int)c->points, PRIOR_INVARIANTS});
  const float *told = tensor_values(prior_gauge(t, c->prior, prior_encode(t, c->prior, x)));
  if (told != NULL) *noise = fmax(exp(*told) - PRIOR_GAUGE_LEAST, 0);
  return tape_status(t, error);
}

static scrim_status measure_clean(training_context *c, double *clean_noise, scrim_error *error) {
  double *found = memory_zalloc(c->n_held, sizeof *found);
  if (found == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu held-out objects", c->n_held);
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < c->n_held && status == SCRIM_OK; i++) status = gauge_clean(c, i, &found[i], error);
  if (status == SCRIM_OK) *clean_noise = distortion_quantile(found, c->n_held, 0.95);
  memory_free(found);
  return status;
}

/* ---- training ---- */

/* What a resumed run must share with the one that was cut and the loop does not see: objects, and what is drawn. */
static scrim_status fingerprint(char text[HASH_TEXT], const training_context *c, scrim_error *error) {
  const prior_settings *s = c->settings;
  const double numbers[] = {(double)c->points, (double)s->points, s->reach, s->shape.width, s->shape.latent};
  unsigned char digest[2][HASH_BYTES], whole[HASH_BYTES];
  scrim_status status = hash_bytes(numbers, sizeof numbers, digest[0], error);
  if (status == SCRIM_OK) status = hash_bytes(c->objects, c->n * c->points * 3 * sizeof *c->objects, digest[1], error);
  if (status == SCRIM_OK) status = hash_bytes(digest, sizeof digest, whole, error);
  if (status == SCRIM_OK) hash_print(whole, HASH_BYTES, text);
  return status;
}

static nn_training training_of(training_context *c, const scrim_train_options *options, const char *fingerprint_text) {
  const prior_settings *s = c->settings;
  const size_t rows = c->n - c->n_held, steps = (rows + s->batch - 1) / s->batch * s->epochs;
  return (nn_training){
      .params = c->prior->params,
      .rows = rows,
      .batch = s->batch,
      .epochs = s->epochs,
      .optimizer = {.kind = NN_ADAM, .rate = s->rate, .clip_norm = 10},
      .schedule = NN_COSINE,
      .warmup_steps = steps / 20 < 200 ? steps / 20 : 200,
      .seed = options->seed,
      .loss = training_loss,
      .validate = validate,
      .context = c,
      .backend = c->backend,
      .checkpoint = options->checkpoint,
      .resume = options->resume,
      .fingerprint = fingerprint_text,
      .stage = "prior",
      .progress = options->progress,
      .progress_context = options->context,
  };
}

scrim_status prior_train(prior *p, prior_fit *fit, const float *objects, size_t n, size_t points,
                         const prior_settings *settings, const scrim_train_options *options, scrim_error *error) {
  training_context c = {.prior = p, .settings = settings, .n = n, .n_held = n / 10, .points = points};
  char text[HASH_TEXT] = "";
  nn_result result;
  if (n < PRIOR_LEAST_OBJECTS || points < settings->points)
    return fail(error, SCRIM_E_DATA, "%zu objects of %zu points (at least %d of %zu)", n, points, PRIOR_LEAST_OBJECTS,
                settings->points);
  scrim_status status = backend_open(&c.backend, options->device, error);
  if (status == SCRIM_OK) status = context_create(&c, options->seed, error);
  if (status == SCRIM_OK) status = take_objects(&c, objects, error);
  if (status == SCRIM_OK) status = fingerprint(text, &c, error);
  if (status == SCRIM_OK) {
    const nn_training training = training_of(&c, options, text);
    status = nn_train(&result, &training, error);
  }
  if (status == SCRIM_OK) *fit = (prior_fit){result.epochs_run, result.best_epoch, result.best_figure, 0};
  if (status == SCRIM_OK) status = measure_clean(&c, &fit->clean_noise, error);
  context_free(&c);
  return status;
}
