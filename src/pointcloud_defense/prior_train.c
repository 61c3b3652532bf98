#include "pointcloud_defense/prior_train.h"

#include "core/error.h"
#include "core/hash.h"
#include "pointcloud_defense/diffusion.h"
#include "pointcloud_defense/survey.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct training_context {
  const prior *prior;
  const prior_settings *settings;
  size_t n, n_held, points; /* objects; the first n_held of them are held out; points of each */
  float *objects;           /* [n, points, 3], normalised, points in random order */
  tape *held_tape;
  random_source *held_random;
  diffusion schedule;
  /* One object: */
  pool *workers;
  neighbours *index;
  float *cloud, *surface; /* [points, 3] with noise, and projected */
  /* One batch: */
  float *blurred, *features; /* [batch * settings->points, ..]: for the encoder, and for the network */
  float *target;             /* [batch * settings->points, 3] the noise in it */
  float *times;              /* [batch, PRIOR_TIMES] */
  int32_t *owner;            /* [batch * points] */
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
  memory_free(c->blurred);
  memory_free(c->features);
  memory_free(c->target);
  memory_free(c->cloud);
  memory_free(c->surface);
  neighbours_free(c->index);
  pool_free(c->workers);
  memory_free(c->times);
  memory_free(c->owner);
}

static scrim_status context_create(training_context *c, uint64_t seed, scrim_error *error) {
  const size_t rows = c->settings->batch * c->settings->points;
  const size_t features = (size_t)prior_features_count(&c->prior->shape);
  diffusion_init(&c->schedule);
  c->objects = memory_zalloc(c->n * c->points, 3 * sizeof *c->objects);
  c->blurred = memory_zalloc(rows, 3 * sizeof *c->blurred);
  c->features = memory_zalloc(rows, features * sizeof *c->features);
  c->target = memory_zalloc(rows, 3 * sizeof *c->target);
  c->cloud = memory_zalloc(c->points, 3 * sizeof *c->cloud);
  c->surface = memory_zalloc(c->points, 3 * sizeof *c->surface);
  c->index = neighbours_create();
  c->times = memory_zalloc(c->settings->batch, PRIOR_TIMES * sizeof *c->times);
  c->owner = memory_zalloc(rows, sizeof *c->owner);
  if (c->objects == NULL || c->blurred == NULL || c->features == NULL || c->target == NULL || c->times == NULL ||
      c->owner == NULL || c->cloud == NULL || c->surface == NULL || c->index == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu objects of %zu points", c->n, c->points);
  for (size_t i = 0; i < rows; i++) c->owner[i] = (int32_t)(i / c->settings->points);
  scrim_status status = tape_create(&c->held_tape, &cpu_backend, error);
  if (status == SCRIM_OK) status = pool_create(&c->workers, 1, error);
  return status == SCRIM_OK ? random_source_from_seed(&c->held_random, seed, error) : status;
}

/* An object's points from `start` on, round its end, turned. */
static void copy_points(const training_context *c, size_t object, size_t start, const double turn[3][3], float *to) {
  const float *from = c->objects + object * c->points * 3;
  for (size_t i = 0; i < c->points; i++) {
    const float *at = from + (start + i) % c->points * 3;
    for (size_t a = 0; a < 3; a++)
      to[3 * i + a] = (float)(turn[a][0] * at[0] + turn[a][1] * at[1] + turn[a][2] * at[2]);
  }
}

/* Where all of the noisy object's points have their planes: the few that are trained on are as in use. */
static scrim_status find_surface(training_context *c, scrim_error *error) {
  if (!c->prior->shape.planes) return SCRIM_OK;
  const survey_request request = {
      .index = c->index, .xyz = c->cloud, .n = c->points, .k = PRIOR_NEIGHBOURS, .pool = c->workers, .planes = 1};
  const scrim_status status = neighbours_build(c->index, c->cloud, c->points, 3, error);
  if (status == SCRIM_OK) survey_run(&request, NULL, c->surface);
  return status;
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
  memcpy(c->cloud, c->objects, c->points * 3 * sizeof *c->cloud);
  return find_surface(c, error); /* after one there is memory for all */
}

/* ---- a batch ---- */

/* What is random about one object of a batch: in 0..1, and four normal numbers. */
enum { DRAW_TIME, DRAW_START, DRAW_BLUR, DRAW_TURN, DRAWS = DRAW_TURN + 4 };

/* The tape gives normal numbers; their distribution function makes them uniform. */
static double uniform_from(float normal) {
  return fmin(0.5 * erfc(-normal * 0.70710678118654752), 1 - 1e-9);
}

/*
 * The turn of a normal quaternion, which is any with the same chance; of one along z, about z; `how` 0: none. Without
 * normal numbers none either.
 */
static void choose_turn(int how, const double normal[4], double turn[3][3]) {
  double w = normal[0], x = how > 1 ? normal[1] : 0, y = how > 1 ? normal[2] : 0, z = normal[3];
  const double length = sqrt(w * w + x * x + y * y + z * z);
  if (how == 0 || !(length > 0)) w = 1, x = y = z = 0;
  if (how > 0 && length > 0) w /= length, x /= length, y /= length, z /= length;
  const double rows[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)},
                             {2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)},
                             {2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)}};
  memcpy(turn, rows, sizeof rows);
}

