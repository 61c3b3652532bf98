#include "pointcloud_defense/prior_plan.h"

#include "core/error.h"
#include "tensor/packed.h"
#include <math.h>
#include <string.h>

struct prior_plan {
  prior_shape shape;
  size_t controls; /* outputs of all layers of the network together */
  packed_linear *encoder[PRIOR_ENCODER_LAYERS], *head[PRIOR_HEAD_LAYERS], *gauge;
  packed_linear *layer[PRIOR_LAYERS]; /* without bias: it goes into the shifts */
  packed_linear *gates, *shifts;      /* [latent + PRIOR_TIMES -> controls] */
  float *bias;                        /* [controls] of the layers */
};

static const float slope = 0.01f;

/* ---- packing ---- */

static packed_linear *pack(const nn_linear *l, packed_activation activation) {
  return packed_linear_create(l->w->data, l->b->data, l->w->dim[1], l->w->dim[0], activation);
}

static void pack_encoder(prior_plan *plan, const prior *p) {
  for (int i = 0; i < PRIOR_ENCODER_LAYERS; i++) plan->encoder[i] = pack(&p->encoder[i], PACKED_RELU);
  for (int i = 0; i < PRIOR_HEAD_LAYERS; i++)
    plan->head[i] = pack(&p->head[i], i + 1 < PRIOR_HEAD_LAYERS ? PACKED_RELU : PACKED_IDENTITY);
  plan->gauge = pack(&p->gauge, PACKED_IDENTITY);
}

/* The gates of all layers, one under the other, and likewise the shifts. `none` is a bias of zeros. */
static void pack_controls(prior_plan *plan, const prior *p, float *gates, float *shifts, float *gate_bias,
                          float *none) {
  const size_t in = (size_t)p->shape.latent + PRIOR_TIMES;
  size_t row = 0;
  for (int i = 0; i < PRIOR_LAYERS; i++) {
    const prior_layer *l = &p->layer[i];
    const size_t rows = (size_t)prior_width(&p->shape, i);
    memcpy(gates + row * in, l->gate.w->data, rows * in * sizeof *gates);
    memcpy(shifts + row * in, l->shift->data, rows * in * sizeof *shifts);
    memcpy(gate_bias + row, l->gate.b->data, rows * sizeof *gate_bias);
    memcpy(plan->bias + row, l->linear.b->data, rows * sizeof *plan->bias);
    row += rows;
    plan->layer[i] = packed_linear_create(l->linear.w->data, none, l->linear.w->dim[1], (int)rows, PACKED_IDENTITY);
  }
  plan->gates = packed_linear_create(gates, gate_bias, (int)in, (int)plan->controls, PACKED_IDENTITY);
  plan->shifts = packed_linear_create(shifts, none, (int)in, (int)plan->controls, PACKED_IDENTITY);
}

static void pack_network(prior_plan *plan, const prior *p) {
  const size_t in = (size_t)p->shape.latent + PRIOR_TIMES, n = plan->controls;
  float *gates = memory_zalloc(n * in, sizeof *gates), *shifts = memory_zalloc(n * in, sizeof *shifts);
  float *gate_bias = memory_zalloc(n, sizeof *gate_bias), *none = memory_zalloc(n, sizeof *none);
  plan->bias = memory_zalloc(n, sizeof *plan->bias);
  if (gates != NULL && shifts != NULL && gate_bias != NULL && none != NULL && plan->bias != NULL)
    pack_controls(plan, p, gates, shifts, gate_bias, none);
  memory_free(gates);
  memory_free(shifts);
  memory_free(gate_bias);
  memory_free(none);
}

static int is_whole(const prior_plan *plan) {
  int whole = plan->gates != NULL && plan->shifts != NULL && plan->gauge != NULL;
  for (int i = 0; i < PRIOR_ENCODER_LAYERS; i++) whole &= plan->encoder[i] != NULL;
  for (int i = 0; i < PRIOR_HEAD_LAYERS; i++) whole &= plan->head[i] != NULL;
  for (int i = 0; i < PRIOR_LAYERS; i++) whole &= plan->layer[i] != NULL;
  return whole;
}

