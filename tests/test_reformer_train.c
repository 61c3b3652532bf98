/* Training of the reformer: what it minimises, on which rows, to which bits, and when its latent collapses. */
#include "purifier/reformer_plan.h"
#include "purifier/reformer_train.h"
#include "score_world.h"
#include "support/files.h"

#include "core/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { N = SCORE_REFERENCE, HELD = 60, LATENT = 2 };

static score_world *world;
static int32_t labels[N];
static reformer_data data;

static int set_up(void **state) {
  world = score_world_make();
  for (size_t i = 0; i < N; i++) labels[i] = (int32_t)score_argmax(world->reference + i * SCORE_K, SCORE_K);
  data = (reformer_data){world->reference, labels, world->reference_labels, HELD, N};
  return files_setup(state);
}

static int tear_down(void **state) {
  free(world);
  return files_teardown(state);
}

static reformer *fresh_reformer(int log_features) {
  const reformer_shape shape = {SCORE_K, {8, 8, 16}, LATENT, log_features};
  random_source *r;
  reformer *g;
  assert_int_equal(random_source_from_seed(&r, 9, NULL), SCRIM_OK);
  assert_int_equal(random_begin(r, "weights", NULL, 0, NULL), SCRIM_OK);
  assert_int_equal(reformer_create(&g, &shape, r, NULL), SCRIM_OK);
  random_source_free(r);
  return g;
}

static score_settings settings_of(const char *text) {
  const scrim_config config = score_quick(text);
  score_settings settings;
  assert_int_equal(score_settings_read(&settings, &config, NULL), SCRIM_OK);
  return settings;
}

/* A network trained on rows; the caller frees it. */
static reformer *trained(reformer_fit *fit, const reformer_data *rows, const char *text, uint64_t seed) {
  const score_settings settings = settings_of(text);
  const scrim_train_options options = {.seed = seed};
  reformer *g = fresh_reformer(0);
  assert_int_equal(reformer_train(g, fit, rows, &settings, &options, NULL), SCRIM_OK);
  return g;
}

/* Whether two networks agree in every bit of every tensor. Frees both. */
static int same_bits(reformer *a, reformer *b) {
  int same = 1;
  for (size_t i = 0; i < nn_params_count(a->params); i++) {
    const tensor *x = nn_params_at(a->params, i, NULL, NULL), *y = nn_params_at(b->params, i, NULL, NULL);
    same &= memcmp(x->data, y->data, x->n * sizeof *x->data) == 0;
  }
  reformer_free(a);
  reformer_free(b);
  return same;
}

/* ---- the loss ---- */

/* Mean loss of the held-out rows, KL left out, and the mean KL: by the formulas, with the network as it is in use. */
static double loss_by_hand(const reformer *g, const score_settings *w, double *kl) {
  reformer_plan *plan;
  assert_int_equal(reformer_plan_create(&plan, g, NULL), SCRIM_OK);
  float mean[HELD * LATENT], log_variance[HELD * LATENT], out[HELD * SCORE_K];
  float *scratch = memory_zalloc(reformer_plan_scratch(plan), sizeof *scratch);
  double loss = 0;
  reformer_plan_encode(plan, data.probabilities, data.labels, HELD, mean, log_variance, scratch);
  reformer_plan_decode(plan, mean, data.labels, HELD, out, scratch);
  *kl = 0;
  for (size_t i = 0; i < HELD; i++) {
    for (size_t j = 0; j < SCORE_K; j++) {
      const double d = out[i * SCORE_K + j] - data.probabilities[i * SCORE_K + j];
      loss += w->weight_reconstruction * d * d / HELD;
    }
    loss -= w->weight_label * log(out[i * SCORE_K + (size_t)data.labels[i]]) / HELD;
    if (data.truth != NULL) loss -= w->weight_calibration * log(out[i * SCORE_K + (size_t)data.truth[i]]) / HELD;
    for (size_t d = i * LATENT; d < (i + 1) * LATENT; d++)
      *kl += (mean[d] * mean[d] + exp(log_variance[d]) - 1 - log_variance[d]) / 2 / HELD;
  }
  memory_free(scratch);
  reformer_plan_free(plan);
  return loss;
}

