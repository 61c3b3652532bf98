#include "voice_deid/encoder_train.h"
#include "tensor/backend_open.h"

#include "core/error.h"
#include "core/hash.h"
#include "voice_deid/speech_augment.h"
#include "voice_deid/verification.h"
#include <string.h>

enum {
  HELD_CROPS = 5,                /* of a held-out speaker */
  HELD_SAMPLES = 3 * SPEECH_RATE /* of each */
};

typedef struct training_context {
  const speech_corpus *corpus;
  const encoder_settings *settings;
  speaker_encoder *encoder;
  tensor *centres; /* [classes, dimensions] of the classes; the last of the encoder's parameters while it trains */
  size_t *learnt;  /* [n_learnt] speakers of the corpus */
  size_t n_learnt, n_held, samples; /* samples of a crop */
  size_t *held;                     /* [n_held] */
  const backend *backend;
  speech_augment *augment;
  random_source *random;
  scrim_error failure; /* of what the loss needs beside the tape */
  float *batch;        /* [settings->batch, samples] */
  int32_t *labels;     /* [settings->batch] */
  /* Validation: */
  tape *tape;
  float *crop;       /* [HELD_SAMPLES] */
  float *rows;       /* [n_held * HELD_CROPS, dimensions] */
  int32_t *speakers; /* [n_held * HELD_CROPS] */
} training_context;

static size_t classes_of(const training_context *c) {
  return c->n_learnt * c->settings->speeds;
}

/* ---- memory ---- */

static void context_free(training_context *c) {
  speaker_encoder_free(c->encoder);
  speech_augment_free(c->augment);
  random_source_free(c->random);
  tape_free(c->tape);
  memory_free(c->learnt);
  memory_free(c->held);
  memory_free(c->batch);
  memory_free(c->labels);
  memory_free(c->crop);
  memory_free(c->rows);
  memory_free(c->speakers);
}

/* Every ENCODER_HELD_OUT-th speaker is held out, and at least two are: one alone cannot be told from others. */
static void divide_speakers(training_context *c) {
  const size_t n = c->corpus->n_speakers, every = n / 2 < ENCODER_HELD_OUT ? n / 2 : ENCODER_HELD_OUT;
  for (size_t s = 0; s < n; s++) {
    if (s % every == every / 2)
      c->held[c->n_held++] = s;
    else
      c->learnt[c->n_learnt++] = s;
  }
}

static scrim_status context_memory(training_context *c, scrim_error *error) {
  const size_t batch = c->settings->batch, n = c->corpus->n_speakers;
  c->samples = (size_t)(c->settings->seconds * SPEECH_RATE);
  c->learnt = memory_zalloc(n, sizeof *c->learnt);
  c->held = memory_zalloc(n, sizeof *c->held);
  c->batch = memory_zalloc(batch * c->samples, sizeof *c->batch);
  c->labels = memory_zalloc(batch, sizeof *c->labels);
  c->crop = memory_zalloc(HELD_SAMPLES, sizeof *c->crop);
  c->rows = memory_zalloc(n * HELD_CROPS, (size_t)c->settings->encoder.dimensions * sizeof *c->rows);
  c->speakers = memory_zalloc(n * HELD_CROPS, sizeof *c->speakers);
  if (c->learnt != NULL && c->held != NULL && c->batch != NULL && c->labels != NULL && c->crop != NULL &&
      c->rows != NULL && c->speakers != NULL)
    return SCRIM_OK;
  return fail(error, SCRIM_E_MEMORY, "out of memory for batches of %zu crops of %zu samples", batch, c->samples);
}

