/* The autoencoder of targets, its bank, and how both are kept in a file. */
#include "voice_deid/target_sampler.h"
#include "core/error.h"
#include "core/memory.h"
#include <stdio.h>
#include <string.h>

struct target_sampler {
  target_settings settings;
  int width;
  nn_params *params;
  nn_linear encoder, mean, log_variance, decoder, output;
  unsigned char allowed[PITCH_CLASSES * TARGET_BANK];
};

static int sampler_build(target_sampler *s) {
  const target_settings *set = &s->settings;
  s->params = nn_params_create();
  return s->params != NULL && nn_linear_add(&s->encoder, s->params, "encoder", s->width + PITCH_CLASSES, set->hidden) &&
         nn_linear_add(&s->mean, s->params, "mean", set->hidden, set->latent) &&
         nn_linear_add(&s->log_variance, s->params, "log_variance", set->hidden, set->latent) &&
         nn_linear_add(&s->decoder, s->params, "decoder", set->latent + PITCH_CLASSES, set->hidden) &&
         nn_linear_add(&s->output, s->params, "output", set->hidden, s->width);
}

scrim_status target_sampler_create(target_sampler **out, const target_settings *settings, random_source *init,
                                   scrim_error *error) {
  *out = NULL;
  target_sampler *s = memory_zalloc(1, sizeof *s);
  if (s == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a target sampler");
  s->settings = *settings;
  for (int i = 0; i < settings->parts; i++) s->width += settings->dim[i];
  if (!sampler_build(s)) {
    target_sampler_free(s);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a target sampler");
  }
  if (init != NULL) {
    nn_linear *const layers[] = {&s->encoder, &s->mean, &s->log_variance, &s->decoder, &s->output};
    for (int i = 0; i < 5; i++) nn_init_xavier(layers[i]->w, init);
  }
  *out = s;
  return SCRIM_OK;
}

void target_sampler_free(target_sampler *s) {
  if (s == NULL) return;
  nn_params_free(s->params);
  memory_free(s);
}

const target_settings *target_sampler_about(const target_sampler *s) {
  return &s->settings;
}

int target_sampler_width(const target_sampler *s) {
  return s->width;
}

nn_params *target_sampler_params(const target_sampler *s) {
  return s->params;
}

unsigned char *target_sampler_allowed(target_sampler *s) {
  return s->allowed;
}

/* ---- the networks ---- */

void target_sampler_encode(const target_sampler *s, tape *t, tensor *rows, tensor **mean, tensor **log_variance) {
  tensor *hidden = op_silu(t, nn_linear_forward(t, &s->encoder, rows));
  *mean = nn_linear_forward(t, &s->mean, hidden);
  *log_variance = nn_linear_forward(t, &s->log_variance, hidden);
}

tensor *target_sampler_decode(const target_sampler *s, tape *t, tensor *z) {
  tensor *all = nn_linear_forward(t, &s->output, op_silu(t, nn_linear_forward(t, &s->decoder, z)));
  tensor *part[TARGET_PARTS];
  for (int i = 0, at = 0; i < s->settings.parts; at += s->settings.dim[i++])
    part[i] = op_normalize(t, op_slice(t, all, 1, at, s->settings.dim[i]), 1e-8f);
  return op_concat(t, part, s->settings.parts, 1);
}

/* ---- the bank ---- */

scrim_status target_sampler_make(const target_sampler *s, tape *t, int class, int number, float *out,
                                 scrim_error *error) {
  random_source *random = NULL;
  const int columns = s->settings.latent + PITCH_CLASSES;
  float *z = memory_zalloc((size_t)columns, sizeof *z);
  if (z == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a target");
  scrim_status status = random_source_from_seed(&random, (uint64_t)number * PITCH_CLASSES + (uint64_t) class, error);
  if (status == SCRIM_OK) status = random_begin(random, "target", NULL, 0, error);
  if (status == SCRIM_OK) {
    for (int i = 0; i < s->settings.latent; i++) z[i] = (float)random_normal(random);
    z[s->settings.latent + class] = 1;
    tape_reset(t);
    const float *made = tensor_values(target_sampler_decode(s, t, tape_input(t, z, 2, (int[]){1, columns})));
    status = tape_status(t, error);
    if (status == SCRIM_OK) status = random_status(random, error);
    if (status == SCRIM_OK) memcpy(out, made, (size_t)s->width * sizeof *out);
  }
  random_source_free(random);
  memory_wipe_free(z, (size_t)columns * sizeof *z);
  return status;
}

int target_sampler_count(const target_sampler *s, int class) {
  int count = 0;
  for (int i = 0; i < TARGET_BANK; i++) count += s->allowed[class * TARGET_BANK + i];
  return count;
}

int target_sampler_number(const target_sampler *s, int class, int i) {
  int number = -1;
  while (i >= 0 && ++number < TARGET_BANK) i -= s->allowed[class * TARGET_BANK + number];
  return number;
}

/* ---- files ---- */

scrim_status target_sampler_put(const target_sampler *s, tensorfile_writer *writer, scrim_error *error) {
  char text[32];
  snprintf(text, sizeof text, "%d", s->settings.latent);
  scrim_status status = tensorfile_put_meta(writer, "targets.latent", text, error);
  snprintf(text, sizeof text, "%d", s->settings.hidden);
  if (status == SCRIM_OK) status = tensorfile_put_meta(writer, "targets.hidden", text, error);
  const int64_t shape[] = {PITCH_CLASSES, TARGET_BANK};
  if (status == SCRIM_OK)
    status = tensorfile_put(writer, "targets.allowed", TENSORFILE_U8, 2, shape, s->allowed, error);
  return status == SCRIM_OK ? nn_params_put(s->params, "targets.", writer, error) : status;
}

/* A whole number of the metadata in 1..most. */
static scrim_status get_size(const tensorfile *file, const char *name, int most, int *value, scrim_error *error) {
  char end;
  const char *text = tensorfile_meta(file, name);
  if (text == NULL || sscanf(text, "%d%c", value, &end) != 1 || *value < 1 || *value > most)
    return fail(error, SCRIM_E_FORMAT, "'%s' is %s, not in 1..%d", name, text == NULL ? "missing" : text, most);
  return SCRIM_OK;
}

static scrim_status get_allowed(target_sampler *s, const tensorfile *file, scrim_error *error) {
  int64_t shape[] = {PITCH_CLASSES, TARGET_BANK};
  const void *data;
  scrim_status status = tensorfile_get(file, "targets.allowed", TENSORFILE_U8, 2, shape, &data, error);
  if (status != SCRIM_OK) return status;
  memcpy(s->allowed, data, sizeof s->allowed);
  for (size_t i = 0; i < sizeof s->allowed; i++) {
    if (s->allowed[i] > 1)
      return fail(error, SCRIM_E_FORMAT, "'targets.allowed' has a %d at %zu, not 0 or 1", s->allowed[i], i);
  }
  for (int c = 0; c < PITCH_CLASSES; c++) {
    if (target_sampler_count(s, c) == 0)
      return fail(error, SCRIM_E_FORMAT, "'targets.allowed' allows no target of class %d", c);
  }
  return SCRIM_OK;
}

scrim_status target_sampler_get(target_sampler **out, int parts, const int *dim, const tensorfile *file,
                                scrim_error *error) {
  *out = NULL;
  target_settings settings = {.parts = parts};
  memcpy(settings.dim, dim, (size_t)parts * sizeof *dim);
  scrim_status status = get_size(file, "targets.latent", 1024, &settings.latent, error);
  if (status == SCRIM_OK) status = get_size(file, "targets.hidden", 4096, &settings.hidden, error);
  target_sampler *s = NULL;
  if (status == SCRIM_OK) status = target_sampler_create(&s, &settings, NULL, error);
  if (status == SCRIM_OK) status = nn_params_get(s->params, "targets.", file, error);
  if (status == SCRIM_OK) status = get_allowed(s, file, error);
  if (status == SCRIM_OK)
    *out = s;
  else
    target_sampler_free(s);
  return status;
}
