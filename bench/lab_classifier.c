/* Target and shadow classifiers: how each data set's is trained, and the file in which one is kept. */
#include "core/error.h"
#include "core/memory.h"
#include "lab.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Epochs and rates are such that the network is right on (nearly) all of its training rows at the end. */
const lab_recipe lab_recipes[] = {
    {"letter", lab_letter_load, {256, 128}, NN_RELU, 4000, 64, 100, 1e-3},
    {"mnist", lab_mnist_load, {256, 0}, NN_RELU, 2500, 64, 40, 1e-3},
    {"adult", lab_adult_load, {128, 64}, NN_RELU, 5000, 64, 200, 1e-3},
    {"purchase", lab_purchase_load, {256, 0}, NN_TANH, 5000, 64, 30, 1e-3},
    {.name = NULL},
};

const lab_recipe *lab_recipe_find(const char *name) {
  for (const lab_recipe *r = lab_recipes; r->name; r++)
    if (!strcmp(r->name, name)) return r;
  return NULL;
}

scrim_status lab_classifier_fit(nn_mlp *m, const lab_recipe *recipe, const lab_set *s, const float *x, const int32_t *y,
                                size_t n, uint64_t seed, scrim_error *error) {
  int width[4] = {(int)s->features}, layers = 0;
  for (int i = 0; i < 2 && recipe->hidden[i]; i++) width[++layers] = recipe->hidden[i];
  width[++layers] = (int)s->classes;
  random_source *random = NULL;
  scrim_status status = random_source_from_seed(&random, seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "lab-weights", NULL, 0, error);
  if (status == SCRIM_OK) status = nn_mlp_create(m, layers, width, recipe->activation, random, error);
  random_source_free(random);
  if (status != SCRIM_OK) return status;
  const nn_fit fit = {.batch = recipe->batch, .epochs = recipe->epochs, .rate = recipe->rate, .seed = seed};
  status = nn_mlp_fit(m, x, y, n, &fit, error);
  if (status != SCRIM_OK) nn_mlp_free(m);
  return status;
}

/* The shape goes into the metadata: "lab.width" as "16 256 128 26", "lab.activation" as a number. */
scrim_status lab_classifier_save(const nn_mlp *m, const char *path, scrim_error *error) {
  char width[128], activation[8];
  int used = 0;
  for (int i = 0; i <= m->n_layers; i++)
    used += snprintf(width + used, sizeof width - (size_t)used, i ? " %d" : "%d", m->width[i]);
  snprintf(activation, sizeof activation, "%d", (int)m->activation);
  tensorfile_writer *writer = NULL;
  scrim_status status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "lab.width", width, error);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "lab.activation", activation, error);
  if (status == SCRIM_OK) status = nn_params_put(m->params, "classifier.", writer, error);
  if (status == SCRIM_OK) status = tensorfile_save(writer, path, error);
  tensorfile_writer_free(writer);
  return status;
}

/* Makes the network that the metadata describes; its weights are still random. */
static scrim_status create_like(nn_mlp *m, const tensorfile *file, const char *path, scrim_error *error) {
  const char *text = tensorfile_meta(file, "lab.width"), *activation = tensorfile_meta(file, "lab.activation");
  if (!text || !activation) return fail(error, SCRIM_E_FORMAT, "%s is no classifier of the laboratory", path);
  int width[NN_MLP_MAX_LAYERS + 1], n = 0;
  while (*text && n <= NN_MLP_MAX_LAYERS) {
    char *end;
    width[n] = (int)strtol(text, &end, 10);
    if (end == text || width[n] < 1) break;
    text = end;
    n++;
  }
  if (n < 2 || *text) return fail(error, SCRIM_E_FORMAT, "%s: bad layer widths '%s'", path, text);
  if (activation[0] < '0' + NN_RELU || activation[0] > '0' + NN_IDENTITY || activation[1])
    return fail(error, SCRIM_E_FORMAT, "%s: bad activation '%s'", path, activation);
  random_source *random = NULL;
  scrim_status status = random_source_from_seed(&random, 0, error);
  if (status == SCRIM_OK) status = random_begin(random, "lab-weights", NULL, 0, error);
  if (status == SCRIM_OK) status = nn_mlp_create(m, n - 1, width, (nn_activation)(activation[0] - '0'), random, error);
  random_source_free(random);
  return status;
}

scrim_status lab_classifier_open(nn_mlp *m, const char *path, scrim_error *error) {
  tensorfile *file = NULL;
  scrim_status status = tensorfile_open(&file, path, error);
  if (status != SCRIM_OK) return status;
  status = create_like(m, file, path, error);
  if (status == SCRIM_OK) {
    status = nn_params_get(m->params, "classifier.", file, error);
    if (status != SCRIM_OK) nn_mlp_free(m);
  }
  tensorfile_close(file);
  return status;
}
