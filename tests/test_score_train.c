/* Training of a score filter: what is refused, what is chosen and reported, and to which bytes it ends. */
#include "core/memory.h"
#include "purifier/levels.h"
#include "score_world.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static score_world *world;
static scrim_key *key;

static int set_up(void **state) {
  world = score_world_make();
  key = score_key(1);
  return files_setup(state);
}

static int tear_down(void **state) {
  scrim_key_free(key);
  free(world);
  return files_teardown(state);
}

static scrim_filter *train(const scrim_scores_data *data, const char *settings, uint64_t seed) {
  const scrim_config config = score_quick(settings);
  const scrim_train_options options = {.seed = seed};
  scrim_filter *filter;
  scrim_error error;
  if (scrim_scores_train(&filter, data, &config, key, &options, &error) != SCRIM_OK) fail_msg("%s", error.message);
  return filter;
}

static double figure(const scrim_filter *filter, const char *name) {
  const char *value = score_info(filter, name);
  if (value == NULL) fail_msg("the file has no %s", name);
  return atof(value);
}

static double setting(const scrim_filter *filter, const char *name) {
  scrim_config config;
  double value;
  assert_int_equal(scrim_filter_config(filter, &config, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_get(&config, name, &value, NULL), SCRIM_OK);
  return value;
}

/* ---- what is refused ---- */

static void refuse(const scrim_scores_data *data, const char *settings, const scrim_key *with, scrim_status status,
                   int64_t row, const char *words) {
  const scrim_config config = score_quick(settings);
  scrim_filter *filter = (scrim_filter *)&config;
  scrim_error error;
  assert_int_equal(scrim_scores_train(&filter, data, &config, with, NULL, &error), status);
  assert_null(filter);
  assert_int_equal(error.row, row);
  if (strstr(error.message, words) == NULL) fail_msg("'%s' lacks '%s'", error.message, words);
}

static void labels_out_of_range_are_refused(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 1);
  const int32_t kept = world->reference_labels[17], kept_member = world->member_labels[199];
  world->reference_labels[17] = SCORE_K;
  refuse(&data, "", NULL, SCRIM_E_DATA, 17, "reference label 4 in row 17");
  world->reference_labels[17] = -1;
  refuse(&data, "", NULL, SCRIM_E_DATA, 17, "reference label -1 in row 17");
  world->reference_labels[17] = kept;
  world->member_labels[199] = 1000;
  refuse(&data, "", NULL, SCRIM_E_DATA, 199, "member label 1000 in row 199");
  world->member_labels[199] = kept_member;
}

static void bad_rows_are_refused(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 1);
  float *const bad[] = {&world->reference[17 * SCORE_K + 2], &world->members[60 * SCORE_K + 1]};
  const int rows[] = {17, 60};
  const char *const names[] = {"reference: row 17", "members: row 60"};
  for (int i = 0; i < 2; i++) {
    const float kept = *bad[i];
    *bad[i] = NAN;
    refuse(&data, "", NULL, SCRIM_E_DATA, rows[i], names[i]);
    *bad[i] = -0.5f;
    refuse(&data, "", NULL, SCRIM_E_DATA, rows[i], "-0.5");
    *bad[i] = kept;
  }
  refuse(&data, "form=2", NULL, SCRIM_E_DATA, 0, "reference: row 0"); /* these are no logarithms */
}

static void incomplete_data_is_refused(void **state) {
  (void)state;
  const scrim_scores_data whole = score_data(world, 1), alone = score_data(world, 0);
  scrim_scores_data data = whole;
  data.reference = NULL;
  refuse(&data, "", NULL, SCRIM_E_ARGUMENT, -1, "no reference scores");
  data = whole, data.n_reference = 39;
  refuse(&data, "", NULL, SCRIM_E_DATA, -1, "39 reference rows (at least 40)");
  data = whole, data.classes = 1;
  refuse(&data, "", NULL, SCRIM_E_DATA, -1, "1 classes (2 to 65536)");
  data = whole, data.classes = 65537;
  refuse(&data, "", NULL, SCRIM_E_DATA, -1, "65537 classes");
  data = whole, data.member_labels = NULL;
  refuse(&data, "", NULL, SCRIM_E_ARGUMENT, -1, "members need scores and labels");
  data = whole, data.members = NULL;
  refuse(&data, "", NULL, SCRIM_E_ARGUMENT, -1, "members need scores and labels");
  refuse(&whole, "swap=1", NULL, SCRIM_E_KEY, -1, "a key");
  refuse(&alone, "swap=1 swap_rate=0.2", key, SCRIM_E_ARGUMENT, -1, "needs members");
  data = whole, data.reference_labels = NULL;
  refuse(&data, "swap=1", key, SCRIM_E_ARGUMENT, -1, "swap_rate=-1");
}