scrim_status prior_plan_create(prior_plan **out, const prior *p, scrim_error *error) {
  prior_plan *plan = memory_zalloc(1, sizeof *plan);
  if (plan != NULL) {
    plan->shape = p->shape;
    for (int i = 0; i < PRIOR_LAYERS; i++) plan->controls += (size_t)prior_width(&p->shape, i);
    pack_encoder(plan, p);
    pack_network(plan, p);
  }
  if (plan == NULL || !is_whole(plan)) {
    prior_plan_free(plan);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the plan of a prior of width %d", p->shape.width);
  }
  *out = plan;
  return SCRIM_OK;
}

void prior_plan_free(prior_plan *plan) {
  if (plan == NULL) return;
  for (int i = 0; i < PRIOR_ENCODER_LAYERS; i++) packed_linear_free(plan->encoder[i]);
  for (int i = 0; i < PRIOR_HEAD_LAYERS; i++) packed_linear_free(plan->head[i]);
  for (int i = 0; i < PRIOR_LAYERS; i++) packed_linear_free(plan->layer[i]);
  packed_linear_free(plan->gauge);
  packed_linear_free(plan->gates);
  packed_linear_free(plan->shifts);
  memory_free(plan->bias);
  memory_free(plan);
}

/* ---- sizes ---- */

const prior_shape *prior_plan_shape(const prior_plan *plan) {
  return &plan->shape;
}

int prior_plan_pooled(const prior_plan *plan) {
  return 4 * plan->shape.width;
}

int prior_plan_controls(const prior_plan *plan) {
  return 2 * (int)plan->controls;
}

/* Floats of one of the two blocks that layers go to and fro between. */
static size_t block(const prior_plan *plan) {
  const size_t most = PRIOR_PLAN_POINTS * 4 * (size_t)plan->shape.width;
  const size_t context = (size_t)plan->shape.latent + PRIOR_TIMES;
  return ((context > most ? context : most) + 15) / 16 * 16;
}

size_t prior_plan_scratch(const prior_plan *plan) {
  return 2 * block(plan);
}

/* ---- running ---- */

void prior_plan_pool(const prior_plan *plan, const float *invariants, size_t n, float *pooled, float *scratch) {
  const size_t w = (size_t)plan->shape.width, wide = 4 * w;
  float *a = scratch, *b = scratch + block(plan);
  packed_linear_run(plan->encoder[0], invariants, PRIOR_INVARIANTS, NULL, a, w, n);
  packed_linear_run(plan->encoder[1], a, w, NULL, b, w, n);
  packed_linear_run(plan->encoder[2], b, w, NULL, a, 2 * w, n);
  packed_linear_run(plan->encoder[3], a, 2 * w, NULL, b, wide, n);
  memset(pooled, 0, wide * sizeof *pooled);
  for (size_t r = 0; r < n; r++)
    for (size_t j = 0; j < wide; j++) pooled[j] += b[r * wide + j];
}

void prior_plan_encode(const prior_plan *plan, const float *pooled, float *latent, float *scratch) {
  const size_t w = (size_t)plan->shape.width;
  float *a = scratch, *b = scratch + block(plan);
  packed_linear_run(plan->head[0], pooled, 4 * w, NULL, a, 2 * w, 1);
  packed_linear_run(plan->head[1], a, 2 * w, NULL, b, w, 1);
  packed_linear_run(plan->head[2], b, w, NULL, latent, (size_t)plan->shape.latent, 1);
}

double prior_plan_gauge(const prior_plan *plan, const float *latent) {
  float told;
  packed_linear_run(plan->gauge, latent, (size_t)plan->shape.latent, NULL, &told, 1, 1);
  return fmax(exp(told) - PRIOR_GAUGE_LEAST, 0);
}

