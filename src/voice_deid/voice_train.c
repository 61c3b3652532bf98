/*
 * scrim_voice_train_targets: encoders, a target sampler trained on what they make of the clips, and rooms, in one file.
 */
#include "voice_deid/voice_train.h"
#include "core/error.h"
#include "core/figures.h"
#include "core/memory.h"
#include "core/settings.h"
#include "tensor/backend_open.h"
#include "voice_deid/speech_corpus.h"
#include "voice_deid/target_train.h"
#include "voice_deid/voice_filter.h"
#include "voice_deid/voice_piece.h"
#include <math.h>
#include <scrim/voice.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SAMPLES = 6 * SPEECH_RATE /* of a clip */ };

typedef struct voice_training {
  const scrim_voice_corpus *corpus;
  const scrim_train_options *options;
  scrim_config config;
  voice_settings settings;
  int n_encoders;
  speaker_encoder *encoder[TARGET_PARTS];
  target_settings shape;
  target_sampler *targets;
  target_figures figures;
  size_t width;
  /* the clips that are used */
  size_t n, speakers;
  float *rows;     /* [corpus->n_clips, width] */
  int *class;      /* [corpus->n_clips] */
  size_t *speaker; /* [corpus->n_clips] */
  size_t *first;   /* [corpus->n_clips] a clip of each speaker */
  size_t *used;    /* [corpus->n_clips] clips of each speaker */
  float *rooms;    /* [VOICE_ROOMS, VOICE_ROOM_TAPS] */
  int n_rooms;
  const backend *backend;
  tape *tape;
} voice_training;

scrim_status voice_put_encoders(speaker_encoder *const *encoder, int n, tensorfile_writer *writer, scrim_error *error) {
  char prefix[32];
  scrim_status status = SCRIM_OK;
  for (int e = 0; e < n && status == SCRIM_OK; e++) {
    snprintf(prefix, sizeof prefix, "encoder.%d.", e);
    status = speaker_encoder_put(encoder[e], prefix, writer, error);
  }
  return status;
}

scrim_status voice_read_clip(float **out, size_t *n, const char *path, scrim_error *error) {
  scrim_status status = speech_read(out, n, path, error);
  if (status == SCRIM_OK) voice_level(*out, *n);
  return status;
}

/* ---- what is read ---- */

static scrim_status load_encoders(voice_training *v, const char *const *paths, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int e = 0; e < v->n_encoders && status == SCRIM_OK; e++) {
    status = speaker_encoder_load(&v->encoder[e], paths[e], error);
    if (status != SCRIM_OK) break;
    v->shape.dim[e] = speaker_encoder_about(v->encoder[e])->dimensions;
    v->width += (size_t)v->shape.dim[e];
  }
  v->shape.parts = v->n_encoders;
  v->shape.latent = v->settings.latent;
  v->shape.hidden = v->settings.hidden;
  return status;
}

/* The number of the clip's speaker, a new one if there was none of that id. */
static size_t speaker_number(voice_training *v, size_t clip) {
  const scrim_voice_clip *clips = v->corpus->clips;
  size_t s = 0;
  while (s < v->speakers && strcmp(clips[v->first[s]].speaker, clips[clip].speaker) != 0) s++;
  if (s == v->speakers) v->first[v->speakers++] = clip;
  return s;
}

/* One more row: the clip's embeddings and pitch. */
static scrim_status embed_clip(voice_training *v, const char *path, scrim_error *error) {
  float *x = NULL, *to = v->rows + v->n * v->width;
  size_t n, all;
  double hz;
  scrim_status status = voice_read_clip(&x, &all, path, error);
  if (status != SCRIM_OK) return status;
  n = all < MOST_SAMPLES ? all : MOST_SAMPLES;
  status = pitch_median(x, n, &hz, error);
  for (int e = 0; e < v->n_encoders && status == SCRIM_OK; to += v->shape.dim[e++])
    status = speaker_encoder_embed_samples(v->encoder[e], v->tape, x, n, to, error);
  v->class[v->n] = pitch_class(hz);
  memory_wipe_free(x, all * sizeof *x);
  return status;
}

