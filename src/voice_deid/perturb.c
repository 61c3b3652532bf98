/* The loss of a segment on the tape, and the loop that brings it down. */
#include "voice_deid/perturb.h"
#include "core/error.h"
#include "core/memory.h"
#include "voice_deid/channel.h"
#include <math.h>
#include <string.h>

enum {
  MOVE_NODES = 10, /* nodes between two slow moves: 0.2 s */
  MOST_NODES = PERTURB_MOST_SAMPLES / ENVELOPE_HOP + 2,
  MOST_MOVES = MOST_NODES / MOVE_NODES + 2,
  STEPS_REACHED = 3
};

/* The segment at hand. */
typedef struct perturb_segment {
  const float *x, *sent;
  int n, nodes, moves;
  const float *const *targets;
  float source[PERTURB_ENCODERS][SPEAKER_MOST_DIMENSIONS];
} perturb_segment;

struct perturb {
  const speaker_encoder *encoder[PERTURB_ENCODERS];
  int n_encoders;
  perturb_settings settings;
  tape *tape;
  envelope *envelope;
  channel *channel;
  nn_params *params;
  tensor *map;   /* [ENVELOPE_BANDS, ENVELOPE_STATE] */
  tensor *moves; /* [MOST_MOVES, ENVELOPE_BANDS] */
  int has_map;   /* of the item's segment before */
  perturb_segment segment;
  float *states;    /* [nodes, ENVELOPE_STATE] */
  float *activity;  /* [nodes] */
  float *between;   /* [nodes, moves] how much of each move a node has */
  float *responses; /* [nodes, ENVELOPE_TAPS] */
};

void perturb_free(perturb *p) {
  if (p == NULL) return;
  tape_free(p->tape);
  envelope_free(p->envelope);
  channel_free(p->channel);
  nn_params_free(p->params);
  memory_wipe_free(p->states, MOST_NODES * ENVELOPE_STATE * sizeof *p->states);
  memory_wipe_free(p->activity, MOST_NODES * sizeof *p->activity);
  memory_free(p->between);
  memory_wipe_free(p->responses, MOST_NODES * ENVELOPE_TAPS * sizeof *p->responses);
  memory_wipe_free(p, sizeof *p);
}

static int perturb_allocate(perturb *p) {
  p->params = nn_params_create();
  if (p->params == NULL) return 0;
  p->map = nn_params_add(p->params, "map", 2, (int[]){ENVELOPE_BANDS, ENVELOPE_STATE}, 1);
  p->moves = nn_params_add(p->params, "moves", 2, (int[]){MOST_MOVES, ENVELOPE_BANDS}, 1);
  p->states = memory_zalloc(MOST_NODES * ENVELOPE_STATE, sizeof *p->states);
  p->activity = memory_zalloc(MOST_NODES, sizeof *p->activity);
  p->between = memory_zalloc((size_t)MOST_NODES * MOST_MOVES, sizeof *p->between);
  p->responses = memory_zalloc(MOST_NODES * ENVELOPE_TAPS, sizeof *p->responses);
  return p->map && p->moves && p->states && p->activity && p->between && p->responses;
}

