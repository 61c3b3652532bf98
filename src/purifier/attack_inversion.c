#include "purifier/attack_inversion.h"
#include "core/error.h"
#include "core/memory.h"
#include "nn/nn.h"
#include "purifier/attack_features.h"
#include <math.h>

enum { EPOCHS = 60, PATIENCE = 8, CHUNK = 256 };

struct inversion {
  size_t features;
  attack_features look;
  nn_mlp network;      /* [2 K] -> [features] */
  float *least, *most; /* [features] range in training */
};

void inversion_free(inversion *v) {
  if (!v) return;
  attack_features_free(&v->look);
  nn_mlp_free(&v->network);
  memory_free(v->least);
  memory_free(v->most);
  memory_free(v);
}

static void fit_range(inversion *v, const float *inputs, size_t n) {
  for (size_t j = 0; j < v->features; j++) v->least[j] = v->most[j] = inputs[j];
  for (size_t i = 0; i < n * v->features; i++) {
    size_t j = i % v->features;
    v->least[j] = fminf(v->least[j], inputs[i]);
    v->most[j] = fmaxf(v->most[j], inputs[i]);
  }
}

static scrim_status fit_network(inversion *v, const inversion_training *t, scrim_error *error) {
  const int width[] = {2 * (int)t->classes, 128, 256, (int)t->features};
  random_source *random = NULL;
  float *x = memory_zalloc(t->n, 2 * t->classes * sizeof *x);
  scrim_status status = x ? random_source_from_seed(&random, t->seed, error)
                          : fail(error, SCRIM_E_MEMORY, "no memory for %zu rows of the inversion attack", t->n);
  if (status == SCRIM_OK) status = random_begin(random, "attack-inversion", NULL, 0, error);
  if (status == SCRIM_OK) status = nn_mlp_create(&v->network, 3, width, NN_LEAKY_RELU, random, error);
  if (status == SCRIM_OK) {
    for (size_t i = 0; i < t->n; i++) attack_features_row(&v->look, t->scores + i * t->classes, x + i * 2 * t->classes);
    const nn_fit fit = {.batch = 64,
                        .epochs = t->epochs ? t->epochs : EPOCHS,
                        .patience = PATIENCE,
                        .rate = 1e-3,
                        .validation = 0.1,
                        .seed = t->seed};
    status = nn_mlp_fit_regression(&v->network, x, t->inputs, t->n, &fit, error);
  }
  random_source_free(random);
  memory_free(x);
  return status;
}

scrim_status inversion_create(inversion **out, const inversion_training *training, scrim_error *error) {
  *out = NULL;
  if (!training->n) return fail(error, SCRIM_E_ARGUMENT, "the inversion attack needs rows to train on");
  inversion *v = memory_zalloc(1, sizeof *v);
  if (!v) return fail(error, SCRIM_E_MEMORY, "no memory for the inversion attack");
  v->features = training->features;
  v->least = memory_zalloc(v->features, sizeof *v->least);
  v->most = memory_zalloc(v->features, sizeof *v->most);
  scrim_status status = SCRIM_OK;
  if (!v->least || !v->most) status = fail(error, SCRIM_E_MEMORY, "no memory for the inversion attack");
  if (status == SCRIM_OK)
    status = attack_features_fit(&v->look, training->scores, training->n, training->classes, error);
  if (status == SCRIM_OK) {
    fit_range(v, training->inputs, training->n);
    status = fit_network(v, training, error);
  }
  if (status == SCRIM_OK)
    *out = v;
  else
    inversion_free(v);
  return status;
}

scrim_status inversion_run(const inversion *v, const float *scores, size_t n, float *inputs, scrim_error *error) {
  size_t k = v->look.classes;
  float *x = memory_zalloc(CHUNK, 2 * k * sizeof *x);
  scrim_status status = x ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "no memory for the inversion attack");
  for (size_t from = 0; status == SCRIM_OK && from < n; from += CHUNK) {
    size_t rows = n - from < CHUNK ? n - from : CHUNK;
    float *out = inputs + from * v->features;
    for (size_t i = 0; i < rows; i++) attack_features_row(&v->look, scores + (from + i) * k, x + i * 2 * k);
    status = nn_mlp_predict(&v->network, x, rows, 0, out, error);
    for (size_t i = 0; status == SCRIM_OK && i < rows * v->features; i++)
      out[i] = fminf(fmaxf(out[i], v->least[i % v->features]), v->most[i % v->features]);
  }
  memory_free(x);
  return status;
}

scrim_status inversion_error(const inversion *v, const float *scores, const float *inputs, size_t n, double *mse,
                             scrim_error *error) {
  float *rebuilt = memory_zalloc(n, v->features * sizeof *rebuilt);
  if (!rebuilt) return fail(error, SCRIM_E_MEMORY, "no memory for %zu rebuilt inputs", n);
  scrim_status status = inversion_run(v, scores, n, rebuilt, error);
  double sum = 0;
  for (size_t i = 0; i < n * v->features; i++) {
    double off = (double)rebuilt[i] - inputs[i];
    sum += off * off;
  }
  if (status == SCRIM_OK) *mse = sum / (double)(n * v->features);
  memory_free(rebuilt);
  return status;
}