/* 1: the caller asks to stop. */
static int tell_progress(const voice_training *v, size_t clip) {
  if (v->options->progress == NULL) return 0;
  const scrim_progress now = {.stage = "embeddings",
                              .step = clip,
                              .steps = v->corpus->n_clips,
                              .loss = NAN,
                              .per_second = 0,
                              .seconds_left = NAN};
  return v->options->progress(&now, v->options->context);
}

static scrim_status embed_clips(voice_training *v, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < v->corpus->n_clips && status == SCRIM_OK; i++) {
    const size_t speaker = speaker_number(v, i);
    if (v->settings.clips > 0 && v->used[speaker] >= v->settings.clips) continue;
    if (tell_progress(v, i)) return fail(error, SCRIM_E_CANCELLED, "stopped after %zu clips", v->n);
    status = embed_clip(v, v->corpus->clips[i].path, error);
    v->used[speaker]++;
    v->speaker[v->n++] = speaker;
  }
  return status;
}

/* The early part of a room, from the direct path on, which becomes 1. */
static scrim_status take_room(float *to, const char *path, scrim_error *error) {
  float *x = NULL;
  size_t n;
  scrim_status status = speech_read(&x, &n, path, error);
  if (status != SCRIM_OK) return status;
  size_t direct = 0;
  for (size_t i = 0; i < n; i++) {
    if (fabsf(x[i]) > fabsf(x[direct])) direct = i;
  }
  for (size_t k = 0; k < VOICE_ROOM_TAPS && direct + k < n; k++) to[k] = x[direct + k] / x[direct];
  memory_wipe_free(x, n * sizeof *x);
  return SCRIM_OK;
}

/* As many as there is room for, spread over all there are. */
static scrim_status take_rooms(voice_training *v, scrim_error *error) {
  const size_t all = v->corpus->n_rooms, n = all < VOICE_ROOMS ? all : VOICE_ROOMS;
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n && status == SCRIM_OK; i++)
    status = take_room(v->rooms + i * VOICE_ROOM_TAPS, v->corpus->rooms[i * all / n], error);
  v->n_rooms = (int)n;
  return status;
}

/* ---- the file ---- */

static scrim_status put_figures(const target_figures *f, tensorfile_writer *writer, scrim_error *error) {
  const figure figures[] = {
      {"targets.real_nearest_5", f->real_nearest[0], 4},
      {"targets.real_nearest_50", f->real_nearest[1], 4},
      {"targets.real_nearest_95", f->real_nearest[2], 4},
      {"targets.drawn_nearest_5", f->drawn_nearest[0], 4},
      {"targets.drawn_nearest_50", f->drawn_nearest[1], 4},
      {"targets.drawn_nearest_95", f->drawn_nearest[2], 4},
      {"targets.bound", f->bound, 4},
      {"targets.share_allowed", f->allowed, 4},
      {"targets.real_pair", f->real_pair, 4},
      {"targets.drawn_pair", f->drawn_pair, 4},
      {"targets.real_dimensions", f->real_dimensions, 4},
      {"targets.drawn_dimensions", f->drawn_dimensions, 4},
      {"targets.class_cosine", f->drawn_classes, 4},
      {"targets.active_units", f->active, 4},
      {"targets.divergence", f->divergence, 4},
      {"targets.held_out_cosine", f->validation, 4},
  };
  return figures_put(figures, sizeof figures / sizeof *figures, writer, error);
}

static scrim_status build_filter(scrim_filter **out, const voice_training *v, scrim_error *error) {
  tensorfile_writer *writer = NULL;
  const int64_t rooms[] = {v->n_rooms, VOICE_ROOM_TAPS};
  scrim_status status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = voice_put_encoders(v->encoder, v->n_encoders, writer, error);
  if (status == SCRIM_OK) status = target_sampler_put(v->targets, writer, error);
  if (status == SCRIM_OK) status = put_figures(&v->figures, writer, error);
  if (status == SCRIM_OK && v->n_rooms > 0)
    status = tensorfile_put(writer, "rooms", TENSORFILE_F32, 2, rooms, v->rooms, error);
  if (status == SCRIM_OK) status = filter_build(out, &voice_filter, writer, &v->config, error);
  tensorfile_writer_free(writer);
  return status;
}

/* ---- the whole ---- */

