/* Who holds which rows. */
#include "audit_world.h"
#include "core/memory.h"
#include "purifier/audit_data.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static size_t count_open(const audit_data *d, int member) {
  size_t n = 0;
  for (size_t i = 0; i < d->rows; i++) n += d->open[i] && d->member[i] == member;
  return n;
}

static void test_shadows_and_population_leave_all_rows_open(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  scrim_scores_audit a = world_audit(w);
  audit_data d;
  assert_int_equal(audit_data_open(&d, &a, SCORE_PROBABILITIES, NULL), SCRIM_OK);
  assert_int_equal(count_open(&d, 1), WORLD_MEMBERS);
  assert_int_equal(count_open(&d, 0), WORLD_ROWS - WORLD_MEMBERS);
  assert_int_equal(d.n_examples, WORLD_SHADOWS * WORLD_ROWS);
  assert_ptr_equal(d.owner.reference, w->population);
  assert_int_equal(d.owner.n_members, WORLD_MEMBERS);
  audit_data_close(&d);
  free(w);
}

static void test_without_shadows_the_closed_half_teaches(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  scrim_scores_audit a = world_audit(w);
  a.n_shadows = a.n_population = 0;
  audit_data d;
  assert_int_equal(audit_data_open(&d, &a, SCORE_PROBABILITIES, NULL), SCRIM_OK);
  assert_int_equal(count_open(&d, 1), WORLD_MEMBERS / 2);
  assert_int_equal(d.n_examples, WORLD_ROWS / 2);
  for (size_t i = 0; i < d.n_examples; i++) assert_false(d.open[d.order[i]]);
  /* The owner of a baseline fits it on closed non-members, and on none that is scored. */
  assert_int_equal(d.owner.n_reference, (WORLD_ROWS - WORLD_MEMBERS) / 2);
  for (size_t i = 0; i < d.owner.n_reference; i++) {
    size_t found = 0;
    const float *row = d.owner.reference + i * WORLD_CLASSES;
    for (size_t j = WORLD_MEMBERS; j < WORLD_ROWS; j++)
      if (memcmp(row, d.raw + j * WORLD_CLASSES, WORLD_CLASSES * sizeof *row) == 0) found += !d.open[j];
    assert_int_equal(found, 1);
  }
  audit_data_close(&d);
  free(w);
}

static void test_data_of_a_shadow(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  scrim_scores_audit a = world_audit(w);
  size_t in = 0, s = 2;
  for (size_t i = 0; i < WORLD_ROWS; i++) in += w->shadow_in[s * WORLD_ROWS + i];
  for (int population = 1; population >= 0; population--) {
    audit_data d;
    defence_data of;
    float *scores = NULL;
    int32_t *labels = NULL;
    if (!population) a.n_population = 0;
    assert_int_equal(audit_data_open(&d, &a, SCORE_PROBABILITIES, NULL), SCRIM_OK);
    assert_int_equal(audit_data_of_shadow(&d, s, &of, &scores, &labels, NULL), SCRIM_OK);
    assert_int_equal(of.n_members, in);
    if (population)
      assert_ptr_equal(of.reference, w->shadow_population + s * WORLD_POPULATION * WORLD_CLASSES);
    else
      assert_int_equal(of.n_reference, WORLD_ROWS - in); /* rows that it was not trained on */
    memory_free(scores);
    memory_free(labels);
    audit_data_close(&d);
  }
  free(w);
}

static void test_logits_become_probabilities(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  static float logits[WORLD_ROWS * WORLD_CLASSES];
  for (size_t i = 0; i < WORLD_ROWS * WORLD_CLASSES; i++) logits[i] = logf(w->target[i]) + 3; /* any shift */
  scrim_scores_audit a = world_audit(w);
  a.members = logits;
  a.nonmembers = logits + WORLD_MEMBERS * WORLD_CLASSES;
  audit_data d;
  assert_int_equal(audit_data_open(&d, &a, SCORE_LOGITS, NULL), SCRIM_OK);
  for (size_t i = 0; i < WORLD_ROWS * WORLD_CLASSES; i++) assert_true(fabsf(d.raw[i] - w->target[i]) < 1e-5f);
  assert_true(d.shadows != w->shadows); /* converted, like all else */
  audit_data_close(&d);
  free(w);
}

static void test_memory_failures(void **unused) {
  (void)unused;
  world *w = world_make(1, 1, 1);
  scrim_scores_audit a = world_audit(w);
  a.n_population = 0;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    audit_data d;
    memory_fail_at(n, 0);
    status = audit_data_open(&d, &a, SCORE_LOGITS, NULL);
    memory_fail_at(0, 0);
    audit_data_close(&d);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
  }
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shadows_and_population_leave_all_rows_open),
      cmocka_unit_test(test_without_shadows_the_closed_half_teaches),
      cmocka_unit_test(test_data_of_a_shadow),
      cmocka_unit_test(test_logits_become_probabilities),
      cmocka_unit_test(test_memory_failures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
