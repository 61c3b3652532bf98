/* The gap attack and the metric attacks: planted leaks are found, no leak gives a half. */
#include "attack_world.h"
#include "core/memory.h"
#include "purifier/attack_statistic.h"
#include "purifier/attack_threshold.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const attack metric_attacks[] = {
    {"confidence", 0, STATISTIC_TRUE_CONFIDENCE, attack_threshold},
    {"max confidence", 0, STATISTIC_MAX_CONFIDENCE, attack_threshold},
    {"entropy", 0, STATISTIC_ENTROPY, attack_threshold},
    {"modified entropy", 0, STATISTIC_MODIFIED_ENTROPY, attack_threshold},
};

static void test_planted_leak_is_found(void **unused) {
  (void)unused;
  world *w = world_make(1, 4, 0.5);
  for (int a = 0; a < 4; a++) {
    scrim_attack_result r;
    assert_int_equal(world_attack(w, &metric_attacks[a], &r), SCRIM_OK);
    assert_true(r.auc.value > 0.97);
    assert_true(r.balanced_accuracy.value > 0.93); /* the cut comes from the shadows and holds on the target */
    assert_int_equal(r.n_members, WORLD_MEMBERS);
  }
  free(w);
}

static void test_no_leak_gives_a_half(void **unused) {
  (void)unused;
  for (int a = 0; a < 4; a++) {
    double mean;
    assert_true(world_without_leak(&metric_attacks[a], 0.5, &mean) >= 6);
    assert_true(fabs(mean - 0.5) < 0.015);
  }
}

static void test_gap_attack_reads_labels(void **unused) {
  (void)unused;
  world *w = world_make(3, 0, 0);
  for (int i = 0; i < WORLD_ROWS; i++) { /* members always right; every other non-member wrong */
    float *row = w->target + i * WORLD_CLASSES;
    int top = !w->member[i] && i % 2 ? (w->labels[i] + 1) % WORLD_CLASSES : w->labels[i];
    for (int j = 0; j < WORLD_CLASSES; j++) row[j] = j == top;
  }
  const attack gap = {"gap", 0, 0, attack_gap};
  scrim_attack_result r;
  assert_int_equal(world_attack(w, &gap, &r), SCRIM_OK);
  assert_true(fabs(r.auc.value - 0.75) < 1e-12);
  assert_true(fabs(r.balanced_accuracy.value - 0.75) < 1e-12);
  free(w);
}

/* Members of class 0 sit low, members of class 1 high: no common cut finds both, and a cut per class does. */
static void test_cuts_are_learned_per_class(void **unused) {
  (void)unused;
  enum { N = 400 };
  threshold_sample s[N];
  for (uint32_t i = 0; i < N; i++) {
    unsigned char in = i / 2 % 2;
    s[i] = (threshold_sample){(i % 2 ? 5 : 1) + (in ? 1 : 0) + 0.001 * (i % 7), i % 2, in};
  }
  threshold *t;
  assert_int_equal(threshold_fit(&t, s, N, 3, NULL), SCRIM_OK);
  assert_true(threshold_score(t, 1.9, 0) > 3 && threshold_score(t, 1.1, 0) < -3);
  assert_true(threshold_score(t, 5.9, 1) > 3 && threshold_score(t, 5.1, 1) < -3);
  /* A class without examples takes the common curve, which still rises. */
  assert_true(threshold_score(t, 6.5, 2) > threshold_score(t, 1.0, 2));
  threshold_free(t);
}

static void test_scores_are_log_odds_of_membership(void **unused) {
  (void)unused;
  /* Below 0.5: 1 member of 5; above: 4 of 5. Two hundred of each keep the half sample at either end small. */
  enum { N = 1000 };
  threshold_sample s[N];
  for (int i = 0; i < N; i++)
    s[i] = (threshold_sample){i < N / 2 ? 0.25 : 0.75, 0, i < N / 2 ? i % 5 == 0 : i % 5 != 0};
  threshold *t;
  assert_int_equal(threshold_fit(&t, s, N, 1, NULL), SCRIM_OK);
  assert_true(fabs(threshold_score(t, 0.75, 0) - log(4)) < 0.02);
  assert_true(fabs(threshold_score(t, 0.25, 0) + log(4)) < 0.02);
  threshold_free(t);
  double cut, value[4] = {1, 2, 3, 4};
  assert_int_equal(threshold_cut_of(&cut, value, (const unsigned char[]){0, 0, 1, 1}, 4, NULL), SCRIM_OK);
  assert_true(fabs(cut - 2.5) < 1e-12);
}

static void test_one_kind_of_example_is_refused(void **unused) {
  (void)unused;
  threshold_sample s[2] = {{1, 0, 1}, {2, 0, 1}};
  threshold *t = NULL;
  scrim_error error;
  assert_int_equal(threshold_fit(&t, s, 2, 1, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, "2 members"));
}

static void test_memory_failures_are_clean(void **unused) {
  (void)unused;
  world *w = world_make(4, 1, 0.5);
  w->view.n_examples = 500;
  static double score[WORLD_ROWS];
  int failures = 0;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    memory_fail_at(n, 0);
    status = attack_threshold(&metric_attacks[0], &w->view, score, w->open, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    failures += status != SCRIM_OK;
  }
  assert_int_equal(failures, 11); /* six requests of the attack, five of the AUC that tells it which way is up */
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_planted_leak_is_found),
      cmocka_unit_test(test_no_leak_gives_a_half),
      cmocka_unit_test(test_gap_attack_reads_labels),
      cmocka_unit_test(test_cuts_are_learned_per_class),
      cmocka_unit_test(test_scores_are_log_odds_of_membership),
      cmocka_unit_test(test_one_kind_of_example_is_refused),
      cmocka_unit_test(test_memory_failures_are_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
