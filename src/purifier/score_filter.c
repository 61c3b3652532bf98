/* The score filter's table: load, session, check, apply. Training is in score_train.c, the audit in audit.c. */
#include "purifier/score_filter.h"

#include "core/error.h"
#include "purifier/release.h"
#include "purifier/swap_rank.h"
#include "purifier/swapper.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the model ---- */

static void score_unload(void *model) {
  score_model *m = model;
  if (m == NULL) return;
  reformer_plan_free(m->plan);
  memory_free(m);
}

/* That the file holds all weights of the shape, so that a small file cannot ask for gigabytes. */
static scrim_status check_weights(const reformer_shape *s, const tensorfile *file, scrim_error *error) {
  const int *h = s->hidden, k = s->classes, latent = s->latent;
  const struct {
    const char *name;
    int out, in;
  } layers[] = {
      {"reformer.encoder.0.weight", h[0], 2 * k},     {"reformer.encoder.1.weight", h[1], h[0]},
      {"reformer.encoder.2.weight", h[2], h[1]},      {"reformer.mean.weight", latent, h[2]},
      {"reformer.log_variance.weight", latent, h[2]}, {"reformer.decoder.0.weight", h[2], latent + k},
      {"reformer.decoder.1.weight", h[1], h[2]},      {"reformer.decoder.2.weight", h[0], h[1]},
      {"reformer.decoder.3.weight", k, h[0]},
  };
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < sizeof layers / sizeof *layers && status == SCRIM_OK; i++) {
    int64_t shape[2] = {layers[i].out, layers[i].in};
    const void *data;
    status = tensorfile_get(file, layers[i].name, TENSORFILE_F32, 2, shape, &data, error);
  }
  return status;
}

/* The layer sizes come from the lengths of the biases, within what score_params allows. */
static scrim_status read_shape(reformer_shape *shape, const tensorfile *file, const scrim_config *config,
                               scrim_error *error) {
  static const char *const names[] = {"reformer.encoder.0.bias", "reformer.encoder.1.bias", "reformer.encoder.2.bias",
                                      "reformer.mean.bias", "reformer.decoder.3.bias"};
  int *const sizes[] = {&shape->hidden[0], &shape->hidden[1], &shape->hidden[2], &shape->latent, &shape->classes};
  static const int most[] = {8192, 8192, 8192, 1024, 65536};
  score_settings settings;
  scrim_status status = score_settings_read(&settings, config, error);
  for (size_t i = 0; i < sizeof names / sizeof *names && status == SCRIM_OK; i++) {
    int64_t n[1] = {-1};
    const void *data;
    status = tensorfile_get(file, names[i], TENSORFILE_F32, 1, n, &data, error);
    if (status == SCRIM_OK && (n[0] < 1 || n[0] > most[i]))
      status = fail(error, SCRIM_E_FORMAT, "%s has %lld values (1 to %d)", names[i], (long long)n[0], most[i]);
    *sizes[i] = (int)n[0];
  }
  shape->log_features = settings.log_features;
  if (status == SCRIM_OK && shape->classes < 2)
    status = fail(error, SCRIM_E_FORMAT, "the filter is for %d class; at least 2 are needed", shape->classes);
  return status == SCRIM_OK ? check_weights(shape, file, error) : status;
}

