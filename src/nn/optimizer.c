/*
 * Optimisers, with PyTorch's semantics: SGD with momentum, Adam (Kingma and Ba 2015), its amsgrad form (Reddi et al.
 * 2018) and AdamW (Loshchilov and Hutter 2019). A step is one pass over each parameter: clipping, weight decay and
 * moments are folded into one loop that compilers turn into vector code.
 */
#include "core/error.h"
#include "nn/nn.h"
#include "tensor/backend.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPTIMIZER_NAME_BYTES = 256 };

static const char *const moment_name[OPTIMIZER_MOMENTS] = {"first", "second", "largest"};

/* Moments kept by each kind: SGD the velocity, Adam the first two, amsgrad also the largest second one so far. */
static const int moments_of[] = {[NN_SGD] = 1, [NN_ADAM] = 2, [NN_ADAMW] = 2, [NN_AMSGRAD] = 3};

typedef struct slot {
  tensor *param;
  const char *name;
  tensor moment[OPTIMIZER_MOMENTS]; /* [param->n] each, data NULL where the kind keeps none */
} slot;

struct nn_optimizer {
  nn_optimizer_config config;
  uint64_t steps;
  size_t n_slots;
  slot *slots;
  optimizer_block *blocks; /* [n_slots], for a device */
  void *room;              /* that device's, for the norm; NULL until then */
  scrim_error failure;
};

static scrim_status slot_open(slot *s, tensor *param, const char *name, int moments) {
  s->param = param;
  s->name = name;
  for (int k = 0; k < moments; k++) {
    s->moment[k] = (tensor){.rank = param->rank, .n = param->n, .data = memory_zalloc(param->n, sizeof(float))};
    if (!s->moment[k].data) return SCRIM_E_MEMORY;
  }
  return SCRIM_OK;
}

static double value_or(double value, double otherwise) {
  return value != 0 ? value : otherwise;
}

nn_optimizer *nn_optimizer_create(nn_params *p, const nn_optimizer_config *config) {
  nn_optimizer *o = memory_zalloc(1, sizeof *o);
  if (!o) return NULL;
  o->config = *config;
  o->config.beta1 = value_or(config->beta1, 0.9);
  o->config.beta2 = value_or(config->beta2, 0.999);
  o->config.epsilon = value_or(config->epsilon, 1e-8);
  o->slots = memory_zalloc(nn_params_count(p) + 1, sizeof *o->slots);
  o->blocks = memory_zalloc(nn_params_count(p) + 1, sizeof *o->blocks);
  scrim_status status = o->slots && o->blocks ? SCRIM_OK : SCRIM_E_MEMORY;
  for (size_t i = 0; status == SCRIM_OK && i < nn_params_count(p); i++) {
    const char *name;
    int trainable;
    tensor *param = nn_params_at(p, i, &name, &trainable);
    if (trainable) status = slot_open(&o->slots[o->n_slots++], param, name, moments_of[config->kind]);
  }
  if (status == SCRIM_OK) return o;
  nn_optimizer_free(o);
  return NULL;
}

void nn_optimizer_free(nn_optimizer *o) {
  if (!o) return;
  if (o->room) o->slots[0].param->home->memory->drop(o->room);
  for (size_t i = 0; i < o->n_slots; i++) {
    for (int k = 0; k < OPTIMIZER_MOMENTS; k++) {
      tensor_forget(&o->slots[i].moment[k]);
      memory_free(o->slots[i].moment[k].data);
    }
  }
  memory_free(o->slots);
  memory_free(o->blocks);
  memory_free(o);
}

/* Sixteen lanes keep the order of the sum fixed and let it run in vectors; blocks keep float sums short. */
enum { LANES = 16, LANE_STEPS = 64 };

static double block_of_squares(const float *x) {
  float lane[LANES] = {0};
  double total = 0;
  for (size_t i = 0; i < LANE_STEPS; i++, x += LANES) {
    for (size_t k = 0; k < LANES; k++) lane[k] += x[k] * x[k];
  }
  for (size_t k = 0; k < LANES; k++) total += (double)lane[k];
  return total;
}

