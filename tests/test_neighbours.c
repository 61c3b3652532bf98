/*
 * Every search, of every kind of cloud, against comparing everything with everything: the same answers, in the same
 * bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "core/memory.h"
#include "core/pool.h"
#include "pointcloud_defense/neighbours_parts.h"
#include <cmocka.h>
#include <time.h>

enum { MOST = 5000, STRIDE = 4 };

static float cloud[MOST * STRIDE];
static uint32_t first[MOST];

/* All neighbourhoods of what is in `cloud`. `step`: only every so many blocks are compared. */
static void compare(neighbours *s, size_t n, size_t k, size_t step) {
  static neighbours_block found;
  uint32_t index[NEIGHBOURS_MAX + 1];
  float squared[NEIGHBOURS_MAX + 1];
  cloud_first(cloud, n, STRIDE, first);
  assert_int_equal(neighbours_build(s, cloud, n, STRIDE, NULL), SCRIM_OK);
  if (n > 0) assert_memory_equal(neighbours_first(s), first, n * sizeof *first);
  size_t places = 0, seen = 0;
  for (size_t i = 0; i < n; i++) places += first[i] == i;
  assert_int_equal(neighbours_places(s), places);
  for (size_t block = 0; block < neighbours_blocks(s); block += step) {
    neighbours_find(s, block, k, &found);
    assert_int_equal(found.count, neighbours_count(s, k));
    for (size_t i = 0; i < found.n; i++, seen++) {
      const float *at = cloud + found.point[i] * STRIDE;
      assert_int_equal(cloud_nearest(cloud, n, STRIDE, first, at, found.point[i], k, index, squared), found.count);
      assert_memory_equal(found.index[i], index, found.count * sizeof *index);
      assert_memory_equal(found.squared[i], squared, found.count * sizeof *squared);
    }
  }
  if (step == 1) assert_int_equal(seen, places);
}

static void all_equal_brute_force(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 2, 3, 15, 16, 17, 33, 100, 257, 700}, ks[] = {1, 2, 5, 16, 31, 64};
  neighbours *s = neighbours_create();
  assert_non_null(s);
  for (size_t kernel = 0; neighbours_searches[kernel] != NULL; kernel++) {
    if (!neighbours_searches[kernel]->supported()) continue;
    s->search = neighbours_searches[kernel];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
      for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
        cloud_make(cloud, sizes[i], STRIDE, shape, 10 * i + shape);
        compare(s, sizes[i], ks[(i + shape) % (sizeof ks / sizeof *ks)], 1);
      }
  }
  neighbours_free(s);
}

static void large_clouds_equal_brute_force(void **state) {
  (void)state;
  neighbours *s = neighbours_create();
  assert_non_null(s);
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
    cloud_make(cloud, MOST, STRIDE, shape, 77 + shape);
    compare(s, MOST, 16, 17);
  }
  neighbours_free(s);
}

/* Differences whose squares are near the least of a float; and below a picometre, where they count as none. */
static void tiny_clouds_have_neighbours(void **state) {
  (void)state;
  neighbours *s = neighbours_create();
  assert_non_null(s);
  for (int round = 0; round < 2; round++) {
    const float unit = round == 0 ? 1e-12f : 1e-15f, least = round == 0 ? 1e-12f : 0;
    for (size_t i = 0; i < 300; i++)
      for (int a = 0; a < STRIDE; a++)
        cloud[i * STRIDE + a] = least + unit * 1e-6f * (float)((i * 7919 + a * 31) % 300);
    compare(s, 300, 16, 1);
    assert_int_equal(neighbours_places(s), round == 0 ? 300 : 1);
  }
  neighbours_free(s);
}

static void any_place_may_ask(void **state) {
  (void)state;
  uint32_t index[NEIGHBOURS_MAX + 1], expected[NEIGHBOURS_MAX + 1];
  float squared[NEIGHBOURS_MAX], expected_squared[NEIGHBOURS_MAX + 1], query[3 * 40];
  neighbours *s = neighbours_create();
  assert_non_null(s);
  for (size_t kernel = 0; neighbours_searches[kernel] != NULL; kernel++) {
    if (!neighbours_searches[kernel]->supported()) continue;
    s->search = neighbours_searches[kernel];
    for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
      const size_t n = 900;
      cloud_make(cloud, n, STRIDE, shape, 5 + shape);
      cloud_make(query, 40, 3, shape == CLOUD_MIXED ? CLOUD_UNIFORM : shape, 6 + shape);
      cloud_first(cloud, n, STRIDE, first);
      assert_int_equal(neighbours_build(s, cloud, n, STRIDE, NULL), SCRIM_OK);
      for (size_t i = 0; i < 40; i++) {
        const size_t k = 1 + 3 * i % NEIGHBOURS_MAX;
        const size_t count =
            cloud_nearest(cloud, n, STRIDE, first, query + 3 * i, COPIES_NONE, k, expected, expected_squared);
        assert_int_equal(neighbours_near(s, query + 3 * i, k, index, squared), count);
        assert_memory_equal(index, expected, count * sizeof *index);
        assert_memory_equal(squared, expected_squared, count * sizeof *squared);
      }
    }
  }
  assert_int_equal(neighbours_build(s, cloud, 0, STRIDE, NULL), SCRIM_OK);
  assert_int_equal(neighbours_near(s, query, 1, index, squared), 0);
  neighbours_free(s);
}

