/* Cuts: the same as brute force finds where it can look at every cut, and never more telling than the budget. */
#include "purifier/levels_cut.h"
#include "purifier/levels_tell.h"
#include "score_world.h"

#include "core/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MOST = 400, RANKS = 7, PLACES = RANKS + 1, UNITS = 1024, TABLE = (LEVELS_STEPS + 1) * LEVELS_EDGES };

typedef struct party {
  float rank[MOST];
  unsigned char right[MOST];
  levels_rows rows;
} party;

static party members, others;
static float edges[TABLE];

static void set_rows(party *p, size_t n) {
  p->rows = (levels_rows){p->rank, NULL, p->right, n};
}

/* Seven distinct ranks; members are often two higher, so that bands overlap; higher ranks are more often right. */
static void few_ranks(uint64_t seed) {
  uint64_t state = seed;
  set_rows(&members, 150);
  set_rows(&others, 200 + seed % 150);
  for (size_t i = 0; i < others.rows.n; i++) {
    others.rank[i] = (float)(i % RANKS);
    others.right[i] = score_uniform(&state) < 0.05 + 0.15 * (double)(i % RANKS);
  }
  for (size_t i = 0; i < members.rows.n; i++) {
    members.rank[i] = (float)(i % RANKS) + 2 * (score_uniform(&state) < 0.7);
    members.right[i] = 1;
  }
}

/* On the grid, where edges can stand right at them. */
static float on_grid(double rank) {
  return (float)(round(rank * LEVELS_GRID) / LEVELS_GRID);
}

static void many_ranks(uint64_t seed) {
  uint64_t state = seed;
  set_rows(&members, 300);
  set_rows(&others, MOST);
  for (size_t i = 0; i < members.rows.n; i++) {
    members.rank[i] = on_grid(2.5 + 1.5 * score_normal(&state));
    members.right[i] = 1;
  }
  for (size_t i = 0; i < others.rows.n; i++) {
    others.rank[i] = on_grid(1 + 2 * score_normal(&state));
    others.right[i] = score_uniform(&state) < 1 / (1 + exp(-others.rank[i]));
  }
}

static void cut(void) {
  assert_int_equal(levels_cut(edges, &members.rows, &others.rows, NULL), SCRIM_OK);
}

/* ---- what a set of ascending edges costs, counted row by row ---- */

static int count_edges(const float *edge) {
  int n = 0;
  while (n < LEVELS_EDGES && edge[n] < LEVELS_NO_EDGE) n++;
  return n;
}

/* Right others that fall on another level than the member of the same share, for any of the n edges. */
static int telling(const float *edge, int n) {
  unsigned char tells[MOST] = {0};
  levels_order o;
  int count = 0;
  assert_int_equal(levels_order_create(&o, &members.rows, &others.rows, NULL), SCRIM_OK);
  for (int e = 0; e < n; e++) {
    const levels_band band = levels_band_of(&o, edge[e]);
    for (size_t i = band.low; i < band.high; i++) tells[i] = 1;
  }
  for (size_t i = 0; i < o.n_others; i++) count += tells[i] && o.right_below[i + 1] > o.right_below[i];
  levels_order_free(&o);
  return count;
}

static double log_loss_of(double right, double wrong) {
  const double r = right + 1e-6, w = wrong + 1e-6;
  return -(r * log(r / (r + w)) + w * log(w / (r + w)));
}

/* Log-loss a row of "the label is right" given the level, and the price of the levels. */
static double cost(const float *edge, int n) {
  const double rows = (double)others.rows.n;
  double right[LEVELS_MAX] = {0}, wrong[LEVELS_MAX] = {0}, sum = 0;
  for (size_t i = 0; i < others.rows.n; i++) {
    int level = 0;
    while (level < n && others.rank[i] >= edge[level]) level++;
    *(others.right[i] ? &right[level] : &wrong[level]) += 1 / rows;
  }
  for (int l = 0; l <= n; l++) sum += log_loss_of(right[l], wrong[l]) + log(rows) / (2 * rows);
  return sum;
}

/* ---- against brute force ---- */

/* The edges 1..8 of a bit set, ascending. */
static int edges_of(unsigned set, float edge[PLACES]) {
  int n = 0;
  for (int i = 0; i < PLACES; i++)
    if (set >> i & 1) edge[n++] = (float)(i + 1);
  return n;
}

