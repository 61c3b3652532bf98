#include "pointcloud_defense/victim_pointnet.h"
#include "core/error.h"
#include "core/memory.h"
#include "nn/nn.h"
#include "pointcloud_defense/victim_network.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double NORM_EPSILON = 1e-5;
enum { WIDEST = 65536 };

void victim_pointnet_names(int i, char layer[POINTNET_NAME], char norm[POINTNET_NAME]) {
  const int is_point = i < POINTNET_POINT_LAYERS, number = is_point ? i + 1 : i - POINTNET_POINT_LAYERS + 1;
  snprintf(layer, POINTNET_NAME, is_point ? "feature_model.conv%d" : "linear%d", number);
  norm[0] = '\0';
  if (i + 1 < POINTNET_LAYERS) snprintf(norm, POINTNET_NAME, is_point ? "feature_model.bn%d" : "bn%d", number);
}

/* ---- to ask: batch norm folded in ---- */

typedef struct pointnet {
  nn_params *params;
  nn_linear layer[POINTNET_LAYERS];
} pointnet;

static tensor *pointnet_logits(tape *t, const void *model, tensor *xyz) {
  const pointnet *p = model;
  const nn_linear *widest = &p->layer[POINTNET_POINT_LAYERS - 1];
  tensor *x = xyz;
  for (int i = 0; i + 1 < POINTNET_POINT_LAYERS; i++) x = op_relu(t, nn_linear_forward(t, &p->layer[i], x));
  x = op_relu(t, op_linear_max(t, x, widest->w, widest->b)); /* ReLU keeps the order, so it can come after */
  for (int i = POINTNET_POINT_LAYERS; i + 1 < POINTNET_LAYERS; i++)
    x = op_relu(t, nn_linear_forward(t, &p->layer[i], x));
  return nn_linear_forward(t, &p->layer[POINTNET_LAYERS - 1], x);
}

static void pointnet_free(void *model) {
  pointnet *p = model;
  if (p == NULL) return;
  nn_params_free(p->params);
  memory_free(p);
}

/* ---- to train: weights [out, in, 1] for points, [out, in] for the head, as the files have them ---- */

/* Widths of what the layers give; the last is the number of classes. */
static const int WIDTHS[POINTNET_LAYERS - 1] = {32, 32, 32, 64, 256, 128, 64};

typedef struct trained_pointnet {
  nn_linear layer[POINTNET_LAYERS];
  nn_norm norm[POINTNET_LAYERS - 1];
} trained_pointnet;

static int add_layer(trained_pointnet *s, nn_params *p, int i, int in, int out, random_source *init) {
  char name[POINTNET_NAME], norm[POINTNET_NAME], part[2 * POINTNET_NAME];
  nn_linear *l = &s->layer[i];
  victim_pointnet_names(i, name, norm);
  snprintf(part, sizeof part, "%s.weight", name);
  l->w = nn_params_add(p, part, i < POINTNET_POINT_LAYERS ? 3 : 2, (int[]){out, in, 1}, 1);
  snprintf(part, sizeof part, "%s.bias", name);
  l->b = l->w ? nn_params_add(p, part, 1, &out, 1) : NULL;
  if (!l->b || (norm[0] && !nn_batch_norm_add(&s->norm[i], p, norm, out))) return 0;
  if (init) nn_init_he(l->w, init);
  return 1;
}

static int trained_build(void *layers, nn_params *p, int classes, random_source *init) {
  for (int i = 0, in = 3; i < POINTNET_LAYERS; i++) {
    const int out = i + 1 < POINTNET_LAYERS ? WIDTHS[i] : classes;
    if (!add_layer(layers, p, i, in, out, init)) return 0;
    in = out;
  }
  return 1;
}

/* x [rows, in] -> [rows, out] */
static tensor *run_layer(tape *t, const trained_pointnet *s, int i, tensor *x) {
  const nn_linear *l = &s->layer[i];
  x = op_linear(t, x, op_reshape(t, l->w, 2, l->w->dim), l->b);
  return i + 1 < POINTNET_LAYERS ? op_relu(t, nn_batch_norm_forward(t, &s->norm[i], x)) : x;
}

static tensor *trained_logits(tape *t, const void *layers, tensor *xyz) {
  const trained_pointnet *s = layers;
  const int b = xyz->dim[0], n = xyz->dim[1];
  tensor *x = op_reshape(t, xyz, 2, (int[]){b * n, 3});
  for (int i = 0; i < POINTNET_POINT_LAYERS; i++) x = run_layer(t, s, i, x);
  x = op_reduce_max(t, op_reshape(t, x, 3, (int[]){b, n, WIDTHS[POINTNET_POINT_LAYERS - 1]}), 1);
  for (int i = POINTNET_POINT_LAYERS; i < POINTNET_LAYERS; i++) x = run_layer(t, s, i, x);
  return x;
}