static scrim_status score_load(void **model, const tensorfile *file, const scrim_config *config, scrim_error *error) {
  reformer_shape shape;
  reformer *r = NULL;
  scrim_status status = read_shape(&shape, file, config, error);
  if (status != SCRIM_OK) return status;
  score_model *m = memory_zalloc(1, sizeof *m);
  if (m == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a score filter");
  m->k = (size_t)shape.classes;
  m->file = file;
  m->shape = shape;
  status = levels_get(&m->levels, file, m->k, error);
  if (status == SCRIM_OK) status = reformer_create(&r, &shape, NULL, error);
  if (status == SCRIM_OK) status = nn_params_get(r->params, "reformer.", file, error);
  if (status == SCRIM_OK) status = reformer_plan_create(&m->plan, r, error);
  reformer_free(r);
  if (status == SCRIM_OK)
    *model = m;
  else
    score_unload(m);
  return status;
}

static size_t score_columns(const void *model) {
  return ((const score_model *)model)->k;
}

/* ---- what comes in ---- */

float score_take_in(const score_settings *settings, const float *row, size_t k, float *probabilities) {
  score_form_to_probabilities(settings->form, row, k, probabilities);
  return levels_rank(probabilities, k, score_argmax(row, k));
}

void score_to_grid(const score_settings *settings, float *probabilities, size_t k) {
  const double step = settings->input_step;
  for (size_t j = 0; step > 0 && j < k; j++) probabilities[j] = (float)(nearbyint(probabilities[j] / step) * step);
}

/* ---- sessions ---- */

typedef struct score_session {
  const score_model *model;
  score_settings settings;
  int units, step; /* grid of released scores; step of the tables of levels, 0: none */
  random_source *source;
  swapper *swapper;                     /* NULL where it is off */
  const float (*swap_rank)[SWAP_RANKS]; /* [2], where it is on */
  score_work *work;
  size_t rows;                     /* of a block */
  float *probabilities, *reformed; /* [rows, K] */
  int32_t *label;                  /* [rows] */
  float *rank;                     /* [rows] */
  unsigned char *swapped;          /* [rows] */
} score_session;

static void score_close(void *state) {
  score_session *s = state;
  if (s == NULL) return;
  const size_t bytes = s->rows * s->model->k * sizeof(float);
  memory_wipe_free(s->probabilities, bytes);
  memory_wipe_free(s->reformed, bytes);
  memory_wipe_free(s->label, s->rows * sizeof *s->label);
  memory_wipe_free(s->rank, s->rows * sizeof *s->rank);
  memory_wipe_free(s->swapped, s->rows);
  score_work_free(s->work);
  swapper_close(s->swapper);
  random_source_free(s->source);
  memory_free(s);
}

static scrim_status open_swapper(score_session *s, const scrim_key *key, scrim_error *error) {
  if (!s->settings.swap) return SCRIM_OK;
  if (!tensorfile_has(s->model->file, "swap.digests"))
    return fail(error, SCRIM_E_UNSUPPORTED, "swap=1, but the filter was trained without an index of members (swap=0)");
  const scrim_status status = swap_rank_get(&s->swap_rank, s->model->file, error);
  return status == SCRIM_OK ? swapper_open(&s->swapper, s->model->file, s->model->k, key, error) : status;
}

static scrim_status score_open(void **state, const void *model, const scrim_key *key, const scrim_config *config,
                               scrim_error *error) {
  score_session *s = memory_zalloc(1, sizeof *s);
  if (s == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a session");
  s->model = model;
  const size_t k = s->model->k;
  scrim_status status = score_settings_read(&s->settings, config, error);
  if (status == SCRIM_OK) status = random_source_create(&s->source, key, error);
  if (status == SCRIM_OK) status = open_swapper(s, key, error);
  if (status == SCRIM_OK) status = score_work_open(&s->work, s->model, config->device, s->settings.noise > 0, error);
  if (status == SCRIM_OK) {
    s->units = score_units(s->settings.decimals, k);
    s->step = levels_step(s->settings.strength);
    s->rows = score_work_rows(s->work);
    s->probabilities = memory_zalloc(s->rows * k, sizeof(float));
    s->reformed = memory_zalloc(s->rows * k, sizeof(float));
    s->label = memory_zalloc(s->rows, sizeof *s->label);
    s->rank = memory_zalloc(s->rows, sizeof *s->rank);
    s->swapped = memory_zalloc(s->rows, sizeof *s->swapped);
    if (!s->probabilities || !s->reformed || !s->label || !s->rank || !s->swapped)
      status = fail(error, SCRIM_E_MEMORY, "out of memory for a session of %zu classes", k);
  }
  if (status == SCRIM_OK)
    *state = s;
  else
    score_close(s);
  return status;
}

static scrim_status score_check(const void *state, const scrim_view *in, scrim_error *error) {
  const score_session *s = state;
  return score_form_check(s->settings.form, in->data, in->rows, s->model->k, error);
}

/* Exchanges the two largest scores: PURIFIER's swap. Answers the new label. */
static size_t swap_top_two(float *row, size_t k, size_t label) {
  size_t second = label == 0 ? 1 : 0;
  for (size_t j = 0; j < k; j++)
    if (j != label && row[j] > row[second]) second = j;
  const float top = row[label];
  row[label] = row[second];
  row[second] = top;
  return second;
}

/* Row i of a block: raw -> its rank, its probabilities on the input grid, and the label to release. */
static scrim_status take_in(score_session *s, const float *raw, size_t i, scrim_error *error) {
  const size_t k = s->model->k;
  float *row = s->probabilities + i * k;
  int32_t *label = &s->label[i];
  int swap = 0;
  *label = (int32_t)score_argmax(raw, k);
  s->rank[i] = score_take_in(&s->settings, raw, k, row);
  if (s->swapper != NULL) {
    const scrim_status status = swapper_decide(s->swapper, row, &swap, error);
    if (status != SCRIM_OK) return status;
  }
  s->swapped[i] = (unsigned char)swap;
  if (swap) *label = (int32_t)swap_top_two(row, k, (size_t)*label);
  score_to_grid(&s->settings, row, k);
  return SCRIM_OK;
}

/* The network is needed only where its row, or its confidence, decides what leaves. */
static int needs_reformer(const score_session *s) {
  return s->step == 0 || s->settings.rank_reformed;
}

/* Row i of a block: the code word of its level, or at strength 0 the reformed row itself. */
static void release_row(score_session *s, size_t i, float *out) {
  const size_t k = s->model->k, label = (size_t)s->label[i];
  const float *raw = s->probabilities + i * k, mix = (float)s->settings.mix;
  float *row = s->reformed + i * k;
  if (s->step > 0) {
    float rank = s->settings.rank_reformed ? levels_rank(row, k, label) : s->rank[i];
    if (s->swapped[i]) rank = swap_rank_map(s->swap_rank, rank);
    levels_word(&s->model->levels, s->step, levels_find(&s->model->levels, s->step, rank), label, row);
  } else {
    for (size_t j = 0; mix > 0 && j < k; j++) row[j] += mix * (raw[j] - row[j]);
  }
  release_keep_label(row, k, label, s->units);
  release_round(row, k, label, s->units);
  score_form_from_probabilities(s->settings.form, row, k, out);
}

static scrim_status apply_block(score_session *s, const float *in, float *out, size_t n, scrim_error *error) {
  const size_t k = s->model->k;
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) status = take_in(s, in + i * k, i, error);
  if (status == SCRIM_OK && needs_reformer(s))
    status = score_reform(s->work, s->probabilities, s->label, n, s->source, s->settings.noise, s->reformed, error);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) release_row(s, i, out + i * k);
  return status;
}

static scrim_status score_apply(void *state, const scrim_view *in, scrim_view *out, scrim_error *error) {
  score_session *s = state;
  const size_t k = s->model->k;
  for (size_t i = 0; i < in->rows; i += s->rows) {
    const size_t n = in->rows - i < s->rows ? in->rows - i : s->rows;
    const scrim_status status = apply_block(s, in->data + i * k, out->data + i * k, n, error);
    if (status != SCRIM_OK) return status;
  }
  out->rows = in->rows;
  return SCRIM_OK;
}

const filter_table scores_filter = {
    .kind = "scores",
    .view_kind = SCRIM_SCORES,
    .params = score_params,
    .n_params = SCORE_PARAMS,
    .load = score_load,
    .unload = score_unload,
    .columns = score_columns,
    .open = score_open,
    .close = score_close,
    .check = score_check,
    .apply = score_apply,
};
