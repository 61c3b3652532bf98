/* The audit's figures against values worked out by hand. */
#include "core/memory.h"
#include "purifier/metrics.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double value, double expected, double tolerance) {
  if (!(fabs(value - expected) <= tolerance)) fail_msg("%.17g is not within %g of %.17g", value, tolerance, expected);
}

static void test_auc_counts_ties_as_a_half(void **unused) {
  (void)unused;
  /* Members 3, 2, 2; non-members 2, 1. Pairs won: 3 beats both (2), each 2 ties one and beats one (1.5): 5 of 6. */
  const double score[] = {3, 2, 2, 2, 1};
  const unsigned char member[] = {1, 1, 1, 0, 0};
  double auc;
  assert_int_equal(metrics_auc(&auc, score, member, 5, NULL), SCRIM_OK);
  assert_near(auc, 5.0 / 6.0, 1e-15);

  const double all_equal[] = {7, 7, 7, 7, 7};
  assert_int_equal(metrics_auc(&auc, all_equal, member, 5, NULL), SCRIM_OK);
  assert_near(auc, 0.5, 1e-15);
}

static void test_attack_figures_by_hand(void **unused) {
  (void)unused;
  /* 4 members at 2, 1, 1, -1 and 200 non-members: one at 1, the rest at -1.
   * Verdict above 0: TPR 3/4, FPR 1/200. AUC: 2 beats 200; each 1 beats 199 and ties 1; -1 ties 199.
   * At 0.1 % FPR (0.2 rows) the first group gives 1 member, a fifth of the second its 2 members: 1.4 of 4.
   * At 1 % (2 rows) the second group is whole, and of the last 1/199. */
  enum { N = 204 };
  double score[N] = {2, 1, 1, -1, 1};
  unsigned char member[N] = {1, 1, 1, 1};
  for (int i = 5; i < N; i++) score[i] = -1;
  scrim_attack_result r = {0};
  assert_int_equal(metrics_attack(&r, score, member, N, 1, NULL), SCRIM_OK);
  assert_int_equal(r.n_members, 4);
  assert_int_equal(r.n_nonmembers, 200);
  assert_near(r.balanced_accuracy.value, 0.5 * (0.75 + 1 - 0.005), 1e-15);
  assert_near(r.auc.value, (200 + 2 * 199.5 + 199 * 0.5) / 800, 1e-15);
  assert_near(r.tpr_at_0_1pct.value, 1.4 / 4, 1e-12);
  assert_near(r.tpr_at_1pct.value, (3 + 1.0 / 199) / 4, 1e-12);
}

/* Scores without and with a leak of known AUC: N(d, 1) against N(0, 1) has AUC Phi(d / sqrt 2). */
static void make_gaussian(double *score, unsigned char *member, size_t n, double shift) {
  uint64_t state = 9;
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < 12; j++) { /* twelve uniforms: variance 1, close enough to normal here */
      state = state * 6364136223846793005u + 1442695040888963407u;
      sum += (double)(state >> 11) * 0x1p-53;
    }
    member[i] = i % 2 == 0;
    score[i] = sum - 6 + (member[i] ? shift : 0);
  }
}

static void test_interval_covers_and_narrows(void **unused) {
  (void)unused;
  enum { N = 4000 };
  static double score[N];
  static unsigned char member[N];
  make_gaussian(score, member, N, 1.0);
  scrim_attack_result r = {0}, again = {0}, few = {0};
  assert_int_equal(metrics_attack(&r, score, member, N, 3, NULL), SCRIM_OK);
  double truth = 0.5 * erfc(-0.5); /* Phi(1 / sqrt 2) */
  assert_true(r.auc.low < truth && truth < r.auc.high);
  /* Hanley and McNeil give a standard error near 0.0069 here, so a width near 0.027. */
  assert_near(r.auc.high - r.auc.low, 0.027, 0.006);
  assert_int_equal(metrics_attack(&again, score, member, N, 3, NULL), SCRIM_OK);
  assert_memory_equal(&r, &again, sizeof r);
  assert_int_equal(metrics_attack(&few, score, member, N / 16, 3, NULL), SCRIM_OK);
  assert_true(few.auc.high - few.auc.low > 2 * (r.auc.high - r.auc.low));

  make_gaussian(score, member, N, 0.0);
  assert_int_equal(metrics_attack(&r, score, member, N, 3, NULL), SCRIM_OK);
  assert_true(r.auc.low < 0.5 && 0.5 < r.auc.high);
}