static int set_telling[1u << PLACES];
static double set_cost[1u << PLACES];

/* Looks at every set of edges; answers how many rows all of them let tell. */
static int look_at_all(void) {
  for (unsigned set = 0; set < 1u << PLACES; set++) {
    float edge[PLACES];
    const int n = edges_of(set, edge);
    set_telling[set] = telling(edge, n);
    set_cost[set] = cost(edge, n);
  }
  return set_telling[(1u << PLACES) - 1];
}

static double best_within(double budget) {
  double best = INFINITY;
  for (unsigned set = 0; set < 1u << PLACES; set++)
    if (set_telling[set] <= budget) best = fmin(best, set_cost[set]);
  return best;
}

static void check_world(int all) {
  int last = all, most = 0;
  cut();
  for (int step = 0; step <= LEVELS_STEPS; step++) {
    const float *edge = edges + step * LEVELS_EDGES;
    const int n = count_edges(edge), tells = telling(edge, n);
    const double left = 1 - (double)step / LEVELS_STEPS;
    const double budget = floor(left * left * UNITS) * all / UNITS;
    assert_true(tells <= budget);
    assert_true(tells <= last); /* more strength never tells more */
    if (step < LEVELS_STEPS) assert_true(fabs(cost(edge, n) - best_within(budget)) < 1e-6);
    last = tells;
    most = n > most ? n : most;
  }
  assert_true(most >= 2); /* several edges, whose bands are counted once */
}

/* Worlds where a unit of the budget is a whole number of rows or a row is one of units: nothing is rounded. */
static void check_worlds(int reversed, int wanted) {
  int checked = 0;
  for (uint64_t seed = 1; seed < 1000 && checked < wanted; seed++) {
    few_ranks(seed);
    for (size_t i = 0; reversed && i < members.rows.n; i++) members.rank[i] = (float)RANKS + 1 - members.rank[i];
    float every[PLACES];
    const int all = telling(every, edges_of((1u << PLACES) - 1, every));
    if (all == 0 || UNITS % all != 0) continue;
    assert_int_equal(look_at_all(), all);
    check_world(all);
    checked++;
  }
  assert_int_equal(checked, wanted);
}

static void cuts_are_what_brute_force_finds(void **state) {
  (void)state;
  check_worlds(0, 4);
}

static void members_who_are_less_confident_are_cut_as_well(void **state) {
  (void)state;
  check_worlds(1, 1);
}

/* ---- rankings without ties ---- */

static void budgets_bound_what_tells(void **state) {
  (void)state;
  many_ranks(3);
  cut();
  float every[2 * MOST]; /* the edges that there could be */
  memcpy(every, others.rank, sizeof others.rank);
  memcpy(every + MOST, members.rank, members.rows.n * sizeof *every);
  const int all = telling(every, MOST + (int)members.rows.n);
  const double rounding = 0.5 * LEVELS_EDGES / UNITS * all;
  const int first = telling(edges, count_edges(edges));
  assert_true(first > 20 && all > first);
  for (int step = 1; step <= LEVELS_STEPS; step++) {
    const float *edge = edges + step * LEVELS_EDGES;
    const double left = 1 - (double)step / LEVELS_STEPS;
    assert_true(telling(edge, count_edges(edge)) <= left * left * all + rounding);
    assert_true(telling(edge, count_edges(edge)) <=
                telling(edge - LEVELS_EDGES, count_edges(edge - LEVELS_EDGES)) + 2 * rounding);
  }
}

static void edges_ascend_and_the_last_step_has_none(void **state) {
  (void)state;
  many_ranks(4);
  cut();
  for (int step = 0; step <= LEVELS_STEPS; step++) {
    const float *edge = edges + step * LEVELS_EDGES;
    const int n = count_edges(edge);
    for (int e = 1; e < n; e++) assert_true(edge[e - 1] < edge[e]);
    for (int e = n; e < LEVELS_EDGES; e++) assert_float_equal(edge[e], LEVELS_NO_EDGE, 0);
    if (step == LEVELS_STEPS) assert_int_equal(n, 0);
  }
  assert_true(count_edges(edges) >= 3); /* confidence says a lot about being right: one level would be a poor cut */
}

