/* Gap attack, metric attacks with per-class thresholds, and the isotonic fit behind them. */
#include "purifier/attack_threshold.h"
#include "core/error.h"
#include "core/memory.h"
#include "purifier/attack.h"
#include "purifier/attack_statistic.h"
#include "purifier/metrics.h"
#include "purifier/score_form.h"
#include <math.h>
#include <stdlib.h>

enum { FEWEST = 10 }; /* samples of either kind that a group needs for a curve of its own */

/* A run of values among which membership does not rise. */
typedef struct block {
  double low, high; /* values */
  double in, out;   /* weights */
} block;

typedef struct curve {
  size_t first, n; /* blocks; n 0: the group has no curve of its own */
} curve;

struct threshold {
  size_t groups;
  curve *curve; /* [groups + 1], the last one of all groups together */
  block *block; /* by rising value within a curve */
  size_t n_block;
};

static int by_group_and_value(const void *a, const void *b) {
  const threshold_sample *x = a, *y = b;
  if (x->group != y->group) return x->group < y->group ? -1 : 1;
  return (x->value > y->value) - (x->value < y->value);
}

static int by_value(const void *a, const void *b) {
  const threshold_sample *x = a, *y = b;
  return (x->value > y->value) - (x->value < y->value);
}

/* Whether block a, below b, is at least as rich in members: then they are one (pool adjacent violators). */
static int out_of_order(const block *a, const block *b) {
  return a->in * b->out >= b->in * a->out;
}

static void push_block(threshold *t, size_t first, block next) {
  while (t->n_block > first && out_of_order(&t->block[t->n_block - 1], &next)) {
    const block *below = &t->block[--t->n_block];
    next = (block){below->low, next.high, below->in + next.in, below->out + next.out};
  }
  t->block[t->n_block++] = next;
}

/*
 * One curve of samples [n] in rising order. Half a sample of the wrong kind waits beyond either end, so that a few
 * members at the top are good evidence and not certainty.
 */
static curve fit_curve(threshold *t, const threshold_sample *s, size_t n, const double weight[2]) {
  size_t first = t->n_block;
  push_block(t, first, (block){s[0].value, s[0].value, 0.5 * weight[1], 0});
  for (size_t i = 0, end; i < n; i = end) {
    block equal = {s[i].value, s[i].value, 0, 0};
    for (end = i; end < n && s[end].value == s[i].value; end++)
      *(s[end].in ? &equal.in : &equal.out) += weight[s[end].in];
    push_block(t, first, equal);
  }
  push_block(t, first, (block){s[n - 1].value, s[n - 1].value, 0, 0.5 * weight[0]});
  return (curve){first, t->n_block - first};
}

static void count_kinds(const threshold_sample *s, size_t n, size_t count[2]) {
  count[0] = count[1] = 0;
  for (size_t i = 0; i < n; i++) count[s[i].in]++;
}

static void fit_curves(threshold *t, threshold_sample *s, size_t n, const double weight[2]) {
  qsort(s, n, sizeof *s, by_group_and_value);
  for (size_t start = 0, end; start < n; start = end) {
    for (end = start; end < n && s[end].group == s[start].group; end++) {
    }
    size_t count[2];
    count_kinds(s + start, end - start, count);
    if (count[0] >= FEWEST && count[1] >= FEWEST)
      t->curve[s[start].group] = fit_curve(t, s + start, end - start, weight);
  }
  qsort(s, n, sizeof *s, by_value);
  t->curve[t->groups] = fit_curve(t, s, n, weight);
}

scrim_status threshold_fit(threshold **out, threshold_sample *samples, size_t n, size_t groups, scrim_error *error) {
  size_t count[2];
  count_kinds(samples, n, count);
  if (!count[0] || !count[1])
    return fail(error, SCRIM_E_DATA, "the attacker's %zu examples hold %zu members: both kinds are needed", n,
                count[1]);
  threshold *t = memory_zalloc(1, sizeof *t);
  if (!t) return fail(error, SCRIM_E_MEMORY, "out of memory for attack thresholds");
  t->groups = groups;
  t->curve = memory_zalloc(groups + 1, sizeof *t->curve);
  /* Every sample can be a block twice, in its group's curve and in the common one; two more beyond the ends of each. */
  t->block = memory_zalloc(2 * n + 2 * (groups + 1), sizeof *t->block);
  if (!t->curve || !t->block) {
    threshold_free(t);
    return fail(error, SCRIM_E_MEMORY, "out of memory for attack thresholds on %zu examples", n);
  }
  const double weight[2] = {0.5 * (double)n / (double)count[0], 0.5 * (double)n / (double)count[1]};
  fit_curves(t, samples, n, weight);
  *out = t;
  return SCRIM_OK;
}

