/* The filter as a defence, in the hands of owner, insider and attacker. */
#include "audit_world.h"
#include "purifier/audit_filter.h"
#include "purifier/score_form.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { N = 300, VALUES = N * WORLD_CLASSES };

typedef struct scene {
  world *w;
  scrim_key *key;
  scrim_filter *filter;
  audit_filter f;
} scene;

static void prepare(scene *s, const char *setting) {
  *s = (scene){.w = world_make(1, 3, 1), .key = world_key(7)};
  assert_int_equal(world_filter(&s->filter, s->w, s->key, setting, NULL), SCRIM_OK);
  assert_int_equal(audit_filter_init(&s->f, s->filter, s->key, NULL), SCRIM_OK);
}

static void drop(scene *s) {
  scrim_filter_free(s->filter);
  scrim_key_free(s->key);
  free(s->w);
}

/* What a state releases for the first members. */
static void release(const scene *s, void *state, float *out) {
  assert_int_equal(s->f.rule.apply(state, s->w->target, out, N, NULL), SCRIM_OK);
}

static void test_the_owner_applies_the_filter_itself(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, NULL);
  static float direct[VALUES], audited[VALUES], in_place[VALUES];
  scrim_session *session;
  assert_int_equal(scrim_session_create(&session, s.filter, s.key, NULL, NULL), SCRIM_OK);
  scrim_view in = {.kind = SCRIM_SCORES, .data = s.w->target, .rows = N, .columns = WORLD_CLASSES};
  scrim_view out = {.kind = SCRIM_SCORES, .data = direct, .columns = WORLD_CLASSES, .capacity = N};
  assert_int_equal(scrim_apply(session, &in, &out, NULL), SCRIM_OK);
  void *owner;
  assert_int_equal(audit_filter_owner(&owner, &s.f, NULL), SCRIM_OK);
  release(&s, owner, audited);
  assert_memory_equal(direct, audited, sizeof direct);
  memcpy(in_place, s.w->target, sizeof in_place);
  assert_int_equal(s.f.rule.apply(owner, in_place, in_place, N, NULL), SCRIM_OK);
  assert_memory_equal(direct, in_place, sizeof direct);
  s.f.rule.release(owner);
  scrim_session_free(session);
  drop(&s);
}

static void test_strength_is_changed_without_training(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, NULL);
  static float own[VALUES], full[VALUES], back[VALUES];
  void *owner;
  assert_int_equal(audit_filter_owner(&owner, &s.f, NULL), SCRIM_OK);
  release(&s, owner, own);
  assert_int_equal(audit_filter_strength(owner, 1, NULL), SCRIM_OK);
  release(&s, owner, full);
  assert_memory_not_equal(own, full, sizeof own);
  assert_int_equal(audit_filter_strength(owner, s.f.rule.setting, NULL), SCRIM_OK);
  release(&s, owner, back);
  assert_memory_equal(own, back, sizeof own);
  assert_int_equal(audit_filter_strength(owner, 2, NULL), SCRIM_E_PARAM);
  s.f.rule.release(owner);
  drop(&s);
}

static void test_the_attacker_trains_his_own(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, NULL);
  assert_false(s.f.with_members);
  const defence_data data = {.classes = WORLD_CLASSES,
                             .reference = s.w->shadow_population,
                             .reference_labels = s.w->population_labels,
                             .n_reference = WORLD_POPULATION};
  static float owners[VALUES], attackers[VALUES], again[VALUES];
  void *owner, *attacker, *same;
  assert_int_equal(audit_filter_owner(&owner, &s.f, NULL), SCRIM_OK);
  assert_int_equal(s.f.rule.fit(&attacker, &s.f.rule, &data, 9, NULL), SCRIM_OK);
  assert_int_equal(s.f.rule.fit(&same, &s.f.rule, &data, 9, NULL), SCRIM_OK);
  release(&s, owner, owners);
  release(&s, attacker, attackers);
  release(&s, same, again);
  assert_memory_not_equal(owners, attackers, sizeof owners);
  assert_memory_equal(attackers, again, sizeof again);
  for (size_t i = 0; i < N; i++) /* labels are kept by either */
    assert_int_equal(score_argmax(attackers + i * WORLD_CLASSES, WORLD_CLASSES),
                     score_argmax(s.w->target + i * WORLD_CLASSES, WORLD_CLASSES));
  s.f.rule.release(owner);
  s.f.rule.release(attacker);
  s.f.rule.release(same);
  drop(&s);
}

/* A swapper's index opens under the owner's key only. The insider is then given it: the audit errs on the safe side. */
static void test_the_insider_of_a_swapping_filter(void **unused) {
  (void)unused;
  scene s;
  prepare(&s, "swap=1");
  assert_true(s.f.with_members);
  static float owners[VALUES], insiders[VALUES];
  void *owner, *insider;
  assert_int_equal(audit_filter_owner(&owner, &s.f, NULL), SCRIM_OK);
  assert_int_equal(audit_filter_insider(&insider, &s.f, 3, NULL), SCRIM_OK);
  release(&s, owner, owners);
  release(&s, insider, insiders);
  size_t swapped = 0;
  for (size_t i = 0; i < N; i++)
    swapped += score_argmax(owners + i * WORLD_CLASSES, WORLD_CLASSES) !=
               score_argmax(s.w->target + i * WORLD_CLASSES, WORLD_CLASSES);
  assert_true(swapped > N / 6);
  s.f.rule.release(owner);
  s.f.rule.release(insider);
  drop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_owner_applies_the_filter_itself),
      cmocka_unit_test(test_strength_is_changed_without_training),
      cmocka_unit_test(test_the_attacker_trains_his_own),
      cmocka_unit_test(test_the_insider_of_a_swapping_filter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
