/*
 * A MemGuard-style baseline (Jia et al., 2019): per row, the smallest change of the logits that a few gradient steps
 * find which brings a surrogate attack network to the fence, "member" and "non-member" equally likely, and keeps the
 * label.
 */
#include "core/error.h"
#include "core/memory.h"
#include "nn/nn.h"
#include "purifier/baseline_rules.h"
#include "purifier/score_form.h"
#include <math.h>

enum { BATCH = 256, STEPS = 40, HALVINGS = 10 };
static const float step_length = 0.3f;    /* in logits */
static const float floor_p = 1e-7f;       /* of scores whose logarithm is taken */
static const float input_scale = 1 / 8.f; /* log-probabilities down to -16 become network inputs down to -2 */

typedef struct memguard_state {
  size_t classes;
  nn_mlp surrogate; /* log-probabilities [n, K] * input_scale -> [n, 2]: non-member, member */
  tape *tape;
  float *start, *z, *grad; /* [BATCH, K] logits: the row's own, the present ones, the surrogate's gradient at them */
  float h[BATCH], first[BATCH];  /* the surrogate's log-odds of "member", now and for the raw row */
  float low[BATCH], high[BATCH]; /* shares of the way from start to z: still on the raw side, over the fence */
} memguard_state;

void baseline_memguard_release(void *state) {
  memguard_state *s = state;
  if (!s) return;
  nn_mlp_free(&s->surrogate);
  tape_free(s->tape);
  memory_free(s->start);
  memory_free(s->z);
  memory_free(s->grad);
  memory_free(s);
}

/* log of rows [n, k] of probabilities, times `scale`. */
static void log_rows(const float *p, size_t n, size_t k, float scale, float *out) {
  for (size_t i = 0; i < n * k; i++) out[i] = scale * logf(fmaxf(p[i], floor_p));
}

/* Trains the surrogate to tell members from reference rows, as many of the one as of the other. */
static scrim_status fit_surrogate(memguard_state *s, const defence_data *data, uint64_t seed, scrim_error *error) {
  size_t k = s->classes, half = data->n_members < data->n_reference ? data->n_members : data->n_reference;
  const int width[] = {(int)k, 64, 32, 2};
  random_source *random = NULL;
  float *x = memory_zalloc(2 * half, k * sizeof *x);
  int32_t *member = memory_zalloc(2 * half, sizeof *member);
  scrim_status status = x && member ? random_source_from_seed(&random, seed, error)
                                    : fail(error, SCRIM_E_MEMORY, "no memory for %zu rows of MemGuard", 2 * half);
  if (status == SCRIM_OK) status = random_begin(random, "baseline-memguard", NULL, 0, error);
  if (status == SCRIM_OK) status = nn_mlp_create(&s->surrogate, 3, width, NN_RELU, random, error);
  if (status == SCRIM_OK) {
    log_rows(data->reference, half, k, input_scale, x);
    log_rows(data->members, half, k, input_scale, x + half * k);
    for (size_t i = half; i < 2 * half; i++) member[i] = 1;
    const nn_fit fit = {.batch = 64, .epochs = 20, .rate = 1e-3, .validation = 0.1, .seed = seed};
    status = nn_mlp_fit(&s->surrogate, x, member, 2 * half, &fit, error);
  }
  random_source_free(random);
  memory_free(x);
  memory_free(member);
  return status;
}

scrim_status baseline_memguard_fit(void **state, const defence *self, const defence_data *data, uint64_t seed,
                                   scrim_error *error) {
  if (!data->n_members || !data->n_reference)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' needs members and reference rows", self->name);
  memguard_state *s = memory_zalloc(1, sizeof *s);
  if (!s) return fail(error, SCRIM_E_MEMORY, "no memory for '%s'", self->name);
  s->classes = data->classes;
  s->start = memory_zalloc(BATCH * s->classes, sizeof *s->start);
  s->z = memory_zalloc(BATCH * s->classes, sizeof *s->z);
  s->grad = memory_zalloc(BATCH * s->classes, sizeof *s->grad);
  scrim_status status = SCRIM_OK;
  if (!s->start || !s->z || !s->grad) status = fail(error, SCRIM_E_MEMORY, "no memory for '%s'", self->name);
  if (status == SCRIM_OK) status = tape_create(&s->tape, &cpu_backend, error);
  if (status == SCRIM_OK) status = fit_surrogate(s, data, seed, error);
  if (status == SCRIM_OK)
    *state = s;
  else
    baseline_memguard_release(s);
  return status;
}

/*
 * Fills h [n] with the log-odds of "member" at the logits `at` [n, K] and, if wanted, grad [n, K] with their gradients.
 */
