/* Every bad audit is refused with the table, row and value at fault. */
#include "audit_world.h"
#include "purifier/audit_check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static scrim_error error;

static void expect(const scrim_scores_audit *a, scrim_status status, int64_t row, const char *words) {
  error = (scrim_error){.row = -2};
  assert_int_equal(audit_check(a, SCORE_PROBABILITIES, &error), status);
  assert_int_equal(error.row, row);
  if (!strstr(error.message, words)) fail_msg("'%s' lacks '%s'", error.message, words);
}

static int never(const float *inputs, size_t n, float *scores, void *context) {
  (void)inputs, (void)n, (void)scores, (void)context;
  return 1;
}

static void test_complete_audits_pass(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  scrim_scores_audit a = world_audit(w);
  assert_int_equal(audit_check(&a, SCORE_PROBABILITIES, NULL), SCRIM_OK);
  a.n_shadows = 0;
  assert_int_equal(audit_check(&a, SCORE_PROBABILITIES, NULL), SCRIM_OK);
  a.n_population = 0;
  assert_int_equal(audit_check(&a, SCORE_PROBABILITIES, NULL), SCRIM_OK);
  free(w);
}

static void test_missing_parts(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  const scrim_scores_audit whole = world_audit(w);
  scrim_scores_audit a = whole;
  a.member_labels = NULL;
  expect(&a, SCRIM_E_ARGUMENT, -1, "members");
  a = whole, a.nonmembers = NULL;
  expect(&a, SCRIM_E_ARGUMENT, -1, "non-members");
  a = whole, a.shadow_in = NULL;
  expect(&a, SCRIM_E_ARGUMENT, -1, "shadows");
  a = whole, a.population_labels = NULL;
  expect(&a, SCRIM_E_ARGUMENT, -1, "population");
  a = whole, a.shadow_population = NULL;
  expect(&a, SCRIM_E_ARGUMENT, -1, "shadows' scores of the population");
  a = whole, a.classify = never;
  expect(&a, SCRIM_E_ARGUMENT, -1, "inputs");
  a = whole, a.classes = 1;
  expect(&a, SCRIM_E_ARGUMENT, -1, "1 classes");
  a = whole, a.n_members = 19;
  expect(&a, SCRIM_E_DATA, -1, "19 members");
  free(w);
}

static void test_bad_values(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  const scrim_scores_audit a = world_audit(w);
  const size_t at = (WORLD_MEMBERS + 3) * WORLD_CLASSES;
  float kept = w->target[at];
  w->target[at] = NAN;
  expect(&a, SCRIM_E_DATA, 3, "non-members: row 3");
  w->target[at] = kept;
  kept = w->shadow_population[WORLD_CLASSES];
  w->shadow_population[WORLD_CLASSES] = 2;
  expect(&a, SCRIM_E_DATA, 1, "shadow population: row 1");
  w->shadow_population[WORLD_CLASSES] = kept;
  w->labels[7] = WORLD_CLASSES;
  expect(&a, SCRIM_E_DATA, 7, "label 5 of row 7");
  w->labels[7] = -1;
  expect(&a, SCRIM_E_DATA, 7, "label -1 of row 7");
  w->labels[7] = 0;
  w->shadow_in[WORLD_ROWS + 2] = 7;
  expect(&a, SCRIM_E_DATA, 2, "shadow 1, row 2");
  memset(w->shadow_in + WORLD_ROWS, 1, WORLD_ROWS);
  expect(&a, SCRIM_E_DATA, -1, "shadow 1 was trained on 1600 of 1600");
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_complete_audits_pass),
      cmocka_unit_test(test_missing_parts),
      cmocka_unit_test(test_bad_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