typedef struct gathered {
  const neighbours *index;
  uint32_t nearest[MOST];
} gathered;

static void gather(void *context, size_t block, unsigned worker) {
  gathered *g = context;
  neighbours_block found;
  (void)worker;
  neighbours_find(g->index, block, 4, &found);
  for (size_t i = 0; i < found.n; i++) g->nearest[found.point[i]] = found.index[i][3];
}

static void threads_change_nothing(void **state) {
  (void)state;
  static gathered g[2];
  neighbours *s = neighbours_create();
  assert_non_null(s);
  cloud_make(cloud, MOST, STRIDE, CLOUD_LIDAR, 4);
  assert_int_equal(neighbours_build(s, cloud, MOST, STRIDE, NULL), SCRIM_OK);
  for (unsigned threads = 1; threads <= 5; threads += 4) {
    gathered *to = &g[threads > 1];
    pool *p;
    to->index = s;
    assert_int_equal(pool_create(&p, threads, NULL), SCRIM_OK);
    pool_run(p, neighbours_blocks(s), gather, to);
    pool_free(p);
  }
  assert_memory_equal(g[0].nearest, g[1].nearest, sizeof g[0].nearest);
  neighbours_free(s);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Far too many copies, and far too many points too close to each other, for anything quadratic. */
static void hostile_clouds_cost_nothing(void **state) {
  (void)state;
  enum { MANY = 60000 };
  float *many = calloc(3 * MANY, sizeof *many);
  neighbours *s = neighbours_create();
  assert_non_null(many);
  assert_non_null(s);
  static neighbours_block found;
  const double began = seconds();
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < MANY; i++) {
      many[3 * i] = round == 0 ? -1 : (float)(i % 100 == 0 ? i : 0);
      many[3 * i + 1] = round == 2 ? (float)i * 1e-16f : 0;
    }
    assert_int_equal(neighbours_build(s, many, MANY, 3, NULL), SCRIM_OK);
    assert_int_equal(neighbours_places(s), round == 0 ? 1 : round == 1 ? MANY / 100 : 50100);
    for (size_t block = 0; block < neighbours_blocks(s) && block < 200; block++) neighbours_find(s, block, 16, &found);
  }
  assert_true(seconds() - began < 5);
  neighbours_free(s);
  free(many);
}

static void memory_is_bounded_and_kept(void **state) {
  (void)state;
  neighbours *s = neighbours_create();
  assert_non_null(s);
  cloud_make(cloud, MOST, STRIDE, CLOUD_UNIFORM, 1);
  assert_int_equal(neighbours_build(s, cloud, MOST, STRIDE, NULL), SCRIM_OK);
  assert_true(neighbours_bytes(s) <= 40 * MOST);
  memory_fail_at(1, 1);
  for (size_t n = MOST; n > 100; n /= 3) assert_int_equal(neighbours_build(s, cloud, n, STRIDE, NULL), SCRIM_OK);
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
  neighbours_free(s);
}

static void failures_leave_no_cloud(void **state) {
  (void)state;
  scrim_error error;
  memory_fail_at(1, 0);
  assert_null(neighbours_create());
  memory_fail_at(0, 0);
  neighbours *s = neighbours_create();
  assert_non_null(s);
  cloud_make(cloud, MOST, STRIDE, CLOUD_UNIFORM, 1);
  for (unsigned long at = 1; at <= 3; at++) {
    assert_int_equal(neighbours_build(s, cloud, at * 100, STRIDE, NULL), SCRIM_OK);
    memory_fail_at(at, 0);
    assert_int_equal(neighbours_build(s, cloud, at * 1000, STRIDE, &error), SCRIM_E_MEMORY);
    memory_fail_at(0, 0);
    assert_int_equal(neighbours_places(s), 0);
    assert_int_equal(neighbours_blocks(s), 0);
  }
  assert_int_equal(neighbours_build(s, cloud, (size_t)COPIES_MOST_POINTS + 1, STRIDE, &error), SCRIM_E_DATA);
  assert_string_equal(error.message, "1000000001 points (at most 1000000000)");
  compare(s, 50, 3, 1); /* and it works again */
  neighbours_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_equal_brute_force),       cmocka_unit_test(large_clouds_equal_brute_force),
      cmocka_unit_test(tiny_clouds_have_neighbours), cmocka_unit_test(any_place_may_ask),
      cmocka_unit_test(threads_change_nothing),      cmocka_unit_test(hostile_clouds_cost_nothing),
      cmocka_unit_test(memory_is_bounded_and_kept),  cmocka_unit_test(failures_leave_no_cloud),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
