/* Baselines that work on a row at a time and learn nothing: what a user would try first. */
#include "purifier/baseline_rules.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"
#include "purifier/score_form.h"
#include <float.h>
#include <math.h>
#include <string.h>

typedef struct rule_state {
  size_t classes;
  double setting;
  random_source *random; /* moves on with every row of noise */
} rule_state;

void baseline_keep_label(float *row, size_t k, size_t label) {
  size_t top = score_argmax(row, k);
  if (top == label) return;
  row[label] = row[top] > 0 ? nextafterf(row[top], 2) : FLT_MIN; /* a row of zeros: no denormals */
}

scrim_status baseline_rule_fit(void **state, const defence *self, const defence_data *data, uint64_t seed,
                               scrim_error *error) {
  rule_state *s = memory_zalloc(1, sizeof *s);
  if (!s) return fail(error, SCRIM_E_MEMORY, "no memory for '%s'", self->name);
  s->classes = data->classes;
  s->setting = self->setting;
  scrim_status status = random_source_from_seed(&s->random, seed, error);
  if (status == SCRIM_OK) status = random_begin(s->random, "baseline-noise", NULL, 0, error);
  if (status == SCRIM_OK)
    *state = s;
  else
    baseline_rule_release(s);
  return status;
}

void baseline_rule_release(void *state) {
  rule_state *s = state;
  if (s) random_source_free(s->random);
  memory_free(s);
}

/* Scales a row to sum 1; one without any mass becomes uniform. */
static void normalise(float *row, size_t k) {
  double sum = 0;
  for (size_t j = 0; j < k; j++) sum += row[j];
  for (size_t j = 0; j < k; j++) row[j] = sum > 0 ? (float)(row[j] / sum) : 1 / (float)k;
}

/* Runs a rule over the rows [n, k]; `row` changes one row, whose label is then kept. */
static scrim_status each_row(rule_state *s, const float *raw, float *released, size_t n,
                             void (*rule)(rule_state *s, float *row, size_t label)) {
  size_t k = s->classes;
  if (released != raw) memcpy(released, raw, n * k * sizeof *raw);
  for (size_t i = 0; i < n; i++) {
    float *row = released + i * k;
    size_t label = score_argmax(row, k);
    rule(s, row, label);
    baseline_keep_label(row, k, label);
  }
  return SCRIM_OK;
}

static void one_hot(rule_state *s, float *row, size_t label) {
  for (size_t j = 0; j < s->classes; j++) row[j] = j == label;
}

scrim_status baseline_label_only(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  return each_row(state, raw, released, n, one_hot);
}

/* The top class keeps its score, the others share the rest equally. */
static void keep_top(rule_state *s, float *row, size_t label) {
  float rest = fmaxf(0, (1 - row[label]) / (float)(s->classes - 1));
  for (size_t j = 0; j < s->classes; j++)
    if (j != label) row[j] = rest;
}

scrim_status baseline_top1(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  return each_row(state, raw, released, n, keep_top);
}

/*
 * Rounds to `setting` decimals, halves to even, and does not renormalise: as the Adversarial Robustness Toolbox does.
 */
static void round_row(rule_state *s, float *row, size_t label) {
  (void)label;
  double units = pow(10, s->setting);
  for (size_t j = 0; j < s->classes; j++) row[j] = (float)(nearbyint(row[j] * units) / units);
}

scrim_status baseline_rounding(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  return each_row(state, raw, released, n, round_row);
}

/* p ^ (1 / T), renormalised: the softmax of logits divided by T. */
static void soften(rule_state *s, float *row, size_t label) {
  (void)label;
  for (size_t j = 0; j < s->classes; j++) row[j] = (float)pow(row[j], 1 / s->setting);
  normalise(row, s->classes);
}

scrim_status baseline_temperature(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  return each_row(state, raw, released, n, soften);
}

/*
 * p - beta * (sigmoid(gamma * logit(p)) - 1/2) with beta 1 and gamma the setting, clipped and renormalised (Lee et al.,
 * 2019, as in the Adversarial Robustness Toolbox). Near 0 the rule lifts scores by up to 0.4, at times above the top
 * score.
 */
static void reverse_sigmoid(rule_state *s, float *row, size_t label) {
  (void)label;
  const double least = 1e-9;
  for (size_t j = 0; j < s->classes; j++) {
    double p = fmin(fmax(row[j], least), 1 - least);
    double lifted = p - (1 / (1 + exp(s->setting * log((1 - p) / p))) - 0.5);
    row[j] = (float)fmin(fmax(lifted, 0), 1);
  }
  normalise(row, s->classes);
}

scrim_status baseline_reverse_sigmoid(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  return each_row(state, raw, released, n, reverse_sigmoid);
}

/* Fresh noise for every call, as in the Adversarial Robustness Toolbox: asking again averages it out. */
scrim_status baseline_gaussian_noise(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  rule_state *s = state;
  for (size_t i = 0; i < n * s->classes; i++)
    released[i] = fmaxf(0, raw[i] + (float)(s->setting * random_normal(s->random)));
  for (size_t i = 0; i < n; i++) normalise(released + i * s->classes, s->classes);
  return random_status(s->random, error);
}
