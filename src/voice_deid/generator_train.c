#include "voice_deid/generator_train.h"
#include "core/error.h"
#include "core/memory.h"
#include <stdio.h>
#include <string.h>

enum { MOST_BATCH = 64 };

typedef struct generator_trainer {
  generator *generator;
  const generator_example *examples;
  const generator_training *training;
  int width;
  envelope *envelope;
  channel *channel;
  tape *tape;          /* of targets and of the size of gains */
  float *embeddings;   /* [MOST_BATCH, 2 * width] */
  scrim_error failure; /* of what is worked out beside the tape of training */
} generator_trainer;

/* ---- examples ---- */

void generator_example_free(generator_example *x) {
  memory_wipe_free(x->x, (size_t)x->n * sizeof *x->x);
  memory_wipe_free(x->states, (size_t)x->nodes * ENVELOPE_STATE * sizeof *x->states);
  memory_free(x->activity);
  memory_free(x->source);
  memset(x, 0, sizeof *x);
}

scrim_status generator_example_make(generator_example *out, const voice_model *m, envelope *e, tape *t, const float *x,
                                    size_t n, scrim_error *error) {
  double hz;
  const int nodes = envelope_nodes(n);
  *out = (generator_example){.n = (int)n, .nodes = nodes};
  out->x = memory_alloc(n * sizeof *out->x);
  out->states = memory_zalloc((size_t)nodes, ENVELOPE_STATE * sizeof *out->states);
  out->activity = memory_zalloc((size_t)nodes, sizeof *out->activity);
  out->source = memory_zalloc((size_t)voice_model_width(m), sizeof *out->source);
  scrim_status status = out->x && out->states && out->activity && out->source
                            ? SCRIM_OK
                            : fail(error, SCRIM_E_MEMORY, "out of memory for %zu samples", n);
  if (status == SCRIM_OK) {
    memcpy(out->x, x, n * sizeof *x);
    envelope_measure(e, x, n, out->states, out->activity);
    status = pitch_median(x, n, &hz, error);
  }
  float *at = out->source;
  for (int i = 0; i < m->n_encoders && status == SCRIM_OK; at += m->dim[i++])
    status = speaker_encoder_embed_samples(m->encoder[i], t, x, n, at, error);
  if (status == SCRIM_OK)
    out->class = pitch_class(hz);
  else
    generator_example_free(out);
  return status;
}

/* ---- the loss ---- */

/* The source's and a drawn target's embeddings, as `slot` of the batch. */
static scrim_status draw_embeddings(generator_trainer *g, const generator_example *x, int slot, random_source *random) {
  const target_sampler *targets = g->training->model->targets;
  float *both = g->embeddings + 2 * slot * g->width;
  const int count = target_sampler_count(targets, x->class);
  const int number = target_sampler_number(targets, x->class, (int)random_below(random, (uint64_t)count));
  memcpy(both, x->source, (size_t)g->width * sizeof *both);
  return target_sampler_make(targets, g->tape, x->class, number, both + g->width, &g->failure);
}

/* The map at the surface of the ball of `strength`: its size is taken as given, so no slope goes through it. */
static tensor *map_at_strength(generator_trainer *g, tape *t, const perturb_segment *s, tensor *map) {
  const float *values = tensor_values(map);
  if (values == NULL) return NULL;
  const perturb_settings *settings = g->training->perturb;
  tape_reset(g->tape);
  tensor *copy = tape_input(g->tape, values, 2, (int[]){ENVELOPE_BANDS, ENVELOPE_STATE});
  const float *gains = tensor_values(perturb_gains(g->tape, s, copy, NULL, settings->peak));
  if (tape_status(g->tape, &g->failure) != SCRIM_OK) return NULL;
  const double size = perturb_size(s, gains);
  return op_affine(t, map, (float)(settings->strength / (size + 1e-6)), 0);
}