static scrim_status add_centres(training_context *c, scrim_error *error) {
  const int dim[] = {(int)classes_of(c), c->settings->encoder.dimensions};
  c->centres = nn_params_add(speaker_encoder_params(c->encoder), "centres", 2, dim, 1);
  if (c->centres == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %d classes", dim[0]);
  nn_init_normal(c->centres, 0.1, c->random);
  return random_status(c->random, error);
}

static scrim_status context_create(training_context *c, uint64_t seed, scrim_error *error) {
  scrim_status status = context_memory(c, error);
  if (status == SCRIM_OK) status = tape_create(&c->tape, c->backend, error);
  if (status == SCRIM_OK) status = random_source_from_seed(&c->random, seed, error);
  if (status == SCRIM_OK) status = random_begin(c->random, "speaker encoder", NULL, 0, error);
  if (status != SCRIM_OK) return status;
  divide_speakers(c);
  status = speaker_encoder_create(&c->encoder, &c->settings->encoder, c->random, error);
  if (status == SCRIM_OK) status = add_centres(c, error);
  if (status == SCRIM_OK)
    status = speech_augment_create(&c->augment, c->corpus, c->samples, c->settings->augment, c->random, error);
  return status;
}

/* ---- a batch ---- */

/* A few numbers of the tape's source name the stream from which the batch is drawn. */
static scrim_status begin_batch(training_context *c, tape *t) {
  tensor *zero = tape_zeros(t, 2, (int[]){1, 4});
  const float *name = tensor_values(op_gaussian(t, zero, zero));
  if (name == NULL) return tape_status(t, &c->failure);
  return random_begin(c->random, "crops", name, zero->n * sizeof *name, &c->failure);
}

static scrim_status fill_batch(training_context *c, tape *t, const uint32_t *rows, size_t n) {
  scrim_status status = begin_batch(c, t);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    const size_t label = rows[i] % classes_of(c);
    c->labels[i] = (int32_t)label;
    status = speech_augment_crop(c->augment, c->learnt[label / c->settings->speeds], label % c->settings->speeds,
                                 c->random, c->batch + i * c->samples, &c->failure);
  }
  return status;
}

static tensor *training_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  training_context *c = context;
  const encoder_settings *s = c->settings;
  if (fill_batch(c, t, rows, n) != SCRIM_OK) return NULL;
  tensor *samples = tape_input(t, c->batch, 2, (int[]){(int)n, (int)c->samples});
  tensor *embedded = speaker_encoder_embed(t, c->encoder, samples);
  tensor *cosines = op_linear(t, embedded, op_normalize(t, c->centres, 1e-6f), NULL);
  return op_margin_softmax(t, cosines, c->labels, (float)s->margin, (float)s->scale);
}

/* ---- held-out speakers ---- */

/* The crops of a speaker lie evenly in what he says. */
static scrim_status embed_held(training_context *c, size_t h, scrim_error *error) {
  const size_t length = speech_corpus_length(c->corpus, c->held[h]), d = (size_t)c->settings->encoder.dimensions;
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < HELD_CROPS && status == SCRIM_OK; i++) {
    const size_t row = h * HELD_CROPS + i;
    speech_clean_crop(c->corpus, c->held[h], i * length / HELD_CROPS, c->crop, HELD_SAMPLES);
    status = speaker_encoder_embed_samples(c->encoder, c->tape, c->crop, HELD_SAMPLES, c->rows + row * d, error);
    c->speakers[row] = (int32_t)h;
  }
  return status;
}

static scrim_status validate(double *figure, size_t epoch, void *context, scrim_error *error) {
  training_context *c = context;
  verification_trials trials = {0};
  scrim_interval eer;
  double threshold;
  scrim_status status = SCRIM_OK;
  (void)epoch;
  for (size_t h = 0; h < c->n_held && status == SCRIM_OK; h++) status = embed_held(c, h, error);
  const verification_set set = {.rows = c->rows,
                                .speaker = c->speakers,
                                .n = c->n_held * HELD_CROPS,
                                .dim = (size_t)c->settings->encoder.dimensions,
                                .speakers = c->n_held};
  if (status == SCRIM_OK) status = verification_all_pairs(&trials, &set, &set, verification_cosine, NULL, error);
  if (status == SCRIM_OK) status = verification_eer(&eer, &threshold, &trials, 1, error);
  verification_trials_free(&trials);
  if (status == SCRIM_OK) *figure = eer.value;
  return status;
}

/* ---- training ---- */

/* digest = hash(digest | hash(bytes)) */
static scrim_status add_digest(unsigned char digest[HASH_BYTES], const void *bytes, size_t n, scrim_error *error) {
  unsigned char both[2 * HASH_BYTES];
  memcpy(both, digest, HASH_BYTES);
  const scrim_status status = hash_bytes(bytes, n, both + HASH_BYTES, error);
  return status == SCRIM_OK ? hash_bytes(both, sizeof both, digest, error) : status;
}

/* What a resumed run must share with the one that was cut and the loop does not see: settings, speech and rooms. */
static scrim_status fingerprint(char text[HASH_TEXT], const training_context *c, scrim_error *error) {
  const encoder_settings *s = c->settings;
  const front_end_settings *f = &s->encoder.front;
  const double numbers[] = {s->encoder.width, s->encoder.dimensions,
                            f->window,        f->hop,
                            f->n_fft,         f->bands,
                            f->cepstra,       f->scale,
                            f->low_hz,        f->high_hz,
                            f->mean_removal,  (double)s->crops,
                            s->seconds,       (double)s->speeds,
                            s->augment,       s->margin,
                            s->scale};
  unsigned char digest[HASH_BYTES] = {0};
  scrim_status status = add_digest(digest, numbers, sizeof numbers, error);
  for (size_t i = 0; i < c->corpus->n_clips && status == SCRIM_OK; i++) {
    const speech_clip *clip = &c->corpus->clips[i];
    status = add_digest(digest, clip->samples, clip->n * sizeof *clip->samples, error);
  }
  for (size_t i = 0; i < c->corpus->n_rooms && status == SCRIM_OK; i++)
    status = add_digest(digest, c->corpus->room[i], SPEECH_MOST_ROOM * sizeof **c->corpus->room, error);
  if (status == SCRIM_OK) hash_print(digest, HASH_BYTES, text);
  return status;
}

