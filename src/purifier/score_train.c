/* scrim_scores_train: check, reform, cut levels, choose the strength, mark members, report, write. */
#include "core/error.h"
#include "core/figures.h"
#include "purifier/levels_tell.h"
#include "purifier/metrics.h"
#include "purifier/reformer_train.h"
#include "purifier/swap_chance.h"
#include "purifier/swap_fit.h"
#include "purifier/swap_rank.h"
#include <math.h>

/* One set of rows as training uses it. */
typedef struct row_set {
  size_t n;
  float *probabilities, *reformed; /* [n, K] */
  int32_t *labels, *truth;         /* [n]; truth NULL where not given */
  float *rank;                     /* [n] */
  unsigned char *right;            /* [n]; NULL where truth is */
} row_set;

typedef struct score_training {
  const scrim_scores_data *data;
  const scrim_train_options *options;
  const scrim_key *key;
  scrim_config config; /* with what training chose */
  score_settings settings;
  size_t k, n_held;
  row_set reference, members; /* the reference in shuffled order, held-out rows first */
  random_source *random;
  reformer *reformer;
  reformer_plan *plan;
  reformer_fit fit;
  float *levels_storage;
  levels levels;
  swapper *swapper; /* the writer borrows its index */
  swap_rank swap_rank;
  tensorfile_writer *writer;
} score_training;

/* ---- rows in ---- */

enum { LEAST_REFERENCE = 40 };

static scrim_status check_labels(const int32_t *labels, size_t n, size_t k, const char *what, scrim_error *error) {
  for (size_t i = 0; labels != NULL && i < n; i++)
    if (labels[i] < 0 || (size_t)labels[i] >= k)
      return fail_row(error, SCRIM_E_DATA, (int64_t)i, "%s label %d in row %zu is no class (0 to %zu)", what, labels[i],
                      i, k - 1);
  return SCRIM_OK;
}

static scrim_status check_scores(const score_training *t, const float *rows, size_t n, const char *what,
                                 scrim_error *error) {
  scrim_error cause;
  const scrim_status status = score_form_check(t->settings.form, rows, n, t->data->classes, &cause);
  return status == SCRIM_OK ? status : fail_row(error, status, cause.row, "%s: %.200s", what, cause.message);
}

static scrim_status check_data(const score_training *t, scrim_error *error) {
  const scrim_scores_data *d = t->data;
  if (d->reference == NULL) return fail(error, SCRIM_E_ARGUMENT, "no reference scores");
  if (d->classes < 2 || d->classes > 65536) return fail(error, SCRIM_E_DATA, "%zu classes (2 to 65536)", d->classes);
  if (d->n_reference < LEAST_REFERENCE)
    return fail(error, SCRIM_E_DATA, "%zu reference rows (at least %d)", d->n_reference, LEAST_REFERENCE);
  if (d->n_reference > UINT32_MAX || d->n_members > UINT32_MAX)
    return fail(error, SCRIM_E_DATA, "%zu reference rows and %zu members (at most %u of each)", d->n_reference,
                d->n_members, UINT32_MAX);
  if (d->n_members > 0 && (d->members == NULL || d->member_labels == NULL))
    return fail(error, SCRIM_E_ARGUMENT, "members need scores and labels");
  if (t->settings.swap && (d->n_members == 0 || t->key == NULL))
    return fail(error, t->key == NULL ? SCRIM_E_KEY : SCRIM_E_ARGUMENT,
                "the label swapper (swap=1) needs members, their labels and a key");
  if (t->settings.swap && t->settings.swap_rate < 0 && d->reference_labels == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "swap_rate=-1 is taken from the accuracy gap, which needs reference labels");
  scrim_status status = check_scores(t, d->reference, d->n_reference, "reference", error);
  if (status == SCRIM_OK) status = check_scores(t, d->members, d->n_members, "members", error);
  if (status == SCRIM_OK) status = check_labels(d->reference_labels, d->n_reference, d->classes, "reference", error);
  if (status == SCRIM_OK) status = check_labels(d->member_labels, d->n_members, d->classes, "member", error);
  return status;
}

