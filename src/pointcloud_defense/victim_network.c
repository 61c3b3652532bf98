#include "pointcloud_defense/victim_network.h"
#include "core/error.h"
#include "core/memory.h"
#include <stdio.h>
#include <string.h>

static const victim_network *const networks[] = {&victim_pointnet, &victim_edge, &victim_attention};

const char *const VICTIM_CLASSES = "classes";

const victim_network *victim_network_named(const char *name) {
  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
    if (strcmp(networks[i]->name, name) == 0) return networks[i];
  return NULL;
}

/* ---- layers ---- */

int victim_linear_add(nn_linear *l, nn_params *p, const char *name, int in, int out, random_source *init) {
  if (!nn_linear_add(l, p, name, in, out)) return 0;
  if (init) nn_init_he(l->w, init);
  return 1;
}

int victim_layer_add(victim_layer *l, nn_params *p, const char *name, int in, int out, random_source *init) {
  char norm[64];
  snprintf(norm, sizeof norm, "%s.norm", name);
  return victim_linear_add(&l->linear, p, name, in, out, init) && nn_batch_norm_add(&l->norm, p, norm, out);
}

tensor *victim_layer_forward(tape *t, const victim_layer *l, tensor *x) {
  return op_relu(t, nn_batch_norm_forward(t, &l->norm, nn_linear_forward(t, &l->linear, x)));
}

/* ---- loading ---- */

typedef struct loaded_network {
  const victim_network *network;
  nn_params *params;
  void *layers;
} loaded_network;

static tensor *loaded_logits(tape *t, const void *model, tensor *xyz) {
  const loaded_network *m = model;
  return m->network->logits(t, m->layers, xyz);
}

static void loaded_free(void *model) {
  loaded_network *m = model;
  if (m == NULL) return;
  nn_params_free(m->params);
  memory_free(m->layers);
  memory_free(m);
}

static scrim_status count_classes(const tensorfile *file, int *classes, scrim_error *error) {
  char name[64];
  const void *data;
  int64_t n = -1;
  snprintf(name, sizeof name, "%s.bias", VICTIM_CLASSES);
  const scrim_status status = tensorfile_get(file, name, TENSORFILE_F32, 1, &n, &data, error);
  if (status != SCRIM_OK) return status;
  if (n < 2 || n > VICTIM_CLASSES_MOST)
    return fail(error, SCRIM_E_FORMAT, "%s: %lld classes, must be 2 to %d", name, (long long)n, VICTIM_CLASSES_MOST);
  *classes = (int)n;
  return SCRIM_OK;
}

scrim_status victim_network_load(victim *out, const victim_network *network, const tensorfile *file,
                                 scrim_error *error) {
  int classes = 0;
  scrim_status status = count_classes(file, &classes, error);
  if (status != SCRIM_OK) return status;
  loaded_network *m = memory_zalloc(1, sizeof *m);
  if (m != NULL) {
    m->network = network;
    m->params = nn_params_create();
    m->layers = memory_zalloc(1, network->bytes);
  }
  if (!m || !m->params || !m->layers || !network->build(m->layers, m->params, classes, NULL))
    status = fail(error, SCRIM_E_MEMORY, "out of memory for a classifier of points");
  if (status == SCRIM_OK) status = nn_params_get(m->params, "", file, error);
  if (status == SCRIM_OK) {
    nn_params_freeze(m->params);
    *out = (victim){.classes = (size_t)classes, .logits = loaded_logits, .release = loaded_free, .model = m};
  } else {
    loaded_free(m);
  }
  return status;
}
