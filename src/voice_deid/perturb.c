/* The loop that brings the loss of a segment down within the bound. */
#include "voice_deid/perturb.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <string.h>

enum {
  MOVE_NODES = 10, /* nodes between two slow moves: 0.2 s */
  MOST_MOVES = PERTURB_MOST_NODES / MOVE_NODES + 2,
  STEPS_REACHED = 3,
  SCALINGS = 6
};

struct perturb {
  const speaker_encoder *encoder[PERTURB_ENCODERS];
  int n_encoders;
  perturb_settings settings;
  tape *tape;
  envelope *envelope;
  channel *channel;
  nn_params *params;
  tensor *map;                                    /* [ENVELOPE_BANDS, ENVELOPE_STATE] */
  tensor *moves;                                  /* [MOST_MOVES, ENVELOPE_BANDS] */
  enum { MAP_NONE, MAP_GIVEN, MAP_KEPT } has_map; /* kept: of the item's segment before */
  /* the segment */
  perturb_segment segment;
  int n_moves, is_heard;
  float source[PERTURB_ENCODERS][SPEAKER_MOST_DIMENSIONS];
  float *states;    /* [nodes, ENVELOPE_STATE] */
  float *activity;  /* [nodes] */
  float *between;   /* [nodes, n_moves] how much of each move a node has */
  float *responses; /* [nodes, ENVELOPE_TAPS] */
};

void perturb_free(perturb *p) {
  if (p == NULL) return;
  tape_free(p->tape);
  envelope_free(p->envelope);
  channel_free(p->channel);
  nn_params_free(p->params);
  memory_wipe_free(p->states, PERTURB_MOST_NODES * ENVELOPE_STATE * sizeof *p->states);
  memory_wipe_free(p->activity, PERTURB_MOST_NODES * sizeof *p->activity);
  memory_free(p->between);
  memory_wipe_free(p->responses, PERTURB_MOST_NODES * ENVELOPE_TAPS * sizeof *p->responses);
  memory_wipe_free(p, sizeof *p);
}

static int perturb_allocate(perturb *p) {
  p->params = nn_params_create();
  if (p->params == NULL) return 0;
  p->map = nn_params_add(p->params, "map", 2, (int[]){ENVELOPE_BANDS, ENVELOPE_STATE}, 1);
  p->moves = nn_params_add(p->params, "moves", 2, (int[]){MOST_MOVES, ENVELOPE_BANDS}, 1);
  p->states = memory_zalloc(PERTURB_MOST_NODES * ENVELOPE_STATE, sizeof *p->states);
  p->activity = memory_zalloc(PERTURB_MOST_NODES, sizeof *p->activity);
  p->between = memory_zalloc((size_t)PERTURB_MOST_NODES * MOST_MOVES, sizeof *p->between);
  p->responses = memory_zalloc(PERTURB_MOST_NODES * ENVELOPE_TAPS, sizeof *p->responses);
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
  scrim_status status = tape_create(&p->tape, settings->backend, error);
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
  p->has_map = MAP_NONE;
}

void perturb_start(perturb *p, const float *map) {
  memcpy(tensor_overwrite(p->map), map, p->map->n * sizeof *map);
  p->has_map = MAP_GIVEN;
}

/* ---- the segment ---- */

/* Slow moves lie every MOVE_NODES nodes, straight lines between them, as loud as the speech is. */
static void fill_between(perturb *p) {
  const int nodes = p->segment.nodes;
  p->n_moves = nodes / MOVE_NODES + 2;
  memset(p->between, 0, (size_t)nodes * (size_t)p->n_moves * sizeof *p->between);
  for (int j = 0; j < nodes; j++) {
    const float share = (float)(j % MOVE_NODES) / MOVE_NODES;
    float *of = p->between + j * p->n_moves + j / MOVE_NODES;
    of[0] = (1 - share) * p->activity[j];
    of[1] = share * p->activity[j];
  }
}

