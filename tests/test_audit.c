/* The audit from end to end on a small world with a known leak. */
#include "audit_world.h"
#include "core/memory.h"
#include "purifier/defence.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- looking into a report ---- */

static const scrim_attack_result *find(const scrim_scores_report *r, const char *defence_name, const char *attack_name,
                                       scrim_attacker attacker) {
  for (size_t i = 0; i < r->n_attacks; i++) {
    const scrim_attack_result *a = &r->attacks[i];
    if (strcmp(a->defence, defence_name) == 0 && strcmp(a->attack, attack_name) == 0 && a->attacker == attacker)
      return a;
  }
  return NULL;
}

static double auc(const scrim_scores_report *r, const char *defence_name, const char *attack_name,
                  scrim_attacker attacker) {
  const scrim_attack_result *a = find(r, defence_name, attack_name, attacker);
  if (!a) fail_msg("no result of '%s' on '%s' by attacker %d", attack_name, defence_name, (int)attacker);
  return a->auc.value;
}

static const scrim_utility_result *utility(const scrim_scores_report *r, const char *defence_name) {
  const scrim_utility_result *found = NULL;
  for (size_t i = 0; i < r->n_utilities; i++) {
    if (strcmp(r->utilities[i].defence, defence_name) != 0) continue;
    if (found) fail_msg("'%s' is listed twice", defence_name);
    found = &r->utilities[i];
  }
  if (!found) fail_msg("'%s' is not listed", defence_name);
  return found;
}

/* ---- one filter for all tests ---- */

typedef struct scene {
  world *w;
  scrim_key *key;
  scrim_filter *filter;
  scrim_scores_audit audit;
  scrim_scores_report *report;
} scene;

static void prepare(scene *s, double leak, const char *setting) {
  scrim_error error = {0};
  *s = (scene){.w = world_make(1, leak, 1), .key = world_key(7)};
  if (world_filter(&s->filter, s->w, s->key, setting, &error) != SCRIM_OK) fail_msg("%s", error.message);
  s->audit = world_audit(s->w);
  s->audit.n_shadows = 3;
}

static void run(scene *s) {
  scrim_error error = {0};
  if (scrim_scores_audit_run(&s->report, s->filter, s->key, &s->audit, &error) != SCRIM_OK)
    fail_msg("%s", error.message);
}

static void drop(scene *s) {
  scrim_scores_report_free(s->report);
  scrim_filter_free(s->filter);
  scrim_key_free(s->key);
  free(s->w);
}

/* Each defence's worst is the worst that any attacker has in any row on it. */
static void expect_worst(const scrim_scores_report *r, const char *defence_name) {
  const scrim_utility_result *u = utility(r, defence_name);
  const scrim_attack_result *worst = NULL;
  for (size_t i = 0; i < r->n_attacks; i++) {
    const scrim_attack_result *a = &r->attacks[i];
    if (strcmp(a->defence, defence_name) == 0 && (!worst || a->auc.value > worst->auc.value)) worst = a;
  }
  assert_non_null(worst);
  assert_true(u->worst_auc == worst->auc.value);
  assert_string_equal(u->worst_attack, worst->attack);
}

/* ---- tests ---- */

static void test_leak_is_found_and_lowered(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  run(&s);
  const scrim_scores_report *r = s.report;
  const scrim_utility_result *none = utility(r, "none"), *scrim = utility(r, "scrim"), *hard = utility(r, "label only");
  assert_true(none->worst_auc > 0.98);
  assert_true(scrim->worst_auc < none->worst_auc - 0.15);
  assert_true(r->gap_auc > 0.52 && r->gap_auc < 0.57);
  assert_true(r->label_only_auc >= r->gap_auc && r->label_only_auc < 0.65);
  assert_true(r->label_only_auc == hard->worst_auc);
  assert_true(none->l1 == 0 && isnan(none->setting));
  assert_true(scrim->accuracy == none->accuracy && scrim->member_accuracy == none->member_accuracy);
  assert_true(fabs(hard->aurc - (1 - hard->accuracy)) < 1e-9); /* no ranking: the error rate at any coverage */
  assert_true(auc(r, "none", "LiRA", SCRIM_ATTACKER_ADAPTIVE) > auc(r, "none", "confidence", SCRIM_ATTACKER_ADAPTIVE));
  for (int attacker = SCRIM_ATTACKER_UNAWARE; attacker <= SCRIM_ATTACKER_INSIDER; attacker++)
    assert_true(auc(r, "scrim", "LiRA", (scrim_attacker)attacker) > r->gap_auc);
  expect_worst(r, "none");
  expect_worst(r, "scrim");
  assert_null(find(r, "none", "boundary", SCRIM_ATTACKER_ADAPTIVE)); /* no classifier was given */
  assert_int_equal(find(r, "scrim", "NSH", SCRIM_ATTACKER_ADAPTIVE)->n_members, WORLD_MEMBERS);
  drop(&s);
}