static void figures_are_those_of_the_formulas(void **state) {
  (void)state;
  const char *const weights[] = {"", "weight_reconstruction=3 weight_label=0.5 weight_calibration=0.25",
                                 "weight_calibration=0 weight_label=0", "weight_kl=0", "weight_kl=1e6"};
  for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
    const score_settings settings = settings_of(weights[i]);
    reformer_fit fit;
    double kl;
    reformer *g = trained(&fit, &data, weights[i], 1);
    const double loss = loss_by_hand(g, &settings, &kl);
    assert_true(fabs(fit.held_loss - loss) < 1e-5 * loss);
    assert_true(fabs(fit.kl - kl) < 1e-5 * (1 + kl));
    reformer_free(g);
  }
}

static void the_loss_falls(void **state) {
  (void)state;
  const score_settings settings = settings_of("");
  reformer_fit first, last;
  double kl;
  reformer *g = fresh_reformer(0);
  const double untrained = loss_by_hand(g, &settings, &kl);
  reformer_free(g);
  reformer_free(trained(&first, &data, "epochs=2", 1));
  reformer_free(trained(&last, &data, "epochs=40", 1));
  assert_true(first.held_loss < untrained);
  assert_true(last.held_loss < 0.8 * untrained && last.held_loss < first.held_loss);
  assert_true(last.best_epoch > 2 && last.best_epoch <= last.epochs && last.epochs <= 40);
}

static void patience_ends_training(void **state) {
  (void)state;
  reformer_fit fit;
  reformer_free(trained(&fit, &data, "epochs=200 patience=3 rate=0.05", 1));
  assert_int_equal(fit.epochs, fit.best_epoch + 3);
}

static void a_heavy_kl_collapses_the_latent_and_the_default_does_not(void **state) {
  (void)state;
  reformer_fit fit;
  reformer_free(trained(&fit, &data, "epochs=40 patience=0", 1));
  assert_true(fit.active_units >= 1);
  assert_true(fit.kl > 0.1);
  reformer_free(trained(&fit, &data, "epochs=40 patience=0 weight_kl=100", 1));
  assert_int_equal(fit.active_units, 0);
  assert_true(fit.kl < 0.01);
}

/* ---- the rows ---- */

static void held_out_rows_are_not_trained_on(void **state) {
  (void)state;
  score_world *other = score_world_make();
  reformer_data changed = data;
  reformer_fit a, b;
  changed.probabilities = other->reference;
  for (size_t j = 0; j < SCORE_K; j++) other->reference[(HELD - 1) * SCORE_K + j] = 0.25f;
  /* one epoch: there is nothing to pick, so that held-out rows could matter only if they were trained on */
  assert_true(same_bits(trained(&a, &data, "epochs=1", 1), trained(&b, &changed, "epochs=1", 1)));
  assert_true(a.held_loss != b.held_loss);
  for (size_t j = 0; j < SCORE_K; j++) other->reference[HELD * SCORE_K + j] = 0.25f;
  assert_false(same_bits(trained(&a, &data, "epochs=1", 1), trained(&b, &changed, "epochs=1", 1)));
  free(other);
}

static void true_labels_are_optional(void **state) {
  (void)state;
  reformer_data unlabelled = data;
  reformer_fit a, b;
  unlabelled.truth = NULL;
  assert_true(same_bits(trained(&a, &unlabelled, "", 1), trained(&b, &unlabelled, "weight_calibration=0", 1)));
  assert_false(same_bits(trained(&a, &unlabelled, "", 1), trained(&b, &data, "", 1)));
}

static void a_seed_fixes_the_bits(void **state) {
  (void)state;
  reformer_fit fit;
  assert_true(same_bits(trained(&fit, &data, "", 1), trained(&fit, &data, "", 1)));
  assert_false(same_bits(trained(&fit, &data, "", 1), trained(&fit, &data, "", 2)));
}

/* ---- cut off and resumed ---- */

/* Counts down in *context, and stops training at 0. Called at the end of each epoch, and maybe in between. */
static int stop_after(const scrim_progress *progress, void *context) {
  const size_t per_epoch = progress->steps / 6;
  return progress->step >= *(size_t *)context * per_epoch;
}

