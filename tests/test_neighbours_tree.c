/* Leaves: nothing is lost, every cut is one, and points made to mislead the cuts do not slow them down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "pointcloud_defense/neighbours_tree.h"
#include <cmocka.h>
#include <time.h>

enum { MOST = 5000, LEAF = 16 };

static neighbours_record records[MOST], scratch[MOST], before[MOST];

static int by_index(const void *a, const void *b) {
  const neighbours_record *x = a, *y = b;
  return (x->index > y->index) - (x->index < y->index);
}

/* Along some axis nothing in front of the cut lies beyond what is behind it. */
static int is_cut(const neighbours_record *r, size_t n, size_t front) {
  for (int axis = 0; axis < 3; axis++) {
    float most = -INFINITY, least = INFINITY;
    for (size_t i = 0; i < n; i++)
      if (i < front)
        most = r[i].xyz[axis] > most ? r[i].xyz[axis] : most;
      else
        least = r[i].xyz[axis] < least ? r[i].xyz[axis] : least;
    if (most <= least) return 1;
  }
  return 0;
}

static void check_cuts(const neighbours_record *r, size_t n) {
  if (n <= LEAF) return;
  size_t front = LEAF;
  while (2 * front < n) front *= 2;
  assert_true(is_cut(r, n, front));
  check_cuts(r, front);
  check_cuts(r + front, n - front);
}

static void check_order(size_t n) {
  memcpy(before, records, n * sizeof *records);
  neighbours_order(records, scratch, n, LEAF, NULL);
  check_cuts(records, n);
  neighbours_record sorted[MOST];
  memcpy(sorted, records, n * sizeof *records);
  qsort(sorted, n, sizeof *sorted, by_index);
  assert_memory_equal(sorted, before, n * sizeof *records);
}

static void cuts_are_cuts(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 15, 16, 17, 31, 32, 33, 48, 100, 257, 1000, MOST};
  float xyz[3];
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      random_source *r;
      if (shape == CLOUD_MIXED) continue; /* what is nowhere has no place in a tree */
      assert_int_equal(random_source_from_seed(&r, s, NULL), SCRIM_OK);
      for (uint32_t i = 0; i < sizes[s]; i++) {
        cloud_point(r, shape, i, xyz);
        records[i] = (neighbours_record){{xyz[0], xyz[1], xyz[2]}, i};
      }
      random_source_free(r);
      check_order(sizes[s]);
    }
}

/* With threads, ranges are ordered apart: the same order comes out. */
static void threads_change_nothing(void **state) {
  static neighbours_record alone[MOST];
  (void)state;
  for (size_t n = MOST - 3; n <= MOST; n++)
    for (unsigned threads = 1; threads <= 9; threads += 4) {
      random_source *r;
      pool *p;
      assert_int_equal(random_source_from_seed(&r, 5, NULL), SCRIM_OK);
      for (uint32_t i = 0; i < n; i++) {
        cloud_point(r, CLOUD_LIDAR, i, records[i].xyz);
        records[i].index = i;
      }
      random_source_free(r);
      assert_int_equal(pool_create(&p, threads, NULL), SCRIM_OK);
      neighbours_order(records, scratch, n, LEAF, p);
      pool_free(p);
      if (threads == 1) memcpy(alone, records, sizeof alone);
      assert_memory_equal(records, alone, n * sizeof *records);
      check_cuts(records, n);
    }
}

static void extents_hold_all(void **state) {
  float low[4], high[4];
  (void)state;
  for (uint32_t i = 0; i < 9; i++) records[i] = (neighbours_record){{(float)i - 4, -(float)i, i == 8 ? 7 : 1}, i};
  for (size_t n = 1; n <= 9; n++) {
    neighbours_extent(records, n, low, high);
    assert_true(low[0] == -4 && high[0] == (float)n - 5 && low[1] == 1 - (float)n && high[1] == 0);
    assert_true(low[2] == 1 && high[2] == (n == 9 ? 7 : 1));
  }
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/*
 * The least numbers that are left lie wherever the next sample will be taken (15 of them, evenly), so that each pivot
 * cuts off next to nothing.
 */
static void mislead(size_t n) {
  static size_t at[MOST];
  static float value[MOST];
  size_t left = n, target = LEAF;
  float next = 1;
  while (2 * target < n) target *= 2;
  for (size_t i = 0; i < n; i++) at[i] = i, value[i] = 0;
  while (left >= 256 && target > 0) {
    for (size_t i = 0; i < 15; i++) {
      const size_t sampled = at[(2 * i + 1) * left / 30];
      if (value[sampled] == 0) value[sampled] = next++;
    }
    const float pivot = next - 15 + (float)(target * 15 / left);
    size_t kept = 0;
    for (size_t i = 0; i < left; i++)
      if (value[at[i]] == 0 || value[at[i]] >= pivot) at[kept++] = at[i];
    target -= left - kept < target ? left - kept : target;
    left = kept;
  }
  for (uint32_t i = 0; i < n; i++)
    records[i] = (neighbours_record){{value[i] > 0 ? value[i] : next + (float)(i * 7919 % n), 0, 0}, i};
}

static void misleading_points_are_sorted(void **state) {
  (void)state;
  const double began = seconds();
  mislead(MOST);
  check_order(MOST);
  assert_true(seconds() - began < 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(cuts_are_cuts), cmocka_unit_test(threads_change_nothing),
                                     cmocka_unit_test(extents_hold_all),
                                     cmocka_unit_test(misleading_points_are_sorted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