static void test_deterministic_filter_gives_averaging_nothing(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  s.audit.n_shadows = 0;
  run(&s);
  double once = auc(s.report, "scrim", "averaging 1", SCRIM_ATTACKER_ADAPTIVE);
  assert_true(auc(s.report, "scrim", "averaging 100", SCRIM_ATTACKER_ADAPTIVE) == once);
  drop(&s);
}

static void test_without_shadows_half_of_the_rows_teach(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  s.audit.n_shadows = s.audit.n_population = 0;
  run(&s);
  const scrim_attack_result *nsh = find(s.report, "none", "NSH", SCRIM_ATTACKER_ADAPTIVE);
  assert_non_null(nsh);
  assert_int_equal(nsh->n_members, WORLD_MEMBERS / 2);
  assert_true(nsh->auc.value > 0.9);
  assert_null(find(s.report, "none", "LiRA", SCRIM_ATTACKER_ADAPTIVE));
  assert_null(find(s.report, "scrim", "NSH", SCRIM_ATTACKER_INSIDER));
  assert_non_null(find(s.report, "scrim", "NSH", SCRIM_ATTACKER_UNAWARE));
  drop(&s);
}

static void test_no_leak_gives_a_half_everywhere(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 0, NULL);
  run(&s);
  for (size_t i = 0; i < s.report->n_attacks; i++) {
    const scrim_attack_result *a = &s.report->attacks[i];
    if (a->auc.low > 0.52 || a->auc.high < 0.48)
      fail_msg("'%s' on '%s': %.3f..%.3f", a->attack, a->defence, a->auc.low, a->auc.high);
  }
  drop(&s);
}

static void test_swapped_members_are_detected(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, "swap=1");
  s.audit.n_shadows = 0;
  run(&s);
  const scrim_attack_result *swap = find(s.report, "scrim", "swap detection", SCRIM_ATTACKER_ADAPTIVE);
  assert_non_null(swap);
  assert_true(swap->tpr_at_1pct.value > 0.2);
  assert_true(utility(s.report, "scrim")->member_accuracy < 0.8);
  drop(&s);
}

/* A classifier whose inputs are the scores. */
static int echo(const float *inputs, size_t n, float *scores, void *context) {
  (void)context;
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < WORLD_CLASSES; j++) sum += fmaxf(inputs[i * WORLD_CLASSES + j], 1e-6f);
    for (int j = 0; j < WORLD_CLASSES; j++)
      scores[i * WORLD_CLASSES + j] = (float)(fmaxf(inputs[i * WORLD_CLASSES + j], 1e-6f) / sum);
  }
  return 0;
}

static void test_a_classifier_enables_its_attacks(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  s.audit.n_shadows = 0;
  s.audit.classify = echo;
  s.audit.features = WORLD_CLASSES;
  s.audit.member_inputs = s.audit.members;
  s.audit.nonmember_inputs = s.audit.nonmembers;
  run(&s);
  /* Members lie further from the boundary, and labels under noise show it whatever becomes of the scores. */
  assert_true(auc(s.report, "label only", "boundary", SCRIM_ATTACKER_ADAPTIVE) > 0.8);
  assert_true(auc(s.report, "scrim", "boundary", SCRIM_ATTACKER_ADAPTIVE) > 0.8);
  assert_true(s.report->label_only_auc > 0.8);
  expect_worst(s.report, "scrim"); /* which the adaptive attacker alone can mount */
  assert_null(find(s.report, "scrim", utility(s.report, "scrim")->worst_attack, SCRIM_ATTACKER_UNAWARE));
  assert_non_null(find(s.report, "scrim", "swap detection, inputs", SCRIM_ATTACKER_ADAPTIVE));
  drop(&s);
}

