/* Networks that learn to tell members from the attacker's examples: NSH, ML-Leaks, and NSH calibrated by shadows. */
#include "purifier/attack_network.h"
#include "core/error.h"
#include "core/memory.h"
#include "nn/nn.h"
#include "purifier/attack.h"
#include "purifier/attack_reference.h"
#include "purifier/attack_statistic.h"
#include <math.h>
#include <string.h>

enum {
  EXAMPLES = 40000,         /* most examples that a network learns on */
  FEATURE_VALUES = 1 << 24, /* most values of their features: 64 MiB */
  WIDE = 256,               /* more classes than this: the largest scores stand for all, without the one-hot label */
  LARGEST = 64,
  TOP = 3,
  STATISTICS = 5,
  RANKS = 2,
  SHADOW_FEATURES = 6, /* of values, and as many of ranks */
  FEWEST_SHADOWS = 4,  /* below, nothing is left of the IN or the OUT shadows of a row once two are taken out */
  CHUNK = 4096         /* rows scored at a time */
};
static const float CLIP = 8; /* standard deviations that a feature may lie out */

typedef struct feature_maker {
  const attack_view *view;
  network_features kind;
  /* Ranks of the examples and of the audited rows, of each statistic in `ranked`; for all kinds but ML-Leaks. */
  double *example_rank[RANKS], *target_rank[RANKS];
  reference shadows[2]; /* values and ranks, for NETWORK_CALIBRATED */
  size_t width;
  float *mean, *inverse; /* [width] of the examples: mean, 1 / standard deviation */
} feature_maker;

static const int ranked[RANKS] = {STATISTIC_TRUE_CONFIDENCE | STATISTIC_RANKED,
                                  STATISTIC_MAX_CONFIDENCE | STATISTIC_RANKED};

/* ---- features of one row ---- */

static float log_score(float p) {
  return logf(fmaxf(p, 0) + 1e-7f);
}

/* The n largest of row [k] by falling value. */
static void largest(const float *row, size_t k, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = 0;
  for (size_t j = 0; j < k; j++) {
    float x = row[j];
    for (size_t i = 0; i < n; i++) {
      if (x <= out[i]) continue;
      float next = out[i];
      out[i] = x;
      x = next;
    }
  }
}

static float *put_largest(float *out, const float *row, size_t k, size_t n) {
  largest(row, k, out, n);
  for (size_t i = 0; i < n; i++) out[n + i] = log_score(out[i]);
  return out + 2 * n;
}

/* Scores, their logarithms (where digits far from 1 show), and the true label. */
static float *put_scores(float *out, const float *row, size_t k, int32_t label) {
  if (k > WIDE) return put_largest(out, row, k, LARGEST);
  memcpy(out, row, k * sizeof *out);
  for (size_t j = 0; j < k; j++) {
    out[k + j] = log_score(row[j]);
    out[2 * k + j] = (size_t)label == j;
  }
  return out + 3 * k;
}

/* The loss and its relatives: the true class's log odds say as much as -log p does, and stay apart where p is 1. */
static float *put_statistics(float *out, const float *row, size_t k, int32_t label) {
  for (int s = 0; s < STATISTICS; s++) out[s] = (float)statistic_of((attack_statistic)s, row, k, label);
  return out + STATISTICS;
}

/*
 * A shadow of the other kind than shadow `s` on the row, or -1. An example is described by the shadows without its
 * own; were no other left out, the number of those that remain, and with it their spread, would tell which kind the
 * example is of, as no audited row's does.
 */
static int32_t partner(const reference *r, size_t row, int32_t s) {
  for (size_t step = 1; s >= 0 && step < r->shadows; step++) {
    size_t other = ((size_t)s + step) % r->shadows;
    if (r->in[other * r->rows + row] != r->in[(size_t)s * r->rows + row]) return (int32_t)other;
  }
  return -1;
}

/* What the other shadows say about the row: mean, spread, and how far this answer lies from them; OUT, then IN. */
static float *put_shadows(float *out, const reference *r, const attack_example *e, double value) {
  int32_t other = partner(r, e->row, e->shadow);
  for (int c = 0; c < 2; c++) {
    reference_sum s = reference_without(r, e->row, c, c == e->in ? e->shadow : other);
    if (s.n < 0.5 || r->shadows < FEWEST_SHADOWS) s = (reference_sum){1, reference_mean(&r->total[c]), 0};
    double mean = reference_mean(&s);
    *out++ = (float)mean;
    *out++ = s.n > 1.5 ? (float)sqrt(reference_squares(&s) / (s.n - 1)) : 0;
    *out++ = (float)(value - mean);
  }
  return out;
}