/* Leaves the checkpoint of three epochs of six. */
static void cut_off(const char *path) {
  size_t epochs = 4;
  const score_settings settings = settings_of("epochs=6");
  const scrim_train_options options = {.seed = 1, .checkpoint = path, .progress = stop_after, .context = &epochs};
  reformer_fit fit;
  reformer *g = fresh_reformer(0);
  assert_int_equal(reformer_train(g, &fit, &data, &settings, &options, NULL), SCRIM_E_CANCELLED);
  assert_true(files_exists(path));
  reformer_free(g);
}

static scrim_status resume(reformer *g, reformer_fit *fit, const reformer_data *rows, const char *text,
                           const char *path, scrim_error *error) {
  const score_settings settings = settings_of(text);
  const scrim_train_options options = {.seed = 1, .checkpoint = path, .resume = 1};
  return reformer_train(g, fit, rows, &settings, &options, error);
}

static void resuming_ends_in_the_same_bits(void **state) {
  const char *path = files_path(*state, "run.ckpt");
  reformer_fit whole, rest;
  cut_off(path);
  reformer *g = fresh_reformer(0);
  assert_int_equal(resume(g, &rest, &data, "epochs=6", path, NULL), SCRIM_OK);
  assert_false(files_exists(path));
  assert_true(same_bits(trained(&whole, &data, "epochs=6", 1), g));
  assert_true(rest.epochs == whole.epochs && rest.best_epoch == whole.best_epoch && rest.held_loss == whole.held_loss);
}

static void refuse(const reformer_data *rows, const char *text, int log_features, const char *path) {
  scrim_error error;
  reformer_fit fit;
  reformer *g = fresh_reformer(log_features);
  assert_int_equal(resume(g, &fit, rows, text, path, &error), SCRIM_E_STATE);
  assert_non_null(strstr(error.message, "data="));
  assert_true(files_exists(path));
  reformer_free(g);
}

static void resuming_on_other_data_is_refused(void **state) {
  const char *path = files_path(*state, "run.ckpt");
  score_world *other = score_world_make();
  int32_t other_labels[N];
  reformer_data changed = data;
  cut_off(path);
  memcpy(other_labels, labels, sizeof labels);
  changed.probabilities = other->reference;
  other->reference[N * SCORE_K - 1] = nextafterf(other->reference[N * SCORE_K - 1], 1);
  refuse(&changed, "epochs=6", 0, path);
  changed = data, changed.labels = other_labels;
  other_labels[0] = (labels[0] + 1) % SCORE_K;
  refuse(&changed, "epochs=6", 0, path);
  changed = data, changed.truth = other->reference_labels;
  other->reference_labels[N - 1] = (other->reference_labels[N - 1] + 1) % SCORE_K;
  refuse(&changed, "epochs=6", 0, path);
  changed = data, changed.truth = NULL;
  refuse(&changed, "epochs=6", 0, path);
  changed = data, changed.n_held++;
  refuse(&changed, "epochs=6", 0, path);
  refuse(&data, "epochs=6", 1, path);
  refuse(&data, "epochs=6 weight_reconstruction=2", 0, path);
  refuse(&data, "epochs=6 weight_label=2", 0, path);
  refuse(&data, "epochs=6 weight_kl=2", 0, path);
  refuse(&data, "epochs=6 weight_calibration=2", 0, path);
  free(other);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  const score_settings settings = settings_of("epochs=1 batch=20");
  const reformer_data few = {data.probabilities, data.labels, data.truth, 20, 60};
  unsigned long n = 1;
  scrim_status status;
  do {
    const scrim_train_options options = {.seed = 1, .checkpoint = files_path(*state, "run.ckpt")};
    reformer_fit fit;
    reformer *g = fresh_reformer(0);
    memory_fail_at(n++, 0);
    status = reformer_train(g, &fit, &few, &settings, &options, NULL);
    memory_fail_at(0, 0);
    reformer_free(g);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 1000);
  assert_int_equal(status, SCRIM_OK);
  assert_true(n > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(figures_are_those_of_the_formulas),
      cmocka_unit_test(the_loss_falls),
      cmocka_unit_test(patience_ends_training),
      cmocka_unit_test(a_heavy_kl_collapses_the_latent_and_the_default_does_not),
      cmocka_unit_test(held_out_rows_are_not_trained_on),
      cmocka_unit_test(true_labels_are_optional),
      cmocka_unit_test(a_seed_fixes_the_bits),
      cmocka_unit_test(resuming_ends_in_the_same_bits),
      cmocka_unit_test(resuming_on_other_data_is_refused),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
