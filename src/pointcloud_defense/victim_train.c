/* Training of a small PointNet, written in the layout that victim_pointnet.c reads. */
#include "core/error.h"
#include "core/memory.h"
#include "nn/nn.h"
#include "pointcloud_defense/objects.h"
#include "pointcloud_defense/victim_pointnet.h"
#include <math.h>
#include <scrim/cloud.h>
#include <stdio.h>
#include <string.h>

/* Widths of what the layers give; the last is the number of classes. */
static const int WIDTHS[POINTNET_LAYERS - 1] = {32, 32, 32, 64, 256, 128, 64};
static const double RATE = 2e-3;
static const float JITTER = 0.02f; /* deviation, of coordinates within the unit sphere */
enum { BATCH = 16, CLASSES_MOST = 4096, POINTS_MOST = 1 << 20 };

typedef struct trainee {
  nn_params *params;
  nn_linear layer[POINTNET_LAYERS]; /* weights [out, in, 1] for points, [out, in] for the head */
  nn_norm norm[POINTNET_LAYERS - 1];
  const float *objects; /* [n, points, 3] within the unit sphere */
  const int32_t *labels;
  size_t points;
  float *batch;        /* [BATCH, points, 3] */
  float *log_variance; /* the same shape: of the jitter */
  int32_t label[BATCH];
} trainee;

/* ---- the network ---- */

static int add_layer(trainee *s, int i, int in, int out, random_source *r) {
  char name[POINTNET_NAME], norm[POINTNET_NAME], part[2 * POINTNET_NAME];
  nn_linear *l = &s->layer[i];
  victim_pointnet_names(i, name, norm);
  snprintf(part, sizeof part, "%s.weight", name);
  l->w = nn_params_add(s->params, part, i < POINTNET_POINT_LAYERS ? 3 : 2, (int[]){out, in, 1}, 1);
  snprintf(part, sizeof part, "%s.bias", name);
  l->b = l->w ? nn_params_add(s->params, part, 1, &out, 1) : NULL;
  if (!l->b || (norm[0] && !nn_batch_norm_add(&s->norm[i], s->params, norm, out))) return 0;
  nn_init_he(l->w, r);
  return 1;
}

/* x [rows, in] -> [rows, out] */
static tensor *run_layer(tape *t, const trainee *s, int i, tensor *x) {
  const nn_linear *l = &s->layer[i];
  x = op_linear(t, x, op_reshape(t, l->w, 2, l->w->dim), l->b);
  return i + 1 < POINTNET_LAYERS ? op_relu(t, nn_batch_norm_forward(t, &s->norm[i], x)) : x;
}

static tensor *loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  trainee *s = context;
  const size_t values = 3 * s->points;
  const int all = (int)(n * s->points), dim[] = {all, 3};
  for (size_t i = 0; i < n; i++) {
    memcpy(s->batch + i * values, s->objects + rows[i] * values, values * sizeof *s->batch);
    s->label[i] = s->labels[rows[i]];
  }
  tensor *x = op_gaussian(t, tape_input(t, s->batch, 2, dim), tape_input(t, s->log_variance, 2, dim));
  for (int i = 0; i < POINTNET_POINT_LAYERS; i++) x = run_layer(t, s, i, x);
  const int width = s->layer[POINTNET_POINT_LAYERS - 1].b->dim[0];
  x = op_reduce_max(t, op_reshape(t, x, 3, (int[]){(int)n, (int)s->points, width}), 1);
  for (int i = POINTNET_POINT_LAYERS; i < POINTNET_LAYERS; i++) x = run_layer(t, s, i, x);
  return op_cross_entropy(t, x, s->label);
}

/* ---- from data to file ---- */