scrim_status perturb_begin_deaf(perturb *p, const float *x, size_t n, scrim_error *error) {
  if (n < SPEAKER_LEAST_SAMPLES || n > PERTURB_MOST_SAMPLES)
    return fail(error, SCRIM_E_ARGUMENT, "a segment of %zu samples is not in %d..%d", n, SPEAKER_LEAST_SAMPLES,
                PERTURB_MOST_SAMPLES);
  p->segment = (perturb_segment){.n = (int)n, .nodes = envelope_nodes(n), .states = p->states, .activity = p->activity};
  p->is_heard = 0;
  envelope_measure(p->envelope, x, n, p->states, p->activity);
  fill_between(p);
  return SCRIM_OK;
}

scrim_status perturb_begin(perturb *p, const float *x, size_t n, scrim_error *error) {
  scrim_status status = perturb_begin_deaf(p, x, n, error);
  for (int e = 0; e < p->n_encoders && status == SCRIM_OK; e++)
    status = speaker_encoder_embed_samples(p->encoder[e], p->tape, x, n, p->source[e], error);
  p->is_heard = 1;
  return status;
}

const float *perturb_source(const perturb *p, int e) {
  return p->source[e];
}

/* ---- passes ---- */

static tensor *pass_gains(perturb *p) {
  tape *t = p->tape;
  tensor *moves = NULL;
  if (p->settings.moves > 0) {
    tensor *between = tape_input(t, p->between, 2, (int[]){p->segment.nodes, p->n_moves});
    moves = op_affine(t, op_slice(t, p->moves, 0, 0, p->n_moves), (float)p->settings.moves, 0);
    moves = op_matmul(t, between, moves);
  }
  return perturb_gains(t, &p->segment, p->map, moves, p->settings.peak);
}

/* The loss of the map and the moves as they are, and its gradient. */
static scrim_status pass_loss(perturb *p, random_source *random, double *loss, scrim_error *error) {
  tape *t = p->tape;
  tape_reset(t);
  tape_random(t, random);
  nn_params_zero_grad(p->params);
  tensor *sum = NULL, *output = perturb_output(t, &p->segment, perturb_responses(t, p->envelope, pass_gains(p)));
  for (int e = 0; e < p->n_encoders; e++) {
    tensor *one = perturb_loss(t, &p->segment, &p->settings, p->channel, e, p->encoder[e], e, output, random);
    sum = e == 0 ? one : op_add(t, sum, one);
  }
  scrim_status status = tape_backward(t, op_affine(t, sum, 1 / (float)p->n_encoders, 0), error);
  const float *value = status == SCRIM_OK ? tensor_values(sum) : NULL;
  *loss = value != NULL ? (double)*value : 0;
  return status == SCRIM_OK ? tape_status(t, error) : status;
}

static scrim_status measure_gains(perturb *p, double *size, scrim_error *error) {
  tape_reset(p->tape);
  const float *gains = tensor_values(pass_gains(p));
  scrim_status status = tape_status(p->tape, error);
  if (status == SCRIM_OK) *size = perturb_size(&p->segment, gains);
  return status;
}

static scrim_status scale_gains(perturb *p, double by, scrim_error *error) {
  float *map = tensor_edit(p->map), *moves = tensor_edit(p->moves);
  if (map == NULL || moves == NULL) return fail(error, SCRIM_E_DEVICE, "the gains cannot be brought back");
  for (size_t i = 0; i < p->map->n; i++) map[i] *= (float)by;
  for (size_t i = 0; i < p->moves->n; i++) moves[i] *= (float)by;
  return SCRIM_OK;
}

/* Back onto the ball of `strength`, straight towards its centre. */
static scrim_status project(perturb *p, double *size, scrim_error *error) {
  scrim_status status = measure_gains(p, size, error);
  if (status != SCRIM_OK || *size <= p->settings.strength) return status;
  status = scale_gains(p, p->settings.strength / *size, error);
  *size = p->settings.strength;
  return status;
}

