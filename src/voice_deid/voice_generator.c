/* scrim_voice_train_generator: a filter's parts as they are, and a generator trained against its encoders. */
#include "core/error.h"
#include "core/figures.h"
#include "core/memory.h"
#include "core/settings.h"
#include "tensor/backend_open.h"
#include "voice_deid/generator_train.h"
#include "voice_deid/voice_filter.h"
#include "voice_deid/voice_train.h"
#include <math.h>
#include <scrim/voice.h>
#include <string.h>

enum { EXAMPLE_SAMPLES = 3 * SPEECH_RATE, MOST_EXAMPLES = 1000 };

typedef struct generator_fit {
  const scrim_filter *filter;
  const voice_model *model;
  const scrim_voice_corpus *corpus;
  const scrim_train_options *options;
  scrim_config config;
  voice_settings settings;
  generator_example *examples; /* [MOST_EXAMPLES] */
  size_t n;
  generator *generator;
  envelope *envelope;
  const backend *backend;
  tape *tape;
  double loss;
} generator_fit;

/* The middle of a clip, if it is long enough to learn on. */
static scrim_status add_example(generator_fit *f, const char *path, scrim_error *error) {
  float *x = NULL;
  size_t all;
  scrim_status status = voice_read_clip(&x, &all, path, error);
  if (status != SCRIM_OK) return status;
  const size_t n = all < EXAMPLE_SAMPLES ? all : EXAMPLE_SAMPLES;
  if (n >= 2 * SPEAKER_LEAST_SAMPLES) {
    status = generator_example_make(&f->examples[f->n], f->model, f->envelope, f->tape, x + (all - n) / 2, n, error);
    f->n += status == SCRIM_OK;
  }
  memory_wipe_free(x, all * sizeof *x);
  return status;
}

/* 1: the caller asks to stop. */
static int tell_progress(const generator_fit *f) {
  const scrim_progress now = {
      .stage = "embeddings", .step = f->n, .steps = MOST_EXAMPLES, .loss = NAN, .seconds_left = NAN};
  return f->options->progress != NULL && f->options->progress(&now, f->options->context);
}

/* As many clips as there is room for, spread over all there are. */
static scrim_status add_examples(generator_fit *f, scrim_error *error) {
  const size_t all = f->corpus->n_clips, n = all < MOST_EXAMPLES ? all : MOST_EXAMPLES;
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    if (tell_progress(f)) return fail(error, SCRIM_E_CANCELLED, "stopped after %zu clips", f->n);
    status = add_example(f, f->corpus->clips[i * all / n].path, error);
  }
  if (status == SCRIM_OK && f->n < f->settings.generator_batch)
    return fail(error, SCRIM_E_DATA, "%zu clips of a second or more are fewer than a batch of %zu", f->n,
                f->settings.generator_batch);
  return status;
}

static scrim_status train(generator_fit *f, scrim_error *error) {
  random_source *init = NULL;
  const generator_training training = {.model = f->model,
                                       .perturb = &f->settings.perturb,
                                       .epochs = f->settings.generator_epochs,
                                       .batch = f->settings.generator_batch,
                                       .rate = f->settings.generator_rate,
                                       .seed = f->options->seed,
                                       .checkpoint = f->options->checkpoint,
                                       .resume = f->options->resume,
                                       .progress = f->options->progress,
                                       .progress_context = f->options->context,
                                       .backend = f->backend};
  scrim_status status = random_source_from_seed(&init, f->options->seed, error);
  if (status == SCRIM_OK) status = random_begin(init, "generator", NULL, 0, error);
  if (status == SCRIM_OK)
    status = generator_create(&f->generator, voice_model_width(f->model), f->settings.generator_hidden, init, error);
  if (status == SCRIM_OK) status = generator_train(f->generator, f->examples, f->n, &training, &f->loss, error);
  random_source_free(init);
  return status;
}