static scrim_status open_trainee(trainee *s, size_t classes, uint64_t seed, scrim_error *error) {
  const size_t values = BATCH * s->points;
  random_source *r = NULL;
  scrim_status status = random_source_from_seed(&r, seed, error);
  if (status == SCRIM_OK) status = random_begin(r, "cloud victim", NULL, 0, error);
  if (status == SCRIM_OK) {
    int made = (s->params = nn_params_create()) != NULL;
    made = made && (s->batch = memory_zalloc(values, 3 * sizeof *s->batch)) != NULL;
    made = made && (s->log_variance = memory_zalloc(values, 3 * sizeof *s->log_variance)) != NULL;
    for (int i = 0, in = 3; i < POINTNET_LAYERS && made; i++) {
      const int out = i + 1 < POINTNET_LAYERS ? WIDTHS[i] : (int)classes;
      made = add_layer(s, i, in, out, r);
      in = out;
    }
    for (size_t i = 0; i < 3 * values && made; i++) s->log_variance[i] = 2 * logf(JITTER);
    status = made ? random_status(r, error) : fail(error, SCRIM_E_MEMORY, "out of memory for a classifier of points");
  }
  random_source_free(r);
  return status;
}

static scrim_status save(const trainee *s, const char *path, scrim_error *error) {
  tensorfile_writer *writer = NULL;
  scrim_status status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = nn_params_put(s->params, "", writer, error);
  if (status == SCRIM_OK) status = tensorfile_save(writer, path, error);
  tensorfile_writer_free(writer);
  return status;
}

static scrim_status check(const scrim_cloud_objects *o, size_t *classes, scrim_error *error) {
  *classes = 2;
  if (!o || !o->xyz || !o->labels) return fail(error, SCRIM_E_ARGUMENT, "objects, or their points or labels, are NULL");
  if (o->n < 2 || o->n > UINT32_MAX || o->points < 1 || o->points > POINTS_MOST)
    return fail(error, SCRIM_E_DATA, "%zu objects of %zu points; at least 2 of 1 to %d are needed", o->n, o->points,
                POINTS_MOST);
  for (size_t i = 0; i < o->n; i++) {
    if (o->labels[i] < 0 || o->labels[i] >= CLASSES_MOST)
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "object %zu: class %d, must be 0 to %d", i, o->labels[i],
                      CLASSES_MOST - 1);
    if ((size_t)o->labels[i] >= *classes) *classes = (size_t)o->labels[i] + 1;
    for (size_t j = 0; j < 3 * o->points; j++)
      if (!isfinite(o->xyz[3 * o->points * i + j]))
        return fail_row(error, SCRIM_E_DATA, (int64_t)i, "object %zu, point %zu is not finite", i, j / 3);
  }
  return SCRIM_OK;
}

scrim_status scrim_cloud_victim_train(const char *path, const scrim_cloud_objects *objects, size_t epochs,
                                      uint64_t seed, scrim_progress_fn progress, void *context, scrim_error *error) {
  size_t classes;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_victim_train: path is NULL");
  scrim_status status = check(objects, &classes, error);
  if (status != SCRIM_OK) return status;
  const size_t values = 3 * objects->points;
  float *units = memory_zalloc(objects->n, values * sizeof *units);
  if (units == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu objects", objects->n);
  memcpy(units, objects->xyz, objects->n * values * sizeof *units);
  for (size_t i = 0; i < objects->n; i++) objects_to_unit_sphere(units + i * values, objects->points);

  trainee s = {.objects = units, .labels = objects->labels, .points = objects->points};
  status = open_trainee(&s, classes, seed, error);
  const nn_training training = {.params = s.params,
                                .rows = objects->n,
                                .batch = BATCH,
                                .epochs = epochs,
                                .optimizer = {.kind = NN_ADAM, .rate = RATE},
                                .schedule = NN_COSINE,
                                .seed = seed,
                                .loss = loss,
                                .context = &s,
                                .stage = "classifier",
                                .progress = progress,
                                .progress_context = context};
  nn_result result;
  if (status == SCRIM_OK) status = nn_train(&result, &training, error);
  if (status == SCRIM_OK) status = save(&s, path, error);
  nn_params_free(s.params);
  memory_free(s.batch);
  memory_free(s.log_variance);
  memory_free(units);
  return status;
}