static size_t feature_width(network_features kind, size_t k) {
  if (kind == NETWORK_ML_LEAKS) return 2 * TOP;
  size_t width = (k > WIDE ? 2 * LARGEST : 3 * k) + STATISTICS + RANKS;
  return kind == NETWORK_CALIBRATED ? width + 2 * SHADOW_FEATURES : width;
}

/* rank [RANKS]: where its classifier's other answers place this one */
static void make_features(const feature_maker *f, const attack_example *e, const double *rank, float *out) {
  size_t k = f->view->classes;
  int32_t label = f->view->labels[e->row];
  if (f->kind == NETWORK_ML_LEAKS) {
    put_largest(out, e->scores, k, TOP);
    return;
  }
  out = put_statistics(put_scores(out, e->scores, k, label), e->scores, k, label);
  for (int i = 0; i < RANKS; i++) *out++ = (float)rank[i];
  if (f->kind != NETWORK_CALIBRATED) return;
  double value = statistic_of(STATISTIC_TRUE_CONFIDENCE, e->scores, k, label);
  out = put_shadows(out, &f->shadows[0], e, value);
  put_shadows(out, &f->shadows[1], e, rank[0]);
}

static void example_features(const feature_maker *f, size_t i, float *out) {
  double rank[RANKS] = {0};
  for (int j = 0; j < RANKS; j++) rank[j] = f->example_rank[j] ? f->example_rank[j][i] : 0;
  make_features(f, &f->view->examples[i], rank, out);
}

static void target_features(const feature_maker *f, size_t row, float *out) {
  const attack_example e = {f->view->target + row * f->view->classes, (uint32_t)row, -1, 0};
  double rank[RANKS] = {0};
  for (int j = 0; j < RANKS; j++) rank[j] = f->target_rank[j] ? f->target_rank[j][row] : 0;
  make_features(f, &e, rank, out);
}

/* ---- standardising ---- */

static void learn_scale(feature_maker *f, const float *x, size_t n) {
  for (size_t j = 0; j < f->width; j++) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) sum += x[i * f->width + j];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) square += (x[i * f->width + j] - mean) * (x[i * f->width + j] - mean);
    double deviation = sqrt(square / (double)n);
    f->mean[j] = (float)mean;
    f->inverse[j] = deviation > 1e-6 ? (float)(1 / deviation) : 0; /* a constant feature says nothing */
  }
}

static void standardise(const feature_maker *f, float *x, size_t n) {
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < f->width; j++) {
      float *value = &x[i * f->width + j];
      *value = fminf(CLIP, fmaxf(-CLIP, (*value - f->mean[j]) * f->inverse[j]));
    }
  }
}

/* ---- learning and scoring ---- */

static scrim_status make_network(nn_mlp *network, const feature_maker *f, scrim_error *error) {
  random_source *random = NULL;
  scrim_status status = random_source_from_seed(&random, f->view->seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "attack network", &f->kind, sizeof f->kind, error);
  if (status == SCRIM_OK) status = nn_mlp_create(network, 3, (int[]){(int)f->width, 64, 32, 2}, NN_RELU, random, error);
  random_source_free(random);
  return status;
}

/* Enough steps for few examples, enough passes for many. */
static nn_fit fit_options(size_t n, uint64_t seed) {
  size_t epochs = 500000 / n;
  return (nn_fit){.batch = n < 8000 ? 64 : 256,
                  .epochs = epochs < 12   ? 12
                            : epochs > 80 ? 80
                                          : epochs,
                  .patience = 6,
                  .rate = 1e-3,
                  .weight_decay = 1e-4,
                  .validation = 0.15,
                  .seed = seed};
}

/*
 * Whether a calibrated network learns from the example: as many of either kind from each row. Else what describes the
 * row, such as how many IN shadows it has, would tell the kind of most of its examples.
 */
static int balanced(const feature_maker *f, const attack_example *e) {
  const reference *r = &f->shadows[0];
  if (f->kind != NETWORK_CALIBRATED || r->shadows < FEWEST_SHADOWS) return 1;
  const reference_sum *row = r->row[e->row];
  double before = 0; /* examples of the row and kind, of earlier shadows */
  for (int32_t s = 0; s < e->shadow; s++) before += r->in[(size_t)s * r->rows + e->row] == e->in;
  return before < fmin(row[0].n, row[1].n);
}

/* Features x [most, width] and kinds in [most] of up to `most` examples; answers how many. */
static size_t collect_examples(const feature_maker *f, float *x, int32_t *in, size_t most) {
  size_t n = 0;
  for (size_t i = 0; i < f->view->n_examples && n < most; i++) {
    const attack_example *e = &f->view->examples[i];
    if (!balanced(f, e)) continue;
    example_features(f, i, x + n * f->width);
    in[n++] = e->in;
  }
  return n;
}