static scrim_status evaluate(memguard_state *s, const float *at, size_t n, int want_grad, scrim_error *error) {
  const int dim[] = {(int)n, (int)s->classes};
  tape_reset(s->tape);
  tensor *z = want_grad ? tape_variable(s->tape, at, 2, dim) : tape_input(s->tape, at, 2, dim);
  tensor *x = op_affine(s->tape, op_log_softmax(s->tape, z), input_scale, 0);
  tensor *out = nn_mlp_forward(s->tape, &s->surrogate, x);
  tensor *h = op_sub(s->tape, op_slice(s->tape, out, 1, 1, 1), op_slice(s->tape, out, 1, 0, 1));
  tensor *sum = want_grad ? op_sum(s->tape, h) : h;
  scrim_status status = tape_status(s->tape, error);
  if (status == SCRIM_OK && want_grad) status = tape_backward(s->tape, sum, error);
  if (status != SCRIM_OK) return status;
  const float *odds = tensor_values(h), *grad = want_grad ? tensor_gradient(z) : NULL;
  status = tape_status(s->tape, error);
  for (size_t i = 0; status == SCRIM_OK && i < n; i++) s->h[i] = odds[i];
  for (size_t i = 0; status == SCRIM_OK && grad && i < n * s->classes; i++) s->grad[i] = grad[i];
  return status;
}

/* 1 when row i has come over the fence. */
static int crossed(const memguard_state *s, size_t i) {
  return (s->h[i] > 0) != (s->first[i] > 0);
}

/* One step of fixed length towards the fence; no other logit passes the label's. */
static void step(memguard_state *s, size_t i) {
  size_t k = s->classes, label = score_argmax(s->start + i * k, k);
  float *z = s->z + i * k, norm = 0;
  const float *grad = s->grad + i * k;
  for (size_t j = 0; j < k; j++) norm += grad[j] * grad[j];
  if (!(norm > 0) || !isfinite(norm)) return;
  float length = (s->first[i] > 0 ? -step_length : step_length) / sqrtf(norm);
  for (size_t j = 0; j < k; j++) z[j] += length * grad[j];
  for (size_t j = 0; j < k; j++) z[j] = fminf(z[j], z[label]);
}

/* Steps every row of the batch until it crosses the fence. */
static scrim_status cross(memguard_state *s, size_t n, scrim_error *error) {
  for (int at = 0; at < STEPS; at++) {
    scrim_status status = evaluate(s, s->z, n, 1, error);
    if (status != SCRIM_OK) return status;
    size_t moved = 0;
    for (size_t i = 0; i < n; i++) {
      if (at == 0) s->first[i] = s->h[i];
      if (crossed(s, i)) continue;
      step(s, i);
      moved++;
    }
    if (!moved) return SCRIM_OK;
  }
  return SCRIM_OK;
}

/* Puts the logits at low (or high) of the way from start to z into grad, which is free by now. */
static void between(memguard_state *s, size_t n, int middle) {
  size_t k = s->classes;
  for (size_t i = 0; i < n; i++) {
    float share = middle ? (s->low[i] + s->high[i]) / 2 : s->high[i];
    for (size_t j = i * k; j < (i + 1) * k; j++) s->grad[j] = s->start[j] + share * (s->z[j] - s->start[j]);
  }
}

/* Halves the way until each row stands just over the fence, which is the smallest change along it. */
static scrim_status shrink(memguard_state *s, size_t n, scrim_error *error) {
  for (size_t i = 0; i < n; i++) s->low[i] = 0, s->high[i] = 1;
  for (int at = 0; at < HALVINGS; at++) {
    between(s, n, 1);
    scrim_status status = evaluate(s, s->grad, n, 0, error);
    if (status != SCRIM_OK) return status;
    for (size_t i = 0; i < n; i++) {
      float *end = crossed(s, i) ? &s->high[i] : &s->low[i];
      *end = (s->low[i] + s->high[i]) / 2;
    }
  }
  between(s, n, 0);
  return SCRIM_OK;
}

static void softmax_row(const float *z, size_t k, float *p) {
  double sum = 0, top = z[score_argmax(z, k)];
  for (size_t j = 0; j < k; j++) sum += exp(z[j] - top);
  for (size_t j = 0; j < k; j++) p[j] = (float)(exp(z[j] - top) / sum);
}

scrim_status baseline_memguard(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  memguard_state *s = state;
  size_t k = s->classes;
  nn_params_zero_grad(s->surrogate.params); /* backward adds to them; nobody reads them */
  for (size_t from = 0; from < n; from += BATCH) {
    size_t rows = n - from < BATCH ? n - from : BATCH;
    log_rows(raw + from * k, rows, k, 1, s->start);
    log_rows(raw + from * k, rows, k, 1, s->z);
    scrim_status status = cross(s, rows, error);
    if (status == SCRIM_OK) status = shrink(s, rows, error);
    if (status != SCRIM_OK) return status;
    for (size_t i = 0; i < rows; i++) {
      size_t label = score_argmax(raw + (from + i) * k, k);
      softmax_row(s->grad + i * k, k, released + (from + i) * k);
      baseline_keep_label(released + (from + i) * k, k, label);
    }
  }
  return SCRIM_OK;
}