static void test_baselines_and_sweep(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  s.audit.n_shadows = 0;
  s.audit.n_members = s.audit.n_nonmembers = 300;
  s.audit.baselines = s.audit.sweep = 1;
  run(&s);
  size_t n = 3 + 21; /* none, label only, scrim; the filter's strengths */
  for (const defence *b = baselines; b->name; b++) n += strcmp(b->name, "label only") != 0;
  for (const defence *b = baseline_sweep; b->name; b++) n++;
  assert_int_equal(s.report->n_utilities, n);
  assert_true(auc(s.report, "Gaussian noise, scale 0.2", "averaging 100", SCRIM_ATTACKER_ADAPTIVE) >
              auc(s.report, "Gaussian noise, scale 0.2", "averaging 1", SCRIM_ATTACKER_ADAPTIVE) + 0.05);
  const scrim_utility_result *weak = utility(s.report, "scrim, strength 0"),
                             *strong = utility(s.report, "scrim, strength 1");
  assert_true(weak->setting == 0 && strong->setting == 1);
  assert_true(weak->worst_auc > strong->worst_auc + 0.1);
  assert_null(find(s.report, "scrim, strength 1", "NSH", SCRIM_ATTACKER_ADAPTIVE)); /* points only show in worst_auc */
  drop(&s);
}

/* The same scores as log-probabilities, through a filter for such: the same leak. */
static void test_other_forms_of_scores(void **unused) {
  (void)unused;
  scene s, logs;
  prepare(&s, 3, NULL);
  s.audit.n_shadows = 0;
  run(&s);
  prepare(&logs, 3, NULL);
  scrim_filter_free(logs.filter);
  static float *tables[2], log_target[WORLD_ROWS * WORLD_CLASSES], log_population[WORLD_POPULATION * WORLD_CLASSES];
  tables[0] = log_target, tables[1] = log_population;
  for (size_t i = 0; i < WORLD_ROWS * WORLD_CLASSES; i++) tables[0][i] = logf(logs.w->target[i]);
  for (size_t i = 0; i < WORLD_POPULATION * WORLD_CLASSES; i++) tables[1][i] = logf(logs.w->population[i]);
  logs.audit.members = log_target;
  logs.audit.nonmembers = log_target + WORLD_MEMBERS * WORLD_CLASSES;
  logs.audit.population = log_population;
  logs.audit.n_shadows = 0;
  scrim_config config;
  assert_int_equal(scrim_config_init(&config, "scores", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "epochs", 20, NULL), SCRIM_OK);
  assert_int_equal(scrim_config_set(&config, "form", 2, NULL), SCRIM_OK);
  const scrim_scores_data data = {.classes = WORLD_CLASSES,
                                  .reference = log_population,
                                  .n_reference = WORLD_POPULATION,
                                  .reference_labels = logs.w->population_labels};
  const scrim_train_options options = {.seed = 1};
  assert_int_equal(scrim_scores_train(&logs.filter, &data, &config, logs.key, &options, NULL), SCRIM_OK);
  run(&logs);
  assert_true(fabs(logs.report->gap_auc - s.report->gap_auc) < 1e-12);
  assert_true(fabs(utility(logs.report, "none")->worst_auc - utility(s.report, "none")->worst_auc) < 0.005);
  assert_true(fabs(utility(logs.report, "none")->ece - utility(s.report, "none")->ece) < 1e-5);
  drop(&s);
  drop(&logs);
}

static int stop_at_tenth(const scrim_progress *progress, void *context) {
  size_t *calls = context;
  assert_true(progress->step <= progress->steps && progress->steps > 0);
  return ++*calls == 10;
}

static int count_steps(const scrim_progress *progress, void *context) {
  size_t *last = context;
  *last = progress->steps - progress->step;
  return 0;
}

static void test_progress_and_cancelling(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  size_t left = 99, calls = 0;
  s.audit.n_shadows = 0;
  s.audit.n_members = s.audit.n_nonmembers = 100;
  s.audit.threads = 1;
  s.audit.progress = count_steps;
  s.audit.context = &left;
  run(&s);
  assert_int_equal(left, 1); /* what was planned was done: the last call came before the last attack */
  scrim_scores_report *report = NULL;
  s.audit.progress = stop_at_tenth;
  s.audit.context = &calls;
  assert_int_equal(scrim_scores_audit_run(&report, s.filter, s.key, &s.audit, NULL), SCRIM_E_CANCELLED);
  assert_null(report);
  assert_int_equal(calls, 10);
  calls = 0;
  s.audit.threads = 3;
  assert_int_equal(scrim_scores_audit_run(&report, s.filter, s.key, &s.audit, NULL), SCRIM_E_CANCELLED);
  assert_null(report);
  assert_int_equal(calls, 10); /* nobody asks again */
  drop(&s);
}

