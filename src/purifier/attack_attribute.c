#include "purifier/attack_attribute.h"
#include "core/error.h"
#include "core/memory.h"
#include "nn/nn.h"
#include "purifier/attack_features.h"
#include "purifier/metrics.h"
#include "purifier/score_form.h"

enum { EPOCHS = 40, PATIENCE = 6 };

typedef struct run {
  const attribute_attack *attack;
  attack_features look;
  float *x;          /* [known or audited, 2 K] features */
  float *posterior;  /* [audited, values] */
  double *score;     /* [audited] */
  unsigned char *is; /* [audited] 1: the row has the value in question */
  double *prior;     /* [values] share among the attacker's rows */
  size_t *count;     /* [K + 1, values] of the attacker's rows by predicted class; last: all */
} run;

static void run_free(run *r) {
  attack_features_free(&r->look);
  memory_free(r->x);
  memory_free(r->posterior);
  memory_free(r->score);
  memory_free(r->is);
  memory_free(r->prior);
  memory_free(r->count);
}

static scrim_status run_alloc(run *r, const attribute_attack *a, scrim_error *error) {
  size_t rows = a->known.n > a->audited.n ? a->known.n : a->audited.n;
  *r = (run){.attack = a};
  r->x = memory_zalloc(rows, 2 * a->classes * sizeof *r->x);
  r->posterior = memory_zalloc(a->audited.n, a->values * sizeof *r->posterior);
  r->score = memory_zalloc(a->audited.n, sizeof *r->score);
  r->is = memory_zalloc(a->audited.n, sizeof *r->is);
  r->prior = memory_zalloc(a->values, sizeof *r->prior);
  r->count = memory_zalloc((a->classes + 1) * a->values, sizeof *r->count);
  if (r->x && r->posterior && r->score && r->is && r->prior && r->count) return SCRIM_OK;
  run_free(r);
  return fail(error, SCRIM_E_MEMORY, "no memory for an attribute attack on %zu rows", rows);
}

static void fill_features(run *r, const attribute_rows *rows) {
  size_t k = r->attack->classes;
  for (size_t i = 0; i < rows->n; i++) attack_features_row(&r->look, rows->scores + i * k, r->x + i * 2 * k);
}

/* Trains on the attacker's rows and fills the posterior of the audited ones. */
static scrim_status infer(run *r, scrim_error *error) {
  const attribute_attack *a = r->attack;
  const int width[] = {2 * (int)a->classes, 64, 32, (int)a->values};
  nn_mlp network = {0};
  random_source *random = NULL;
  scrim_status status = attack_features_fit(&r->look, a->known.scores, a->known.n, a->classes, error);
  if (status == SCRIM_OK) status = random_source_from_seed(&random, a->seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "attack-attribute", NULL, 0, error);
  if (status == SCRIM_OK) status = nn_mlp_create(&network, 3, width, NN_RELU, random, error);
  random_source_free(random);
  if (status != SCRIM_OK) return status;
  const nn_fit fit = {
      .batch = 64, .epochs = EPOCHS, .patience = PATIENCE, .rate = 1e-3, .validation = 0.1, .seed = a->seed};
  fill_features(r, &a->known);
  status = nn_mlp_fit(&network, r->x, a->known.attribute, a->known.n, &fit, error);
  if (status == SCRIM_OK) {
    fill_features(r, &a->audited);
    status = nn_mlp_predict(&network, r->x, a->audited.n, 1, r->posterior, error);
  }
  nn_mlp_free(&network);
  return status;
}

static void count_known(run *r) {
  const attribute_attack *a = r->attack;
  for (size_t i = 0; i < a->known.n; i++) {
    size_t label = score_argmax(a->known.scores + i * a->classes, a->classes), value = (size_t)a->known.attribute[i];
    r->count[label * a->values + value]++;
    r->count[a->classes * a->values + value]++;
    r->prior[value] += 1 / (double)a->known.n;
  }
}