/* Onto its surface, from within or without. The peak bends large gains, so that it takes a few scalings. */
static scrim_status project_outwards(perturb *p, double *size, scrim_error *error) {
  scrim_status status = measure_gains(p, size, error);
  for (int i = 0; i < SCALINGS && status == SCRIM_OK && *size > 0; i++) {
    status = scale_gains(p, p->settings.strength / *size, error);
    if (status == SCRIM_OK) status = measure_gains(p, size, error);
  }
  return status == SCRIM_OK ? project(p, size, error) : status;
}

/* ---- the whole ---- */

/* A first map is drawn small: at no change at all, the cosine to the source has no slope. */
static void draw_start(perturb *p, random_source *random) {
  const double small = 0.1 * p->settings.strength / sqrt(ENVELOPE_STATE);
  if (p->has_map == MAP_NONE) nn_init_normal(p->map, small, random);
  memset(tensor_overwrite(p->moves), 0, p->moves->n * sizeof(float));
}

static scrim_status descend(perturb *p, int steps, random_source *random, perturb_result *result, scrim_error *error) {
  const nn_optimizer_config config = {.kind = NN_ADAM, .rate = p->settings.rate, .beta2 = 0.99};
  nn_optimizer *optimizer = nn_optimizer_create(p->params, &config);
  if (optimizer == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for an optimiser");
  scrim_status status = p->has_map == MAP_GIVEN ? project_outwards(p, &result->distortion, error)
                                                : project(p, &result->distortion, error);
  for (int met = 0; result->steps < steps && met < STEPS_REACHED && status == SCRIM_OK; result->steps++) {
    double loss;
    status = pass_loss(p, random, &loss, error);
    met = loss > 0 ? 0 : met + 1;
    result->reached = met == STEPS_REACHED;
    if (status == SCRIM_OK && loss > 0) {
      nn_optimizer_step(optimizer, 1);
      status = nn_optimizer_status(optimizer, error);
      if (status == SCRIM_OK) status = project(p, &result->distortion, error);
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

static scrim_status listen(perturb *p, tensor *output, perturb_result *result, scrim_error *error) {
  for (int e = 0; e < p->n_encoders; e++) {
    const int dimensions = speaker_encoder_about(p->encoder[e])->dimensions;
    const float *embedding = tensor_values(speaker_encoder_embed(p->tape, p->encoder[e], output));
    scrim_status status = tape_status(p->tape, error);
    if (status != SCRIM_OK) return status;
    result->source_cosine[e] = dot(embedding, p->source[e], dimensions);
    result->target_cosine[e] = dot(embedding, p->segment.target[e], dimensions);
  }
  result->has_cosines = 1;
  return SCRIM_OK;
}

/* The responses that it came to, and where the output then lies. */
static scrim_status conclude(perturb *p, perturb_result *result, scrim_error *error) {
  tape_reset(p->tape);
  tensor *responses = perturb_responses(p->tape, p->envelope, pass_gains(p));
  const float *values = tensor_values(responses);
  scrim_status status = tape_status(p->tape, error);
  if (status != SCRIM_OK) return status;
  memcpy(p->responses, values, responses->n * sizeof *p->responses);
  result->nodes = p->segment.nodes;
  result->responses = p->responses;
  return p->is_heard ? listen(p, perturb_output(p->tape, &p->segment, responses), result, error) : SCRIM_OK;
}

scrim_status perturb_run(perturb *p, const float *sent, const float *const *targets, int steps, random_source *random,
                         perturb_result *result, scrim_error *error) {
  memset(result, 0, sizeof *result);
  if (steps > 0 && !p->is_heard) return fail(error, SCRIM_E_STATE, "steps on a segment that encoders did not hear");
  p->segment.sent = sent;
  for (int e = 0; e < p->n_encoders; e++) {
    p->segment.source[e] = p->source[e];
    p->segment.target[e] = targets[e];
  }
  draw_start(p, random);
  scrim_status status = descend(p, steps, random, result, error);
  p->has_map = MAP_KEPT;
  if (status == SCRIM_OK) status = conclude(p, result, error);
  if (status == SCRIM_OK) status = random_status(random, error);
  return status;
}
