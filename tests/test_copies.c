/* Places: by hand, and against comparing everything with everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include <cmocka.h>

enum { MOST = 1500 };

static uint64_t work[2 * MOST];

static void by_hand(void **state) {
  (void)state;
  const float xyz[][3] = {{1, 2, 3},         {NAN, 0, 0},    {1, 2, 3},     {0, 0, 0},
                          {-0.0f, 0, -0.0f}, {1, 2, 4},      {1e19f, 0, 0}, {1e18f, 0, 0},
                          {0, -INFINITY, 0}, {1e-13f, 0, 0}, {1, 2, 4},     {3, 2, 1}};
  const uint32_t expected[] = {0, COPIES_NONE, 0, 3, 3, 5, COPIES_NONE, 7, COPIES_NONE, 3, 5, 11};
  uint32_t first[12];
  assert_int_equal(copies_find(xyz[0], 12, 3, first, work), 5);
  assert_memory_equal(first, expected, sizeof expected);
  assert_int_equal(copies_find(xyz[0], 0, 3, first, work), 0);
}

static void as_brute_force(void **state) {
  (void)state;
  static float xyz[MOST * 5];
  static uint32_t first[MOST], expected[MOST];
  for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++)
    for (size_t n = 1; n <= MOST; n = 3 * n + 7) {
      size_t places = 0;
      cloud_make(xyz, n, 5, shape, shape + n);
      cloud_first(xyz, n, 5, expected);
      for (size_t i = 0; i < n; i++) places += expected[i] == i;
      assert_int_equal(copies_find(xyz, n, 5, first, work), places);
      assert_memory_equal(first, expected, n * sizeof *first);
    }
}

/* So many that some share a hash without sharing a place, each of them twice. */
static void equal_hashes_are_told_apart(void **state) {
  (void)state;
  enum { MANY = 200000 };
  float *xyz = calloc(2 * 3 * MANY, sizeof *xyz);
  uint32_t *first = calloc(2 * MANY, sizeof *first);
  uint64_t *room = calloc(4 * MANY, sizeof *room);
  assert_true(xyz != NULL && first != NULL && room != NULL);
  for (size_t i = 0; i < MANY; i++) {
    const float at[3] = {(float)(i % 1009), (float)(i / 1009), (float)(i % 31)};
    memcpy(xyz + 3 * i, at, sizeof at);
    memcpy(xyz + 3 * (MANY + i), at, sizeof at);
  }
  assert_int_equal(copies_find(xyz, 2 * MANY, 3, first, room), MANY);
  for (size_t i = 0; i < 2 * MANY; i++) assert_int_equal(first[i], i % MANY);
  free(xyz);
  free(first);
  free(room);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(as_brute_force),
                                     cmocka_unit_test(equal_hashes_are_told_apart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