static void row_set_free(row_set *s, size_t k) {
  memory_wipe_free(s->probabilities, s->n * k * sizeof *s->probabilities);
  memory_wipe_free(s->reformed, s->n * k * sizeof *s->reformed);
  memory_wipe_free(s->rank, s->n * sizeof *s->rank);
  memory_free(s->labels);
  memory_free(s->truth);
  memory_free(s->right);
}

/* Copies rows in the order `order` (NULL: as they are), as probabilities on the input grid. */
static scrim_status row_set_create(row_set *s, const score_training *t, const float *scores, const int32_t *truth,
                                   size_t n, const uint32_t *order, scrim_error *error) {
  const size_t k = t->k;
  *s = (row_set){.n = n,
                 .probabilities = memory_zalloc(n * k, sizeof(float)),
                 .reformed = memory_zalloc(n * k, sizeof(float)),
                 .labels = memory_zalloc(n, sizeof(int32_t)),
                 .truth = truth == NULL ? NULL : memory_zalloc(n, sizeof(int32_t)),
                 .rank = memory_zalloc(n, sizeof(float)),
                 .right = truth == NULL ? NULL : memory_zalloc(n, 1)};
  if (s->probabilities == NULL || s->reformed == NULL || s->labels == NULL || s->rank == NULL ||
      (truth != NULL && (s->truth == NULL || s->right == NULL)))
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows of %zu scores", n, k);
  for (size_t i = 0; i < n; i++) {
    const size_t from = order == NULL ? i : order[i];
    s->labels[i] = (int32_t)score_argmax(scores + from * k, k);
    s->rank[i] = score_take_in(&t->settings, scores + from * k, k, s->probabilities + i * k);
    score_to_grid(&t->settings, s->probabilities + i * k, k);
    if (truth == NULL) continue;
    s->truth[i] = truth[from];
    s->right[i] = s->labels[i] == s->truth[i];
  }
  return SCRIM_OK;
}

