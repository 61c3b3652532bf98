/* scrim_cloud_train_prior and scrim_cloud_shapes: objects in, a filter with a prior out. */
#include "core/error.h"
#include "core/figures.h"
#include "core/memory.h"
#include "pointcloud_defense/cloud_filter.h"
#include "pointcloud_defense/cloud_train.h"
#include "pointcloud_defense/shapes.h"
#include <math.h>
#include <scrim/prior.h>

/* ---- procedural objects ---- */

_Static_assert(SCRIM_CLOUD_FAMILIES == SHAPE_FAMILIES, "the public number of families is the real one");

scrim_status scrim_cloud_shapes(float *xyz, int32_t *labels, size_t n, size_t points, uint64_t seed,
                                scrim_error *error) {
  random_source *random = NULL;
  if (xyz == NULL || n == 0 || points == 0)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_shapes: %zu objects of %zu points, xyz %s", n, points,
                xyz == NULL ? "NULL" : "given");
  scrim_status status = random_source_from_seed(&random, seed, error);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    if (labels != NULL) labels[i] = (int32_t)(i % SHAPE_FAMILIES);
    status = shape_draw(random, seed, i, points, xyz + i * points * 3, error);
  }
  random_source_free(random);
  return status;
}

const char *scrim_cloud_family_name(int32_t family) {
  return family >= 0 && family < SHAPE_FAMILIES ? shape_family_name(family) : NULL;
}

/* ---- training ---- */

enum { SHAPE_POINTS = 1024 }; /* of a procedural object */

typedef struct prior_training {
  const scrim_train_options *options;
  scrim_config config; /* with the baseline */
  cloud_settings settings;
  float *made; /* procedural objects, or NULL */
  scrim_prior_data objects;
  prior *prior;
  prior_fit fit;
  tensorfile_writer *writer;
} prior_training;

static scrim_status check_objects(const scrim_prior_data *objects, scrim_error *error) {
  if (objects->xyz == NULL) return fail(error, SCRIM_E_ARGUMENT, "objects without coordinates");
  for (size_t i = 0; i < objects->n * objects->points * 3; i++)
    if (!isfinite(objects->xyz[i]))
      return fail_row(error, SCRIM_E_DATA, (int64_t)(i / objects->points / 3),
                      "object %zu, point %zu: %g is not finite", i / objects->points / 3, i / 3 % objects->points,
                      (double)objects->xyz[i]);
  return SCRIM_OK;
}

static scrim_status take_objects(prior_training *t, const scrim_prior_data *objects, scrim_error *error) {
  if (objects != NULL) {
    t->objects = *objects;
    return check_objects(objects, error);
  }
  const size_t n = t->settings.shapes;
  const size_t points = t->settings.prior.points > SHAPE_POINTS ? t->settings.prior.points : SHAPE_POINTS;
  t->made = memory_zalloc(n * points, 3 * sizeof *t->made);
  if (t->made == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu objects of %zu points", n, points);
  t->objects = (scrim_prior_data){t->made, n, points};
  /* Other objects than a test set of the same seed. */
  return scrim_cloud_shapes(t->made, NULL, n, points, ~t->options->seed, error);
}

/* A few hundred objects tell what is usual. */
static scrim_status take_baseline(prior_training *t, scrim_error *error) {
  enum { MOST = 400 };
  const size_t n = t->objects.n < MOST ? t->objects.n : MOST, points = t->objects.points;
  scrim_view *frames = memory_zalloc(n, sizeof *frames);
  if (frames == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu objects", n);
  for (size_t i = 0; i < n; i++)
    frames[i] = (scrim_view){
        .kind = SCRIM_POINTS, .data = (float *)t->objects.xyz + i * points * 3, .rows = points, .columns = 3};
  const scrim_cloud_data data = {frames, n};
  const scrim_status status = cloud_take_baseline(&t->config, &data, error);
  memory_free(frames);
  return status;
}

static scrim_status take_clean_noise(prior_training *t, scrim_error *error) {
  if (cloud_is_set(&t->config, "clean_noise")) return SCRIM_OK;
  return scrim_config_set(&t->config, "clean_noise", t->fit.clean_noise, error);
}

static scrim_status train(prior_training *t, scrim_error *error) {
  random_source *random = NULL;
  scrim_status status = random_source_from_seed(&random, t->options->seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "prior weights", NULL, 0, error);
  if (status == SCRIM_OK) status = prior_create(&t->prior, &t->settings.prior.shape, random, error);
  if (status == SCRIM_OK)
    status = prior_train(t->prior, &t->fit, t->objects.xyz, t->objects.n, t->objects.points, &t->settings.prior,
                         t->options, error);
  random_source_free(random);
  return status;
}

static scrim_status put_report(const prior_training *t, scrim_error *error) {
  const figure figures[] = {
      {"objects", (double)t->objects.n, 0},         {"object_points", (double)t->objects.points, 0},
      {"procedural", t->made != NULL, 0},           {"epochs_run", (double)t->fit.epochs, 0},
      {"best_epoch", (double)t->fit.best_epoch, 0}, {"held_out_loss", t->fit.held_loss, 6},
  };
  scrim_status status = figures_put_seed("seed", t->options->seed, t->writer, error);
  return status == SCRIM_OK ? figures_put(figures, sizeof figures / sizeof *figures, t->writer, error) : status;
}

static scrim_status run(prior_training *t, scrim_filter **out, const scrim_prior_data *objects, scrim_error *error) {
  scrim_status status = cloud_settings_read(&t->settings, &t->config, error);
  if (status == SCRIM_OK) status = take_objects(t, objects, error);
  if (status == SCRIM_OK) status = take_baseline(t, error);
  if (status == SCRIM_OK) status = train(t, error);
  if (status == SCRIM_OK) status = take_clean_noise(t, error);
  if (status == SCRIM_OK) status = tensorfile_writer_create(&t->writer, error);
  if (status == SCRIM_OK) status = put_report(t, error);
  if (status == SCRIM_OK) status = prior_put(t->prior, t->writer, error);
  if (status == SCRIM_OK) status = filter_build(out, &cloud_filter, t->writer, &t->config, error);
  return status;
}

scrim_status scrim_cloud_train_prior(scrim_filter **out, const scrim_prior_data *objects, const scrim_config *config,
                                     const scrim_train_options *options, scrim_error *error) {
  static const scrim_train_options defaults = {0};
  prior_training t = {.options = options != NULL ? options : &defaults};
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_train_prior: out is NULL");
  *out = NULL;
  scrim_status status = cloud_train_settings(&t.config, config, error);
  if (status == SCRIM_OK) status = run(&t, out, objects, error);
  tensorfile_writer_free(t.writer);
  prior_free(t.prior);
  memory_free(t.made);
  return status;
}
