/* Speaker encoders in files: settings as metadata, weights as tensors, all under one prefix. */
#include "core/error.h"
#include "core/number.h"
#include "voice_deid/encoder_parts.h"
#include <stddef.h>
#include <stdio.h>

enum { NAME_BYTES = 160 };

/* The whole numbers among the settings. */
static const struct {
  const char *name;
  size_t at;
} numbers[] = {
    {"width", offsetof(speaker_encoder_settings, width)},
    {"dimensions", offsetof(speaker_encoder_settings, dimensions)},
    {"front.window", offsetof(speaker_encoder_settings, front.window)},
    {"front.hop", offsetof(speaker_encoder_settings, front.hop)},
    {"front.fft", offsetof(speaker_encoder_settings, front.n_fft)},
    {"front.bands", offsetof(speaker_encoder_settings, front.bands)},
    {"front.cepstra", offsetof(speaker_encoder_settings, front.cepstra)},
    {"front.scale", offsetof(speaker_encoder_settings, front.scale)},
    {"front.low_hz", offsetof(speaker_encoder_settings, front.low_hz)},
    {"front.high_hz", offsetof(speaker_encoder_settings, front.high_hz)},
    {"front.mean_removal", offsetof(speaker_encoder_settings, front.mean_removal)},
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };
_Static_assert(sizeof(front_end_scale) == sizeof(int), "the scale is read and written as an int");

static const char *join(char name[NAME_BYTES], const char *prefix, const char *rest) {
  snprintf(name, NAME_BYTES, "%s%s", prefix, rest);
  return name;
}

scrim_status speaker_encoder_put(const speaker_encoder *e, const char *prefix, tensorfile_writer *writer,
                                 scrim_error *error) {
  char name[NAME_BYTES], text[NUMBER_TEXT];
  scrim_status status = tensorfile_put_meta(writer, join(name, prefix, "kind"), e->settings.kind, error);
  for (size_t i = 0; i < NUMBERS && status == SCRIM_OK; i++) {
    number_print(text, *(const int *)((const char *)&e->settings + numbers[i].at));
    status = tensorfile_put_meta(writer, join(name, prefix, numbers[i].name), text, error);
  }
  return status == SCRIM_OK ? nn_params_put(e->params, prefix, writer, error) : status;
}

static scrim_status read_settings(speaker_encoder_settings *s, const char *prefix, const tensorfile *file,
                                  scrim_error *error) {
  char name[NAME_BYTES];
  s->kind = tensorfile_meta(file, join(name, prefix, "kind"));
  if (s->kind == NULL) return fail(error, SCRIM_E_FORMAT, "no speaker encoder: metadata '%s' is missing", name);
  for (size_t i = 0; i < NUMBERS; i++) {
    const char *text = tensorfile_meta(file, join(name, prefix, numbers[i].name));
    double value = 0;
    if (text == NULL || !number_parse(text, &value) || value < 0 || value > 1e6 || value != (int)value)
      return fail(error, SCRIM_E_FORMAT, "metadata '%s' is '%s', must be a whole number", name,
                  text ? text : "missing");
    *(int *)((char *)s + numbers[i].at) = (int)value;
  }
  return SCRIM_OK;
}

scrim_status speaker_encoder_get(speaker_encoder **out, const char *prefix, const tensorfile *file,
                                 scrim_error *error) {
  speaker_encoder_settings settings;
  speaker_encoder *e = NULL;
  scrim_status status = read_settings(&settings, prefix, file, error);
  if (status == SCRIM_OK) {
    status = speaker_encoder_create(&e, &settings, NULL, error);
    if (status == SCRIM_E_PARAM && error != NULL) error->status = SCRIM_E_FORMAT;
    if (status == SCRIM_E_PARAM) status = SCRIM_E_FORMAT;
  }
  if (status == SCRIM_OK) status = nn_params_get(e->params, prefix, file, error);
  if (status == SCRIM_OK) {
    encoder_units_fold(e);
    *out = e;
  } else {
    speaker_encoder_free(e);
  }
  return status;
}

int speaker_encoder_is_in(const tensorfile *file, const char *prefix) {
  char name[NAME_BYTES];
  return tensorfile_meta(file, join(name, prefix, "kind")) != NULL &&
         tensorfile_has(file, join(name, prefix, "unit.0.weight"));
}

scrim_status speaker_encoder_load(speaker_encoder **out, const char *path, scrim_error *error) {
  tensorfile *file = NULL;
  scrim_status status = tensorfile_open(&file, path, error);
  if (status == SCRIM_OK) status = speaker_encoder_get(out, "", file, error);
  tensorfile_close(file);
  return status;
}