/* What training the targets measured goes along. */
static scrim_status put_figures(const generator_fit *f, tensorfile_writer *writer, scrim_error *error) {
  const char *name, *value;
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; status == SCRIM_OK && scrim_filter_info(f->filter, i, &name, &value); i++) {
    if (strncmp(name, "targets.", strlen("targets.")) == 0) status = tensorfile_put_meta(writer, name, value, error);
  }
  const figure loss = {"generator.loss", f->loss, 4};
  return status == SCRIM_OK ? figures_put(&loss, 1, writer, error) : status;
}

static scrim_status build_filter(scrim_filter **out, const generator_fit *f, scrim_error *error) {
  tensorfile_writer *writer = NULL;
  const int64_t rooms[] = {f->model->n_rooms, VOICE_ROOM_TAPS};
  scrim_status status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = voice_put_encoders(f->model->encoder, f->model->n_encoders, writer, error);
  if (status == SCRIM_OK) status = target_sampler_put(f->model->targets, writer, error);
  if (status == SCRIM_OK) status = put_figures(f, writer, error);
  if (status == SCRIM_OK) status = generator_put(f->generator, writer, error);
  if (status == SCRIM_OK && f->model->n_rooms > 0)
    status = tensorfile_put(writer, "rooms", TENSORFILE_F32, 2, rooms, f->model->rooms, error);
  if (status == SCRIM_OK) status = filter_build(out, &voice_filter, writer, &f->config, error);
  tensorfile_writer_free(writer);
  return status;
}

/* The filter's settings with the caller's over them, those of training as well. */
static scrim_status fit_settings(generator_fit *f, const scrim_config *config, scrim_error *error) {
  scrim_status status = config == NULL ? SCRIM_OK : settings_check(config, &voice_filter, error);
  if (status == SCRIM_OK) status = scrim_filter_config(f->filter, &f->config, error);
  for (size_t i = 0; config != NULL && i < config->n && status == SCRIM_OK; i++) {
    if (config->is_set[i]) status = scrim_config_set(&f->config, config->params[i].name, config->value[i], error);
  }
  return status == SCRIM_OK ? voice_settings_read(&f->settings, &f->config, error) : status;
}

static scrim_status fit_open(generator_fit *f, scrim_error *error) {
  f->examples = memory_zalloc(MOST_EXAMPLES, sizeof *f->examples);
  if (f->examples == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for training a generator");
  scrim_status status = backend_open(&f->backend, f->options->device, error);
  if (status == SCRIM_OK) status = envelope_create(&f->envelope, error);
  return status == SCRIM_OK ? tape_create(&f->tape, f->backend, error) : status;
}

static void fit_close(generator_fit *f) {
  for (size_t i = 0; i < f->n; i++) generator_example_free(&f->examples[i]);
  memory_free(f->examples);
  generator_free(f->generator);
  envelope_free(f->envelope);
  tape_free(f->tape);
}

scrim_status scrim_voice_train_generator(scrim_filter **out, const scrim_filter *filter,
                                         const scrim_voice_corpus *corpus, const scrim_config *config,
                                         const scrim_train_options *options, scrim_error *error) {
  static const scrim_train_options no_options;
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_train_generator: out is NULL");
  *out = NULL;
  const voice_model *model = filter == NULL ? NULL : filter_model(filter, &voice_filter);
  if (model == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_voice_train_generator: no voice filter");
  if (corpus == NULL || corpus->clips == NULL || corpus->n_clips == 0)
    return fail(error, SCRIM_E_ARGUMENT, "there are no clips");
  generator_fit f = {
      .filter = filter, .model = model, .corpus = corpus, .options = options == NULL ? &no_options : options};
  scrim_status status = fit_settings(&f, config, error);
  if (status == SCRIM_OK) status = fit_open(&f, error);
  if (status == SCRIM_OK) status = add_examples(&f, error);
  if (status == SCRIM_OK) status = train(&f, error);
  if (status == SCRIM_OK) status = build_filter(out, &f, error);
  fit_close(&f);
  return status;
}
