/* The public side of speaker encoders: their parameters by name, training into a file, and what a file says. */
#include <scrim/voice_encoder.h>

#include "core/error.h"
#include "core/figures.h"
#include "core/memory.h"
#include "core/settings.h"
#include "voice_deid/encoder_train.h"
#include "voice_deid/speech_augment.h"
#include <string.h>

enum {
  WIDTH,
  DIMENSIONS,
  WINDOW,
  HOP,
  FFT,
  BANDS,
  CEPSTRA,
  LINEAR,
  LOW_HZ,
  HIGH_HZ,
  MEAN_REMOVAL,
  EPOCHS,
  BATCH,
  CROPS,
  SECONDS,
  SPEEDS,
  AUGMENT,
  RATE,
  DECAY,
  MARGIN,
  SCALE,
  PARAMS
};

/* The values of the network and the front end here are those of tdnn; each kind has its own. */
static const scrim_param params[PARAMS] = {
    [WIDTH] = {"width", "channels of the first layers", 96, 4, 512, 1, SCRIM_PARAM_TRAIN},
    [DIMENSIONS] = {"dimensions", "of the embedding", 128, 2, SPEAKER_MOST_DIMENSIONS, 1, SCRIM_PARAM_TRAIN},
    [WINDOW] = {"window", "samples of a frame, at 16 kHz", 400, 32, 4096, 1, SCRIM_PARAM_TRAIN},
    [HOP] = {"hop", "samples from frame to frame", 160, 16, 4096, 1, SCRIM_PARAM_TRAIN},
    [FFT] = {"fft", "samples of a transform", 512, 64, 4096, 1, SCRIM_PARAM_TRAIN},
    [BANDS] = {"bands", "of the spectrum", 64, 4, 256, 1, SCRIM_PARAM_TRAIN},
    [CEPSTRA] = {"cepstra", "coefficients taken from the bands; 0: the bands themselves", 0, 0, 255, 1,
                 SCRIM_PARAM_TRAIN},
    [LINEAR] = {"linear", "1: bands are evenly spaced in frequency; 0: in mel", 0, 0, 1, 1, SCRIM_PARAM_TRAIN},
    [LOW_HZ] = {"low_hz", "where the bands begin", 20, 0, 7900, 1, SCRIM_PARAM_TRAIN},
    [HIGH_HZ] = {"high_hz", "where the bands end", 7600, 200, 8000, 1, SCRIM_PARAM_TRAIN},
    [MEAN_REMOVAL] = {"mean_removal", "1: features lose their means, and with them the channel", 0, 0, 1, 1,
                      SCRIM_PARAM_TRAIN},
    [EPOCHS] = {"epochs", "of training", 12, 1, 10000, 1, SCRIM_PARAM_TRAIN},
    [BATCH] = {"batch", "crops a step", 32, 2, 1024, 1, SCRIM_PARAM_TRAIN},
    [CROPS] = {"crops", "of each class in an epoch", 4, 1, 1000, 1, SCRIM_PARAM_TRAIN},
    [SECONDS] = {"seconds", "of a crop", 2, 0.5, 10, 0, SCRIM_PARAM_TRAIN},
    [SPEEDS] = {"speeds", "at which a speaker counts as another: 1, or 0.9 and 1.1 of it as well", 3, 1, SPEECH_SPEEDS,
                1, SCRIM_PARAM_TRAIN},
    [AUGMENT] = {"augment", "share of the usual rooms, channels, noise and quantisation", 1, 0, 1, 0,
                 SCRIM_PARAM_TRAIN},
    [RATE] = {"rate", "highest learning rate", 0.002, 1e-6, 1, 0, SCRIM_PARAM_TRAIN},
    [DECAY] = {"decay", "of the weights, a step, in units of the learning rate", 0.05, 0, 10, 0, SCRIM_PARAM_TRAIN},
    [MARGIN] = {"margin", "between speakers, radians", 0.2, 0, 1, 0, SCRIM_PARAM_TRAIN},
    [SCALE] = {"scale", "of the cosines in the loss", 30, 1, 200, 0, SCRIM_PARAM_TRAIN},
};

const char *scrim_voice_encoder_kind_at(size_t i) {
  return speaker_encoder_kind_at(i);
}