static scrim_status take_rows(score_training *t, scrim_error *error) {
  const scrim_scores_data *d = t->data;
  uint32_t *order = memory_zalloc(d->n_reference, sizeof *order);
  if (order == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows", d->n_reference);
  for (size_t i = 0; i < d->n_reference; i++) order[i] = (uint32_t)i;
  scrim_status status = random_begin(t->random, "holdout", NULL, 0, error);
  if (status == SCRIM_OK) {
    random_shuffle(t->random, order, d->n_reference);
    t->n_held = (size_t)ceil(t->settings.holdout * (double)d->n_reference);
    status = row_set_create(&t->reference, t, d->reference, d->reference_labels, d->n_reference, order, error);
  }
  if (status == SCRIM_OK && d->n_members > 0)
    status = row_set_create(&t->members, t, d->members, d->member_labels, d->n_members, NULL, error);
  memory_free(order);
  return status;
}

/* ---- the reformer ---- */

static reformer_shape choose_shape(const score_settings *s, size_t k) {
  reformer_shape shape = reformer_shape_for((int)k);
  for (int i = 0; i < 3; i++)
    if (s->hidden[i] > 0) shape.hidden[i] = s->hidden[i];
  if (s->latent > 0) shape.latent = s->latent;
  shape.log_features = s->log_features;
  return shape;
}

static scrim_status train_reformer(score_training *t, scrim_error *error) {
  const reformer_shape shape = choose_shape(&t->settings, t->k);
  const reformer_data data = {t->reference.probabilities, t->reference.labels, t->reference.truth, t->n_held,
                              t->reference.n};
  scrim_status status = random_begin(t->random, "reformer weights", NULL, 0, error);
  if (status == SCRIM_OK) status = reformer_create(&t->reformer, &shape, t->random, error);
  if (status == SCRIM_OK) status = reformer_train(t->reformer, &t->fit, &data, &t->settings, t->options, error);
  if (status == SCRIM_OK) status = reformer_plan_create(&t->plan, t->reformer, error);
  return status;
}

static scrim_status reform_rows(const score_training *t, row_set *rows, scrim_error *error) {
  const size_t k = t->k;
  score_work *work = score_work_create(t->plan, &t->reformer->shape);
  scrim_status status = work == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for the reformer") : SCRIM_OK;
  for (size_t i = 0; i < rows->n && status == SCRIM_OK; i += REFORMER_PLAN_ROWS) {
    const size_t n = rows->n - i < REFORMER_PLAN_ROWS ? rows->n - i : REFORMER_PLAN_ROWS;
    status =
        score_reform(work, rows->probabilities + i * k, rows->labels + i, n, NULL, 0, rows->reformed + i * k, error);
  }
  for (size_t i = 0; t->settings.rank_reformed && i < rows->n; i++)
    rows->rank[i] = levels_rank(rows->reformed + i * k, k, (size_t)rows->labels[i]);
  score_work_free(work);
  return status;
}

static levels_rows as_levels_rows(const row_set *rows, size_t n) {
  return (levels_rows){rows->rank, rows->labels, rows->right, n};
}

/* Reference rows that the levels may be fitted on: the reformer is too sure of those that it was trained on. */
static levels_rows reference_rows(const score_training *t) {
  return as_levels_rows(&t->reference, t->settings.rank_reformed ? t->n_held : t->reference.n);
}

static scrim_status fit_levels(score_training *t, scrim_error *error) {
  scrim_status status = reform_rows(t, &t->reference, error);
  if (status == SCRIM_OK) status = reform_rows(t, &t->members, error);
  if (status != SCRIM_OK) return status;
  t->levels_storage = memory_zalloc(levels_storage(t->k), sizeof(float));
  if (t->levels_storage == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu classes", t->k);
  const levels_rows reference = reference_rows(t), members = as_levels_rows(&t->members, t->members.n);
  return levels_fit(&t->levels, t->levels_storage, &reference, members.n > 0 ? &members : NULL, t->reference.reformed,
                    t->k, error);
}

/* ---- strength and swapper, where the owner gives members ---- */

static scrim_status put_figure(score_training *t, const char *name, double value, int digits, scrim_error *error) {
  const figure one = {name, value, digits};
  return figures_put(&one, 1, t->writer, error);
}

static double accuracy(const row_set *rows) {
  const levels_rows all = as_levels_rows(rows, rows->n);
  return levels_accuracy(&all);
}

/* Members are what the classifier was trained on: it is not clearly worse on them than elsewhere. */
static scrim_status check_accuracies(const score_training *t, scrim_error *error) {
  const double members = accuracy(&t->members), reference = accuracy(&t->reference);
  const double deviation = sqrt(0.25 / (double)t->members.n + 0.25 / (double)t->reference.n);
  if (members >= reference - 5 * deviation) return SCRIM_OK;
  return fail(error, SCRIM_E_DATA,
              "%.1f %% of the members are right, but %.1f %% of the reference: are tables or labels "
              "exchanged?",
              100 * members, 100 * reference);
}

/* Chooses the strength, unless the caller did, and stores the leak that goes with it. */
static scrim_status settle_strength(score_training *t, scrim_error *error) {
  if (t->members.n == 0 || t->reference.truth == NULL) return SCRIM_OK;
  const levels_rows reference = reference_rows(t), members = as_levels_rows(&t->members, t->members.n);
  scrim_status status = check_accuracies(t, error);
  if (status == SCRIM_OK) status = put_figure(t, "reference_accuracy", accuracy(&t->reference), 4, error);
  const int given = scrim_config_is_set(&t->config, "strength");
  int step = given ? levels_step(t->settings.strength) : 1;
  if (status != SCRIM_OK || step == 0) return status; /* at 0 nothing is merged: the audit says what that leaks */
  double leak;
  const double most = given ? INFINITY : t->settings.leak;
  status = levels_choose(&step, &leak, most, &members, &reference, t->random, error);
  if (status == SCRIM_OK && !given) {
    t->settings.strength = (double)step / LEVELS_STEPS;
    status = scrim_config_set(&t->config, "strength", t->settings.strength, error);
  }
  return status == SCRIM_OK ? put_figure(t, "leak_over_labels", leak, 4, error) : status;
}

/* Vectors as the index sees them: before the input grid, which would make many of them look alike. [n, k] */
static float *before_grid(const score_training *t, const float *scores, size_t n) {
  float *probabilities = memory_zalloc(n * t->k, sizeof *probabilities);
  for (size_t i = 0; probabilities != NULL && i < n; i++)
    score_take_in(&t->settings, scores + i * t->k, t->k, probabilities + i * t->k);
  return probabilities;
}

static scrim_status fit_swapper(score_training *t, double rate, swap_effect *effect, scrim_error *error) {
  const scrim_scores_data *d = t->data;
  const size_t k = t->k, n = d->n_members, n_others = d->n_reference;
  const levels_rows members = as_levels_rows(&t->members, n), reference = reference_rows(t);
  float *of_members = before_grid(t, d->members, n), *of_others = before_grid(t, d->reference, n_others);
  float *chance = memory_zalloc(n, sizeof *chance);
  const swap_rows to_mark = {of_members, d->member_labels, n}, others = {of_others, NULL, n_others};
  const swapper_settings widest = {t->settings.swap_step, t->settings.swap_grids};
  scrim_status status = of_members == NULL || of_others == NULL || chance == NULL
                            ? fail(error, SCRIM_E_MEMORY, "out of memory for %zu members", n)
                            : swap_chances(chance, &members, &reference, rate, error);
  if (status == SCRIM_OK) status = swap_fit(&t->swapper, effect, &widest, &to_mark, chance, &others, k, t->key, error);
  memory_wipe_free(of_members, n * k * sizeof *of_members);
  memory_wipe_free(of_others, n_others * k * sizeof *of_others);
  memory_free(chance);
  return status;
}

static scrim_status build_swapper(score_training *t, scrim_error *error) {
  if (!t->settings.swap) return SCRIM_OK;
  const double rate = t->settings.swap_rate >= 0
                          ? t->settings.swap_rate
                          : swapper_rate_from_gap(accuracy(&t->members), accuracy(&t->reference));
  swap_effect effect;
  const levels_rows members = as_levels_rows(&t->members, t->members.n), reference = reference_rows(t);
  scrim_status status = fit_swapper(t, rate, &effect, error);
  if (status == SCRIM_OK) status = swapper_put(t->swapper, t->writer, error);
  if (status == SCRIM_OK) status = swap_rank_fit(&t->swap_rank, &members, &reference, error);
  if (status == SCRIM_OK) status = swap_rank_put(&t->swap_rank, t->writer, error);
  if (status == SCRIM_OK) status = put_figure(t, "swap.marked_members", (double)swapper_marked(t->swapper), 0, error);
  if (status == SCRIM_OK) status = put_figure(t, "swap.rate", rate, 4, error);
  if (status == SCRIM_OK) status = put_figure(t, "swap.member_accuracy_after", effect.member_accuracy, 4, error);
  if (status == SCRIM_OK) status = put_figure(t, "swap.others_swapped", effect.others, 4, error);
  return status;
}

/* ---- the report in the file ---- */

/* The confidence that leaves with reference row i. */
static double released_confidence(const score_training *t, size_t i) {
  const size_t label = (size_t)t->reference.labels[i];
  const int step = levels_step(t->settings.strength);
  if (step == 0) return t->reference.reformed[i * t->k + label];
  const int level = levels_find(&t->levels, step, t->reference.rank[i]);
  return t->levels.confidence[((size_t)step * LEVELS_MAX + (size_t)level) * t->k + label];
}

/* Share of the variance of released confidence that the label explains: 1 is a prototype table. */
static scrim_status share_explained(const score_training *t, double *share, scrim_error *error) {
  const size_t n = t->reference.n;
  double total = 0, square = 0, between = 0;
  double *sum = memory_zalloc(2 * t->k, sizeof *sum);
  if (sum == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu classes", t->k);
  double *count = sum + t->k;
  for (size_t i = 0; i < n; i++) {
    const double confidence = released_confidence(t, i);
    sum[t->reference.labels[i]] += confidence;
    count[t->reference.labels[i]] += 1;
    total += confidence;
    square += confidence * confidence;
  }
  for (size_t c = 0; c < t->k; c++) between += count[c] > 0 ? sum[c] * sum[c] / count[c] : 0;
  memory_free(sum);
  const double mean_square = total * total / (double)n, variance = square - mean_square;
  *share = variance > 1e-9 * square ? (between - mean_square) / variance : 1;
  return SCRIM_OK;
}

static scrim_status put_report(score_training *t, scrim_error *error) {
  const reformer_fit *f = &t->fit;
  const int collapsed = f->active_units == 0;
  double explained = 0;
  scrim_status status = figures_put_seed("seed", t->options->seed, t->writer, error);
  if (status == SCRIM_OK) status = share_explained(t, &explained, error);
  const figure figures[] = {
      {"classes", (double)t->k, 0},
      {"reference", (double)t->reference.n, 0},
      {"members", (double)t->members.n, 0},
      {"epochs", (double)f->epochs, 0},
      {"best_epoch", (double)f->best_epoch, 0},
      {"held_out_loss", f->held_loss, 6},
      {"latent_kl_nats", f->kl, 4},
      {"latent_active_units", f->active_units, 0},
      {"posterior_collapse", collapsed, 0},
      {"variance_explained_by_label", explained, 4},
  };
  return status == SCRIM_OK ? figures_put(figures, sizeof figures / sizeof *figures, t->writer, error) : status;
}

/* ---- all together ---- */

static void training_free(score_training *t) {
  row_set_free(&t->reference, t->k);
  row_set_free(&t->members, t->k);
  random_source_free(t->random);
  reformer_plan_free(t->plan);
  reformer_free(t->reformer);
  tensorfile_writer_free(t->writer);
  memory_free(t->levels_storage);
  swapper_close(t->swapper);
}

static scrim_status run(score_training *t, scrim_filter **out, scrim_error *error) {
  scrim_status status = score_settings_read(&t->settings, &t->config, error);
  if (status == SCRIM_OK) status = check_data(t, error);
  t->k = t->data->classes;
  if (status == SCRIM_OK) status = random_source_from_seed(&t->random, t->options->seed, error);
  if (status == SCRIM_OK) status = take_rows(t, error);
  if (status == SCRIM_OK) status = train_reformer(t, error);
  if (status == SCRIM_OK) status = fit_levels(t, error);
  if (status == SCRIM_OK) status = tensorfile_writer_create(&t->writer, error);
  if (status == SCRIM_OK) status = settle_strength(t, error);
  if (status == SCRIM_OK) status = build_swapper(t, error);
  if (status == SCRIM_OK) status = put_report(t, error);
  if (status == SCRIM_OK) status = nn_params_put(t->reformer->params, "reformer.", t->writer, error);
  if (status == SCRIM_OK) status = levels_put(&t->levels, t->writer, error);
  if (status == SCRIM_OK) status = filter_build(out, &scores_filter, t->writer, &t->config, error);
  return status;
}

scrim_status scrim_scores_train(scrim_filter **out, const scrim_scores_data *data, const scrim_config *config,
                                const scrim_key *key, const scrim_train_options *options, scrim_error *error) {
  static const scrim_train_options defaults = {0};
  if (out == NULL || data == NULL) return fail(error, SCRIM_E_ARGUMENT, "NULL where a filter and data were expected");
  *out = NULL;
  score_training t = {.data = data, .options = options != NULL ? options : &defaults, .key = key};
  scrim_status status = SCRIM_OK;
  if (config == NULL)
    status = scrim_config_init(&t.config, "scores", error);
  else if (config->params != score_params)
    status = fail(error, SCRIM_E_ARGUMENT, "the config is not of kind \"scores\"");
  else
    t.config = *config;
  if (status == SCRIM_OK) status = run(&t, out, error);
  training_free(&t);
  return status;
}
