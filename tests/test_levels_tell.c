/* How many rows a cut lets tell: small rankings whose answers are counted by hand. */
#include "purifier/levels_cut.h"
#include "purifier/levels_tell.h"

#include "core/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 10 };

/* Others at 0..9, of whom the first and the fourth are wrong; members at 5..14, all right. */
static const float low_rank[N] = {9, 0, 8, 1, 7, 2, 6, 3, 5, 4}, high_rank[N] = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
static const unsigned char low_right[N] = {1, 0, 1, 1, 1, 1, 1, 0, 1, 1}, all_right[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const levels_rows low = {low_rank, NULL, low_right, N}, high = {high_rank, NULL, all_right, N};

static levels_order order_of(const levels_rows *members, const levels_rows *others) {
  levels_order order;
  assert_int_equal(levels_order_create(&order, members, others, NULL), SCRIM_OK);
  return order;
}

static void expect_band(const levels_order *o, float edge, size_t from, size_t to) {
  const levels_band band = levels_band_of(o, edge);
  assert_int_equal(band.low, from);
  assert_int_equal(band.high, to);
}

static void rows_are_sorted_with_what_is_right(void **state) {
  (void)state;
  levels_order o = order_of(&high, &low);
  const uint32_t right_below[N + 1] = {0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < N; i++) assert_float_equal(o.other[i], i, 0);
  for (int i = 0; i < N; i++) assert_float_equal(o.member[i], i + 5, 0);
  assert_memory_equal(o.right_below, right_below, sizeof right_below);
  levels_order_free(&o);
}

static void positions_count_what_lies_below(void **state) {
  (void)state;
  const float sorted[6] = {1, 2, 2, 2, 3, 5};
  assert_int_equal(levels_below(sorted, 6, 1), 0);
  assert_int_equal(levels_below(sorted, 6, 2), 1);
  assert_int_equal(levels_below(sorted, 6, 2.5f), 4);
  assert_int_equal(levels_below(sorted, 6, 5), 5);
  assert_int_equal(levels_below(sorted, 6, LEVELS_NO_EDGE), 6);
  assert_int_equal(levels_below(sorted, 0, 1), 0);
}

static void between_an_edges_two_positions_rows_tell(void **state) {
  (void)state;
  levels_order o = order_of(&high, &low);
  expect_band(&o, 5, 0, 5); /* five others lie below, no member does */
  expect_band(&o, 8, 3, 8);
  expect_band(&o, 12, 7, 10);
  expect_band(&o, LEVELS_NO_EDGE, 10, 10);
  assert_float_equal(levels_telling(&o, levels_band_of(&o, 5), 0), 0.3, 1e-12); /* two of the five are wrong */
  assert_float_equal(levels_telling(&o, levels_band_of(&o, 8), 0), 0.4, 1e-12);
  assert_float_equal(levels_telling(&o, levels_band_of(&o, 8), 5), 0.3, 1e-12); /* what edge 5 has not told yet */
  assert_float_equal(levels_telling(&o, levels_band_of(&o, 8), 8), 0, 0);
  assert_float_equal(levels_telling(&o, levels_band_of(&o, LEVELS_NO_EDGE), 0), 0, 0);
  levels_order_free(&o);
}

static void less_confident_members_tell_as_well(void **state) {
  (void)state;
  levels_order o = order_of(&low, &high);
  expect_band(&o, 8, 3, 8);
  expect_band(&o, 5, 0, 5);
  assert_float_equal(levels_telling(&o, levels_band_of(&o, 8), 0), 0.5, 1e-12);
  levels_order_free(&o);
}

static void shares_are_compared_where_numbers_differ(void **state) {
  (void)state;
  const levels_rows few = {high_rank, NULL, all_right, 4}; /* 5..8 */
  levels_order o = order_of(&few, &low);
  expect_band(&o, 7, 5, 7); /* half of the members, seven tenths of the others */
  levels_order_free(&o);
}

static void equal_rows_tell_nothing(void **state) {
  (void)state;
  const float same[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const levels_rows members = {same, NULL, all_right, 5}, others = {same, NULL, all_right, N};
  levels_order o = order_of(&members, &others);
  expect_band(&o, 1, 0, 0);
  expect_band(&o, nextafterf(1, 2), N, N);
  levels_order_free(&o);
}

/* Two edges below step 10, one from there on, none at the last. */
static void fill_edges(float edge[(LEVELS_STEPS + 1) * LEVELS_EDGES]) {
  for (int i = 0; i < (LEVELS_STEPS + 1) * LEVELS_EDGES; i++) {
    const int step = i / LEVELS_EDGES, at = i % LEVELS_EDGES;
    edge[i] = at == 0 && step < LEVELS_STEPS ? 5 : at == 1 && step < 10 ? 8 : LEVELS_NO_EDGE;
  }
}

/* AUC for an attacker who is certain of a share d of each party, and guesses about the rest. */
static double auc(double d) {
  return 1 - pow(1 - d, 2) / 2;
}

static void the_leak_is_what_telling_adds_to_labels(void **state) {
  (void)state;
  static float edge[(LEVELS_STEPS + 1) * LEVELS_EDGES];
  const levels v = {.k = 2, .edge = edge};
  double leak[LEVELS_STEPS + 1];
  fill_edges(edge);
  levels_order o = order_of(&high, &low);
  levels_leak(leak, &v, &o, &o, 0.2);
  levels_order_free(&o);
  /* members are right by 0.2 more often; edges at 5 and 8 tell six others between them, the edge at 5 alone three */
  for (int step = 0; step <= LEVELS_STEPS; step++) {
    const double telling = step < 10 ? 0.6 : step < LEVELS_STEPS ? 0.3 : 0;
    assert_true(fabs(leak[step] - (auc(0.2 + telling) - auc(0.2))) < 1e-12);
  }
}

/* The same edges on rows where the parties have changed places: what pointed one way by chance counts back. */
static void bands_that_turn_round_count_back(void **state) {
  (void)state;
  static float edge[(LEVELS_STEPS + 1) * LEVELS_EDGES];
  const levels v = {.k = 2, .edge = edge};
  double leak[LEVELS_STEPS + 1];
  fill_edges(edge);
  levels_order o = order_of(&high, &low), guide = order_of(&low, &high);
  levels_leak(leak, &v, &o, &guide, 0.2);
  for (int step = 0; step <= LEVELS_STEPS; step++) assert_true(leak[step] == 0);
  levels_order_free(&o);
  levels_order_free(&guide);
}

static void bands_where_members_are_less_sure_count_too(void **state) {
  (void)state;
  static float edge[(LEVELS_STEPS + 1) * LEVELS_EDGES];
  const levels v = {.k = 2, .edge = edge};
  double leak[LEVELS_STEPS + 1];
  fill_edges(edge);
  levels_order o = order_of(&low, &high);
  levels_leak(leak, &v, &o, &o, 0);
  levels_order_free(&o);
  assert_true(fabs(leak[10] - (auc(0.5) - auc(0))) < 1e-12); /* below 5 lie half of the members and no other */
  assert_true(fabs(leak[1] - (auc(0.8) - auc(0))) < 1e-12);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  unsigned long n = 1;
  scrim_status status;
  levels_order o;
  do {
    memory_fail_at(n++, 0);
    status = levels_order_create(&o, &high, &low, NULL);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 20);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_OK);
  assert_int_equal(n, 7); /* five blocks */
  levels_order_free(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_sorted_with_what_is_right),
      cmocka_unit_test(positions_count_what_lies_below),
      cmocka_unit_test(between_an_edges_two_positions_rows_tell),
      cmocka_unit_test(less_confident_members_tell_as_well),
      cmocka_unit_test(shares_are_compared_where_numbers_differ),
      cmocka_unit_test(equal_rows_tell_nothing),
      cmocka_unit_test(the_leak_is_what_telling_adds_to_labels),
      cmocka_unit_test(bands_that_turn_round_count_back),
      cmocka_unit_test(bands_where_members_are_less_sure_count_too),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
