#include "voice_deid/speaker_encoder.h"

#include "core/error.h"
#include "voice_deid/encoder_parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const encoder_kind *const kinds[] = {&encoder_tdnn, &encoder_resnet, &encoder_statistics};
enum { KINDS = sizeof kinds / sizeof *kinds, MOST_WIDTH = 512, LEAST_WIDTH = 4, LEAST_DIMENSIONS = 2 };

/* ---- kinds and settings ---- */

const char *speaker_encoder_kind_at(size_t i) {
  return i < KINDS ? kinds[i]->defaults.kind : NULL;
}

static const encoder_kind *find_kind(const char *name) {
  for (size_t i = 0; i < KINDS; i++)
    if (strcmp(kinds[i]->defaults.kind, name) == 0) return kinds[i];
  return NULL;
}

static scrim_status fail_kind(const char *name, scrim_error *error) {
  char list[120] = "";
  for (size_t i = 0; i < KINDS; i++) {
    const size_t at = strlen(list);
    snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", kinds[i]->defaults.kind);
  }
  return fail(error, SCRIM_E_PARAM, "no speaker encoder is of kind '%s' (there are: %s)", name, list);
}

scrim_status speaker_encoder_defaults(speaker_encoder_settings *settings, const char *kind, scrim_error *error) {
  const encoder_kind *k = find_kind(kind);
  if (k == NULL) return fail_kind(kind, error);
  *settings = k->defaults;
  return SCRIM_OK;
}

static scrim_status check_settings(const speaker_encoder_settings *s, scrim_error *error) {
  if (find_kind(s->kind) == NULL) return fail_kind(s->kind, error);
  if (s->width < LEAST_WIDTH || s->width > MOST_WIDTH)
    return fail(error, SCRIM_E_PARAM, "encoder: width %d, must be %d to %d", s->width, LEAST_WIDTH, MOST_WIDTH);
  if (s->dimensions < LEAST_DIMENSIONS || s->dimensions > SPEAKER_MOST_DIMENSIONS)
    return fail(error, SCRIM_E_PARAM, "encoder: dimensions %d, must be %d to %d", s->dimensions, LEAST_DIMENSIONS,
                SPEAKER_MOST_DIMENSIONS);
  return SCRIM_OK;
}

/* ---- making ---- */

static int add_layers(speaker_encoder *e) {
  const int channels = e->kind->build(e), d = e->settings.dimensions;
  return channels > 0 && nn_batch_norm_add(&e->pooled, e->params, "pooled", 2 * channels) &&
         nn_linear_add(&e->head, e->params, "head", 2 * channels, d) && nn_batch_norm_add(&e->out, e->params, "out", d);
}

static void init_weights(speaker_encoder *e, random_source *init) {
  for (int i = 0; i < e->n_units; i++) nn_init_he(e->unit[i].w, init);
  nn_init_xavier(e->head.w, init);
}

