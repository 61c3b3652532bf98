/* Ranks within groups, by hand. */
#include "core/memory.h"
#include "purifier/attack_rank.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static double odds(double share) {
  return log(share / (1 - share));
}

static void test_mid_ranks_within_groups(void **unused) {
  (void)unused;
  /* Group 4: 30, 10, 20, 20. Shares of its four: 10 at 1/8, the equal pair at 4/8, 30 at 7/8. Group 9 is alone. */
  double value[5] = {30, 10, 999, 20, 20};
  const uint32_t group[5] = {4, 4, 9, 4, 4};
  assert_int_equal(rank_within(value, group, 5, NULL), SCRIM_OK);
  const double expected[5] = {odds(7.0 / 8), odds(1.0 / 8), 0, 0, 0};
  for (int i = 0; i < 5; i++) assert_true(fabs(value[i] - expected[i]) < 1e-12);
}

static void test_levels_of_a_classifier_vanish(void **unused) {
  (void)unused;
  /* The same order on two scales: the same ranks. */
  double value[6] = {0.1, 0.5, 0.9, -7, 0, 7};
  assert_int_equal(rank_within(value, (const uint32_t[]){0, 0, 0, 1, 1, 1}, 6, NULL), SCRIM_OK);
  for (int i = 0; i < 3; i++) assert_true(value[i] == value[i + 3]);
}

static void test_memory_failure(void **unused) {
  (void)unused;
  double value[1] = {5};
  memory_fail_at(1, 0);
  scrim_status status = rank_within(value, (const uint32_t[]){0}, 1, NULL);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_E_MEMORY);
  assert_true(value[0] == 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mid_ranks_within_groups),
      cmocka_unit_test(test_levels_of_a_classifier_vanish),
      cmocka_unit_test(test_memory_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
