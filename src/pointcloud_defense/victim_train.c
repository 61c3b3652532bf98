/* Training of a small classifier of points. */
#include "core/error.h"
#include "core/memory.h"
#include "pointcloud_defense/objects.h"
#include "pointcloud_defense/victim_network.h"
#include "tensor/backend_open.h"
#include <math.h>
#include <scrim/cloud.h>
#include <string.h>

static const float JITTER = 0.02f; /* deviation, of coordinates within the unit sphere */
enum { BATCH = 16, POINTS_MOST = 1 << 20 };

typedef struct trainee {
  const victim_network *network;
  nn_params *params;
  void *layers;
  const float *objects; /* [n, points, 3] within the unit sphere */
  const int32_t *labels;
  size_t points;
  float *batch;        /* [BATCH, points, 3] */
  float *log_variance; /* the same shape: of the jitter */
  int32_t label[BATCH];
} trainee;

static tensor *loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  trainee *s = context;
  const size_t values = 3 * s->points;
  const int dim[] = {(int)n, (int)s->points, 3};
  for (size_t i = 0; i < n; i++) {
    memcpy(s->batch + i * values, s->objects + rows[i] * values, values * sizeof *s->batch);
    s->label[i] = s->labels[rows[i]];
  }
  tensor *xyz = op_gaussian(t, tape_input(t, s->batch, 3, dim), tape_input(t, s->log_variance, 3, dim));
  return op_cross_entropy(t, s->network->logits(t, s->layers, xyz), s->label);
}

/* ---- from data to file ---- */

static scrim_status open_trainee(trainee *s, size_t classes, uint64_t seed, scrim_error *error) {
  const size_t values = BATCH * s->points;
  random_source *r = NULL;
  scrim_status status = random_source_from_seed(&r, seed, error);
  if (status == SCRIM_OK) status = random_begin(r, "cloud victim", NULL, 0, error);
  if (status == SCRIM_OK) {
    int made = (s->params = nn_params_create()) != NULL;
    made = made && (s->layers = memory_zalloc(1, s->network->bytes)) != NULL;
    made = made && (s->batch = memory_zalloc(values, 3 * sizeof *s->batch)) != NULL;
    made = made && (s->log_variance = memory_zalloc(values, 3 * sizeof *s->log_variance)) != NULL;
    made = made && s->network->build(s->layers, s->params, (int)classes, r);
    for (size_t i = 0; i < 3 * values && made; i++) s->log_variance[i] = 2 * logf(JITTER);
    status = made ? random_status(r, error) : fail(error, SCRIM_E_MEMORY, "out of memory for a classifier of points");
  }
  random_source_free(r);
  return status;
}

static void close_trainee(trainee *s) {
  nn_params_free(s->params);
  memory_free(s->layers);
  memory_free(s->batch);
  memory_free(s->log_variance);
}

static scrim_status save(const trainee *s, const char *path, scrim_error *error) {
  tensorfile_writer *writer = NULL;
  scrim_status status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = nn_params_put(s->params, "", writer, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "network", s->network->name, error);
  if (status == SCRIM_OK) status = tensorfile_save(writer, path, error);
  tensorfile_writer_free(writer);
  return status;
}

/* ---- checks ---- */

static scrim_status check_objects(const scrim_cloud_objects *o, size_t *classes, scrim_error *error) {
  *classes = 2;
  if (!o->xyz || !o->labels) return fail(error, SCRIM_E_ARGUMENT, "the objects' points or labels are NULL");
  if (o->n < 2 || o->n > UINT32_MAX || o->points < 1 || o->points > POINTS_MOST)
    return fail(error, SCRIM_E_DATA, "%zu objects of %zu points; at least 2 of 1 to %d are needed", o->n, o->points,
                POINTS_MOST);
  for (size_t i = 0; i < o->n; i++) {
    if (o->labels[i] < 0 || o->labels[i] >= VICTIM_CLASSES_MOST)
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "object %zu: class %d, must be 0 to %d", i, o->labels[i],
                      VICTIM_CLASSES_MOST - 1);
    if ((size_t)o->labels[i] >= *classes) *classes = (size_t)o->labels[i] + 1;
    for (size_t j = 0; j < 3 * o->points; j++)
      if (!isfinite(o->xyz[3 * o->points * i + j]))
        return fail_row(error, SCRIM_E_DATA, (int64_t)i, "object %zu, point %zu is not finite", i, j / 3);
  }
  return SCRIM_OK;
}

static scrim_status check(const char *path, const scrim_cloud_victim *how, const victim_network **network,
                          size_t *classes, scrim_error *error) {
  if (!path || !how) return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_victim_train: path or victim is NULL");
  const char *name = how->network ? how->network : victim_pointnet.name;
  *network = victim_network_named(name);
  if (!*network)
    return fail(error, SCRIM_E_PARAM, "no network has the name '%.60s': pointnet, edge or attention", name);
  if (how->epochs < 1) return fail(error, SCRIM_E_PARAM, "0 epochs of training, must be at least 1");
  return check_objects(&how->objects, classes, error);
}

scrim_status scrim_cloud_victim_train(const char *path, const scrim_cloud_victim *how, scrim_error *error) {
  trainee s = {0};
  size_t classes = 0;
  scrim_status status = check(path, how, &s.network, &classes, error);
  if (status != SCRIM_OK) return status;
  const scrim_cloud_objects *o = &how->objects;
  const size_t values = 3 * o->points;
  float *units = memory_zalloc(o->n, values * sizeof *units);
  if (units == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu objects", o->n);
  memcpy(units, o->xyz, o->n * values * sizeof *units);
  for (size_t i = 0; i < o->n; i++) objects_to_unit_sphere(units + i * values, o->points);
  s.objects = units;
  s.labels = o->labels;
  s.points = o->points;
  const backend *backend = NULL;
  status = backend_open(&backend, how->device, error);
  if (status == SCRIM_OK) status = open_trainee(&s, classes, how->seed, error);
  const nn_training training = {.params = s.params,
                                .rows = o->n,
                                .batch = BATCH,
                                .epochs = how->epochs,
                                .optimizer = {.kind = NN_ADAM, .rate = s.network->rate},
                                .schedule = NN_COSINE,
                                .seed = how->seed,
                                .loss = loss,
                                .context = &s,
                                .backend = backend,
                                .stage = "classifier",
                                .progress = how->progress,
                                .progress_context = how->context};
  nn_result result;
  if (status == SCRIM_OK) status = nn_train(&result, &training, error);
  if (status == SCRIM_OK) status = save(&s, path, error);
  close_trainee(&s);
  memory_free(units);
  return status;
}