const victim_network victim_pointnet = {.name = "pointnet",
                                        .bytes = sizeof(trained_pointnet),
                                        .rate = 2e-3,
                                        .build = trained_build,
                                        .logits = trained_logits};

/* ---- loading ---- */

/* name.part; `width` -1: any, filled in. */
static const float *vector_of(const tensorfile *file, const char *name, const char *part, int64_t width,
                              scrim_status *status, scrim_error *error) {
  char full[2 * POINTNET_NAME];
  const void *data = NULL;
  snprintf(full, sizeof full, "%s.%s", name, part);
  if (*status == SCRIM_OK) *status = tensorfile_get(file, full, TENSORFILE_F32, 1, &width, &data, error);
  return data;
}

/* w and b become those of batch norm after the layer. */
static scrim_status fold_norm(nn_linear *l, const tensorfile *file, const char *norm, scrim_error *error) {
  const int64_t out = l->w->dim[0];
  const size_t in = (size_t)l->w->dim[1];
  scrim_status status = SCRIM_OK;
  const float *gamma = vector_of(file, norm, "weight", out, &status, error);
  const float *beta = vector_of(file, norm, "bias", out, &status, error);
  const float *mean = vector_of(file, norm, "running_mean", out, &status, error);
  const float *variance = vector_of(file, norm, "running_var", out, &status, error);
  for (size_t o = 0; status == SCRIM_OK && o < (size_t)out; o++) {
    if (variance[o] < 0)
      return fail(error, SCRIM_E_FORMAT, "%s.running_var: %g at %zu, below 0", norm, (double)variance[o], o);
    const double scale = gamma[o] / sqrt(variance[o] + NORM_EPSILON);
    for (size_t i = 0; i < in; i++) l->w->data[o * in + i] = (float)(scale * l->w->data[o * in + i]);
    l->b->data[o] = (float)(beta[o] + scale * ((double)l->b->data[o] - mean[o]));
  }
  return status;
}

/* Layer i, which takes `in` values; *width: what it gives. */
static scrim_status load_layer(pointnet *p, int i, int64_t in, int64_t *width, const tensorfile *file,
                               scrim_error *error) {
  char name[POINTNET_NAME], norm[POINTNET_NAME], weight[2 * POINTNET_NAME];
  const void *w = NULL;
  int64_t shape[] = {-1, in, 1};
  victim_pointnet_names(i, name, norm);
  snprintf(weight, sizeof weight, "%s.weight", name);
  scrim_status status =
      tensorfile_get(file, weight, TENSORFILE_F32, i < POINTNET_POINT_LAYERS ? 3 : 2, shape, &w, error);
  if (status != SCRIM_OK) return status;
  if (shape[0] < 1 || shape[0] > WIDEST)
    return fail(error, SCRIM_E_FORMAT, "%s: %lld outputs, must be 1 to %d", weight, (long long)shape[0], WIDEST);
  const float *b = vector_of(file, name, "bias", shape[0], &status, error);
  if (status != SCRIM_OK) return status;
  const int out = (int)shape[0], dim[] = {out, (int)in};
  nn_linear *l = &p->layer[i];
  l->w = nn_params_add(p->params, weight, 2, dim, 0);
  l->b = l->w ? nn_params_add(p->params, name, 1, &out, 0) : NULL;
  if (!l->b) return fail(error, SCRIM_E_MEMORY, "out of memory for layer %s", name);
  memcpy(l->w->data, w, l->w->n * sizeof(float));
  memcpy(l->b->data, b, l->b->n * sizeof(float));
  *width = out;
  return norm[0] ? fold_norm(l, file, norm, error) : SCRIM_OK;
}

scrim_status victim_pointnet_load(victim *out, const tensorfile *file, scrim_error *error) {
  pointnet *p = memory_zalloc(1, sizeof *p);
  if (p != NULL) p->params = nn_params_create();
  scrim_status status =
      p && p->params ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for a classifier of points");
  int64_t width = 3;
  for (int i = 0; i < POINTNET_LAYERS && status == SCRIM_OK; i++) status = load_layer(p, i, width, &width, file, error);
  if (status == SCRIM_OK && width < 2)
    status = fail(error, SCRIM_E_FORMAT, "%lld class, must be at least 2", (long long)width);
  if (status == SCRIM_OK)
    *out = (victim){.classes = (size_t)width, .logits = pointnet_logits, .release = pointnet_free, .model = p};
  else
    pointnet_free(p);
  return status;
}