static tensor *example_loss(generator_trainer *g, tape *t, const generator_example *x, int slot,
                            random_source *random) {
  const voice_model *m = g->training->model;
  const float *both = g->embeddings + 2 * slot * g->width;
  if (draw_embeddings(g, x, slot, random) != SCRIM_OK) return NULL;
  perturb_segment s = {.sent = x->x, .n = x->n, .nodes = x->nodes, .states = x->states, .activity = x->activity};
  for (int e = 0, at = 0; e < m->n_encoders; at += m->dim[e++]) {
    s.source[e] = both + at;
    s.target[e] = both + g->width + at;
  }
  tensor *map = generator_map(t, g->generator, tape_input(t, both, 2, (int[]){1, 2 * g->width}));
  tensor *gains = perturb_gains(t, &s, map_at_strength(g, t, &s, map), NULL, g->training->perturb->peak);
  tensor *output = perturb_output(t, &s, perturb_responses(t, g->envelope, gains)), *sum = NULL;
  for (int e = 0; e < m->n_encoders; e++) {
    tensor *one = perturb_loss(t, &s, g->training->perturb, g->channel, slot * m->n_encoders + e, m->encoder[e], e,
                               output, random);
    sum = e == 0 ? one : op_add(t, sum, one);
  }
  return sum;
}

static tensor *train_loss(tape *t, const uint32_t *rows, size_t n, void *context) {
  generator_trainer *g = context;
  tensor *sum = NULL;
  tape_training(t, 0); /* the encoders are finished: their batch norms keep to what they learnt */
  for (size_t i = 0; i < n; i++) {
    tensor *one = example_loss(g, t, &g->examples[rows[i]], (int)i, tape_source(t));
    sum = i == 0 ? one : op_add(t, sum, one);
  }
  return op_affine(t, sum, 1 / (float)(n * (size_t)g->training->model->n_encoders), 0);
}

/* ---- training ---- */

static scrim_status trainer_open(generator_trainer *g, scrim_error *error) {
  g->width = voice_model_width(g->training->model);
  g->embeddings = memory_zalloc(MOST_BATCH, 2 * (size_t)g->width * sizeof *g->embeddings);
  if (g->embeddings == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for training a generator");
  scrim_status status = envelope_create(&g->envelope, error);
  if (status == SCRIM_OK) status = channel_create(&g->channel, error);
  if (status == SCRIM_OK) status = tape_create(&g->tape, g->training->backend, error);
  return status;
}

static void trainer_close(generator_trainer *g) {
  envelope_free(g->envelope);
  channel_free(g->channel);
  tape_free(g->tape);
  memory_wipe_free(g->embeddings, MOST_BATCH * 2 * (size_t)g->width * sizeof *g->embeddings);
}

static scrim_status trainer_run(generator_trainer *g, size_t n, double *loss, scrim_error *error) {
  const generator_training *training = g->training;
  char fingerprint[80];
  snprintf(fingerprint, sizeof fingerprint, "generator %zu %g", n, training->perturb->strength);
  const nn_training loop = {
      .params = generator_params(g->generator),
      .rows = n,
      .batch = training->batch,
      .epochs = training->epochs,
      .optimizer = {.kind = NN_ADAMW, .rate = training->rate, .weight_decay = 1e-3, .clip_norm = 1},
      .schedule = NN_COSINE,
      .warmup_steps = 20,
      .seed = training->seed,
      .loss = train_loss,
      .context = g,
      .backend = training->backend,
      .checkpoint = training->checkpoint,
      .resume = training->resume,
      .fingerprint = fingerprint,
      .stage = "generator",
      .progress = training->progress,
      .progress_context = training->progress_context,
  };
  nn_result result;
  scrim_status status = nn_train(&result, &loop, error);
  if (g->failure.status != SCRIM_OK) return fail(error, g->failure.status, "%s", g->failure.message);
  if (status == SCRIM_OK) *loss = result.last_loss;
  return status;
}

scrim_status generator_train(generator *g, const generator_example *examples, size_t n,
                             const generator_training *training, double *loss, scrim_error *error) {
  if (training->batch > MOST_BATCH || training->batch * (size_t)training->model->n_encoders > CHANNEL_MOST)
    return fail(error, SCRIM_E_PARAM, "a batch of %zu with %d encoders: %d are the most together", training->batch,
                training->model->n_encoders, CHANNEL_MOST);
  generator_trainer trainer = {.generator = g, .examples = examples, .training = training};
  scrim_status status = trainer_open(&trainer, error);
  if (status == SCRIM_OK) status = trainer_run(&trainer, n, loss, error);
  trainer_close(&trainer);
  return status;
}