static void nulls_and_other_configs_are_refused(void **state) {
  (void)state;
  static const scrim_param other[] = {{"volume", "not of scores", 1, 0, 2, 0, SCRIM_PARAM_APPLY}};
  const scrim_config config = {.params = other, .n = 1};
  const scrim_scores_data data = score_data(world, 0);
  scrim_filter *filter = (scrim_filter *)world;
  scrim_error error;
  assert_int_equal(scrim_scores_train(NULL, &data, NULL, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_scores_train(&filter, NULL, NULL, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_scores_train(&filter, &data, &config, NULL, NULL, &error), SCRIM_E_ARGUMENT);
  assert_non_null(strstr(error.message, "scores"));
  assert_null(filter);
}

static void forty_rows_are_enough(void **state) {
  (void)state;
  scrim_scores_data data = score_data(world, 1);
  data.n_reference = 40;
  data.n_members = 1;
  scrim_filter_free(train(&data, "", 1));
  scrim_filter_free(train(&data, "rank=1 holdout=0.01", 1));
  scrim_filter_free(train(&data, "rank=1 holdout=0.9 batch=2", 1));
}

/* ---- the choice of strength ---- */

static void strength_is_chosen_by_what_leaks(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 1);
  const char *const most[] = {"leak=0.5", "leak=0.1", "leak=0"};
  const double allowed[] = {0.5, 0.1, 0};
  double strength = 0;
  for (int i = 0; i < 3; i++) {
    scrim_filter *filter = train(&data, most[i], 1);
    const double leak = figure(filter, "leak_over_labels");
    assert_true(leak >= 0 && leak <= allowed[i]);
    assert_true(setting(filter, "strength") >= strength);
    strength = setting(filter, "strength");
    if (i == 0) assert_float_equal(strength, 0.05, 1e-9); /* nothing needs to be merged */
    if (i == 1) assert_true(strength > 0.05 && strength < 1);
    scrim_filter_free(filter);
  }
  assert_true(strength > 0.9); /* as good as one level */
}

static void a_given_strength_stays_and_its_leak_is_told(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 1);
  char settings[40];
  scrim_filter *chosen = train(&data, "leak=0.1", 1);
  const double leak = figure(chosen, "leak_over_labels");
  snprintf(settings, sizeof settings, "leak=0 strength=%.17g", setting(chosen, "strength"));
  scrim_filter *given = train(&data, settings, 1), *weak = train(&data, "leak=0 strength=0.05", 1);
  scrim_filter *none = train(&data, "strength=0", 1);
  assert_true(leak > 0 && figure(given, "leak_over_labels") == leak);
  assert_float_equal(setting(weak, "strength"), 0.05, 1e-12);
  assert_true(figure(weak, "leak_over_labels") > leak);
  assert_float_equal(setting(none, "strength"), 0, 0);
  assert_null(score_info(none, "leak_over_labels")); /* no levels: not theirs to say */
  scrim_filter_free(chosen);
  scrim_filter_free(given);
  scrim_filter_free(weak);
  scrim_filter_free(none);
}

static void without_members_or_true_labels_strength_is_the_default(void **state) {
  (void)state;
  const scrim_scores_data alone = score_data(world, 0);
  scrim_scores_data unlabelled = score_data(world, 1);
  unlabelled.reference_labels = NULL;
  const scrim_scores_data *const cases[] = {&alone, &unlabelled};
  for (int i = 0; i < 2; i++) {
    scrim_filter *filter = train(cases[i], "", 1);
    assert_float_equal(setting(filter, "strength"), 0.7, 1e-12);
    assert_null(score_info(filter, "leak_over_labels"));
    scrim_filter_free(filter);
  }
}

/* ---- the figures in the file ---- */

/* Trained on a reference of which 60 rows, first or last, have another true label; answers the held-out loss. */
static double loss_with_wrong(size_t first) {
  static int32_t labels[SCORE_REFERENCE];
  scrim_scores_data data = score_data(world, 0);
  for (size_t i = 0; i < SCORE_REFERENCE; i++)
    labels[i] = (world->reference_labels[i] + (i >= first && i < first + 60)) % SCORE_K;
  data.reference_labels = labels;
  scrim_filter *filter = train(&data, "epochs=60 holdout=0.2 weight_label=0", 1);
  const double loss = figure(filter, "held_out_loss");
  scrim_filter_free(filter);
  return loss;
}

