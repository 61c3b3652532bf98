/* What each attacker sees: a squashing defence is seen through by who squashes his own shadows' scores as well. */
#include "audit_world.h"
#include "core/memory.h"
#include "purifier/attack_network.h"
#include "purifier/attack_statistic.h"
#include "purifier/audit_attacker.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static size_t fitted, released;

static scrim_status squash_fit(void **state, const defence *self, const defence_data *data, uint64_t seed,
                               scrim_error *error) {
  (void)self, (void)seed;
  (void)error;
  *state = memory_zalloc(1, sizeof(size_t));
  *(size_t *)*state = data->n_members;
  fitted++;
  return SCRIM_OK;
}

/* Scores a tenth as far from even, and in the reverse order of confidence: what was sure looks doubtful. */
static scrim_status squash(void *state, const float *raw, float *out, size_t n, scrim_error *error) {
  (void)state, (void)error;
  for (size_t i = 0; i < n * WORLD_CLASSES; i++) out[i] = 0.22f - 0.1f * raw[i];
  return SCRIM_OK;
}

static void squash_release(void *state) {
  released++;
  memory_free(state);
}

static const defence squashing = {"squash", NAN, NULL, squash_fit, squash, squash_release, 0};

typedef struct scene {
  world *w;
  scrim_scores_audit audit;
  audit_data data;
  audit_room room;
  audit_parties parties;
} scene;

static void prepare(scene *s, size_t shadows) {
  fitted = released = 0;
  *s = (scene){.w = world_make(1, 4, 0.5)};
  s->audit = world_audit(s->w);
  s->audit.n_shadows = shadows;
  assert_int_equal(audit_data_open(&s->data, &s->audit, SCORE_PROBABILITIES, NULL), SCRIM_OK);
  assert_int_equal(audit_room_make(&s->room, &s->data, NULL), SCRIM_OK);
  assert_int_equal(audit_parties_fit(&s->parties, &squashing, &s->data, NULL), SCRIM_OK);
  assert_int_equal(audit_release(&s->room, &s->parties, &s->data, NULL), SCRIM_OK);
}

static void drop(scene *s) {
  audit_parties_free(&s->parties);
  audit_room_free(&s->room, &s->data);
  audit_data_close(&s->data);
  free(s->w);
  assert_int_equal(released, fitted);
}

static scrim_attack_result attack_as(scene *s, scrim_attacker attacker, const attack *a) {
  attack_view view;
  scrim_attack_result r;
  assert_int_equal(audit_view(&view, &s->room, &s->parties, &s->data, attacker, NULL), SCRIM_OK);
  s->w->view = view;
  memcpy(s->w->open, view.open, sizeof s->w->open);
  assert_int_equal(world_attack(s->w, a, &r), SCRIM_OK);
  return r;
}

static void test_adaptive_beats_unaware(void **unused) {
  (void)unused;
  const attack confidence = {"confidence", 0, STATISTIC_TRUE_CONFIDENCE, attack_threshold};
  const attack nsh = {"NSH", 0, NETWORK_NSH, attack_network}, lira = {"LiRA", 0, LIRA_ONLINE, attack_lira};
  const attack *all[] = {&confidence, &nsh, &lira};
  scene s;
  prepare(&s, 3);
  for (int a = 0; a < 3; a++) {
    scrim_attack_result unaware = attack_as(&s, SCRIM_ATTACKER_UNAWARE, all[a]);
    scrim_attack_result adaptive = attack_as(&s, SCRIM_ATTACKER_ADAPTIVE, all[a]);
    scrim_attack_result insider = attack_as(&s, SCRIM_ATTACKER_INSIDER, all[a]);
    assert_true(adaptive.auc.value > 0.95);
    assert_true(insider.auc.value > 0.95);
    assert_true(unaware.auc.value < 0.75);
    assert_true(adaptive.balanced_accuracy.value > unaware.balanced_accuracy.value + 0.2);
  }
  drop(&s);
}

static void test_without_shadows_examples_are_released_rows(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, 0);
  assert_int_equal(fitted, 1); /* the owner's only */
  attack_view view;
  assert_int_equal(audit_view(&view, &s.room, &s.parties, &s.data, SCRIM_ATTACKER_ADAPTIVE, NULL), SCRIM_OK);
  assert_int_equal(view.n_examples, WORLD_ROWS / 2);
  for (size_t i = 0; i < view.n_examples; i++) {
    const attack_example *e = &view.examples[i];
    assert_ptr_equal(e->scores, view.target + e->row * WORLD_CLASSES);
    assert_int_equal(e->in, e->row < WORLD_MEMBERS);
    assert_int_equal(e->shadow, -1);
  }
  assert_int_equal(audit_view(&view, &s.room, &s.parties, &s.data, SCRIM_ATTACKER_UNAWARE, NULL), SCRIM_OK);
  assert_ptr_equal(view.examples[0].scores, s.data.raw + view.examples[0].row * WORLD_CLASSES);
  drop(&s);
}

static void test_parties_are_fitted_on_what_they_hold(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, WORLD_SHADOWS);
  assert_int_equal(s.parties.n_attackers, AUDIT_PURIFIERS);
  assert_int_equal(fitted, 1 + AUDIT_PURIFIERS);
  assert_int_equal(*(size_t *)s.parties.owner, WORLD_MEMBERS);
  size_t in = 0;
  for (size_t i = 0; i < WORLD_ROWS; i++) in += s.w->shadow_in[WORLD_ROWS + i];
  assert_int_equal(*(size_t *)s.parties.attacker[1], in);
  assert_ptr_equal(s.parties.insider, s.parties.owner);
  drop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_adaptive_beats_unaware),
      cmocka_unit_test(test_without_shadows_examples_are_released_rows),
      cmocka_unit_test(test_parties_are_fitted_on_what_they_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
