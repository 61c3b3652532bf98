/* The whole audit on a classifier that the test trains: what must fall falls, what must hold holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "object_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdlib.h>

static void *folder;
static const char *victim;
static scrim_filter *filter;
static scrim_cloud_objects objects;

static scrim_status train(const char *path, uint64_t seed) {
  const scrim_cloud_victim how = {.objects = objects, .epochs = 10, .seed = seed};
  return scrim_cloud_victim_train(path, &how, NULL);
}

static int open_all(void **state) {
  (void)state;
  if (files_setup(&folder) != 0) return 1;
  objects = object_world(7);
  static char path[256];
  strncpy(path, files_path(folder, "victim.safetensors"), sizeof path - 1);
  victim = path;
  return train(victim, 1) != SCRIM_OK || scrim_cloud_train(&filter, NULL, NULL, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  scrim_filter_free(filter);
  return files_teardown(&folder);
}

static scrim_cloud_audit audit_of(const char *attacks) {
  objects = object_world(7);
  objects.n = 20;
  return (scrim_cloud_audit){.objects = objects, .victim = victim, .attacks = attacks, .iterations = 10, .threads = 1};
}

static scrim_cloud_audit_report *run(const scrim_cloud_audit *audit) {
  scrim_cloud_audit_report *report;
  assert_int_equal(scrim_cloud_audit_run(&report, filter, NULL, audit, NULL), SCRIM_OK);
  return report;
}

static const scrim_cloud_audit_result *find(const scrim_cloud_audit_report *report, const char *attack,
                                            const char *defence, scrim_cloud_attacker attacker) {
  for (size_t i = 0; i < report->n; i++) {
    const scrim_cloud_audit_result *r = &report->results[i];
    if (strcmp(r->attack, attack) == 0 && strcmp(r->defence, defence) == 0 && r->attacker == attacker) return r;
  }
  fail_msg("no result of %s on %s", attack, defence);
  return NULL;
}

/* Everything runs; rows are in order and within reason. */
static void every_attack_meets_every_defence(void **state) {
  (void)state;
  const double budgets[] = {0.1};
  scrim_cloud_audit audit = audit_of(NULL);
  audit.objects.n = 3;
  audit.iterations = 3;
  audit.budgets = budgets;
  audit.n_budgets = 1;
  scrim_cloud_audit_report *report = run(&audit);
  assert_int_equal(report->n, 6 * (1 + 24));
  for (size_t i = 0; i < report->n; i++) {
    const scrim_cloud_audit_result *r = &report->results[i];
    assert_string_equal(r->defence, report->results[i % 6].defence);
    assert_int_equal(r->n, 3);
    assert_true(r->low <= r->accuracy && r->accuracy <= r->high && r->low >= 0 && r->high <= 1);
    assert_true(isfinite(r->chamfer) && r->points > 0 && r->milliseconds >= 0);
    if (strcmp(r->attack, "clean") == 0) assert_float_equal(r->attacked_chamfer, 0, 0);
    if (strcmp(r->defence, "none") == 0) assert_float_equal(r->attacked_chamfer, r->chamfer, 0);
  }
  scrim_cloud_audit_report_free(report);
}

/* A trained classifier is right on clean objects; a large budget fools it, and no budget to speak of does not. */
static void attacks_gain_by_their_budget(void **state) {
  (void)state;
  const double budgets[] = {1e-6, 0.3};
  scrim_cloud_audit audit = audit_of("pgd-linf");
  audit.budgets = budgets;
  audit.n_budgets = 2;
  scrim_cloud_audit_report *report = run(&audit);
  const scrim_cloud_audit_result *clean = find(report, "clean", "none", SCRIM_CLOUD_UNAWARE);
  const scrim_cloud_audit_result *little = find(report, "pgd-linf", "none", SCRIM_CLOUD_UNAWARE);
  const scrim_cloud_audit_result *much = little + 6;
  assert_true(clean->accuracy >= 0.9);
  assert_float_equal(little->accuracy, clean->accuracy, 0);
  assert_float_equal(much->budget, 0.3, 0);
  assert_true(much->accuracy < 0.5);
  assert_true(much->attacked_chamfer > little->attacked_chamfer);
  scrim_cloud_audit_report_free(report);
}

/* Who knows a defence that draws nothing is at least as good against it, by one way back or the other. */
static void knowing_the_defence_helps(void **state) {
  (void)state;
  const double budgets[] = {0.15};
  scrim_cloud_audit audit = audit_of("pgd-linf");
  audit.objects.n = 10;
  audit.budgets = budgets;
  audit.n_budgets = 1;
  audit.adaptive = 1;
  scrim_cloud_audit_report *report = run(&audit);
  assert_int_equal(report->n, 6 + 6 + 8);
  const char *const planes[] = {"plane x1", "plane x3", "scrim"};
  for (size_t i = 0; i < 3; i++) {
    const double unaware = find(report, "pgd-linf", planes[i], SCRIM_CLOUD_UNAWARE)->accuracy;
    const double direct = find(report, "pgd-linf", planes[i], SCRIM_CLOUD_ADAPTIVE)->accuracy;
    const double held = find(report, "pgd-linf", planes[i], SCRIM_CLOUD_ADAPTIVE_PLANES)->accuracy;
    assert_true(fmin(direct, held) <= unaware);
  }
  /* With its usual settings the filter is the projection, three times: on the same points it does the same. */
  assert_float_equal(find(report, "pgd-linf", "scrim", SCRIM_CLOUD_UNAWARE)->chamfer,
                     find(report, "pgd-linf", "plane x3", SCRIM_CLOUD_UNAWARE)->chamfer, 0);
  scrim_cloud_audit_report_free(report);
}

