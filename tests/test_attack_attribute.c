/*
 * Attribute inference on planted data: an attribute that the scores tell is found, one that they do not is a coin toss.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/memory.h"
#include "core/random.h"
#include "purifier/attack_attribute.h"
#include <math.h>

enum { K = 4, KNOWN = 2000, AUDITED = 2000, ROWS = KNOWN + AUDITED };

static float scores[ROWS * K];
static int32_t told[ROWS];   /* score 0 is above score 1: nothing that the label says for sure */
static int32_t rare[ROWS];   /* the same, but score 0 must be four times score 1: about one row in six */
static int32_t silent[ROWS]; /* independent: 1 for three rows in ten */
static int32_t labels[ROWS]; /* the predicted class itself */

static int make_world(void **state) {
  (void)state;
  random_source *random = NULL;
  if (random_source_from_seed(&random, 4, NULL) || random_begin(random, "test", NULL, 0, NULL)) return -1;
  for (size_t i = 0; i < ROWS; i++) {
    float *p = scores + i * K, sum = 0;
    for (size_t k = 0; k < K; k++) sum += p[k] = expf((float)random_normal(random));
    for (size_t k = 0; k < K; k++) {
      p[k] /= sum;
      if (p[k] > p[labels[i]]) labels[i] = (int32_t)k;
    }
    told[i] = p[0] > p[1];
    rare[i] = p[0] > 4 * p[1];
    silent[i] = random_uniform(random) < 0.3;
  }
  random_source_free(random);
  return 0;
}

static attribute_result attack(const int32_t *attribute, size_t values) {
  const attribute_attack a = {.classes = K,
                              .values = values,
                              .known = {scores, attribute, KNOWN},
                              .audited = {scores + KNOWN * K, attribute + KNOWN, AUDITED},
                              .seed = 6};
  attribute_result result;
  scrim_error error = {0};
  if (attack_attribute(&result, &a, &error) != SCRIM_OK) fail_msg("%s", error.message);
  return result;
}

static double share_of(const int32_t *attribute, int32_t value) {
  double n = 0;
  for (size_t i = KNOWN; i < ROWS; i++) n += attribute[i] == value;
  return n / AUDITED;
}

static void test_a_told_attribute_is_found(void **state) {
  (void)state;
  attribute_result r = attack(told, 2);
  assert_true(r.auc > 0.99);
  assert_true(r.accuracy > 0.95);
  assert_true(r.balanced_accuracy > 0.95);
  assert_true(r.accuracy > r.label_guess + 0.1); /* labels alone say less */
  assert_true(r.label_guess > r.majority);
}

static void test_a_silent_attribute_is_a_coin_toss(void **state) {
  (void)state;
  attribute_result r = attack(silent, 2);
  double majority = share_of(silent, 0);
  assert_float_equal(r.majority, majority, 1e-9);
  assert_float_equal(r.auc, 0.5, 0.04); /* three standard deviations for 600 against 1,400 rows */
  assert_float_equal(r.balanced_accuracy, 0.5, 0.04);
  assert_true(r.accuracy < majority + 0.01);
}

/* The balanced figure is not fooled by how rare a value is. */
static void test_a_rare_value_counts_like_any_other(void **state) {
  (void)state;
  attribute_result r = attack(rare, 2);
  assert_true(share_of(rare, 1) < 0.25);
  assert_true(r.balanced_accuracy > 0.95);
  assert_true(r.auc > 0.99);
}

static void test_an_attribute_that_is_the_label_needs_no_scores(void **state) {
  (void)state;
  attribute_result r = attack(labels, K + 1); /* one value that nobody has */
  assert_float_equal(r.label_guess, 1, 1e-9);
  assert_true(r.accuracy > 0.99);
  assert_true(r.balanced_accuracy > 0.99);
  assert_true(r.auc > 0.999);
  assert_true(r.majority < 0.4);
}

static void test_the_same_seed_gives_the_same_figures(void **state) {
  (void)state;
  attribute_result a = attack(told, 2), b = attack(told, 2);
  assert_memory_equal(&a, &b, sizeof a);
}

static void test_failures(void **state) {
  (void)state;
  int32_t bad[4] = {0, 1, 2, 0};
  attribute_attack a = {.classes = K, .values = 2, .known = {scores, bad, 4}, .audited = {scores, told, 4}};
  attribute_result result;
  scrim_error error = {0};
  assert_int_equal(attack_attribute(&result, &a, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 2);
  a.known.n = 0;
  assert_int_equal(attack_attribute(&result, &a, &error), SCRIM_E_ARGUMENT);
  a.known = (attribute_rows){scores, told, 100};
  for (unsigned long at = 1; at < 30; at++) {
    memory_fail_at(at, 0);
    scrim_status status = attack_attribute(&result, &a, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_E_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_told_attribute_is_found),
      cmocka_unit_test(test_a_silent_attribute_is_a_coin_toss),
      cmocka_unit_test(test_a_rare_value_counts_like_any_other),
      cmocka_unit_test(test_an_attribute_that_is_the_label_needs_no_scores),
      cmocka_unit_test(test_the_same_seed_gives_the_same_figures),
      cmocka_unit_test(test_failures),
  };
  return cmocka_run_group_tests(tests, make_world, NULL);
}