static double sum_of_squares(const float *x, size_t n) {
  double total = 0;
  size_t i = 0;
  for (; i + LANES * LANE_STEPS <= n; i += LANES * LANE_STEPS) total += block_of_squares(x + i);
  for (; i < n; i++) total += (double)x[i] * (double)x[i];
  return total;
}

static double gradient_norm(const nn_optimizer *o) {
  double total = 0;
  for (size_t i = 0; i < o->n_slots; i++) total += sum_of_squares(o->slots[i].param->grad, o->slots[i].param->n);
  return sqrt(total);
}

/*
 * A unit that has died has no gradient, so its moments shrink for ever: without this they would end as denormal
 * numbers, on which a step takes twenty times as long, and stay there. Far below what float32 weights can notice.
 */
static inline float flush(float x) {
  return fabsf(x) < 1e-30f ? 0.0f : x;
}

static void update_sgd(float *restrict w, const float *restrict g, float *restrict velocity, size_t n,
                       const optimizer_terms *s) {
  const float clip = s->clip, l2 = s->l2, momentum = s->beta1, rate = s->rate;
  for (size_t i = 0; i < n; i++) {
    velocity[i] = flush(momentum * velocity[i] + (g[i] * clip + l2 * w[i]));
    w[i] -= rate * velocity[i];
  }
}

static void update_adam(float *restrict w, const float *restrict g, float *restrict first, float *restrict second,
                        size_t n, const optimizer_terms *s) {
  const float clip = s->clip, l2 = s->l2, keep = s->keep, rate = s->rate, root = s->root, epsilon = s->epsilon;
  const float beta1 = s->beta1, beta2 = s->beta2, rest1 = s->rest1, rest2 = s->rest2;
  for (size_t i = 0; i < n; i++) {
    float d = g[i] * clip + l2 * w[i];
    float m = flush(beta1 * first[i] + rest1 * d), v = flush(beta2 * second[i] + rest2 * d * d);
    first[i] = m;
    second[i] = v;
    w[i] = keep * w[i] - rate * m / (sqrtf(v) * root + epsilon);
  }
}

static void update_amsgrad(float *restrict w, const float *restrict g, float *restrict first, float *restrict second,
                           float *restrict largest, size_t n, const optimizer_terms *s) {
  const float clip = s->clip, l2 = s->l2, rate = s->rate, root = s->root, epsilon = s->epsilon;
  const float beta1 = s->beta1, beta2 = s->beta2, rest1 = s->rest1, rest2 = s->rest2;
  for (size_t i = 0; i < n; i++) {
    float d = g[i] * clip + l2 * w[i];
    float m = flush(beta1 * first[i] + rest1 * d), v = flush(beta2 * second[i] + rest2 * d * d);
    float top = largest[i] > v ? largest[i] : v;
    first[i] = m;
    second[i] = v;
    largest[i] = top;
    w[i] -= rate * m / (sqrtf(top) * root + epsilon);
  }
}

static optimizer_terms terms_of(const nn_optimizer *o, double rate_scale, double norm) {
  const nn_optimizer_config *c = &o->config;
  double rate = c->rate * rate_scale, t = (double)o->steps;
  int sgd = c->kind == NN_SGD, decoupled = c->kind == NN_ADAMW;
  return (optimizer_terms){
      .clip = c->clip_norm > 0 && norm > c->clip_norm ? (float)(c->clip_norm / norm) : 1.0f,
      .l2 = decoupled ? 0.0f : (float)c->weight_decay,
      .keep = decoupled ? (float)(1 - rate * c->weight_decay) : 1.0f,
      .rate = (float)(sgd ? rate : rate / (1 - pow(c->beta1, t))),
      .beta1 = (float)(sgd ? c->momentum : c->beta1),
      .beta2 = (float)c->beta2,
      .rest1 = (float)(1 - c->beta1),
      .rest2 = (float)(1 - c->beta2),
      .root = (float)(1 / sqrt(1 - pow(c->beta2, t))),
      .epsilon = (float)c->epsilon,
  };
}

