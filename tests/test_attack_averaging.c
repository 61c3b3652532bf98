/* Averaging undoes fresh Gaussian noise and, by near copies, noise fixed per row; without noise it gains nothing. */
#include "attack_world.h"
#include "core/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const attack once = {"averaging 1", 0, 1, attack_averaging}, often = {"averaging 100", 0, 100, attack_averaging};
static const attack near_copies = {"near", 0, -100, attack_averaging};

static void normalise(float *row) {
  float sum = 0;
  for (int j = 0; j < WORLD_CLASSES; j++) sum += row[j] = fmaxf(row[j], 0);
  for (int j = 0; j < WORLD_CLASSES; j++) row[j] /= sum;
}

/* A fresh draw for each answer. state: the world, for its generator */
static scrim_status fresh_noise(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  for (size_t i = 0; i < n; i++) {
    for (int j = 0; j < WORLD_CLASSES; j++)
      released[i * WORLD_CLASSES + j] = raw[i * WORLD_CLASSES + j] + (float)(0.3 * world_normal(state));
    normalise(released + i * WORLD_CLASSES);
  }
  return SCRIM_OK;
}

/* The draw is a function of the row's bits. */
static scrim_status fixed_noise(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)state, (void)error;
  for (size_t i = 0; i < n; i++) {
    uint32_t bits[WORLD_CLASSES];
    memcpy(bits, raw + i * WORLD_CLASSES, sizeof bits);
    static world local; /* for its generator */
    local.state = 1;
    for (int j = 0; j < WORLD_CLASSES; j++) local.state = (local.state ^ bits[j]) * 0x9e3779b97f4a7c15u;
    world_uniform(&local);
    for (int j = 0; j < WORLD_CLASSES; j++)
      released[i * WORLD_CLASSES + j] = raw[i * WORLD_CLASSES + j] + (float)(0.3 * world_normal(&local));
    normalise(released + i * WORLD_CLASSES);
  }
  return SCRIM_OK;
}

/* Shadows without noise show what the confidence of the mean does not: whether a row is easy or hard in itself. */
static void test_lira_on_the_mean(void **unused) {
  (void)unused;
  world *w = world_make(5, 2, 2);
  w->view.interface = (attack_interface){.release = fresh_noise, .state = w, .raw = w->target};
  const attack lira = {"averaging 100 LiRA", 0, 100, attack_averaging_lira};
  scrim_attack_result plain, r;
  assert_int_equal(world_attack(w, &often, &plain), SCRIM_OK);
  assert_int_equal(world_attack(w, &lira, &r), SCRIM_OK);
  assert_true(r.auc.value > plain.auc.value + 0.1);
  assert_true(r.auc.value > 0.85);
  free(w);
}

static size_t calls;
static scrim_status identity(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)state, (void)error;
  calls++;
  memcpy(released, raw, n * WORLD_CLASSES * sizeof *released);
  return SCRIM_OK;
}

static world *make(uint64_t seed, scrim_status (*release)(void *, const float *, float *, size_t, scrim_error *)) {
  world *w = world_make(seed, 2, 0.5);
  w->view.interface = (attack_interface){.release = release, .state = w, .raw = w->target};
  return w;
}

static void test_fresh_noise_averages_out(void **unused) {
  (void)unused;
  world *w = make(1, fresh_noise);
  scrim_attack_result r1, r100;
  assert_int_equal(world_attack(w, &once, &r1), SCRIM_OK);
  assert_int_equal(world_attack(w, &often, &r100), SCRIM_OK);
  assert_true(r1.auc.value < 0.8);
  assert_true(r100.auc.value > 0.9);
  free(w);
}

static void test_deterministic_defence_gives_the_same_for_any_n(void **unused) {
  (void)unused;
  world *w = make(2, identity);
  scrim_attack_result r1, r100;
  assert_int_equal(world_attack(w, &once, &r1), SCRIM_OK);
  calls = 0;
  assert_int_equal(world_attack(w, &often, &r100), SCRIM_OK);
  assert_memory_equal(&r1.auc, &r100.auc, sizeof r1.auc);
  assert_memory_equal(&r1.tpr_at_1pct, &r100.tpr_at_1pct, sizeof r1.auc);
  assert_int_equal(calls, 2); /* the second answer settles it */
  free(w);
}

static void test_near_copies_undo_noise_fixed_per_row(void **unused) {
  (void)unused;
  world *w = make(3, fixed_noise);
  scrim_attack_result same, near;
  assert_int_equal(world_attack(w, &often, &same), SCRIM_OK);
  assert_int_equal(world_attack(w, &near_copies, &near), SCRIM_OK);
  assert_true(same.auc.value < 0.8);
  assert_true(near.auc.value > 0.9);
  free(w);
}

static scrim_status refuse(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)state, (void)raw, (void)released, (void)n, (void)error;
  return SCRIM_E_UNSUPPORTED;
}

static void test_failures_are_passed_on(void **unused) {
  (void)unused;
  world *w = make(4, refuse);
  w->view.n_examples = 100;
  static double score[WORLD_ROWS];
  unsigned char scored[WORLD_ROWS] = {0};
  assert_int_equal(attack_averaging(&once, &w->view, score, scored, NULL), SCRIM_E_UNSUPPORTED);
  w->view.interface.release = identity;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    memory_fail_at(n, 0);
    status = attack_averaging(&often, &w->view, score, scored, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
  }
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fresh_noise_averages_out),
      cmocka_unit_test(test_lira_on_the_mean),
      cmocka_unit_test(test_deterministic_defence_gives_the_same_for_any_n),
      cmocka_unit_test(test_near_copies_undo_noise_fixed_per_row),
      cmocka_unit_test(test_failures_are_passed_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