static void assert_same(const scrim_cloud_audit_report *a, const scrim_cloud_audit_report *b, int same) {
  int differs = 0;
  assert_int_equal(a->n, b->n);
  for (size_t i = 0; i < a->n; i++) {
    const scrim_cloud_audit_result *p = &a->results[i], *q = &b->results[i];
    differs |= p->accuracy != q->accuracy || p->chamfer != q->chamfer || p->attacked_chamfer != q->attacked_chamfer;
  }
  assert_int_equal(differs, !same);
}

static void threads_change_nothing_and_the_seed_does(void **state) {
  (void)state;
  const double budgets[] = {0.1};
  scrim_cloud_audit audit = audit_of("pgd-l2,drop,gaussian");
  audit.objects.n = 8;
  audit.budgets = budgets;
  audit.n_budgets = 1;
  audit.points = 32;
  scrim_cloud_audit_report *one = run(&audit);
  audit.threads = 3;
  scrim_cloud_audit_report *three = run(&audit);
  audit.seed = 5;
  scrim_cloud_audit_report *other = run(&audit);
  assert_same(one, three, 1);
  assert_same(one, other, 0);
  assert_float_equal(find(one, "clean", "none", SCRIM_CLOUD_UNAWARE)->points, 32, 0);
  scrim_cloud_audit_report_free(one);
  scrim_cloud_audit_report_free(three);
  scrim_cloud_audit_report_free(other);
}

/* Attacks made on the victim's own copy are attacks on the victim. */
static void a_source_of_its_own_is_attacked_instead(void **state) {
  (void)state;
  const double budgets[] = {0.3};
  const char *path = files_path(folder, "other.safetensors");
  scrim_cloud_audit audit = audit_of("pgd-linf");
  audit.objects.n = 10;
  audit.budgets = budgets;
  audit.n_budgets = 1;
  assert_int_equal(train(path, 2), SCRIM_OK);
  scrim_cloud_audit_report *direct = run(&audit);
  audit.source = victim;
  scrim_cloud_audit_report *same = run(&audit);
  audit.source = path;
  scrim_cloud_audit_report *transferred = run(&audit);
  assert_same(direct, same, 1);
  assert_same(direct, transferred, 0);
  assert_true(find(transferred, "pgd-linf", "none", SCRIM_CLOUD_UNAWARE)->accuracy >=
              find(direct, "pgd-linf", "none", SCRIM_CLOUD_UNAWARE)->accuracy);
  scrim_cloud_audit_report_free(direct);
  scrim_cloud_audit_report_free(same);
  scrim_cloud_audit_report_free(transferred);
}

static int stop_at_once(const scrim_progress *progress, void *context) {
  (void)progress, (void)context;
  return 1;
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  scrim_cloud_audit_report *report;
  scrim_error error;
  scrim_cloud_audit audit = audit_of("fgm");
  ((int32_t *)audit.objects.labels)[4] = 2;
  assert_int_equal(scrim_cloud_audit_run(&report, filter, NULL, &audit, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 4);
  audit = audit_of("fgm");
  ((float *)audit.objects.xyz)[3 * OBJECT_POINTS * 9] = INFINITY;
  assert_int_equal(scrim_cloud_audit_run(&report, filter, NULL, &audit, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 9);
  audit = audit_of("no such");
  assert_int_equal(scrim_cloud_audit_run(&report, filter, NULL, &audit, &error), SCRIM_E_PARAM);
  audit = audit_of("fgm");
  audit.points = OBJECT_POINTS + 1;
  assert_int_equal(scrim_cloud_audit_run(&report, filter, NULL, &audit, &error), SCRIM_E_DATA);
  audit = audit_of("fgm");
  audit.progress = stop_at_once;
  assert_int_equal(scrim_cloud_audit_run(&report, filter, NULL, &audit, &error), SCRIM_E_CANCELLED);
  audit = audit_of("fgm");
  audit.victim = "/nonexistent/victim";
  assert_int_equal(scrim_cloud_audit_run(&report, filter, NULL, &audit, &error), SCRIM_E_IO);
  assert_int_equal(scrim_cloud_audit_run(&report, NULL, NULL, &audit, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_cloud_audit_run(NULL, filter, NULL, &audit, &error), SCRIM_E_ARGUMENT);
  assert_null(report);
  scrim_cloud_audit_report_free(NULL);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  scrim_cloud_audit audit = audit_of("fgm,add");
  scrim_cloud_audit_report *report;
  audit.objects.n = 2;
  audit.threads = 2;
  memory_fail_at(1000000, 0);
  scrim_cloud_audit_report_free(run(&audit));
  const unsigned long requests = memory_requests();
  for (unsigned long at = 1; at <= requests; at += 1 + requests / 12) {
    memory_fail_at(at, 0);
    const scrim_status status = scrim_cloud_audit_run(&report, filter, NULL, &audit, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    assert_true((status == SCRIM_OK) == (report != NULL));
    scrim_cloud_audit_report_free(report);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_attack_meets_every_defence),
      cmocka_unit_test(attacks_gain_by_their_budget),
      cmocka_unit_test(knowing_the_defence_helps),
      cmocka_unit_test(threads_change_nothing_and_the_seed_does),
      cmocka_unit_test(a_source_of_its_own_is_attacked_instead),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