/* *prior: log odds of "in" among the examples, which a verdict must not inherit. x [most, width], in [most]: scratch */
static scrim_status fit_network(nn_mlp *network, feature_maker *f, float *x, int32_t *in, size_t most, double *prior,
                                scrim_error *error) {
  double count[2] = {0.5, 0.5};
  size_t n = collect_examples(f, x, in, most);
  if (n == 0) return fail(error, SCRIM_E_DATA, "no audited row is both in and out of some shadow's training set");
  for (size_t i = 0; i < n; i++) count[in[i]] += 1;
  *prior = log(count[1] / count[0]);
  learn_scale(f, x, n);
  standardise(f, x, n);
  const nn_fit fit = fit_options(n, f->view->seed);
  return nn_mlp_fit(network, x, in, n, &fit, error);
}

/* x [CHUNK, width], out [CHUNK, 2]: scratch */
static scrim_status score_rows(const nn_mlp *network, const feature_maker *f, double prior, float *x, float *out,
                               double *score, scrim_error *error) {
  const attack_view *v = f->view;
  for (size_t start = 0; start < v->rows; start += CHUNK) {
    size_t n = v->rows - start < CHUNK ? v->rows - start : CHUNK;
    for (size_t i = 0; i < n; i++) target_features(f, start + i, x + i * f->width);
    standardise(f, x, n);
    scrim_status status = nn_mlp_predict(network, x, n, 0, out, error);
    if (status != SCRIM_OK) return status;
    for (size_t i = 0; i < n; i++) score[start + i] = (double)out[2 * i + 1] - out[2 * i] - prior;
  }
  return SCRIM_OK;
}

static scrim_status learn_and_score(feature_maker *f, double *score, scrim_error *error) {
  size_t n = FEATURE_VALUES / f->width < EXAMPLES ? FEATURE_VALUES / f->width : EXAMPLES;
  if (n > f->view->n_examples) n = f->view->n_examples;
  size_t rows = n > CHUNK ? n : CHUNK;
  float *x = memory_zalloc(rows * f->width, sizeof *x), *out = memory_zalloc(2 * CHUNK, sizeof *out);
  int32_t *in = memory_zalloc(n, sizeof *in);
  nn_mlp network = {0};
  double prior = 0;
  scrim_status status = x && out && in ? make_network(&network, f, error)
                                       : fail(error, SCRIM_E_MEMORY, "out of memory for %zu examples", n);
  if (status == SCRIM_OK) status = fit_network(&network, f, x, in, n, &prior, error);
  if (status == SCRIM_OK) status = score_rows(&network, f, prior, x, out, score, error);
  nn_mlp_free(&network);
  memory_free(x);
  memory_free(out);
  memory_free(in);
  return status;
}

static scrim_status rank_answers(feature_maker *f, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (int j = 0; j < RANKS && status == SCRIM_OK; j++) {
    f->example_rank[j] = memory_zalloc(f->view->n_examples, sizeof(double));
    f->target_rank[j] = memory_zalloc(f->view->rows, sizeof(double));
    if (!f->example_rank[j] || !f->target_rank[j]) return fail(error, SCRIM_E_MEMORY, "out of memory for ranks");
    status = statistic_of_examples(ranked[j], f->view, f->example_rank[j], error);
    if (status == SCRIM_OK) status = statistic_of_target(ranked[j], f->view, f->target_rank[j], error);
  }
  return status;
}

static scrim_status maker_open(feature_maker *f, scrim_error *error) {
  f->width = feature_width(f->kind, f->view->classes);
  f->mean = memory_zalloc(f->width, sizeof *f->mean);
  f->inverse = memory_zalloc(f->width, sizeof *f->inverse);
  if (!f->mean || !f->inverse) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu features", f->width);
  scrim_status status = f->kind == NETWORK_ML_LEAKS ? SCRIM_OK : rank_answers(f, error);
  if (status != SCRIM_OK || f->kind != NETWORK_CALIBRATED) return status;
  status = reference_make(&f->shadows[0], f->view, STATISTIC_TRUE_CONFIDENCE, error);
  return status == SCRIM_OK ? reference_make(&f->shadows[1], f->view, ranked[0], error) : status;
}

static void maker_close(feature_maker *f) {
  for (int j = 0; j < RANKS; j++) {
    memory_free(f->example_rank[j]);
    memory_free(f->target_rank[j]);
  }
  reference_free(&f->shadows[0]);
  reference_free(&f->shadows[1]);
  memory_free(f->mean);
  memory_free(f->inverse);
}

scrim_status attack_network(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                            scrim_error *error) {
  (void)scored;
  feature_maker f = {.view = view, .kind = (network_features)self->option};
  scrim_status status = maker_open(&f, error);
  if (status == SCRIM_OK) status = learn_and_score(&f, score, error);
  maker_close(&f);
  return status;
}
