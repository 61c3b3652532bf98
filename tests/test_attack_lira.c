/* LiRA: finds a leak that only shadow models can see, gives a half where there is none, survives discrete outputs. */
#include "attack_world.h"
#include "purifier/attack_statistic.h"
#include "purifier/score_form.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const attack online = {"LiRA", 0, 1, attack_lira}, offline = {"LiRA offline", 0, 0, attack_lira};
static const attack confidence = {"confidence", 0, STATISTIC_TRUE_CONFIDENCE, attack_threshold};

static void test_leak_behind_hardness_is_found(void **unused) {
  (void)unused;
  world *w = world_make(1, 2, 4);
  scrim_attack_result on, off, plain;
  assert_int_equal(world_attack(w, &online, &on), SCRIM_OK);
  assert_int_equal(world_attack(w, &offline, &off), SCRIM_OK);
  assert_int_equal(world_attack(w, &confidence, &plain), SCRIM_OK);
  assert_true(plain.auc.value < 0.7); /* the spread of the rows hides the leak from it */
  assert_true(on.auc.value > 0.93);
  assert_true(off.auc.value > 0.9);
  assert_true(on.auc.value >= off.auc.value);
  assert_true(on.balanced_accuracy.value > 0.85);
  assert_true(off.balanced_accuracy.value > 0.8);
  assert_true(on.tpr_at_1pct.value > 0.4);
  free(w);
}

static void test_no_leak_gives_a_half(void **unused) {
  (void)unused;
  for (int a = 0; a < 2; a++) {
    double mean;
    assert_true(world_without_leak(a ? &online : &offline, 2, &mean) >= 6);
    assert_true(fabs(mean - 0.5) < 0.015);
  }
}

static void test_few_shadows_fall_back_on_all_rows(void **unused) {
  (void)unused;
  world *w = world_make(3, 3, 1);
  for (size_t shadows = 1; shadows <= 2; shadows++) { /* most rows then lack IN or OUT shadows */
    scrim_attack_result r;
    w->view.n_shadows = shadows;
    assert_int_equal(world_attack(w, &online, &r), SCRIM_OK);
    assert_true(r.auc.value > 0.85);
    assert_int_equal(world_attack(w, &offline, &r), SCRIM_OK);
    assert_true(r.auc.value > 0.75);
  }
  free(w);
}

static void harden(float *scores, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t top = score_argmax(scores + i * WORLD_CLASSES, WORLD_CLASSES);
    for (size_t j = 0; j < WORLD_CLASSES; j++) scores[i * WORLD_CLASSES + j] = j == top;
  }
}

static void test_one_hot_outputs(void **unused) {
  (void)unused;
  world *w = world_make(4, 4, 1);
  harden(w->target, WORLD_ROWS);
  harden(w->shadows, WORLD_SHADOWS * WORLD_ROWS);
  const attack gap = {"gap", 0, 0, attack_gap};
  scrim_attack_result on, labels;
  assert_int_equal(world_attack(w, &online, &on), SCRIM_OK);
  assert_int_equal(world_attack(w, &gap, &labels), SCRIM_OK);
  assert_true(on.auc.value >= labels.auc.value - 0.01); /* labels of shadows only add to the label of the target */
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_leak_behind_hardness_is_found),
      cmocka_unit_test(test_no_leak_gives_a_half),
      cmocka_unit_test(test_few_shadows_fall_back_on_all_rows),
      cmocka_unit_test(test_one_hot_outputs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
