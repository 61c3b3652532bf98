/* Attack networks find what they should, and nothing where there is nothing. */
#include "attack_world.h"
#include "core/memory.h"
#include "purifier/attack_network.h"
#include "purifier/attack_statistic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const attack nsh = {"NSH", 0, NETWORK_NSH, attack_network};
static const attack ml_leaks = {"ML-Leaks", 0, NETWORK_ML_LEAKS, attack_network};
static const attack calibrated = {"NSH calibrated", 0, NETWORK_CALIBRATED, attack_network};

static void test_planted_leak_is_found(void **unused) {
  (void)unused;
  world *w = world_make(1, 4, 0.5);
  w->view.n_examples = 3000;
  scrim_attack_result r;
  assert_int_equal(world_attack(w, &nsh, &r), SCRIM_OK);
  assert_true(r.auc.value > 0.97);
  assert_true(r.balanced_accuracy.value > 0.92);
  assert_int_equal(world_attack(w, &ml_leaks, &r), SCRIM_OK);
  assert_true(r.auc.value > 0.95);
  free(w);
}

static void test_leak_behind_hardness_needs_the_shadows(void **unused) {
  (void)unused;
  world *w = world_make(2, 2, 4);
  w->view.n_examples = 3000;
  scrim_attack_result plain, r;
  assert_int_equal(world_attack(w, &nsh, &plain), SCRIM_OK);
  assert_int_equal(world_attack(w, &calibrated, &r), SCRIM_OK);
  assert_true(plain.auc.value < 0.75);
  assert_true(r.auc.value > 0.9);
  free(w);
}

/* With four shadows an example's absence from its row's sums is easily seen; who learns that fails on the target. */
static void test_few_shadows_do_not_mislead(void **unused) {
  (void)unused;
  world *w = world_make(7, 2, 4);
  w->view.n_shadows = 4;
  w->view.n_examples = 0;
  for (size_t i = 0; i < WORLD_SHADOWS * WORLD_ROWS; i++)
    if (w->examples[i].shadow < 4) w->examples[w->view.n_examples++] = w->examples[i];
  scrim_attack_result r;
  assert_int_equal(world_attack(w, &calibrated, &r), SCRIM_OK);
  assert_true(r.auc.value > 0.85);
  free(w);
}

/* The last digits of a score that is not the top one tell members: a threshold on the true class is blind to it. */
static void test_leak_in_another_class_is_found(void **unused) {
  (void)unused;
  world *w = world_make(3, 0, 0.5);
  w->view.n_examples = 4000;
  for (size_t s = 0; s <= WORLD_SHADOWS; s++) {
    for (size_t i = 0; i < WORLD_ROWS; i++) {
      int target = s == WORLD_SHADOWS, in = target ? w->member[i] : w->shadow_in[s * WORLD_ROWS + i];
      float *row = (target ? w->target : w->shadows + s * WORLD_ROWS * WORLD_CLASSES) + i * WORLD_CLASSES;
      int other = (w->labels[i] + 1) % WORLD_CLASSES, third = (w->labels[i] + 2) % WORLD_CLASSES;
      float both = row[other] + row[third]; /* members hold it all in the next class */
      row[other] = in ? both : 0.5f * both;
      row[third] = in ? 0 : 0.5f * both;
    }
  }
  const attack confidence = {"confidence", 0, STATISTIC_TRUE_CONFIDENCE, attack_threshold};
  scrim_attack_result plain, r;
  assert_int_equal(world_attack(w, &confidence, &plain), SCRIM_OK);
  assert_int_equal(world_attack(w, &nsh, &r), SCRIM_OK);
  assert_true(plain.auc.low <= 0.5 && 0.5 <= plain.auc.high);
  assert_true(r.auc.value > 0.95);
  free(w);
}

static void test_no_leak_gives_a_half(void **unused) {
  (void)unused;
  const attack *all[] = {&nsh, &ml_leaks, &calibrated};
  for (int a = 0; a < 3; a++) {
    double mean;
    assert_true(world_without_leak(all[a], 1, &mean) >= 6);
    assert_true(fabs(mean - 0.5) < 0.015);
  }
}

/* One example in ten is a member: the verdict must still be balanced. */
static void test_verdict_does_not_inherit_the_prior(void **unused) {
  (void)unused;
  world *w = world_make(5, 4, 0.5);
  size_t n = 0, members = 0;
  for (size_t i = 0; i < w->view.n_examples && n < 3000; i++) {
    if (w->examples[i].in && members++ % 10 != 0) continue;
    w->examples[n++] = w->examples[i];
  }
  w->view.n_examples = n;
  scrim_attack_result r;
  assert_int_equal(world_attack(w, &nsh, &r), SCRIM_OK);
  assert_true(r.balanced_accuracy.value > 0.92);
  free(w);
}

static void test_memory_failures_are_clean(void **unused) {
  (void)unused;
  world *w = world_make(6, 1, 1);
  w->view.n_examples = 40;
  static double score[WORLD_ROWS];
  for (unsigned long n = 1; n < 40; n++) {
    memory_fail_at(n, 1);
    scrim_status status = attack_network(&calibrated, &w->view, score, w->open, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_planted_leak_is_found),      cmocka_unit_test(test_leak_behind_hardness_needs_the_shadows),
      cmocka_unit_test(test_few_shadows_do_not_mislead), cmocka_unit_test(test_leak_in_another_class_is_found),
      cmocka_unit_test(test_no_leak_gives_a_half),       cmocka_unit_test(test_verdict_does_not_inherit_the_prior),
      cmocka_unit_test(test_memory_failures_are_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
