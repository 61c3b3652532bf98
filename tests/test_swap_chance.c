#include "purifier/swap_chance.h"

#include "core/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 1000 };

static float member_rank[N], other_rank[N], chance[N];
static unsigned char member_right[N], other_right[N];
static int32_t labels[N];

/* The lowest fifth of others is wrong half of the time; members are right, but for row 0, and all more confident. */
static int set_up(void **state) {
  (void)state;
  for (int i = 0; i < N; i++) {
    member_rank[i] = 5 + (float)i / N;
    other_rank[i] = (float)i / N;
    member_right[i] = i > 0;
    other_right[i] = i >= N / 5 || i % 2;
  }
  return 0;
}

static levels_rows members(void) {
  return (levels_rows){member_rank, labels, member_right, N};
}

static levels_rows others(int known) {
  return (levels_rows){other_rank, labels, known ? other_right : NULL, N};
}

static double sum(int from, int to) {
  double total = 0;
  for (int i = from; i < to; i++) total += chance[i];
  return total;
}

static void hard_members_are_marked_as_often_as_hard_others_are_wrong(void **state) {
  (void)state;
  const levels_rows m = members(), o = others(1);
  assert_int_equal(swap_chances(chance, &m, &o, 0.1, NULL), SCRIM_OK);
  assert_true(fabs(sum(0, N) - 0.1 * (N - 1)) < 1e-3);
  assert_true(sum(N / 5, N) == 0);
  assert_true(chance[0] == 0); /* wrong already */
  for (int i = 1; i < N / 5; i++) assert_true(fabs(chance[i] - 0.5) < 0.01);
}

static void a_rate_that_hard_members_cannot_bear_alone_stops_at_certainty(void **state) {
  (void)state;
  const levels_rows m = members(), o = others(1);
  assert_int_equal(swap_chances(chance, &m, &o, 0.9, NULL), SCRIM_OK);
  for (int i = 1; i < N; i++) assert_true(chance[i] == (i < N / 5 ? 1 : 0));
}

static void no_gap_marks_nobody(void **state) {
  (void)state;
  const levels_rows m = members(), o = others(1);
  assert_int_equal(swap_chances(chance, &m, &o, 0, NULL), SCRIM_OK);
  assert_true(sum(0, N) == 0);
}

static void all_are_alike_where_errors_are_not_known(void **state) {
  (void)state;
  const levels_rows m = members(), o = others(0);
  assert_int_equal(swap_chances(chance, &m, &o, 0.25, NULL), SCRIM_OK);
  for (int i = 1; i < N; i++) assert_true(fabs(chance[i] - 0.25) < 1e-6);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  const levels_rows m = members(), o = others(1);
  for (unsigned long n = 1; n <= 3; n++) {
    memory_fail_at(n, 0);
    assert_int_equal(swap_chances(chance, &m, &o, 0.1, NULL), SCRIM_E_MEMORY);
  }
  memory_fail_at(0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hard_members_are_marked_as_often_as_hard_others_are_wrong),
      cmocka_unit_test(a_rate_that_hard_members_cannot_bear_alone_stops_at_certainty),
      cmocka_unit_test(no_gap_marks_nobody),
      cmocka_unit_test(all_are_alike_where_errors_are_not_known),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