static void held_out_rows_are_drawn_at_random(void **state) {
  (void)state;
  const double a = loss_with_wrong(0), b = loss_with_wrong(SCORE_REFERENCE - 60);
  assert_true(a < 1.2 * b && b < 1.2 * a); /* were they the first rows, one would be half as much again */
}

static double accuracy(const float *rows, const int32_t *labels, size_t n) {
  double right = 0;
  for (size_t i = 0; i < n; i++) {
    size_t best = 0;
    for (size_t j = 1; j < SCORE_K; j++)
      if (rows[i * SCORE_K + j] > rows[i * SCORE_K + best]) best = j;
    right += (int32_t)best == labels[i];
  }
  return right / (double)n;
}

static void the_file_says_what_it_was_made_of(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 1);
  scrim_filter *filter = train(&data, "epochs=5 patience=0", 18446744073709551615u);
  assert_string_equal(score_info(filter, "classes"), "4");
  assert_string_equal(score_info(filter, "reference"), "300");
  assert_string_equal(score_info(filter, "members"), "200");
  assert_string_equal(score_info(filter, "seed"), "18446744073709551615");
  assert_string_equal(score_info(filter, "epochs"), "5");
  assert_in_range((int)figure(filter, "best_epoch"), 1, 5);
  assert_true(figure(filter, "held_out_loss") > 0);
  assert_null(score_info(filter, "swap.rate"));
  scrim_filter_free(filter);
}

static void collapse_is_told(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 0);
  scrim_filter *sound = train(&data, "epochs=40", 1), *collapsed = train(&data, "epochs=40 weight_kl=100", 1);
  assert_string_equal(score_info(sound, "posterior_collapse"), "0");
  assert_true(figure(sound, "latent_active_units") >= 1);
  assert_string_equal(score_info(collapsed, "posterior_collapse"), "1");
  assert_string_equal(score_info(collapsed, "latent_active_units"), "0");
  assert_true(figure(collapsed, "latent_kl_nats") < figure(sound, "latent_kl_nats"));
  scrim_filter_free(sound);
  scrim_filter_free(collapsed);
}

static void variance_is_the_labels_at_full_strength(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 0);
  const char *const settings[] = {"strength=1", "strength=0.5", "strength=0 epochs=40"};
  for (int i = 0; i < 3; i++) {
    scrim_filter *filter = train(&data, settings[i], 1);
    const double share = figure(filter, "variance_explained_by_label");
    if (i == 0)
      assert_float_equal(share, 1, 0);
    else
      assert_true(share >= 0 && share < 0.9);
    scrim_filter_free(filter);
  }
}

static void the_swappers_figures_add_up(void **state) {
  (void)state;
  const scrim_scores_data data = score_data(world, 1);
  const double members = accuracy(world->members, world->member_labels, SCORE_MEMBERS);
  const double reference = accuracy(world->reference, world->reference_labels, SCORE_REFERENCE);
  scrim_filter *filter = train(&data, "swap=1", 1);
  const double rate = figure(filter, "swap.rate"), marked = figure(filter, "swap.marked_members");
  assert_true(members > reference + 0.05);
  assert_true(fabs(rate - (members - reference) / members) < 5e-5);
  assert_true(fabs(figure(filter, "swap.member_accuracy_after") - (members - marked / SCORE_MEMBERS)) < 5e-5);
  /* a keyed draw: three standard deviations about the gap */
  assert_true(fabs(marked - (members - reference) * SCORE_MEMBERS) < 3 * sqrt(SCORE_MEMBERS * rate * (1 - rate)));
  scrim_filter_free(filter);
}

/* ---- bytes ---- */