/* The most frequent value among the attacker's rows of a predicted class (K: of all). */
static size_t most_frequent(const run *r, size_t label) {
  const size_t *count = r->count + label * r->attack->values;
  size_t best = 0;
  for (size_t v = 1; v < r->attack->values; v++)
    if (count[v] > count[best]) best = v;
  return best;
}

/* Guesses without the network: by the majority, and by the label. */
static void guess(const run *r, attribute_result *result) {
  const attribute_rows *rows = &r->attack->audited;
  size_t k = r->attack->classes, right = 0, right_by_label = 0;
  for (size_t i = 0; i < rows->n; i++) {
    size_t truth = (size_t)rows->attribute[i], label = score_argmax(rows->scores + i * k, k);
    right += most_frequent(r, k) == truth;
    right_by_label += most_frequent(r, label) == truth;
  }
  result->majority = (double)right / (double)rows->n;
  result->label_guess = (double)right_by_label / (double)rows->n;
}

/* The value whose posterior stands highest above its prior. */
static size_t most_raised(const run *r, const float *posterior) {
  size_t best = 0;
  double most = -1;
  for (size_t v = 0; v < r->attack->values; v++) {
    double raised = r->prior[v] > 0 ? posterior[v] / r->prior[v] : 0;
    if (raised > most) most = raised, best = v;
  }
  return best;
}

/* What the network finds, averaged over rows, and over values with all values alike. */
static scrim_status judge(run *r, attribute_result *result, scrim_error *error) {
  const attribute_rows *rows = &r->attack->audited;
  size_t values = r->attack->values, right = 0, present = 0, ranked = 0;
  double found_share = 0, auc_sum = 0;
  for (size_t i = 0; i < rows->n; i++)
    right += score_argmax(r->posterior + i * values, values) == (size_t)rows->attribute[i];
  for (size_t v = 0; v < values; v++) {
    size_t have = 0, found = 0;
    for (size_t i = 0; i < rows->n; i++) {
      r->is[i] = (size_t)rows->attribute[i] == v;
      r->score[i] = r->posterior[i * values + v];
      have += r->is[i];
      found += r->is[i] && most_raised(r, r->posterior + i * values) == v;
    }
    if (!have) continue;
    present++;
    found_share += (double)found / (double)have;
    if (have == rows->n) continue;
    double auc;
    scrim_status status = metrics_auc(&auc, r->score, r->is, rows->n, error);
    if (status != SCRIM_OK) return status;
    ranked++;
    auc_sum += auc;
  }
  result->accuracy = (double)right / (double)rows->n;
  result->balanced_accuracy = found_share / (double)present;
  result->auc = ranked ? auc_sum / (double)ranked : 0.5;
  return SCRIM_OK;
}

static scrim_status check_values(const attribute_rows *rows, size_t values, scrim_error *error) {
  if (!rows->n) return fail(error, SCRIM_E_ARGUMENT, "the attribute attack needs rows to learn on and rows to audit");
  for (size_t i = 0; i < rows->n; i++)
    if (rows->attribute[i] < 0 || (size_t)rows->attribute[i] >= values)
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "attribute %d of row %zu is not in 0..%zu",
                      (int)rows->attribute[i], i, values - 1);
  return SCRIM_OK;
}

scrim_status attack_attribute(attribute_result *result, const attribute_attack *attack, scrim_error *error) {
  run r;
  scrim_status status = check_values(&attack->known, attack->values, error);
  if (status == SCRIM_OK) status = check_values(&attack->audited, attack->values, error);
  if (status == SCRIM_OK) status = run_alloc(&r, attack, error);
  if (status != SCRIM_OK) return status;
  *result = (attribute_result){0};
  count_known(&r);
  guess(&r, result);
  status = infer(&r, error);
  if (status == SCRIM_OK) status = judge(&r, result, error);
  run_free(&r);
  return status;
}