static void test_bad_scores_are_refused(void **unused) {
  (void)unused;
  scrim_attack_result r = {0};
  scrim_error error;
  assert_int_equal(metrics_attack(&r, (double[]){1, NAN}, (unsigned char[]){1, 0}, 2, 0, &error), SCRIM_E_INTERNAL);
  assert_int_equal(error.row, 1);
  assert_int_equal(metrics_attack(&r, (double[]){1, 2}, (unsigned char[]){1, 1}, 2, 0, &error), SCRIM_E_ARGUMENT);
}

static const float scores[4][2] = {{0.9f, 0.1f}, {0.2f, 0.8f}, {0.8f, 0.2f}, {0.55f, 0.45f}};
static const int32_t labels[4] = {0, 1, 1, 0}; /* the third is wrong */

static void test_accuracy_and_l1(void **unused) {
  (void)unused;
  assert_near(metrics_accuracy(&scores[0][0], labels, 4, 2), 0.75, 0);
  const float hard[4][2] = {{1, 0}, {0, 1}, {1, 0}, {1, 0}};
  /* 0.2 + 0.4 + 0.4 + 0.9 over 4 rows */
  assert_near(metrics_l1(&hard[0][0], &scores[0][0], 4, 2), 1.9 / 4, 1e-7);
}

static void test_ece_by_hand(void **unused) {
  (void)unused;
  /* Bins of 1/15: 0.9 in bin 13, both 0.8 in bin 12, 0.55 in bin 8: |-0.1| + |1.6 - 1| + |-0.45|, over 4. */
  assert_near(metrics_ece(&scores[0][0], labels, 4, 2), (0.1 + 0.6 + 0.45) / 4, 1e-7);
  const float sure[2] = {0, 1};
  assert_near(metrics_ece(sure, (const int32_t[]){1}, 1, 2), 0, 0);
}

static void test_aurc_by_hand(void **unused) {
  (void)unused;
  /* Order: right (0.9); a tie of one right and one wrong (0.8); right. Expected errors 0, 0.5, 1, 1. */
  double aurc;
  assert_int_equal(metrics_aurc(&aurc, &scores[0][0], labels, 4, 2, NULL), SCRIM_OK);
  assert_near(aurc, (0.0 / 1 + 0.5 / 2 + 1.0 / 3 + 1.0 / 4) / 4, 1e-12);
  /* All tied: the error rate at every coverage. */
  const float flat[4][2] = {{1, 0}, {1, 0}, {1, 0}, {1, 0}};
  assert_int_equal(metrics_aurc(&aurc, &flat[0][0], labels, 4, 2, NULL), SCRIM_OK);
  assert_near(aurc, 0.5, 1e-12);
}

static void test_memory_failures_are_clean(void **unused) {
  (void)unused;
  const double score[] = {3, 2, 2, 2, 1};
  const unsigned char member[] = {1, 1, 1, 0, 0};
  scrim_attack_result r = {0};
  double value;
  int failures = 0;
  for (unsigned long n = 1; n < 20; n++) {
    memory_fail_at(n, 0);
    scrim_status attack = metrics_attack(&r, score, member, 5, 1, NULL);
    memory_fail_at(n, 0);
    scrim_status aurc = metrics_aurc(&value, &scores[0][0], labels, 4, 2, NULL);
    memory_fail_at(0, 0);
    assert_true(attack == SCRIM_OK || attack == SCRIM_E_MEMORY);
    assert_true(aurc == SCRIM_OK || aurc == SCRIM_E_MEMORY);
    failures += (attack != SCRIM_OK) + (aurc != SCRIM_OK);
  }
  assert_int_equal(failures, 6); /* five requests and one */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_auc_counts_ties_as_a_half),
      cmocka_unit_test(test_attack_figures_by_hand),
      cmocka_unit_test(test_interval_covers_and_narrows),
      cmocka_unit_test(test_bad_scores_are_refused),
      cmocka_unit_test(test_accuracy_and_l1),
      cmocka_unit_test(test_ece_by_hand),
      cmocka_unit_test(test_aurc_by_hand),
      cmocka_unit_test(test_memory_failures_are_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
