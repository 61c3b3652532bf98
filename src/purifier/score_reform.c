/* What the reformer alone makes of rows, on the CPU or on a device. */
#include "core/error.h"
#include "purifier/reformer_device.h"
#include "purifier/score_filter.h"
#include "tensor/backend_open.h"
#include <math.h>

struct score_work {
  const reformer_plan *plan;
  reformer_device *device; /* NULL: the plan runs */
  size_t rows;             /* that a call takes at most */
  reformer_shape shape;
  float *features, *mean, *log_variance, *scratch;
  int32_t *item; /* [K]: a row on a fine grid, which names its noise */
};

static score_work *work_create(const reformer_plan *plan, const reformer_shape *shape, size_t rows) {
  score_work *w = memory_zalloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->plan = plan;
  w->rows = rows;
  w->shape = *shape;
  w->features = memory_zalloc(rows * (size_t)shape->classes, sizeof(float));
  w->mean = memory_zalloc(rows * (size_t)shape->latent, sizeof(float));
  w->log_variance = memory_zalloc(rows * (size_t)shape->latent, sizeof(float));
  w->scratch = memory_zalloc(reformer_plan_scratch(plan), sizeof(float));
  w->item = memory_zalloc((size_t)shape->classes, sizeof *w->item);
  if (w->features == NULL || w->mean == NULL || w->log_variance == NULL || w->scratch == NULL || w->item == NULL) {
    score_work_free(w);
    return NULL;
  }
  return w;
}

score_work *score_work_create(const reformer_plan *plan, const reformer_shape *shape) {
  return work_create(plan, shape, REFORMER_PLAN_ROWS);
}

/* The weights are read from the filter once more: the plan's are packed for the CPU. */
static scrim_status open_device(score_work *w, const score_model *m, const backend *b, int noisy, scrim_error *error) {
  reformer *r = NULL;
  scrim_status status = reformer_create(&r, &m->shape, NULL, error);
  if (status == SCRIM_OK) status = nn_params_get(r->params, "reformer.", m->file, error);
  if (status == SCRIM_OK) status = reformer_device_create(&w->device, b, r, noisy, error);
  reformer_free(r);
  return status;
}

scrim_status score_work_open(score_work **out, const score_model *m, scrim_device device, int noisy,
                             scrim_error *error) {
  const backend *b;
  scrim_status status = backend_open(&b, device, error);
  *out = NULL;
  if (status != SCRIM_OK) return status;
  const int on_host = b == &cpu_backend;
  score_work *w = work_create(m->plan, &m->shape, on_host ? REFORMER_PLAN_ROWS : REFORMER_DEVICE_ROWS);
  if (w == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for reforming rows of %zu classes", m->k);
  if (!on_host) status = open_device(w, m, b, noisy, error);
  if (status == SCRIM_OK)
    *out = w;
  else
    score_work_free(w);
  return status;
}

size_t score_work_rows(const score_work *w) {
  return w->rows;
}

void score_work_free(score_work *w) {
  if (w == NULL) return;
  const size_t k = (size_t)w->shape.classes, latent = (size_t)w->shape.latent;
  memory_wipe_free(w->features, w->rows * k * sizeof(float));
  memory_wipe_free(w->mean, w->rows * latent * sizeof(float));
  memory_wipe_free(w->log_variance, w->rows * latent * sizeof(float));
  memory_wipe_free(w->scratch, reformer_plan_scratch(w->plan) * sizeof(float));
  reformer_device_free(w->device);
  memory_wipe_free(w->item, k * sizeof *w->item);
  memory_free(w);
}

/* z = mean + noise * sigma * N(0, 1), drawn from the key and the row itself: asking again gives the same z. */
static scrim_status add_noise(score_work *w, random_source *source, double noise, const float *probabilities, size_t n,
                              scrim_error *error) {
  const size_t k = (size_t)w->shape.classes, latent = (size_t)w->shape.latent;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < k; j++) w->item[j] = (int32_t)lrintf(probabilities[i * k + j] * 1e6f);
    const scrim_status status = random_begin(source, "latent noise", w->item, k * sizeof *w->item, error);
    if (status != SCRIM_OK) return status;
    for (size_t d = 0; d < latent; d++) {
      const double sigma = exp(0.5 * w->log_variance[i * latent + d]);
      w->mean[i * latent + d] += (float)(noise * sigma * random_normal(source));
    }
  }
  return random_status(source, error);
}

static scrim_status reform_on_device(score_work *w, const float *probabilities, const int32_t *labels, size_t n,
                                     random_source *source, double noise, float *reformed, scrim_error *error) {
  if (!(noise > 0)) return reformer_device_reform(w->device, w->features, labels, n, reformed, error);
  scrim_status status = reformer_device_encode(w->device, w->features, labels, n, w->mean, w->log_variance, error);
  if (status == SCRIM_OK) status = add_noise(w, source, noise, probabilities, n, error);
  return status == SCRIM_OK ? reformer_device_decode(w->device, w->mean, labels, n, reformed, error) : status;
}

scrim_status score_reform(score_work *w, const float *probabilities, const int32_t *labels, size_t n,
                          random_source *source, double noise, float *reformed, scrim_error *error) {
  const size_t k = (size_t)w->shape.classes;
  for (size_t i = 0; i < n; i++) reformer_features(&w->shape, probabilities + i * k, w->features + i * k);
  if (w->device != NULL) return reform_on_device(w, probabilities, labels, n, source, noise, reformed, error);
  reformer_plan_encode(w->plan, w->features, labels, n, w->mean, noise > 0 ? w->log_variance : NULL, w->scratch);
  if (noise > 0) {
    const scrim_status status = add_noise(w, source, noise, probabilities, n, error);
    if (status != SCRIM_OK) return status;
  }
  reformer_plan_decode(w->plan, w->mean, labels, n, reformed, w->scratch);
  return SCRIM_OK;
}
