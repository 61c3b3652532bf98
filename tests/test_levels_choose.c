/* How strength is chosen: rows of two parties with a known difference, and with none. */
#include "core/memory.h"
#include "purifier/levels_cut.h"
#include "purifier/levels_tell.h"
#include "score_world.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 4000 };

typedef struct party {
  float rank[MOST];
  unsigned char right[MOST];
} party;

static party inside, outside;
static random_source *source;
static float edges[(LEVELS_STEPS + 1) * LEVELS_EDGES];

static levels_rows rows_of(const party *p, size_t n) {
  return (levels_rows){p->rank, NULL, p->right, n};
}

/* Ranks of others, right as often as they say, and of members, all right and higher by `shift`. */
static void draw(uint64_t seed, double shift) {
  uint64_t state = seed;
  for (size_t i = 0; i < MOST; i++) {
    inside.rank[i] = (float)(1 + shift + 2 * score_normal(&state));
    inside.right[i] = shift > 0 || score_uniform(&state) < 1 / (1 + exp(-inside.rank[i]));
    outside.rank[i] = (float)(1 + 2 * score_normal(&state));
    outside.right[i] = score_uniform(&state) < 1 / (1 + exp(-outside.rank[i]));
  }
}

static int set_up(void **state) {
  (void)state;
  return random_source_from_seed(&source, 1, NULL) != SCRIM_OK;
}

static int tear_down(void **state) {
  (void)state;
  random_source_free(source);
  return 0;
}

static int choose(size_t n, double most, double *leak) {
  int step = 1;
  const levels_rows members = rows_of(&inside, n), others = rows_of(&outside, n);
  assert_int_equal(levels_choose(&step, leak, most, &members, &others, source, NULL), SCRIM_OK);
  return step;
}

static void the_weakest_step_within_the_limit_is_taken(void **state) {
  (void)state;
  double leak, before;
  draw(1, 2);
  int last = LEVELS_STEPS + 1;
  for (double most = 0; most < 0.3; most += 0.02) { /* a looser limit never asks for more strength */
    const int step = choose(MOST, most, &leak);
    assert_true(leak <= most && step <= last);
    last = step;
  }
  assert_true(last < 15);
  const int step = choose(MOST, 0.02, &leak);
  int weaker = step - 1;
  const levels_rows members = rows_of(&inside, MOST), others = rows_of(&outside, MOST);
  assert_int_equal(levels_choose(&weaker, &before, INFINITY, &members, &others, source, NULL), SCRIM_OK);
  assert_int_equal(weaker, step - 1);
  assert_true(before > 0.02);
}

/* Cuts look better on the rows that they were made on than on others: few rows must not talk the strength down. */
static void few_rows_are_not_trusted(void **state) {
  (void)state;
  double own[LEVELS_STEPS + 1], leak;
  int flattered = 0;
  for (uint64_t seed = 1; seed <= 10; seed++) {
    draw(seed, 1);
    const levels_rows members = rows_of(&inside, 200), others = rows_of(&outside, 200);
    const levels v = {.edge = edges};
    assert_int_equal(levels_cut(edges, &members, &others, NULL), SCRIM_OK);
    levels_order order;
    assert_int_equal(levels_order_create(&order, &members, &others, NULL), SCRIM_OK);
    double gap = 0;
    for (int i = 0; i < 200; i++) gap += (inside.right[i] - outside.right[i]) / 200.0;
    levels_leak(own, &v, &order, &order, gap);
    levels_order_free(&order);
    int step = 1;
    while (own[step] > 0.02) step++;
    const int honest = choose(200, 0.02, &leak);
    assert_true(step <= honest);
    flattered += step < honest;
  }
  assert_true(flattered >= 5);
}

static void parties_alike_need_little_strength(void **state) {
  (void)state;
  double leak;
  draw(3, 0);
  assert_true(choose(MOST, 0.05, &leak) <= 3);
}

static void what_cannot_be_measured_gets_one_level(void **state) {
  (void)state;
  double leak;
  draw(4, 1);
  assert_int_equal(choose(1, 0.02, &leak), LEVELS_STEPS);
  assert_true(leak == 0);
  assert_int_equal(choose(1, INFINITY, &leak), 1);
  assert_true(leak == 0.5);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  unsigned long n = 1;
  scrim_status status;
  draw(5, 1);
  const levels_rows members = rows_of(&inside, 50), others = rows_of(&outside, 50);
  do {
    int step = 1;
    double leak;
    memory_fail_at(n++, 0);
    status = levels_choose(&step, &leak, 1, &members, &others, source, NULL);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 400);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_OK);
  assert_true(n > 15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_weakest_step_within_the_limit_is_taken),
      cmocka_unit_test(few_rows_are_not_trusted),
      cmocka_unit_test(parties_alike_need_little_strength),
      cmocka_unit_test(what_cannot_be_measured_gets_one_level),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