/* ---- on the CPU ---- */

/* Weights and moments are written, gradients read. */
static scrim_status bring_to_host(const nn_optimizer *o, scrim_error *error) {
  for (size_t i = 0; i < o->n_slots; i++) {
    slot *s = &o->slots[i];
    int here = tensor_edit(s->param) && tensor_gradient(s->param);
    for (int k = 0; k < moments_of[o->config.kind]; k++) here = here && tensor_edit(&s->moment[k]);
    if (!here) return fail(error, SCRIM_E_DEVICE, "the state of '%s' is lost on the device", s->name);
  }
  return SCRIM_OK;
}

static void step_on_host(const nn_optimizer *o, const optimizer_terms *terms) {
  for (size_t i = 0; i < o->n_slots; i++) {
    const slot *s = &o->slots[i];
    float *w = s->param->data;
    const float *g = s->param->grad;
    switch (o->config.kind) {
    case NN_SGD:
      update_sgd(w, g, s->moment[0].data, s->param->n, terms);
      break;
    case NN_ADAM:
    case NN_ADAMW:
      update_adam(w, g, s->moment[0].data, s->moment[1].data, s->param->n, terms);
      break;
    case NN_AMSGRAD:
      update_amsgrad(w, g, s->moment[0].data, s->moment[1].data, s->moment[2].data, s->param->n, terms);
      break;
    }
  }
}

/* ---- on a device: without a copy ---- */

static const optimizer_rule rule_of[] = {[NN_SGD] = OPTIMIZER_SGD,
                                         [NN_ADAM] = OPTIMIZER_ADAM,
                                         [NN_ADAMW] = OPTIMIZER_ADAM,
                                         [NN_AMSGRAD] = OPTIMIZER_AMSGRAD};

/* The device that has all weights and gradients, if it can step; NULL: none. */
static const device_optimizer *device_of(const nn_optimizer *o) {
  const backend *home = o->n_slots ? o->slots[0].param->home : NULL;
  for (size_t i = 0; home && i < o->n_slots; i++) {
    const tensor *p = o->slots[i].param;
    if (p->home != home || !p->values.on_device || !p->gradient.on_device) return NULL;
  }
  return home ? home->optimizer : NULL;
}

static scrim_status lay_out_blocks(nn_optimizer *o, scrim_error *error) {
  const backend *home = o->slots[0].param->home;
  if (!o->room) o->room = home->memory->keep(o->n_slots * home->optimizer->room_bytes, error);
  if (!o->room) return SCRIM_E_MEMORY;
  for (size_t i = 0; i < o->n_slots; i++) {
    slot *s = &o->slots[i];
    optimizer_block *b = &o->blocks[i];
    *b = (optimizer_block){.weight = s->param->values.device, .gradient = s->param->gradient.device, .n = s->param->n};
    for (int k = 0; k < moments_of[o->config.kind]; k++) {
      const scrim_status status = tensor_follow(&s->moment[k], s->param, error);
      if (status != SCRIM_OK) return status;
      b->moment[k] = s->moment[k].values.device;
    }
  }
  return SCRIM_OK;
}

static void step_was_on_device(const nn_optimizer *o) {
  for (size_t i = 0; i < o->n_slots; i++) {
    slot *s = &o->slots[i];
    s->param->values.host_behind = 1;
    for (int k = 0; k < moments_of[o->config.kind]; k++) s->moment[k].values.host_behind = 1;
  }
}

/* ---- a step ---- */

