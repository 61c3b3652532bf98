/* The tables of levels: how often rows of a level and class are right, and how code words divide the rest. */
#include "purifier/levels_cut.h"
#include "score_world.h"

#include "core/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { K = 4, N = 6000, EMPTY = 3 }; /* no row is predicted as the last class */

static float reference_rank[N], member_rank[N], vectors[N * K], *storage;
static int32_t labels[N];
static unsigned char reference_right[N], member_right[N];
static const levels_rows reference = {reference_rank, labels, reference_right, N};
static const levels_rows members = {member_rank, labels, member_right, N};

/* Class 1 is right more often than its confidence says, class 2 less often. */
static double chance(double rank, int label) {
  static const double shift[K] = {0, 0.8, -0.8, 0};
  return 1 / (1 + exp(-rank - shift[label]));
}

static int set_up(void **state) {
  (void)state;
  uint64_t random = 11;
  for (int i = 0; i < N; i++) {
    labels[i] = i % EMPTY;
    reference_rank[i] = (float)(1 + 1.5 * score_normal(&random));
    member_rank[i] = (float)(2 + 1.5 * score_normal(&random));
    reference_right[i] = score_uniform(&random) < chance(reference_rank[i], labels[i]);
    member_right[i] = 1;
    for (int j = 0; j < K; j++) vectors[i * K + j] = j == labels[i] ? 0.7f : j == EMPTY ? 0.2f : 0.05f;
  }
  storage = memory_zalloc(levels_storage(K), sizeof *storage);
  return storage == NULL;
}

static int tear_down(void **state) {
  (void)state;
  memory_free(storage);
  return 0;
}

static levels fit(const levels_rows *rows, const levels_rows *with) {
  levels v;
  assert_int_equal(levels_fit(&v, storage, rows, with, vectors, K, NULL), SCRIM_OK);
  return v;
}

/* Every level and class with 60 rows or more: right as often as its word says, within three standard errors. */
static int check_confidence(const levels *v, int step) {
  int checked = 0;
  for (int level = 0; level < LEVELS_MAX; level++) {
    for (int c = 0; c < K; c++) {
      double n = 0, right = 0;
      float row[K];
      for (int i = 0; i < N; i++) {
        if (labels[i] != c || levels_find(v, step, reference_rank[i]) != level) continue;
        n++;
        right += reference_right[i];
      }
      if (n < 60) continue;
      levels_word(v, step, level, (size_t)c, row);
      const double share = right / n;
      assert_true(fabs(row[c] - share) <= 3 * sqrt(share * (1 - share) / n) + 1 / n);
      checked++;
    }
  }
  return checked;
}

static void words_say_how_often_such_rows_are_right(void **state) {
  (void)state;
  const levels v = fit(&reference, &members);
  assert_true(check_confidence(&v, 1) >= 3 * EMPTY);
  assert_int_equal(check_confidence(&v, LEVELS_STEPS), EMPTY);
  const levels even = fit(&reference, NULL);
  assert_true(check_confidence(&even, 10) >= 10 * EMPTY);
}

static void classes_differ_where_they_are_right_differently(void **state) {
  (void)state;
  const levels v = fit(&reference, &members);
  float low[K], high[K];
  levels_word(&v, LEVELS_STEPS, 0, 1, high);
  levels_word(&v, LEVELS_STEPS, 0, 2, low);
  assert_true(high[1] > low[2] + 0.15f);
}

static void levels_ascend_in_confidence(void **state) {
  (void)state;
  const levels v = fit(&reference, &members);
  for (int step = 1; step < LEVELS_STEPS; step++) {
    for (int level = 1; level < LEVELS_MAX && v.edge[step * LEVELS_EDGES + level - 1] < LEVELS_NO_EDGE; level++) {
      float below[K], above[K];
      levels_word(&v, step, level - 1, 0, below);
      levels_word(&v, step, level, 0, above);
      assert_true(below[0] < above[0]);
    }
  }
}

static void without_true_labels_confidence_is_taken_at_its_word(void **state) {
  (void)state;
  const levels_rows unlabelled = {reference_rank, labels, NULL, N};
  const levels v = fit(&unlabelled, NULL);
  double mean = 0;
  float row[K];
  for (int i = 0; i < N; i++) mean += 1 / (1 + exp(-reference_rank[i])) / N;
  for (int c = 0; c < EMPTY; c++) {
    levels_word(&v, LEVELS_STEPS, 0, (size_t)c, row);
    assert_true(fabs(row[c] - mean) < 0.02);
  }
}

/* Members without the reference's true labels cannot say what a cut lets tell. */
static void members_count_only_with_true_labels(void **state) {
  (void)state;
  float edges[(LEVELS_STEPS + 1) * LEVELS_EDGES];
  const levels_rows unlabelled = {reference_rank, labels, NULL, N};
  memcpy(edges, fit(&unlabelled, NULL).edge, sizeof edges);
  assert_memory_equal(fit(&unlabelled, &members).edge, edges, sizeof edges);
  assert_memory_equal(fit(&reference, NULL).edge, edges, sizeof edges);
  assert_memory_not_equal(fit(&reference, &members).edge, edges, sizeof edges);
}

static void the_rest_is_divided_as_by_the_vectors(void **state) {
  (void)state;
  const levels v = fit(&reference, &members);
  for (int c = 0; c < K; c++) {
    double sum = 0;
    for (int j = 0; j < K; j++) sum += v.rest[c * K + j];
    assert_true(fabs(sum - 1) < 1e-6);
    assert_float_equal(v.rest[c * K + c], 0, 0);
    for (int j = 0; j < K; j++) {
      const double expected = c == EMPTY ? 1. / (K - 1) : j == EMPTY ? 0.2 / 0.3 : 0.05 / 0.3;
      if (j != c) assert_true(fabs(v.rest[c * K + j] - expected) < 1e-4);
    }
  }
}

static void a_row_below_all_others_gets_the_lowest_word(void **state) {
  (void)state;
  const levels_rows few = {reference_rank, labels, reference_right, 60};
  const levels v = fit(&few, NULL);
  const int step = levels_step(0.95); /* one of the sixty lies on each of a few low levels */
  float lowest = INFINITY, row[K], under[K];
  for (int i = 0; i < 60; i++) lowest = fminf(lowest, reference_rank[i]);
  const int level = levels_find(&v, step, lowest);
  assert_true(levels_find(&v, step, lowest - 1) < level);
  for (size_t c = 0; c < EMPTY; c++) {
    levels_word(&v, step, level, c, row);
    levels_word(&v, step, levels_find(&v, step, lowest - 1), c, under);
    assert_memory_equal(row, under, sizeof row);
  }
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  const levels_rows few = {reference_rank, labels, reference_right, 50};
  const levels_rows some = {member_rank, labels, member_right, 50};
  unsigned long n = 1;
  scrim_status status;
  do {
    levels v;
    memory_fail_at(n++, 0);
    status = levels_fit(&v, storage, &few, &some, vectors, K, NULL);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 20);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_OK);
  assert_true(n > 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_say_how_often_such_rows_are_right),
      cmocka_unit_test(classes_differ_where_they_are_right_differently),
      cmocka_unit_test(levels_ascend_in_confidence),
      cmocka_unit_test(without_true_labels_confidence_is_taken_at_its_word),
      cmocka_unit_test(members_count_only_with_true_labels),
      cmocka_unit_test(the_rest_is_divided_as_by_the_vectors),
      cmocka_unit_test(a_row_below_all_others_gets_the_lowest_word),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