scrim_status speaker_encoder_create(speaker_encoder **out, const speaker_encoder_settings *settings,
                                    random_source *init, scrim_error *error) {
  scrim_status status = check_settings(settings, error);
  if (status != SCRIM_OK) return status;
  speaker_encoder *e = memory_zalloc(1, sizeof *e);
  if (e == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a speaker encoder");
  e->kind = find_kind(settings->kind);
  e->settings = *settings;
  e->settings.kind = e->kind->defaults.kind;
  status = front_end_create(&e->front, &settings->front, error);
  if (status == SCRIM_OK) {
    e->params = nn_params_create();
    if (e->params == NULL || !add_layers(e))
      status = fail(error, SCRIM_E_MEMORY, "out of memory for a speaker encoder of width %d", settings->width);
  }
  if (status == SCRIM_OK && init != NULL) {
    init_weights(e, init);
    status = random_status(init, error);
  } else if (status == SCRIM_OK) {
    nn_params_freeze(e->params);
  }
  if (status == SCRIM_OK)
    *out = e;
  else
    speaker_encoder_free(e);
  return status;
}

void speaker_encoder_free(speaker_encoder *e) {
  if (e == NULL) return;
  front_end_free(e->front);
  nn_params_free(e->params);
  memory_free(e);
}

const speaker_encoder_settings *speaker_encoder_about(const speaker_encoder *e) {
  return &e->settings;
}

nn_params *speaker_encoder_params(const speaker_encoder *e) {
  return e->params;
}

/* ---- the figure ---- */

tensor *speaker_encoder_embed(tape *t, const speaker_encoder *e, tensor *samples) {
  tensor *x = e->kind->frames(t, e, front_end_apply(t, e->front, samples));
  if (x == NULL) return NULL;
  tensor *logits = e->kind->attend != NULL ? e->kind->attend(t, e, x) : tape_zeros(t, 3, x->dim);
  x = nn_batch_norm_forward(t, &e->pooled, op_attentive_stats(t, x, logits));
  x = nn_batch_norm_forward(t, &e->out, nn_linear_forward(t, &e->head, x));
  return op_normalize(t, x, 1e-6f);
}

/* Adds the embedding of x [n] to sum [dimensions]. */
static scrim_status add_segment(const speaker_encoder *e, tape *t, const float *x, size_t n, float *sum,
                                scrim_error *error) {
  tape_reset(t);
  tape_training(t, 0);
  const float *y = tensor_values(speaker_encoder_embed(t, e, tape_input(t, x, 2, (int[]){1, (int)n})));
  const scrim_status status = tape_status(t, error);
  for (int i = 0; status == SCRIM_OK && i < e->settings.dimensions; i++) sum[i] += y[i];
  return status;
}

static scrim_status embed_repeated(const speaker_encoder *e, tape *t, const float *x, size_t n, float *sum,
                                   scrim_error *error) {
  float *longer = memory_alloc(SPEAKER_LEAST_SAMPLES * sizeof *longer);
  if (longer == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %d samples", SPEAKER_LEAST_SAMPLES);
  for (size_t i = 0; i < SPEAKER_LEAST_SAMPLES; i++) longer[i] = x[i % n];
  const scrim_status status = add_segment(e, t, longer, SPEAKER_LEAST_SAMPLES, sum, error);
  memory_wipe_free(longer, SPEAKER_LEAST_SAMPLES * sizeof *longer);
  return status;
}

static scrim_status to_unit_length(float *x, int n, scrim_error *error) {
  double square = 0;
  for (int i = 0; i < n; i++) square += (double)x[i] * x[i];
  if (!(square > 0) || !isfinite(square))
    return fail(error, SCRIM_E_DATA, "speech has no embedding: length %g", square);
  for (int i = 0; i < n; i++) x[i] = (float)(x[i] / sqrt(square));
  return SCRIM_OK;
}

scrim_status speaker_encoder_embed_samples(const speaker_encoder *e, tape *t, const float *x, size_t n, float *out,
                                           scrim_error *error) {
  if (n < 1) return fail(error, SCRIM_E_DATA, "no samples to embed");
  const size_t segments = (n + SPEAKER_SEGMENT - 1) / SPEAKER_SEGMENT, length = (n + segments - 1) / segments;
  scrim_status status = SCRIM_OK;
  memset(out, 0, (size_t)e->settings.dimensions * sizeof *out);
  if (n < SPEAKER_LEAST_SAMPLES) status = embed_repeated(e, t, x, n, out, error);
  for (size_t i = 0; n >= SPEAKER_LEAST_SAMPLES && i < segments && status == SCRIM_OK; i++) {
    const size_t start = segments > 1 ? i * (n - length) / (segments - 1) : 0;
    status = add_segment(e, t, x + start, length, out, error);
  }
  return status == SCRIM_OK ? to_unit_length(out, e->settings.dimensions, error) : status;
}