scrim_status perturb_create(perturb **out, const speaker_encoder *const *encoders, int n_encoders,
                            const perturb_settings *settings, scrim_error *error) {
  *out = NULL;
  perturb *p = memory_zalloc(1, sizeof *p);
  if (p == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a perturbation");
  memcpy(p->encoder, encoders, (size_t)n_encoders * sizeof *encoders);
  p->n_encoders = n_encoders;
  p->settings = *settings;
  scrim_status status = tape_create(&p->tape, &cpu_backend, error);
  if (status == SCRIM_OK) status = envelope_create(&p->envelope, error);
  if (status == SCRIM_OK) status = channel_create(&p->channel, error);
  if (status == SCRIM_OK && !perturb_allocate(p))
    status = fail(error, SCRIM_E_MEMORY, "out of memory for a perturbation");
  if (status == SCRIM_OK)
    *out = p;
  else
    perturb_free(p);
  return status;
}

void perturb_forget(perturb *p) {
  p->has_map = 0;
}

/* ---- the segment ---- */

/* Slow moves lie every MOVE_NODES nodes, straight lines between them, as loud as the speech is. */
static void fill_between(perturb *p) {
  const perturb_segment *s = &p->segment;
  memset(p->between, 0, (size_t)s->nodes * (size_t)s->moves * sizeof *p->between);
  for (int j = 0; j < s->nodes; j++) {
    const int before = j / MOVE_NODES;
    const float share = (float)(j % MOVE_NODES) / MOVE_NODES;
    p->between[j * s->moves + before] = (1 - share) * p->activity[j];
    p->between[j * s->moves + before + 1] = share * p->activity[j];
  }
}

/* A first map is drawn small: at no change at all, the cosine to the source has no slope. */
static void draw_start(perturb *p, random_source *random) {
  const double small = 0.1 * p->settings.strength / sqrt(ENVELOPE_STATE);
  if (!p->has_map) nn_init_normal(p->map, small, random);
  memset(p->moves->data, 0, p->moves->n * sizeof *p->moves->data);
  p->has_map = 1;
}

scrim_status perturb_begin(perturb *p, const float *x, size_t n, scrim_error *error) {
  if (n < SPEAKER_LEAST_SAMPLES || n > PERTURB_MOST_SAMPLES)
    return fail(error, SCRIM_E_ARGUMENT, "a segment of %zu samples is not in %d..%d", n, SPEAKER_LEAST_SAMPLES,
                PERTURB_MOST_SAMPLES);
  perturb_segment *s = &p->segment;
  s->x = x;
  s->n = (int)n;
  s->nodes = envelope_nodes(n);
  s->moves = s->nodes / MOVE_NODES + 2;
  envelope_measure(p->envelope, x, n, p->states, p->activity);
  fill_between(p);
  scrim_status status = SCRIM_OK;
  for (int e = 0; e < p->n_encoders && status == SCRIM_OK; e++)
    status = speaker_encoder_embed_samples(p->encoder[e], p->tape, x, n, s->source[e], error);
  return status;
}

const float *perturb_source(const perturb *p, int e) {
  return p->segment.source[e];
}

/* ---- one pass ---- */

/* Gains in dB -> [nodes, ENVELOPE_BANDS] */
static tensor *pass_gains(perturb *p) {
  const perturb_segment *s = &p->segment;
  tape *t = p->tape;
  tensor *states = tape_input(t, p->states, 2, (int[]){s->nodes, ENVELOPE_STATE});
  tensor *gains = op_linear(t, states, p->map, NULL);
  if (p->settings.moves > 0) {
    tensor *between = tape_input(t, p->between, 2, (int[]){s->nodes, s->moves});
    tensor *moves = op_affine(t, op_slice(t, p->moves, 0, 0, s->moves), (float)p->settings.moves, 0);
    gains = op_add(t, gains, op_matmul(t, between, moves));
  }
  const float peak = (float)p->settings.peak;
  return op_affine(t, op_tanh(t, op_affine(t, gains, 1 / peak, 0)), peak, 0);
}

static tensor *pass_responses(perturb *p, tensor *gains) {
  const int dim[] = {ENVELOPE_BANDS, ENVELOPE_ORDER};
  tensor *cepstra = op_matmul(p->tape, gains, tape_input(p->tape, envelope_cepstra(p->envelope), 2, dim));
  return op_minimum_phase(p->tape, cepstra, ENVELOPE_TAPS);
}

static tensor *pass_filter(perturb *p, tensor *responses) {
  const perturb_segment *s = &p->segment;
  return op_moving_filter(p->tape, tape_input(p->tape, s->sent, 2, (int[]){1, s->n}), responses, ENVELOPE_HOP);
}

/* What encoder e makes of the output, as it hears it at this step. */
static tensor *encoder_loss(perturb *p, int e, tensor *output, random_source *random) {
  const perturb_segment *s = &p->segment;
  const perturb_settings *set = &p->settings;
  tape *t = p->tape;
  const channel_settings hears = {.spread = set->channel, .noise = set->noise, .cut = (int)(set->cut * SPEECH_RATE)};
  const int dim[] = {1, speaker_encoder_about(p->encoder[e])->dimensions};
  tensor *heard = channel_pass(p->channel, t, e, output, &hears, random);
  tensor *embedding = speaker_encoder_embed(t, p->encoder[e], heard);
  tensor *to_target = op_cosine(t, embedding, tape_input(t, s->targets[e], 2, dim));
  tensor *to_source = op_cosine(t, embedding, tape_input(t, s->source[e], 2, dim));
  tensor *near = op_hinge(t, to_target, (float)(1 - set->target_margin));
  tensor *far = op_hinge(t, op_affine(t, to_source, -1, 0), (float)(set->source_margin - 1));
  return op_add(t, op_affine(t, near, (float)set->target_weight, 0), far);
}

/* The loss of the map and the moves as they are, and its gradient. */
static scrim_status pass_loss(perturb *p, random_source *random, double *loss, scrim_error *error) {
  tape_reset(p->tape);
  tape_random(p->tape, random);
  nn_params_zero_grad(p->params);
  tensor *output = pass_filter(p, pass_responses(p, pass_gains(p)));
  tensor *sum = NULL;
  for (int e = 0; e < p->n_encoders; e++) {
    tensor *one = encoder_loss(p, e, output, random);
    sum = e == 0 ? one : op_add(p->tape, sum, one);
  }
  scrim_status status = tape_backward(p->tape, op_affine(p->tape, sum, 1 / (float)p->n_encoders, 0), error);
  *loss = status == SCRIM_OK ? (double)sum->data[0] : 0;
  return status;
}

/* ---- the bound ---- */

/* Root mean square of the gains over bands and active nodes. */
static double gains_size(const perturb *p, const tensor *gains) {
  double sum = 0, total = 1e-9;
  for (int j = 0; j < p->segment.nodes; j++) {
    for (int b = 0; b < ENVELOPE_BANDS; b++) {
      const double gain = (double)gains->data[j * ENVELOPE_BANDS + b];
      sum += gain * gain;
    }
    total += (double)p->activity[j];
  }
  return sqrt(sum / (total * ENVELOPE_BANDS));
}

/* Back onto the ball of `strength`, straight towards its centre. */
static scrim_status project(perturb *p, double *size, scrim_error *error) {
  tape_reset(p->tape);
  const tensor *gains = pass_gains(p);
  scrim_status status = tape_status(p->tape, error);
  if (status != SCRIM_OK) return status;
  *size = gains_size(p, gains);
  if (*size <= p->settings.strength) return SCRIM_OK;
  const float scale = (float)(p->settings.strength / *size);
  for (size_t i = 0; i < p->map->n; i++) p->map->data[i] *= scale;
  for (size_t i = 0; i < p->moves->n; i++) p->moves->data[i] *= scale;
  *size = p->settings.strength;
  return SCRIM_OK;
}

/* ---- the whole ---- */

static scrim_status descend(perturb *p, random_source *random, perturb_result *result, scrim_error *error) {
  const nn_optimizer_config config = {.kind = NN_ADAM, .rate = p->settings.rate, .beta2 = 0.99};
  nn_optimizer *optimizer = nn_optimizer_create(p->params, &config);
  if (optimizer == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for an optimiser");
  scrim_status status = project(p, &result->distortion, error);
  for (int met = 0; result->steps < p->settings.steps && met < STEPS_REACHED && status == SCRIM_OK; result->steps++) {
    double loss;
    status = pass_loss(p, random, &loss, error);
    met = loss > 0 ? 0 : met + 1;
    result->reached = met == STEPS_REACHED;
    if (status == SCRIM_OK && loss > 0) {
      nn_optimizer_step(optimizer, 1);
      status = project(p, &result->distortion, error);
    }
  }
  nn_optimizer_free(optimizer);
  return status;
}

static double dot(const float *a, const float *b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

/* The responses that it came to, and where the output then lies. */
static scrim_status conclude(perturb *p, perturb_result *result, scrim_error *error) {
  tape_reset(p->tape);
  const perturb_segment *s = &p->segment;
  tensor *responses = pass_responses(p, pass_gains(p));
  tensor *output = pass_filter(p, responses);
  scrim_status status = tape_status(p->tape, error);
  if (status != SCRIM_OK) return status;
  memcpy(p->responses, responses->data, responses->n * sizeof *p->responses);
  result->nodes = s->nodes;
  result->responses = p->responses;
  for (int e = 0; e < p->n_encoders && status == SCRIM_OK; e++) {
    const int dimensions = speaker_encoder_about(p->encoder[e])->dimensions;
    const tensor *embedding = speaker_encoder_embed(p->tape, p->encoder[e], output);
    status = tape_status(p->tape, error);
    if (status != SCRIM_OK) break;
    result->source_cosine[e] = dot(embedding->data, s->source[e], dimensions);
    result->target_cosine[e] = dot(embedding->data, s->targets[e], dimensions);
  }
  return status;
}

scrim_status perturb_run(perturb *p, const float *sent, const float *const *targets, random_source *random,
                         perturb_result *result, scrim_error *error) {
  memset(result, 0, sizeof *result);
  p->segment.sent = sent;
  p->segment.targets = targets;
  draw_start(p, random);
  scrim_status status = descend(p, random, result, error);
  if (status == SCRIM_OK) status = conclude(p, result, error);
  if (status == SCRIM_OK) status = random_status(random, error);
  return status;
}
