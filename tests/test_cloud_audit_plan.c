/* Which attacks an audit runs, and in what order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "pointcloud_defense/cloud_audit_plan.h"
#include <cmocka.h>
#include <string.h>

static size_t count(const cloud_audit_plan *plan, const char *name, int adaptive) {
  size_t n = 0;
  for (size_t i = 0; i < plan->n; i++) {
    const cloud_audit_entry *e = &plan->entries[i];
    n += e->rule && strcmp(e->rule->name, name) == 0 && (e->known != AUDIT_ALL_DEFENCES) == adaptive;
  }
  return n;
}

/* All there are, those for filters with a prior among them. */
static const cloud_defence *defences[CLOUD_DEFENCES_MOST];
static size_t n_defences;

static int list_defences(void **state) {
  (void)state;
  for (n_defences = 0; cloud_defences[n_defences].name; n_defences++)
    defences[n_defences] = &cloud_defences[n_defences];
  return 0;
}

static cloud_audit_plan make(const scrim_cloud_audit *audit) {
  cloud_audit_plan plan;
  assert_int_equal(cloud_audit_plan_make(&plan, audit, defences, n_defences, NULL), SCRIM_OK);
  assert_null(plan.entries[0].rule);
  return plan;
}

static void all_attacks_run_by_default(void **state) {
  (void)state;
  const scrim_cloud_audit audit = {0};
  cloud_audit_plan plan = make(&audit);
  for (const attack_cloud_rule *rule = attack_cloud_rules; rule->name; rule++) {
    assert_int_equal(count(&plan, rule->name, 0), rule->kind == ATTACK_CLOUD_SHIFT ? 3 : 1);
    assert_int_equal(count(&plan, rule->name, 1), 0);
  }
  cloud_audit_plan_free(&plan);
}

static void a_full_audit_has_all_severities(void **state) {
  (void)state;
  const scrim_cloud_audit audit = {.full = 1};
  cloud_audit_plan plan = make(&audit);
  assert_int_equal(count(&plan, "ffd", 0), 5);
  assert_int_equal(count(&plan, "cw", 0), 1);
  cloud_audit_plan_free(&plan);
}

/* SRS and SOR are known in one way, the planes and the filter in two, settings that are probes in none. */
static void adaptive_attackers_know_one_defence_each(void **state) {
  (void)state;
  const double budgets[] = {0.03};
  const scrim_cloud_audit audit = {.adaptive = 1, .budgets = budgets, .n_budgets = 1, .attacks = "pgd-linf,fgm"};
  cloud_audit_plan plan = make(&audit);
  assert_int_equal(count(&plan, "pgd-linf", 0), 1);
  assert_int_equal(count(&plan, "pgd-linf", 1), 2 + 4 * 2);
  assert_int_equal(count(&plan, "fgm", 0), 1);
  assert_int_equal(count(&plan, "fgm", 1), 0);
  assert_int_equal(plan.n, 1 + 1 + 10 + 1);
  for (size_t i = 1; i < plan.n; i++) {
    const cloud_audit_entry *e = &plan.entries[i];
    assert_float_equal(e->budget, 0.03, 0);
    if (e->known != AUDIT_ALL_DEFENCES) assert_false(defences[e->known]->is_probe);
  }
  cloud_audit_plan_free(&plan);
}

static void the_estimator_is_attacked_where_there_is_one(void **state) {
  (void)state;
  const scrim_cloud_audit audit = {.adaptive = 1, .attacks = "pgd-flat"};
  cloud_audit_plan plan = make(&audit);
  assert_int_equal(count(&plan, "pgd-flat", 0), 3);
  assert_int_equal(count(&plan, "pgd-flat", 1), 3 * 2);
  for (size_t i = 1; i < plan.n; i++)
    if (plan.entries[i].known != AUDIT_ALL_DEFENCES)
      assert_string_equal(defences[plan.entries[i].known]->name, "scrim");
  cloud_audit_plan_free(&plan);
}

static void only_named_attacks_run(void **state) {
  (void)state;
  const scrim_cloud_audit audit = {.attacks = "cw,shear"};
  cloud_audit_plan plan = make(&audit);
  assert_int_equal(plan.n, 3);
  cloud_audit_plan_free(&plan);
}

static void only_named_defences_stay(void **state) {
  (void)state;
  const cloud_defence *list[CLOUD_DEFENCES_MOST];
  size_t n = n_defences;
  scrim_cloud_audit audit = {.defences = "scrim,plane x1"};
  memcpy(list, defences, sizeof list);
  assert_int_equal(cloud_audit_choose(list, &n, &audit, NULL), SCRIM_OK);
  assert_int_equal(n, 3);
  assert_string_equal(list[0]->name, "none");
  assert_string_equal(list[1]->name, "plane x1");
  assert_string_equal(list[2]->name, "scrim");
  scrim_error error;
  audit.defences = "SOR,plane";
  assert_int_equal(cloud_audit_choose(list, &n, &audit, &error), SCRIM_E_PARAM);
  assert_non_null(strstr(error.message, "'SOR'")); /* no longer there */
  audit.defences = NULL;
  assert_int_equal(cloud_audit_choose(list, &n, &audit, NULL), SCRIM_OK);
  assert_int_equal(n, 3);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  const double zero[] = {0}, two[] = {0.5, 2};
  const struct {
    scrim_cloud_audit audit;
    const char *says;
  } cases[] = {{{.attacks = "cw,pgd"}, "'pgd'"},
               {{.attacks = "cw,,fgm"}, "''"},
               {{.budgets = zero, .n_budgets = 1}, "a budget of 0"},
               {{.budgets = two, .n_budgets = 2}, "a budget of 2"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cloud_audit_plan plan;
    scrim_error error;
    assert_int_equal(cloud_audit_plan_make(&plan, &cases[i].audit, defences, n_defences, &error), SCRIM_E_PARAM);
    assert_non_null(strstr(error.message, cases[i].says));
    assert_null(plan.entries);
  }
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  const scrim_cloud_audit audit = {.adaptive = 1};
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    cloud_audit_plan plan;
    memory_fail_at(at, 0);
    status = cloud_audit_plan_make(&plan, &audit, defences, n_defences, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    cloud_audit_plan_free(&plan);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_attacks_run_by_default),
      cmocka_unit_test(a_full_audit_has_all_severities),
      cmocka_unit_test(adaptive_attackers_know_one_defence_each),
      cmocka_unit_test(the_estimator_is_attacked_where_there_is_one),
      cmocka_unit_test(only_named_attacks_run),
      cmocka_unit_test(only_named_defences_stay),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, list_defences, NULL);
}