/* Whether two filters are the same file. Frees both. */
static int same_file(const char *folder, scrim_filter *a, scrim_filter *b) {
  size_t n[2];
  assert_int_equal(scrim_filter_save(a, files_path(folder, "a"), NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(b, files_path(folder, "b"), NULL), SCRIM_OK);
  char *x = files_read(files_path(folder, "a"), &n[0]), *y = files_read(files_path(folder, "b"), &n[1]);
  const int same = n[0] == n[1] && memcmp(x, y, n[0]) == 0;
  free(x);
  free(y);
  scrim_filter_free(a);
  scrim_filter_free(b);
  return same;
}

static void a_seed_fixes_the_file(void **state) {
  const scrim_scores_data data = score_data(world, 1), alone = score_data(world, 0);
  const char *settings = "swap=1 rank=1";
  assert_true(same_file(*state, train(&data, settings, 1), train(&data, settings, 1)));
  assert_false(same_file(*state, train(&alone, "", 1), train(&alone, "", 2)));
}

/* Lets *context epochs of six pass. */
static int stop_after(const scrim_progress *progress, void *context) {
  return progress->step >= *(size_t *)context * (progress->steps / 6);
}

static const char six_epochs[] = "swap=1 epochs=6";

static void cut_off(const char *path, size_t epochs) {
  const scrim_scores_data data = score_data(world, 1);
  const scrim_config config = score_quick(six_epochs);
  const scrim_train_options options = {
      .seed = 1, .checkpoint = path, .resume = 1, .progress = stop_after, .context = &epochs};
  scrim_filter *filter = (scrim_filter *)world;
  assert_int_equal(scrim_scores_train(&filter, &data, &config, key, &options, NULL), SCRIM_E_CANCELLED);
  assert_null(filter);
  assert_true(files_exists(path));
}

static void stopped_training_resumes_to_the_same_bytes(void **state) {
  const char *path = files_path(*state, "run.ckpt");
  const scrim_scores_data data = score_data(world, 1);
  const scrim_config config = score_quick(six_epochs);
  const scrim_train_options options = {.seed = 1, .checkpoint = path, .resume = 1};
  scrim_filter *resumed;
  cut_off(path, 2);
  cut_off(path, 4); /* resumed, and stopped again */
  assert_int_equal(scrim_scores_train(&resumed, &data, &config, key, &options, NULL), SCRIM_OK);
  assert_false(files_exists(path));
  assert_true(same_file(*state, resumed, train(&data, six_epochs, 1)));
}

static void resuming_on_other_rows_is_refused(void **state) {
  const char *path = files_path(*state, "run.ckpt");
  scrim_scores_data data = score_data(world, 1);
  const scrim_config config = score_quick(six_epochs);
  const scrim_train_options options = {.seed = 1, .checkpoint = path, .resume = 1};
  scrim_filter *filter;
  scrim_error error;
  cut_off(path, 3);
  data.reference = world->fresh; /* as many rows of the same classifier */
  data.n_reference = SCORE_FRESH;
  assert_int_equal(scrim_scores_train(&filter, &data, &config, key, &options, &error), SCRIM_E_STATE);
  data.reference = world->members; /* and with the same number of rows */
  data.n_reference = SCORE_MEMBERS;
  assert_int_equal(scrim_scores_train(&filter, &data, &config, key, &options, &error), SCRIM_E_STATE);
  assert_null(filter);
  assert_true(files_exists(path));
}

/* ---- memory ---- */

/* Fails every stride-th request of a training in turn; answers how many there are. */
static unsigned long sweep(const scrim_scores_data *data, unsigned long stride) {
  const scrim_config config = score_quick("swap=1 swap_rate=0.5 epochs=1 latent=1 rank=1 hidden3=8");
  unsigned long n = 1;
  for (;; n += stride) {
    scrim_filter *filter;
    scrim_error error;
    memory_fail_at(n, 0);
    const scrim_status status = scrim_scores_train(&filter, data, &config, key, NULL, &error);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) {
      scrim_filter_free(filter);
      return n;
    }
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_null(filter);
    assert_non_null(strstr(error.message, "memory"));
  }
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  scrim_scores_data data = score_data(world, 1);
  data.n_reference = data.n_members = 40;
  assert_true(sweep(&data, 29) > 200);
  data.reference_labels = NULL; /* without them cuts are quick to find: all requests */
  assert_true(sweep(&data, 1) > 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(labels_out_of_range_are_refused),
      cmocka_unit_test(bad_rows_are_refused),
      cmocka_unit_test(incomplete_data_is_refused),
      cmocka_unit_test(nulls_and_other_configs_are_refused),
      cmocka_unit_test(forty_rows_are_enough),
      cmocka_unit_test(strength_is_chosen_by_what_leaks),
      cmocka_unit_test(a_given_strength_stays_and_its_leak_is_told),
      cmocka_unit_test(without_members_or_true_labels_strength_is_the_default),
      cmocka_unit_test(held_out_rows_are_drawn_at_random),
      cmocka_unit_test(the_file_says_what_it_was_made_of),
      cmocka_unit_test(collapse_is_told),
      cmocka_unit_test(variance_is_the_labels_at_full_strength),
      cmocka_unit_test(the_swappers_figures_add_up),
      cmocka_unit_test(a_seed_fixes_the_file),
      cmocka_unit_test(stopped_training_resumes_to_the_same_bytes),
      cmocka_unit_test(resuming_on_other_rows_is_refused),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