scrim_status scrim_voice_encoder_config(scrim_config *config, const char *kind, scrim_error *error) {
  speaker_encoder_settings s;
  if (config == NULL || kind == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_encoder_config: config or kind is NULL");
  const scrim_status status = speaker_encoder_defaults(&s, kind, error);
  if (status != SCRIM_OK) return status;
  memset(config, 0, sizeof *config);
  config->params = params;
  config->n = PARAMS;
  for (size_t i = 0; i < PARAMS; i++) config->value[i] = params[i].value;
  const double own[] = {[WIDTH] = s.width,
                        [DIMENSIONS] = s.dimensions,
                        [WINDOW] = s.front.window,
                        [HOP] = s.front.hop,
                        [FFT] = s.front.n_fft,
                        [BANDS] = s.front.bands,
                        [CEPSTRA] = s.front.cepstra,
                        [LINEAR] = s.front.scale == FRONT_END_LINEAR,
                        [LOW_HZ] = s.front.low_hz,
                        [HIGH_HZ] = s.front.high_hz,
                        [MEAN_REMOVAL] = s.front.mean_removal};
  memcpy(config->value, own, sizeof own);
  return SCRIM_OK;
}

static encoder_settings settings_of(const scrim_config *config, const char *kind) {
  const double *v = config->value;
  return (encoder_settings){.encoder = {.kind = kind,
                                        .width = (int)v[WIDTH],
                                        .dimensions = (int)v[DIMENSIONS],
                                        .front = {.window = (int)v[WINDOW],
                                                  .hop = (int)v[HOP],
                                                  .n_fft = (int)v[FFT],
                                                  .bands = (int)v[BANDS],
                                                  .cepstra = (int)v[CEPSTRA],
                                                  .scale = v[LINEAR] != 0 ? FRONT_END_LINEAR : FRONT_END_MEL,
                                                  .low_hz = (int)v[LOW_HZ],
                                                  .high_hz = (int)v[HIGH_HZ],
                                                  .mean_removal = (int)v[MEAN_REMOVAL]}},
                            .epochs = (size_t)v[EPOCHS],
                            .batch = (size_t)v[BATCH],
                            .crops = (size_t)v[CROPS],
                            .seconds = v[SECONDS],
                            .speeds = (size_t)v[SPEEDS],
                            .augment = v[AUGMENT],
                            .rate = v[RATE],
                            .decay = v[DECAY],
                            .margin = v[MARGIN],
                            .scale = v[SCALE]};
}

/* ---- the file ---- */

static scrim_status save(const speaker_encoder *e, const scrim_config *config, const scrim_voice_encoder_fit *fit,
                         uint64_t seed, const char *path, scrim_error *error) {
  const figure told[] = {
      {"trained.speakers", (double)fit->speakers, 0},     {"trained.held_out", (double)fit->held_out, 0},
      {"trained.classes", (double)fit->classes, 0},       {"trained.epochs", (double)fit->epochs, 0},
      {"trained.best_epoch", (double)fit->best_epoch, 0}, {"trained.eer", fit->eer, 0}};
  tensorfile_writer *writer = NULL;
  scrim_status status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = speaker_encoder_put(e, "", writer, error);
  if (status == SCRIM_OK) status = settings_put(config, writer, error);
  if (status == SCRIM_OK) status = figures_put_seed("trained.seed", seed, writer, error);
  if (status == SCRIM_OK) status = figures_put(told, sizeof told / sizeof *told, writer, error);
  if (status == SCRIM_OK) status = tensorfile_save(writer, path, error);
  tensorfile_writer_free(writer);
  return status;
}

scrim_status scrim_voice_train_encoder(const char *path, const char *kind, const scrim_voice_corpus *corpus,
                                       const scrim_config *config, const scrim_train_options *options,
                                       scrim_voice_encoder_fit *fit, scrim_error *error) {
  static const scrim_train_options no_options = {0};
  scrim_config defaults;
  speech_corpus speech = {0};
  scrim_voice_encoder_fit found;
  speaker_encoder *e = NULL;
  if (path == NULL || corpus == NULL || kind == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_train_encoder: path, kind or corpus is NULL");
  scrim_status status = scrim_voice_encoder_config(&defaults, kind, error);
  if (status != SCRIM_OK) return status;
  if (config == NULL) config = &defaults;
  if (config->params != params) return fail(error, SCRIM_E_ARGUMENT, "the config is not one of a speaker encoder");
  if (options == NULL) options = &no_options;
  const encoder_settings settings = settings_of(config, kind);
  status = speech_corpus_load(&speech, corpus, options->progress, options->context, error);
  if (status == SCRIM_OK) status = encoder_train(&e, &found, &speech, &settings, options, error);
  speech_corpus_free(&speech);
  if (status == SCRIM_OK) status = save(e, config, &found, options->seed, path, error);
  speaker_encoder_free(e);
  if (status == SCRIM_OK && fit != NULL) *fit = found;
  return status;
}

/* ---- what a file says ---- */

struct scrim_voice_encoder {
  tensorfile *file;
};

void scrim_voice_encoder_free(scrim_voice_encoder *encoder) {
  if (encoder == NULL) return;
  tensorfile_close(encoder->file);
  memory_free(encoder);
}

/* The network is put together once, so that a file whose weights do not fit its settings is not described as good. */
scrim_status scrim_voice_encoder_open(scrim_voice_encoder **out, const char *path, scrim_error *error) {
  if (out == NULL || path == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_encoder_open: out or path is NULL");
  *out = NULL;
  speaker_encoder *whole = NULL;
  scrim_voice_encoder *e = memory_zalloc(1, sizeof *e);
  if (e == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a speaker encoder");
  scrim_status status = tensorfile_open(&e->file, path, error);
  if (status == SCRIM_OK) status = speaker_encoder_get(&whole, "", e->file, error);
  speaker_encoder_free(whole);
  if (status == SCRIM_OK)
    *out = e;
  else
    scrim_voice_encoder_free(e);
  return status;
}

int scrim_voice_encoder_info(const scrim_voice_encoder *encoder, size_t index, const char **name, const char **value) {
  if (encoder == NULL || name == NULL || value == NULL) return 0;
  return tensorfile_meta_at(encoder->file, index, name, value);
}
