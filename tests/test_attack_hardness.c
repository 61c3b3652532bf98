/*
 * Labels and hardness: better than the gap where shadows know the rows, a half where nothing leaks, and through swaps.
 */
#include "swap_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const attack once = {"hardness", 0, 0, attack_hardness}, copies = {"copies", 0, 16, attack_hardness};
static const attack gap = {"gap", 0, 0, attack_gap};

/* Nothing but labels leaves. */
static void harden(world *w) {
  for (size_t i = 0; i < WORLD_ROWS; i++) {
    float *row = w->target + i * WORLD_CLASSES;
    const size_t top = score_argmax(row, WORLD_CLASSES);
    for (size_t j = 0; j < WORLD_CLASSES; j++) row[j] = j == top;
  }
}

static void bare_labels_tell_more_to_who_knows_the_rows(void **state) {
  (void)state;
  world *w = world_make(1, 3, 2);
  scrim_attack_result known, plain;
  harden(w);
  assert_int_equal(world_attack(w, &once, &known), SCRIM_OK);
  assert_int_equal(world_attack(w, &gap, &plain), SCRIM_OK);
  assert_true(plain.auc.value > 0.53);
  assert_true(known.auc.value > plain.auc.value + 0.02);
  assert_true(known.balanced_accuracy.value > 0.53);
  free(w);
}

static void no_leak_gives_a_half(void **state) {
  (void)state;
  double mean;
  assert_true(world_without_leak(&once, 2, &mean) >= 6);
  assert_true(fabs(mean - 0.5) < 0.015);
}

/* A third of the members answer with a wrong label, which no near copy does. */
static void copies_see_through_swaps(void **state) {
  (void)state;
  world *w = world_make(2, 3, 2);
  static float raw[WORLD_ROWS * WORLD_CLASSES];
  memcpy(raw, w->target, sizeof raw);
  swapper s = {w, calloc(WORLD_MEMBERS, sizeof *s.known), 0};
  for (size_t i = 0; i < WORLD_MEMBERS; i += 3) memcpy(s.known[s.n++], raw + i * WORLD_CLASSES, sizeof *s.known);
  assert_int_equal(swap_known(&s, raw, w->target, WORLD_ROWS, NULL), SCRIM_OK);
  w->view.interface = (attack_interface){.release = swap_known, .state = &s, .raw = raw};
  scrim_attack_result fooled, through;
  assert_int_equal(world_attack(w, &once, &fooled), SCRIM_OK);
  assert_int_equal(world_attack(w, &copies, &through), SCRIM_OK);
  assert_true(fooled.auc.value < 0.5);
  assert_true(through.auc.value > 0.65);
  assert_true(through.tpr_at_1pct.value > 0.2); /* the swapped ones themselves */
  free(s.known);
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bare_labels_tell_more_to_who_knows_the_rows),
      cmocka_unit_test(no_leak_gives_a_half),
      cmocka_unit_test(copies_see_through_swaps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
