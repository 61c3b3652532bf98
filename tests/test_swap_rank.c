#include "purifier/swap_rank.h"

#include "core/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 1025 };

static float members_rank[N], others_rank[N];
static const levels_rows members = {members_rank, NULL, NULL, N}, others = {others_rank, NULL, NULL, N};

/* Members at 8..12, others at -4..4, evenly. */
static int set_up(void **state) {
  (void)state;
  for (int i = 0; i < N; i++) {
    members_rank[i] = 8 + 4 * (float)i / (N - 1);
    others_rank[N - 1 - i] = -4 + 8 * (float)i / (N - 1);
  }
  return 0;
}

static void a_member_gets_the_rank_of_others_at_its_share(void **state) {
  (void)state;
  swap_rank r;
  assert_int_equal(swap_rank_fit(&r, &members, &others, NULL), SCRIM_OK);
  for (int i = 0; i < N; i += 16)
    assert_true(fabsf(swap_rank_map(r.table, members_rank[i]) - (-4 + 8 * (float)i / (N - 1))) < 0.1f);
  assert_float_equal(swap_rank_map(r.table, -16), -4, 0);
  assert_float_equal(swap_rank_map(r.table, 16), 4, 0);
}

static void one_rank_for_all_is_no_trouble(void **state) {
  (void)state;
  swap_rank r;
  const float same[3] = {5, 5, 5};
  const levels_rows alike = {same, NULL, NULL, 3};
  assert_int_equal(swap_rank_fit(&r, &alike, &others, NULL), SCRIM_OK);
  const float mapped = swap_rank_map(r.table, 5);
  assert_true(mapped >= -4 && mapped <= 4);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  swap_rank r;
  for (unsigned long n = 1; n <= 2; n++) {
    memory_fail_at(n, 0);
    assert_int_equal(swap_rank_fit(&r, &members, &others, NULL), SCRIM_E_MEMORY);
  }
  memory_fail_at(0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_member_gets_the_rank_of_others_at_its_share),
      cmocka_unit_test(one_rank_for_all_is_no_trouble),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
