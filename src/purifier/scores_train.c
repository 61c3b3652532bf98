/* scrim_scores_train: check, reform, saturate, choose the strength, mark members, report, write. */
#include "core/error.h"
#include "purifier/metrics.h"
#include "purifier/reformer_train.h"
#include "purifier/strength.h"
#include "purifier/swapper.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* One set of rows as training uses it. */
typedef struct row_set {
  size_t n;
  float *probabilities, *reformed; /* [n, K] */
  int32_t *labels, *truth;         /* [n]; truth NULL where not given */
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
  float *saturation_storage;
  saturation saturation;
  uint64_t *swap_digests;
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

static scrim_status check_data(const score_training *t, scrim_error *error) {
  const scrim_scores_data *d = t->data;
  if (d->reference == NULL) return fail(error, SCRIM_E_ARGUMENT, "no reference scores");
  if (d->classes < 2 || d->classes > 65536) return fail(error, SCRIM_E_DATA, "%zu classes (2 to 65536)", d->classes);
  if (d->n_reference < LEAST_REFERENCE)
    return fail(error, SCRIM_E_DATA, "%zu reference rows (at least %d)", d->n_reference, LEAST_REFERENCE);
  if (d->n_members > 0 && (d->members == NULL || d->member_labels == NULL))
    return fail(error, SCRIM_E_ARGUMENT, "members need scores and labels");
  if (t->settings.swap && (d->n_members == 0 || t->key == NULL))
    return fail(error, t->key == NULL ? SCRIM_E_KEY : SCRIM_E_ARGUMENT,
                "the label swapper (swap=1) needs members, their labels and a key");
  if (t->settings.swap && t->settings.swap_rate < 0 && d->reference_labels == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "swap_rate=-1 is taken from the accuracy gap, which needs reference labels");
  scrim_status status = score_form_check(t->settings.form, d->reference, d->n_reference, d->classes, error);
  if (status == SCRIM_OK && d->n_members > 0)
    status = score_form_check(t->settings.form, d->members, d->n_members, d->classes, error);
  if (status == SCRIM_OK) status = check_labels(d->reference_labels, d->n_reference, d->classes, "reference", error);
  if (status == SCRIM_OK) status = check_labels(d->member_labels, d->n_members, d->classes, "member", error);
  return status;
}

static void row_set_free(row_set *s, size_t k) {
  const size_t bytes = s->n * k * sizeof(float);
  if (s->probabilities != NULL) memory_wipe(s->probabilities, bytes);
  if (s->reformed != NULL) memory_wipe(s->reformed, bytes);
  memory_free(s->probabilities);
  memory_free(s->reformed);
  memory_free(s->labels);
  memory_free(s->truth);
}

/* Copies rows in the order `order` (NULL: as they are), as probabilities on the input grid. */
static scrim_status row_set_create(row_set *s, const score_training *t, const float *scores, const int32_t *truth,
                                   size_t n, const uint32_t *order, scrim_error *error) {
  const size_t k = t->k;
  *s = (row_set){.n = n,
                 .probabilities = memory_zalloc(n * k, sizeof(float)),
                 .reformed = memory_zalloc(n * k, sizeof(float)),
                 .labels = memory_zalloc(n, sizeof(int32_t)),
                 .truth = truth == NULL ? NULL : memory_zalloc(n, sizeof(int32_t))};
  if (s->probabilities == NULL || s->reformed == NULL || s->labels == NULL || (truth != NULL && s->truth == NULL))
    return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows of %zu scores", n, k);
  for (size_t i = 0; i < n; i++) {
    const size_t from = order == NULL ? i : order[i];
    s->labels[i] = (int32_t)score_argmax(scores + from * k, k);
    score_take_in(&t->settings, scores + from * k, k, s->probabilities + i * k);
    if (truth != NULL) s->truth[i] = truth[from];
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
  score_work *work = score_work_create(t->plan, &t->reformer->shape);
  scrim_status status = work == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for the reformer") : SCRIM_OK;
  for (size_t i = 0; i < rows->n && status == SCRIM_OK; i += REFORMER_PLAN_ROWS) {
    const size_t n = rows->n - i < REFORMER_PLAN_ROWS ? rows->n - i : REFORMER_PLAN_ROWS;
    status = score_reform(work, rows->probabilities + i * t->k, rows->labels + i, n, NULL, 0, rows->reformed + i * t->k,
                          error);
  }
  score_work_free(work);
  return status;
}

static scrim_status fit_saturation(score_training *t, scrim_error *error) {
  scrim_status status = reform_rows(t, &t->reference, error);
  if (status == SCRIM_OK) status = reform_rows(t, &t->members, error);
  if (status != SCRIM_OK) return status;
  t->saturation_storage = memory_zalloc(saturation_storage(t->k), sizeof(float));
  if (t->saturation_storage == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu classes", t->k);
  return saturation_fit(&t->saturation, t->saturation_storage, t->reference.reformed, t->reference.labels,
                        t->reference.truth, t->n_held, t->reference.n, t->k, error);
}

/* ---- strength and swapper, where the owner gives members ---- */

static scrim_status put_number(score_training *t, const char *name, const char *format, double value,
                               scrim_error *error) {
  char text[64];
  snprintf(text, sizeof text, format, value);
  return tensorfile_put_meta(t->writer, name, text, error);
}

static scrim_status strength_rows_create(strength_rows *out, float **confidence, unsigned char **right,
                                         const row_set *rows, size_t n, size_t k, scrim_error *error) {
  *confidence = memory_zalloc(n, sizeof **confidence);
  *right = memory_zalloc(n, 1);
  *out = (strength_rows){*confidence, *right, n};
  if (*confidence == NULL || *right == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu rows", n);
  for (size_t i = 0; i < n; i++) {
    (*confidence)[i] = rows->reformed[i * k + (size_t)rows->labels[i]];
    (*right)[i] = rows->labels[i] == rows->truth[i];
  }
  return SCRIM_OK;
}

static int strength_is_given(const scrim_config *config) {
  for (size_t i = 0; i < config->n; i++)
    if (strcmp(config->params[i].name, "strength") == 0) return config->is_set[i];
  return 0;
}

/* Chooses the strength unless the caller did, and stores the leak that goes with it. */
static scrim_status settle_strength(score_training *t, scrim_error *error) {
  float *confidence[2] = {NULL, NULL};
  unsigned char *right[2] = {NULL, NULL};
  strength_rows members, others;
  double strength = t->settings.strength, leak = 0;
  if (t->members.n == 0 || t->reference.truth == NULL) return SCRIM_OK;
  scrim_status status =
      strength_rows_create(&members, &confidence[0], &right[0], &t->members, t->members.n, t->k, error);
  if (status == SCRIM_OK)
    status = strength_rows_create(&others, &confidence[1], &right[1], &t->reference, t->n_held, t->k, error);
  if (status == SCRIM_OK) {
    if (strength_is_given(&t->config))
      status = strength_leak(&leak, &t->saturation, saturation_step(strength), &members, &others, error);
    else
      status = strength_choose(&strength, &leak, &t->saturation, t->settings.leak, &members, &others, error);
  }
  if (status == SCRIM_OK) status = scrim_config_set(&t->config, "strength", strength, error);
  if (status == SCRIM_OK) status = put_number(t, "leak_over_gap", "%.4f", leak, error);
  t->settings.strength = strength;
  for (int i = 0; i < 2; i++) {
    memory_free(confidence[i]);
    memory_free(right[i]);
  }
  return status;
}

static double accuracy(const row_set *rows) {
  size_t right = 0;
  for (size_t i = 0; i < rows->n; i++) right += rows->labels[i] == rows->truth[i];
  return (double)right / (double)rows->n;
}

static scrim_status build_swapper(score_training *t, scrim_error *error) {
  if (!t->settings.swap) return SCRIM_OK;
  const double member_accuracy = accuracy(&t->members);
  const double rate = t->settings.swap_rate >= 0 ? t->settings.swap_rate
                                                 : swapper_rate_from_gap(member_accuracy, accuracy(&t->reference));
  const swapper_settings settings = {rate, t->settings.swap_step, t->settings.swap_grids};
  size_t marked = 0;
  scrim_status status = swapper_build(t->writer, &t->swap_digests, &marked, &settings, t->members.probabilities,
                                      t->members.truth, t->members.n, t->k, t->key, error);
  if (status == SCRIM_OK) status = put_number(t, "swap.marked_members", "%.0f", (double)marked, error);
  if (status == SCRIM_OK) status = put_number(t, "swap.rate", "%.4f", rate, error);
  if (status == SCRIM_OK)
    status = put_number(t, "swap.member_accuracy_after", "%.4f",
                        member_accuracy - (double)marked / (double)t->members.n, error);
  return status;
}

/* ---- the report in the file ---- */

/* Share of the variance of the reformed confidence that the label explains: 1 is a prototype table, near 0 near-identity. */
static double share_explained(const score_training *t) {
  const size_t n = t->reference.n, k = t->k;
  double total = 0, total_square = 0, between = 0;
  for (size_t c = 0; c < k; c++) {
    double sum = 0, square = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
      if (t->reference.labels[i] != (int32_t)c) continue;
      float *row = t->reference.reformed + i * k;
      saturation_apply(&t->saturation, saturation_step(t->settings.strength), c, row);
      sum += row[c], square += (double)row[c] * row[c], count += 1;
    }
    total += sum, total_square += square;
    if (count > 0) between += sum * sum / count;
  }
  const double mean_square = total * total / (double)n, variance = total_square - mean_square;
  return variance > 1e-12 * total_square ? (between - mean_square) / variance : 1;
}

static scrim_status put_report(score_training *t, scrim_error *error) {
  const reformer_fit *f = &t->fit;
  const int collapsed = f->active_units == 0;
  const struct {
    const char *name, *format;
    double value;
  } figures[] = {
      {"classes", "%.0f", (double)t->k},
      {"reference", "%.0f", (double)t->reference.n},
      {"members", "%.0f", (double)t->members.n},
      {"seed", "%.0f", (double)t->options->seed},
      {"epochs", "%.0f", (double)f->epochs},
      {"best_epoch", "%.0f", (double)f->best_epoch},
      {"held_out_loss", "%.6g", f->held_loss},
      {"latent_kl_nats", "%.4g", f->kl},
      {"latent_active_units", "%.0f", f->active_units},
      {"posterior_collapse", "%.0f", collapsed},
      {"variance_explained_by_label", "%.4f", share_explained(t)},
  };
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
    const scrim_status status = put_number(t, figures[i].name, figures[i].format, figures[i].value, error);
    if (status != SCRIM_OK) return status;
  }
  return SCRIM_OK;
}

/* ---- all together ---- */

static void training_free(score_training *t) {
  row_set_free(&t->reference, t->k);
  row_set_free(&t->members, t->k);
  random_source_free(t->random);
  reformer_plan_free(t->plan);
  reformer_free(t->reformer);
  tensorfile_writer_free(t->writer);
  memory_free(t->saturation_storage);
  memory_free(t->swap_digests);
}

static scrim_status run(score_training *t, scrim_filter **out, scrim_error *error) {
  scrim_status status = score_settings_read(&t->settings, &t->config, error);
  if (status == SCRIM_OK) status = check_data(t, error);
  t->k = t->data->classes;
  if (status == SCRIM_OK) status = random_source_from_seed(&t->random, t->options->seed, error);
  if (status == SCRIM_OK) status = take_rows(t, error);
  if (status == SCRIM_OK) status = train_reformer(t, error);
  if (status == SCRIM_OK) status = fit_saturation(t, error);
  if (status == SCRIM_OK) status = tensorfile_writer_create(&t->writer, error);
  if (status == SCRIM_OK) status = settle_strength(t, error);
  if (status == SCRIM_OK) status = build_swapper(t, error);
  if (status == SCRIM_OK) status = put_report(t, error);
  if (status == SCRIM_OK) status = nn_params_put(t->reformer->params, "reformer.", t->writer, error);
  if (status == SCRIM_OK) status = saturation_put(&t->saturation, t->writer, error);
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