static tensor *normals(tape *t, int rows, int columns) {
  tensor *zero = tape_zeros(t, 2, (int[]){rows, columns});
  return op_gaussian(t, zero, zero);
}

/*
 * Lays object i of a batch out: the first settings->points of it blurred for the encoder, and the same noisy for the
 * network, with their noise as the target. noise, blur [points, 3].
 */
static scrim_status fill_object(training_context *c, size_t i, size_t object, const double draw[DRAWS],
                                const float *noise, const float *blur, scrim_error *error) {
  const prior_settings *s = c->settings;
  const size_t values = 3 * s->points, width = (size_t)prior_features_count(&s->shape);
  const int t = 1 + (int)(draw[DRAW_TIME] * s->reach);
  const float spread = (float)(s->blur * draw[DRAW_BLUR]);
  float *blurred = c->blurred + i * values;
  double turn[3][3];
  choose_turn(s->turn, draw + DRAW_TURN, turn);
  copy_points(c, object, (size_t)(draw[DRAW_START] * (double)c->points), turn, c->cloud);
  for (size_t v = 0; v < values; v++) blurred[v] = c->cloud[v] + spread * blur[v];
  diffusion_forward(&c->schedule, t, 1, noise, 3 * c->points, c->cloud);
  memcpy(c->target + i * values, noise, values * sizeof *noise);
  prior_times(diffusion_ratio(&c->schedule, t), c->times + i * PRIOR_TIMES);
  const scrim_status status = find_surface(c, error);
  prior_features(&s->shape, c->cloud, c->surface, sqrt(1 - c->schedule.alpha[t]), s->points,
                 c->features + i * s->points * width);
  return status;
}

/* The network on the batch of n objects as it is laid out. */
static tensor *batch_loss(tape *t, const training_context *c, size_t n) {
  const int b = (int)n, points = (int)c->settings->points, features = prior_features_count(&c->prior->shape);
  tensor *clouds = tape_input(t, c->blurred, 3, (int[]){b, points, 3});
  tensor *latent = prior_encode(t, c->prior, clouds);
  tensor *times = tape_input(t, c->times, 2, (int[]){b, PRIOR_TIMES});
  tensor *context = op_concat(t, (tensor *[]){latent, times}, 2, 1);
  tensor *x = tape_input(t, c->features, 2, (int[]){b * points, features});
  tensor *target = tape_input(t, c->target, 2, (int[]){b * points, 3});
  return op_mse(t, prior_epsilon(t, c->prior, x, context, c->owner), target);
}

static tensor *training_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  training_context *c = context;
  const size_t values = 3 * c->points;
  const int rows_in_all = (int)(n * c->points);
  tensor *draws = normals(t, (int)n, DRAWS), *noise = normals(t, rows_in_all, 3), *blur = normals(t, rows_in_all, 3);
  if (draws == NULL || noise == NULL || blur == NULL) return NULL;
  for (size_t i = 0; i < n; i++) {
    double draw[DRAWS];
    for (size_t d = 0; d < DRAWS; d++) {
      const float normal = draws->data[i * DRAWS + d];
      draw[d] = d < DRAW_TURN ? uniform_from(normal) : normal;
    }
    const size_t object = c->n_held + rows[i];
    if (fill_object(c, i, object, draw, noise->data + i * values, blur->data + i * values, NULL) != SCRIM_OK)
      return NULL;
  }
  return batch_loss(t, c, n);
}

/* ---- held-out objects: the same noise after every epoch, time steps spread evenly, nothing turned ---- */

static scrim_status held_batch(training_context *c, size_t first, size_t n, double *loss, scrim_error *error) {
  const size_t values = 3 * c->points;
  tape_reset(c->held_tape);
  tape_random(c->held_tape, c->held_random);
  tensor *noise = normals(c->held_tape, (int)(n * c->points), 3);
  scrim_status status = tape_status(c->held_tape, error);
  for (size_t i = 0; status == SCRIM_OK && i < n; i++) {
    const double draw[DRAWS] = {[DRAW_TIME] = ((double)(first + i) + 0.5) / (double)c->n_held};
    status = fill_object(c, i, first + i, draw, noise->data + i * values, noise->data + i * values, error);
  }
  if (status != SCRIM_OK) return status;
  const tensor *answer = batch_loss(c->held_tape, c, n);
  status = tape_status(c->held_tape, error);
  if (status == SCRIM_OK) *loss += answer->data[0] * (double)n;
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

/* ---- training ---- */

/* What a resumed run must share with the one that was cut and the loop does not see: objects, and what is drawn. */
static scrim_status fingerprint(char text[HASH_TEXT], const training_context *c, scrim_error *error) {
  const prior_settings *s = c->settings;
  const double numbers[] = {(double)c->points, (double)s->points, s->blur,         s->reach,
                            s->turn,           s->shape.width,    s->shape.latent, s->shape.planes};
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
  scrim_status status = context_create(&c, options->seed, error);
  if (status == SCRIM_OK) status = take_objects(&c, objects, error);
  if (status == SCRIM_OK) status = fingerprint(text, &c, error);
  if (status == SCRIM_OK) {
    const nn_training training = training_of(&c, options, text);
    status = nn_train(&result, &training, error);
  }
  if (status == SCRIM_OK) *fit = (prior_fit){result.epochs_run, result.best_epoch, result.best_figure};
  context_free(&c);
  return status;
}