static void others_who_do_not_differ_leave_all_edges(void **state) {
  (void)state;
  many_ranks(5);
  memcpy(members.rank, others.rank, sizeof members.rank);
  memcpy(members.right, others.right, sizeof members.right);
  set_rows(&members, MOST);
  cut();
  /* nothing tells, so no strength but the last needs to merge anything */
  for (int step = 1; step < LEVELS_STEPS; step++)
    assert_memory_equal(edges + step * LEVELS_EDGES, edges, LEVELS_EDGES * sizeof *edges);
  assert_int_equal(telling(edges, count_edges(edges)), 0);
  assert_true(count_edges(edges) >= 2);
}

/* ---- odd rankings ---- */

static void expect_one_level_at_last(void) {
  cut();
  assert_int_equal(count_edges(edges + LEVELS_STEPS * LEVELS_EDGES), 0);
}

static void odd_rankings_are_cut(void **state) {
  (void)state;
  for (int right = 0; right <= 1; right++) {
    many_ranks(6);
    memset(others.right, right, sizeof others.right);
    expect_one_level_at_last();
    for (int step = 0; step < LEVELS_STEPS; step++)
      assert_int_equal(count_edges(edges + step * LEVELS_EDGES), 0); /* there is nothing to predict */
  }
  many_ranks(7);
  for (size_t i = 0; i < others.rows.n; i++) others.rank[i] = 1;
  expect_one_level_at_last();
  for (size_t i = 0; i < members.rows.n; i++) members.rank[i] = 1;
  expect_one_level_at_last();
  assert_int_equal(count_edges(edges), 0);
}

static void a_few_rows_are_cut(void **state) {
  (void)state;
  for (size_t n = 1; n <= 4; n++) {
    for (size_t m = 1; m <= 4; m++) {
      many_ranks(8);
      set_rows(&members, m);
      set_rows(&others, n);
      expect_one_level_at_last();
    }
  }
}

/* ---- without members ---- */

static void without_members_the_top_level_has_the_share(void **state) {
  (void)state;
  many_ranks(9);
  for (size_t i = 0; i < others.rows.n; i++) others.rank[i] = (float)((i * 7) % MOST) / 8; /* all different */
  assert_int_equal(levels_cut_evenly(edges, &others.rows, NULL), SCRIM_OK);
  for (int step = 1; step < LEVELS_STEPS; step++) {
    const float *edge = edges + step * LEVELS_EDGES;
    double on[LEVELS_MAX] = {0};
    for (size_t i = 0; i < others.rows.n; i++) {
      int level = 0;
      while (level < LEVELS_EDGES && others.rank[i] >= edge[level]) level++;
      on[level]++;
    }
    const double strength = (double)step / LEVELS_STEPS, below = (1 - strength) * MOST / (LEVELS_MAX - 1);
    assert_true(fabs(on[LEVELS_MAX - 1] - strength * MOST) <= 2);
    for (int l = 0; l < LEVELS_MAX - 1; l++) assert_true(fabs(on[l] - below) <= 2);
  }
  assert_int_equal(count_edges(edges + LEVELS_STEPS * LEVELS_EDGES), 0);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  few_ranks(1);
  unsigned long n = 1;
  scrim_status status;
  do {
    memory_fail_at(n++, 0);
    status = levels_cut(edges, &members.rows, &others.rows, NULL);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 20);
  assert_int_equal(n, 8); /* five blocks of the order, and the table */
  memory_fail_at(1, 0);
  assert_int_equal(levels_cut_evenly(edges, &others.rows, NULL), SCRIM_E_MEMORY);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cuts_are_what_brute_force_finds),
      cmocka_unit_test(members_who_are_less_confident_are_cut_as_well),
      cmocka_unit_test(budgets_bound_what_tells),
      cmocka_unit_test(edges_ascend_and_the_last_step_has_none),
      cmocka_unit_test(others_who_do_not_differ_leave_all_edges),
      cmocka_unit_test(odd_rankings_are_cut),
      cmocka_unit_test(a_few_rows_are_cut),
      cmocka_unit_test(without_members_the_top_level_has_the_share),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