double nn_optimizer_step(nn_optimizer *o, double rate_scale) {
  const device_optimizer *device = device_of(o);
  double norm = NAN;
  scrim_status status = device ? lay_out_blocks(o, &o->failure) : bring_to_host(o, &o->failure);
  if (status != SCRIM_OK) return NAN;
  if (!device)
    norm = gradient_norm(o);
  else if (device->norm(o->blocks, o->n_slots, o->room, &norm, &o->failure) != SCRIM_OK)
    return NAN;
  if (!isfinite(norm)) return norm;
  o->steps++;
  const optimizer_terms terms = terms_of(o, rate_scale, norm);
  if (!device) {
    step_on_host(o, &terms);
    return norm;
  }
  status = device->step(rule_of[o->config.kind], &terms, o->blocks, o->n_slots, &o->failure);
  step_was_on_device(o);
  return status == SCRIM_OK ? norm : NAN;
}

scrim_status nn_optimizer_status(const nn_optimizer *o, scrim_error *error) {
  if (o->failure.status != SCRIM_OK && error) *error = o->failure;
  return o->failure.status;
}

/* ---- files ---- */

/* "optimizer.first.encoder.weight" */
static scrim_status moment_place(const slot *s, int k, char name[OPTIMIZER_NAME_BYTES], int64_t *shape,
                                 scrim_error *error) {
  int length = snprintf(name, OPTIMIZER_NAME_BYTES, "optimizer.%s.%s", moment_name[k], s->name);
  if (length < 0 || length >= OPTIMIZER_NAME_BYTES) {
    return fail(error, SCRIM_E_ARGUMENT, "parameter name of %d bytes, at most %d: '%.40s...'", length,
                OPTIMIZER_NAME_BYTES - 1, name);
  }
  for (int i = 0; i < s->param->rank; i++) shape[i] = s->param->dim[i];
  return SCRIM_OK;
}

scrim_status nn_optimizer_put(const nn_optimizer *o, tensorfile_writer *writer, scrim_error *error) {
  const int64_t one = 1;
  scrim_status status = tensorfile_put(writer, "optimizer.steps", TENSORFILE_U64, 1, &one, &o->steps, error);
  for (size_t i = 0; status == SCRIM_OK && i < o->n_slots * OPTIMIZER_MOMENTS; i++) {
    slot *s = &o->slots[i / OPTIMIZER_MOMENTS];
    const int k = (int)(i % OPTIMIZER_MOMENTS);
    char name[OPTIMIZER_NAME_BYTES];
    int64_t shape[TENSOR_MAX_RANK];
    if (!s->moment[k].data) continue;
    status = moment_place(s, k, name, shape, error);
    if (status != SCRIM_OK) break;
    const float *values = tensor_values(&s->moment[k]);
    if (!values) return fail(error, SCRIM_E_DEVICE, "'%s' is lost on the device", name);
    status = tensorfile_put(writer, name, TENSORFILE_F32, s->param->rank, shape, values, error);
  }
  return status;
}

scrim_status nn_optimizer_get(nn_optimizer *o, const tensorfile *file, scrim_error *error) {
  int64_t one = 1;
  const void *data = NULL;
  scrim_status status = tensorfile_get(file, "optimizer.steps", TENSORFILE_U64, 1, &one, &data, error);
  if (status == SCRIM_OK) memcpy(&o->steps, data, sizeof o->steps);
  for (size_t i = 0; status == SCRIM_OK && i < o->n_slots * OPTIMIZER_MOMENTS; i++) {
    slot *s = &o->slots[i / OPTIMIZER_MOMENTS];
    const int k = (int)(i % OPTIMIZER_MOMENTS);
    char name[OPTIMIZER_NAME_BYTES];
    int64_t shape[TENSOR_MAX_RANK];
    if (!s->moment[k].data) continue;
    status = moment_place(s, k, name, shape, error);
    if (status != SCRIM_OK) break;
    status = tensorfile_get(file, name, TENSORFILE_F32, s->param->rank, shape, &data, error);
    if (status == SCRIM_OK) memcpy(tensor_overwrite(&s->moment[k]), data, s->param->n * sizeof(float));
  }
  return status;
}