static void expect_same(const scrim_scores_report *x, const scrim_scores_report *y) {
  assert_int_equal(x->n_attacks, y->n_attacks);
  assert_memory_equal(x->attacks, y->attacks, x->n_attacks * sizeof *x->attacks);
  assert_int_equal(x->n_utilities, y->n_utilities);
  for (size_t i = 0; i < x->n_utilities; i++) {
    const scrim_utility_result *a = &x->utilities[i], *b = &y->utilities[i];
    assert_string_equal(a->defence, b->defence);
    assert_string_equal(a->worst_attack, b->worst_attack);
    assert_true(a->worst_auc == b->worst_auc && a->l1 == b->l1 && a->ece == b->ece && a->aurc == b->aurc);
    assert_true(a->accuracy == b->accuracy && a->member_accuracy == b->member_accuracy);
    assert_true(a->setting == b->setting || (isnan(a->setting) && isnan(b->setting)));
  }
  assert_true(x->gap_auc == y->gap_auc && x->label_only_auc == y->label_only_auc);
}

static void run_on_one_thread_and_on_three(scene *s) {
  scrim_scores_report *again = NULL;
  s->audit.threads = 1;
  run(s);
  s->audit.threads = 3;
  assert_int_equal(scrim_scores_audit_run(&again, s->filter, s->key, &s->audit, NULL), SCRIM_OK);
  expect_same(again, s->report);
  scrim_scores_report_free(again);
}

/* Whoever does what: each row is the same, and where it was. All attackers once, and all defences. */
static void test_same_seed_same_report(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  run_on_one_thread_and_on_three(&s);
  drop(&s);
  prepare(&s, 3, NULL);
  s.audit.n_members = s.audit.n_nonmembers = 100;
  s.audit.n_shadows = 0;
  s.audit.baselines = s.audit.sweep = 1;
  run_on_one_thread_and_on_three(&s);
  drop(&s);
}

static void test_bad_calls_are_refused(void **unused) {
  (void)unused;
  scene s;
  scrim_error error;
  prepare(&s, 3, NULL);
  assert_int_equal(scrim_scores_audit_run(NULL, s.filter, s.key, &s.audit, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_scores_audit_run(&s.report, NULL, s.key, &s.audit, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_scores_audit_run(&s.report, s.filter, NULL, &s.audit, &error), SCRIM_E_KEY);
  s.audit.classes = 4;
  assert_int_equal(scrim_scores_audit_run(&s.report, s.filter, s.key, &s.audit, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "the filter has 5 classes and the audit 4");
  assert_null(s.report);
  drop(&s);
}

static void test_memory_failures_are_clean(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 3, NULL);
  s.audit.n_members = s.audit.n_nonmembers = 40;
  s.audit.n_shadows = 0;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n += 1 + n / 6) {
    scrim_scores_report *report = NULL;
    memory_fail_at(n, 0);
    status = scrim_scores_audit_run(&report, s.filter, s.key, &s.audit, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    assert_true((report != NULL) == (status == SCRIM_OK));
    scrim_scores_report_free(report);
  }
  drop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_leak_is_found_and_lowered),
      cmocka_unit_test(test_deterministic_filter_gives_averaging_nothing),
      cmocka_unit_test(test_without_shadows_half_of_the_rows_teach),
      cmocka_unit_test(test_no_leak_gives_a_half_everywhere),
      cmocka_unit_test(test_swapped_members_are_detected),
      cmocka_unit_test(test_a_classifier_enables_its_attacks),
      cmocka_unit_test(test_baselines_and_sweep),
      cmocka_unit_test(test_other_forms_of_scores),
      cmocka_unit_test(test_progress_and_cancelling),
      cmocka_unit_test(test_same_seed_same_report),
      cmocka_unit_test(test_bad_calls_are_refused),
      cmocka_unit_test(test_memory_failures_are_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