void threshold_free(threshold *t) {
  if (!t) return;
  memory_free(t->curve);
  memory_free(t->block);
  memory_free(t);
}

static curve curve_of(const threshold *t, size_t group) {
  return group < t->groups && t->curve[group].n ? t->curve[group] : t->curve[t->groups];
}

static double log_odds(const block *b) {
  return log(b->in) - log(b->out);
}

/* Between two blocks the middle is the border. */
static double upper_border(const block *b) {
  return 0.5 * (b[0].high + b[1].low);
}

double threshold_score(const threshold *t, double value, size_t group) {
  curve c = curve_of(t, group);
  const block *b = t->block + c.first;
  size_t low = 0, high = c.n - 1; /* the block looked for lies in low..high */
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (value > upper_border(b + middle))
      low = middle + 1;
    else
      high = middle;
  }
  return log_odds(b + low) + 1e-6 * value / (1 + fabs(value));
}

scrim_status threshold_cut_of(double *cut, const double *value, const unsigned char *in, size_t n, scrim_error *error) {
  threshold_sample *samples = memory_zalloc(n, sizeof *samples);
  if (!samples) return fail(error, SCRIM_E_MEMORY, "out of memory for the cut of %zu rows", n);
  for (size_t i = 0; i < n; i++) samples[i] = (threshold_sample){value[i], 0, in[i]};
  threshold *t = NULL;
  scrim_status status = threshold_fit(&t, samples, n, 1, error);
  if (status == SCRIM_OK) {
    curve c = curve_of(t, 0);
    const block *b = t->block + c.first;
    size_t i = 0; /* first block that is richer in members */
    while (i < c.n && b[i].in <= b[i].out) i++;
    *cut = i == 0 ? b[0].low - 1 : i == c.n ? b[c.n - 1].high : upper_border(b + i - 1);
  }
  threshold_free(t);
  memory_free(samples);
  return status;
}

/* ---- the attacks ---- */

scrim_status attack_gap(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                        scrim_error *error) {
  (void)self, (void)scored, (void)error;
  for (size_t i = 0; i < view->rows; i++) {
    size_t top = score_argmax(view->target + i * view->classes, view->classes);
    score[i] = top == (size_t)view->labels[i] ? 1 : -1;
  }
  return SCRIM_OK;
}

/* -1 where members have the lower values among the examples: a defence may turn the order round. in [n]: scratch */
static scrim_status learn_sign(double *sign, const attack_view *view, const double *value, unsigned char *in,
                               scrim_error *error) {
  double auc;
  for (size_t i = 0; i < view->n_examples; i++) in[i] = view->examples[i].in;
  scrim_status status = metrics_auc(&auc, value, in, view->n_examples, error);
  if (status == SCRIM_OK) *sign = auc < 0.5 ? -1 : 1;
  return status;
}

/* The group in which a row of this class is judged. */
static uint32_t group_of(int ranked, int32_t label) {
  /* Ranks are within the class already: one curve for all has more examples, and no class's noise. */
  return ranked ? 0 : (uint32_t)label;
}

static scrim_status learn_curves(threshold **t, double *sign, int which, const attack_view *view, scrim_error *error) {
  size_t n = view->n_examples;
  threshold_sample *samples = memory_zalloc(n, sizeof *samples);
  double *value = memory_zalloc(n, sizeof *value);
  unsigned char *in = memory_zalloc(n, 1);
  scrim_status status = samples && value && in ? statistic_of_examples(which, view, value, error)
                                               : fail(error, SCRIM_E_MEMORY, "out of memory for %zu examples", n);
  if (status == SCRIM_OK) status = learn_sign(sign, view, value, in, error);
  if (status == SCRIM_OK) {
    for (size_t i = 0; i < n; i++) {
      int32_t label = view->labels[view->examples[i].row];
      samples[i] = (threshold_sample){*sign * value[i], group_of(which & STATISTIC_RANKED, label), in[i]};
    }
    status = threshold_fit(t, samples, n, view->classes, error);
  }
  memory_free(in);
  memory_free(value);
  memory_free(samples);
  return status;
}

scrim_status attack_threshold(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                              scrim_error *error) {
  (void)scored;
  threshold *t = NULL;
  double sign = 1;
  scrim_status status = learn_curves(&t, &sign, self->option, view, error);
  if (status == SCRIM_OK) status = statistic_of_target(self->option, view, score, error);
  for (size_t i = 0; status == SCRIM_OK && i < view->rows; i++)
    score[i] = threshold_score(t, sign * score[i], group_of(self->option & STATISTIC_RANKED, view->labels[i]));
  threshold_free(t);
  return status;
}