static nn_training training_of(training_context *c, const scrim_train_options *options, const char *text) {
  const encoder_settings *s = c->settings;
  const size_t rows = classes_of(c) * s->crops, steps = rows / s->batch * s->epochs;
  return (nn_training){
      .params = speaker_encoder_params(c->encoder),
      .rows = rows,
      .batch = s->batch,
      .epochs = s->epochs,
      .drop_last = 1,
      .optimizer = {.kind = NN_ADAMW, .rate = s->rate, .weight_decay = s->decay, .clip_norm = 10},
      .schedule = NN_COSINE,
      .warmup_steps = steps / 20,
      .seed = options->seed,
      .loss = training_loss,
      .validate = validate,
      .context = c,
      .backend = c->backend,
      .checkpoint = options->checkpoint,
      .resume = options->resume,
      .fingerprint = text,
      .stage = "encoder",
      .progress = options->progress,
      .progress_context = options->context,
  };
}

/* The encoder without the centres of the classes: they are of no use to others, and tell who was learnt from. */
static scrim_status take_encoder(speaker_encoder **out, const training_context *c, scrim_error *error) {
  const scrim_status status = speaker_encoder_create(out, &c->settings->encoder, NULL, error);
  if (status != SCRIM_OK) return status;
  const nn_params *from = speaker_encoder_params(c->encoder), *to = speaker_encoder_params(*out);
  for (size_t i = 0; i < nn_params_count(to); i++) {
    const tensor *w = nn_params_at(from, i, NULL, NULL);
    memcpy(tensor_overwrite(nn_params_at(to, i, NULL, NULL)), w->data, w->n * sizeof *w->data);
  }
  return SCRIM_OK;
}

static scrim_status train(speaker_encoder **out, training_context *c, scrim_voice_encoder_fit *fit,
                          const scrim_train_options *options, scrim_error *error) {
  char text[HASH_TEXT] = "";
  nn_result result;
  scrim_status status = backend_open(&c->backend, options->device, error);
  if (status == SCRIM_OK) status = context_create(c, options->seed, error);
  if (status == SCRIM_OK) status = fingerprint(text, c, error);
  if (status == SCRIM_OK) {
    const nn_training training = training_of(c, options, text);
    status = nn_train(&result, &training, error);
    if (status != SCRIM_OK && c->failure.status != SCRIM_OK) {
      status = c->failure.status;
      if (error != NULL) *error = c->failure;
    }
  }
  if (status == SCRIM_OK) status = take_encoder(out, c, error);
  if (status != SCRIM_OK) return status;
  *fit = (scrim_voice_encoder_fit){.speakers = c->n_learnt,
                                   .held_out = c->n_held,
                                   .classes = classes_of(c),
                                   .values = nn_params_values(speaker_encoder_params(c->encoder)) - c->centres->n,
                                   .epochs = result.epochs_run,
                                   .best_epoch = result.best_epoch,
                                   .eer = result.best_figure};
  return SCRIM_OK;
}

scrim_status encoder_train(speaker_encoder **out, scrim_voice_encoder_fit *fit, const speech_corpus *corpus,
                           const encoder_settings *settings, const scrim_train_options *options, scrim_error *error) {
  training_context c = {.corpus = corpus, .settings = settings};
  if (corpus->n_speakers < ENCODER_LEAST_SPEAKERS)
    return fail(error, SCRIM_E_DATA, "%zu speakers, at least %d are needed", corpus->n_speakers,
                ENCODER_LEAST_SPEAKERS);
  for (size_t s = 0; s < corpus->n_speakers; s++)
    if (speech_corpus_length(corpus, s) < SPEECH_RATE)
      return fail(error, SCRIM_E_DATA, "speaker '%s' says %zu samples, at least %d are needed", corpus->speaker[s],
                  speech_corpus_length(corpus, s), SPEECH_RATE);
  const scrim_status status = train(out, &c, fit, options, error);
  context_free(&c);
  return status;
}
