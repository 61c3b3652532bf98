/* RMIA, offline: finds a leak that the rows' own spread hides, gives a half where there is none. */
#include "attack_world.h"
#include "core/memory.h"
#include "purifier/attack_statistic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const attack rmia = {"RMIA", 0, 0, attack_rmia};
static const attack confidence = {"confidence", 0, STATISTIC_TRUE_CONFIDENCE, attack_threshold};

static void test_leak_behind_hardness_is_found(void **unused) {
  (void)unused;
  world *w = world_make(1, 3, 2);
  scrim_attack_result r, plain;
  for (size_t population = 0; population <= WORLD_POPULATION; population += WORLD_POPULATION) {
    w->view.n_population = population;
    assert_int_equal(world_attack(w, &rmia, &r), SCRIM_OK);
    assert_int_equal(world_attack(w, &confidence, &plain), SCRIM_OK);
    assert_true(r.auc.value > 0.9);
    assert_true(r.auc.value > plain.auc.value + 0.03);
    assert_true(r.balanced_accuracy.value > 0.8);
  }
  free(w);
}

static void test_no_leak_gives_a_half(void **unused) {
  (void)unused;
  double mean;
  assert_true(world_without_leak(&rmia, 2, &mean) >= 6);
  assert_true(fabs(mean - 0.5) < 0.015);
}

static void test_one_shadow_is_enough(void **unused) {
  (void)unused;
  world *w = world_make(3, 3, 1);
  w->view.n_shadows = 1;
  scrim_attack_result r;
  assert_int_equal(world_attack(w, &rmia, &r), SCRIM_OK);
  assert_true(r.auc.value > 0.8);
  free(w);
}

static void test_memory_failures_are_clean(void **unused) {
  (void)unused;
  world *w = world_make(4, 1, 1);
  static double score[WORLD_ROWS];
  scrim_status status = SCRIM_E_MEMORY;
  unsigned long n = 1;
  for (; status != SCRIM_OK; n++) {
    memory_fail_at(n, 0);
    status = attack_rmia(&rmia, &w->view, score, w->open, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
  }
  assert_true(n > 10);
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_leak_behind_hardness_is_found),
      cmocka_unit_test(test_no_leak_gives_a_half),
      cmocka_unit_test(test_one_shadow_is_enough),
      cmocka_unit_test(test_memory_failures_are_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
