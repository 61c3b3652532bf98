/* Swap detection finds the members that a swapper knows by their exact scores: a true positive rate of its rate. */
#include "swap_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const attack by_scores = {"swap", 0, 0, attack_swap}, by_inputs = {"swap inputs", 0, 1, attack_swap};
static const double SWAP_RATE = 0.3;

/* A classifier whose inputs are the logits. */
static int classify(const float *inputs, size_t n, float *scores, void *context) {
  (void)context;
  for (size_t i = 0; i < n; i++) {
    const float *x = inputs + i * WORLD_CLASSES;
    float *p = scores + i * WORLD_CLASSES, sum = 0;
    for (int j = 0; j < WORLD_CLASSES; j++) sum += p[j] = expf(x[j]);
    for (int j = 0; j < WORLD_CLASSES; j++) p[j] /= sum;
  }
  return 0;
}

typedef struct scene {
  world *w;
  swapper s;
  float raw[WORLD_ROWS * WORLD_CLASSES], inputs[WORLD_ROWS * WORLD_CLASSES];
} scene;

static scene *make(uint64_t seed, double rate, double leak) {
  scene *c = calloc(1, sizeof *c);
  if (!c) abort();
  c->w = world_make(seed, leak, 0.5);
  for (size_t i = 0; i < WORLD_ROWS * WORLD_CLASSES; i++) c->inputs[i] = logf(c->w->target[i]);
  classify(c->inputs, WORLD_ROWS, c->raw, NULL);
  c->s = (swapper){c->w, calloc(WORLD_MEMBERS, sizeof *c->s.known), 0};
  for (size_t i = 0; i < (size_t)(rate * WORLD_MEMBERS); i++)
    memcpy(c->s.known[c->s.n++], c->raw + i * WORLD_CLASSES, sizeof *c->s.known);
  assert_int_equal(swap_known(&c->s, c->raw, c->w->target, WORLD_ROWS, NULL), SCRIM_OK);
  c->w->view.interface = (attack_interface){.release = swap_known,
                                            .state = &c->s,
                                            .raw = c->raw,
                                            .classify = classify,
                                            .features = WORLD_CLASSES,
                                            .member_inputs = c->inputs,
                                            .nonmember_inputs = c->inputs + WORLD_MEMBERS * WORLD_CLASSES};
  return c;
}

static void drop(scene *c) {
  free(c->s.known);
  free(c->w);
  free(c);
}

static void test_swapped_members_are_found(void **unused) {
  (void)unused;
  scene *c = make(7, SWAP_RATE, 3);
  for (int a = 0; a < 2; a++) {
    scrim_attack_result r;
    assert_int_equal(world_attack(c->w, a ? &by_inputs : &by_scores, &r), SCRIM_OK);
    assert_true(fabs(r.tpr_at_1pct.value - SWAP_RATE) < 0.02);
    assert_true(fabs(r.balanced_accuracy.value - (0.5 + SWAP_RATE / 2)) < 0.01); /* next to no false positives */
    assert_true(r.tpr_at_0_1pct.value > SWAP_RATE - 0.02);
  }
  drop(c);
}

static void test_without_swaps_nothing_is_found(void **unused) {
  (void)unused;
  double mean = 0;
  for (uint64_t seed = 1; seed <= 8; seed++) {
    scene *c = make(seed, 0, 0);
    for (int a = 0; a < 2; a++) {
      scrim_attack_result r;
      assert_int_equal(world_attack(c->w, a ? &by_inputs : &by_scores, &r), SCRIM_OK);
      mean += r.auc.value / 16;
      assert_true(fabs(r.balanced_accuracy.value - 0.5) < 0.01);
    }
    drop(c);
  }
  assert_true(fabs(mean - 0.5) < 0.015);
}

static int broken(const float *inputs, size_t n, float *scores, void *context) {
  (void)inputs, (void)n, (void)scores, (void)context;
  return 1;
}

static void test_a_failing_classifier_is_reported(void **unused) {
  (void)unused;
  scene *c = make(7, 0, 0);
  c->w->view.interface.classify = broken;
  scrim_attack_result r;
  assert_int_equal(world_attack(c->w, &by_inputs, &r), SCRIM_E_DATA);
  drop(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_swapped_members_are_found),
      cmocka_unit_test(test_without_swaps_nothing_is_found),
      cmocka_unit_test(test_a_failing_classifier_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