/* gate = sigmoid(G c + g), shift = gate * b + H c, so that a layer is gate * (W x) + shift. */
void prior_plan_control(const prior_plan *plan, const float *latent, double noise, float *controls, float *scratch) {
  const size_t n = plan->controls, known = (size_t)plan->shape.latent;
  float *context = scratch, *gate = controls, *shift = controls + n;
  memcpy(context, latent, known * sizeof *context);
  prior_times(noise, context + known);
  packed_linear_run(plan->gates, context, known + PRIOR_TIMES, NULL, gate, n, 1);
  packed_linear_run(plan->shifts, context, known + PRIOR_TIMES, NULL, shift, n, 1);
  for (size_t j = 0; j < n; j++) {
    gate[j] = 1 / (1 + expf(-gate[j]));
    shift[j] += gate[j] * plan->bias[j];
  }
}

static void squash(float *y, size_t n, size_t width, const float *gate, const float *shift, float negative) {
  for (size_t i = 0; i < n; i++, y += width)
    for (size_t j = 0; j < width; j++) {
      const float value = y[j] * gate[j] + shift[j];
      y[j] = value > 0 ? value : negative * value;
    }
}

void prior_plan_factors(const prior_plan *plan, const float *controls, const float *invariants, size_t n,
                        float *factors, float *scratch) {
  float *const turns[] = {scratch, scratch + block(plan)};
  const float *from = invariants;
  size_t in = PRIOR_INVARIANTS, at = 0;
  for (int i = 0; i < PRIOR_LAYERS; i++) {
    const size_t out = (size_t)prior_width(&plan->shape, i);
    float *to = i + 1 < PRIOR_LAYERS ? turns[i % 2] : factors;
    packed_linear_run(plan->layer[i], from, in, NULL, to, out, n);
    squash(to, n, out, controls + at, controls + plan->controls + at, i + 1 < PRIOR_LAYERS ? slope : 1);
    from = to;
    at += out;
    in = out;
  }
}

/* ---- for a device ---- */

static size_t floats_of(const packed_linear *l) {
  return ((size_t)packed_linear_in(l) + 1) * (size_t)packed_linear_out(l);
}

/* Weights, then the bias; answers what is behind them. */
static float *unpack(const packed_linear *l, const float **w, const float **b, float *to) {
  float *bias = to + (size_t)packed_linear_in(l) * (size_t)packed_linear_out(l);
  packed_linear_unpack(l, to, bias);
  *w = to;
  *b = bias;
  return bias + packed_linear_out(l);
}

static float *unpack_network(packed_linear *const *layers, int n, device_network *out, float *to) {
  *out = (device_network){.layers = n, .width = {packed_linear_in(layers[0])}};
  for (int i = 0; i < n; i++) {
    out->width[i + 1] = packed_linear_out(layers[i]);
    to = unpack(layers[i], &out->w[i], &out->b[i], to);
  }
  return to;
}

float *prior_plan_unpack(const prior_plan *plan, device_prior *out) {
  size_t floats = floats_of(plan->gates) + floats_of(plan->shifts) + plan->controls;
  for (int i = 0; i < PRIOR_ENCODER_LAYERS; i++) floats += floats_of(plan->encoder[i]);
  for (int i = 0; i < PRIOR_HEAD_LAYERS; i++) floats += floats_of(plan->head[i]);
  for (int i = 0; i < PRIOR_LAYERS; i++) floats += floats_of(plan->layer[i]);
  float *block = memory_zalloc(floats, sizeof *block), *at = block;
  const float *no_bias;
  if (block == NULL) return NULL;
  *out = (device_prior){.latent = plan->shape.latent, .times = PRIOR_TIMES, .slope = slope, .bias = block};
  memcpy(at, plan->bias, plan->controls * sizeof *at);
  at = unpack_network(plan->encoder, PRIOR_ENCODER_LAYERS, &out->encoder, at + plan->controls);
  at = unpack_network(plan->head, PRIOR_HEAD_LAYERS, &out->head, at);
  at = unpack_network(plan->layer, PRIOR_LAYERS, &out->network, at);
  at = unpack(plan->gates, &out->gate, &out->gate_bias, at);
  unpack(plan->shifts, &out->shift, &no_bias, at);
  return block;
}