static scrim_status check_arguments(const char *const *encoders, size_t n_encoders, const scrim_voice_corpus *corpus,
                                    const scrim_config *config, scrim_error *error) {
  if (encoders == NULL || n_encoders < 1 || n_encoders > TARGET_PARTS)
    return fail(error, SCRIM_E_ARGUMENT, "%zu encoders are not in 1..%d", encoders == NULL ? 0 : n_encoders,
                TARGET_PARTS);
  if (corpus == NULL || corpus->clips == NULL || corpus->n_clips == 0)
    return fail(error, SCRIM_E_ARGUMENT, "there are no clips");
  return config == NULL ? SCRIM_OK : settings_check(config, &voice_filter, error);
}

static scrim_status open_training(voice_training *v, const char *const *encoders, scrim_error *error) {
  scrim_status status = voice_settings_read(&v->settings, &v->config, error);
  if (status == SCRIM_OK) status = load_encoders(v, encoders, error);
  if (status == SCRIM_OK) status = backend_open(&v->backend, v->options->device, error);
  if (status == SCRIM_OK) status = tape_create(&v->tape, v->backend, error);
  if (status != SCRIM_OK) return status;
  const size_t n = v->corpus->n_clips;
  v->rows = memory_zalloc(n, v->width * sizeof *v->rows);
  v->class = memory_zalloc(n, sizeof *v->class);
  v->speaker = memory_zalloc(n, sizeof *v->speaker);
  v->first = memory_zalloc(n, sizeof *v->first);
  v->used = memory_zalloc(n, sizeof *v->used);
  v->rooms = memory_zalloc(VOICE_ROOMS, VOICE_ROOM_TAPS * sizeof *v->rooms);
  const int made = v->rows && v->class && v->speaker && v->first && v->used && v->rooms;
  return made ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for %zu clips", n);
}

static void close_training(voice_training *v) {
  for (int e = 0; e < v->n_encoders; e++) speaker_encoder_free(v->encoder[e]);
  target_sampler_free(v->targets);
  tape_free(v->tape);
  memory_wipe_free(v->rows, v->corpus->n_clips * v->width * sizeof *v->rows);
  memory_free(v->class);
  memory_free(v->speaker);
  memory_free(v->first);
  memory_free(v->used);
  memory_free(v->rooms);
}

static scrim_status train_targets(voice_training *v, scrim_error *error) {
  random_source *init = NULL;
  const target_data data = {
      .n = v->n, .speakers = v->speakers, .rows = v->rows, .class = v->class, .speaker = v->speaker};
  const target_training training = {.epochs = v->settings.epochs,
                                    .concentration = v->settings.concentration,
                                    .near = v->settings.near,
                                    .seed = v->options->seed,
                                    .checkpoint = v->options->checkpoint,
                                    .resume = v->options->resume,
                                    .progress = v->options->progress,
                                    .progress_context = v->options->context,
                                    .backend = v->backend};
  scrim_status status = random_source_from_seed(&init, v->options->seed, error);
  if (status == SCRIM_OK) status = random_begin(init, "targets", NULL, 0, error);
  if (status == SCRIM_OK) status = target_sampler_create(&v->targets, &v->shape, init, error);
  if (status == SCRIM_OK) status = target_train(v->targets, &data, &training, &v->figures, error);
  random_source_free(init);
  return status;
}

scrim_status scrim_voice_train_targets(scrim_filter **out, const char *const *encoders, size_t n_encoders,
                                       const scrim_voice_corpus *corpus, const scrim_config *config,
                                       const scrim_train_options *options, scrim_error *error) {
  static const scrim_train_options no_options;
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_train_targets: out is NULL");
  *out = NULL;
  scrim_status status = check_arguments(encoders, n_encoders, corpus, config, error);
  if (status != SCRIM_OK) return status;
  voice_training v = {
      .corpus = corpus, .options = options == NULL ? &no_options : options, .n_encoders = (int)n_encoders};
  status = settings_defaults(&v.config, &voice_filter, error);
  if (config != NULL) v.config = *config;
  if (status == SCRIM_OK) status = open_training(&v, encoders, error);
  if (status == SCRIM_OK) status = take_rooms(&v, error);
  if (status == SCRIM_OK) status = embed_clips(&v, error);
  if (status == SCRIM_OK) status = train_targets(&v, error);
  if (status == SCRIM_OK) status = build_filter(out, &v, error);
  close_training(&v);
  return status;
}
