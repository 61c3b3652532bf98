/* The report keeps what it was given, also when memory runs out. */
#include "core/memory.h"
#include "purifier/audit_report.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_rows_stand_in_order(void **unused) {
  (void)unused;
  scrim_scores_report *r = memory_zalloc(1, sizeof *r);
  for (int i = 0; i < 50; i++) {
    scrim_attack_result attack = {.n_members = (size_t)i};
    scrim_utility_result utility = {.accuracy = i};
    snprintf(attack.attack, sizeof attack.attack, "attack %d", i);
    assert_int_equal(audit_report_add_attack(r, &attack, NULL), SCRIM_OK);
    assert_int_equal(audit_report_add_utility(r, &utility, NULL), SCRIM_OK);
  }
  assert_int_equal(r->n_attacks, 50);
  assert_int_equal(r->n_utilities, 50);
  assert_string_equal(r->attacks[37].attack, "attack 37");
  assert_int_equal(r->attacks[37].n_members, 37);
  assert_true(r->utilities[49].accuracy == 49);
  scrim_scores_report_free(r);
  scrim_scores_report_free(NULL);
}

static void test_memory_failure_keeps_what_is_there(void **unused) {
  (void)unused;
  scrim_scores_report *r = memory_zalloc(1, sizeof *r);
  scrim_attack_result attack = {.n_members = 5};
  scrim_utility_result utility = {.accuracy = 5};
  assert_int_equal(audit_report_add_attack(r, &attack, NULL), SCRIM_OK);
  memory_fail_at(1, 1);
  assert_int_equal(audit_report_add_attack(r, &attack, NULL), SCRIM_E_MEMORY);
  assert_int_equal(audit_report_add_utility(r, &utility, NULL), SCRIM_E_MEMORY);
  memory_fail_at(0, 0);
  assert_int_equal(r->n_attacks, 1);
  assert_int_equal(r->attacks[0].n_members, 5);
  assert_int_equal(r->n_utilities, 0);
  scrim_scores_report_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_stand_in_order),
                                     cmocka_unit_test(test_memory_failure_keeps_what_is_there)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
