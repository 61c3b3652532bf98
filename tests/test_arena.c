/* The arena: alignment, no overlap, one block once warm, survival of failed requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include <cmocka.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

enum { PIECES = 50 };

static size_t piece_bytes(int i) {
  return (size_t)(i * 37 % 211);
}

/* Takes PIECES pieces and fills each with its number; then no piece may have been overwritten. */
static void fill_and_check(arena *a) {
  unsigned char *piece[PIECES];
  for (int i = 0; i < PIECES; i++) {
    piece[i] = arena_alloc(a, piece_bytes(i));
    assert_non_null(piece[i]);
    assert_int_equal((uintptr_t)piece[i] % 64, 0);
    memset(piece[i], i, piece_bytes(i));
  }
  for (int i = 0; i < PIECES; i++)
    for (size_t j = 0; j < piece_bytes(i); j++) assert_int_equal(piece[i][j], i);
}

static void nothing_is_allocated_once_warm(void **state) {
  (void)state;
  arena *a = arena_create(100);
  assert_non_null(a);
  fill_and_check(a);
  size_t used = arena_used(a);
  assert_true(used >= 64 * PIECES);
  arena_reset(a);
  assert_int_equal(arena_used(a), 0);

  memory_fail_at(ULONG_MAX, 0);
  for (int round = 0; round < 3; round++) {
    fill_and_check(a);
    assert_int_equal(arena_used(a), used);
    arena_reset(a);
  }
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
  arena_free(a);
}

static void empty_pieces_differ(void **state) {
  (void)state;
  arena *a = arena_create(0);
  assert_non_null(a);
  void *first = arena_alloc(a, 0), *second = arena_alloc(a, 0);
  assert_non_null(first);
  assert_ptr_not_equal(first, second);
  arena_free(a);
  arena_free(NULL);
}

static void absurd_sizes_are_refused(void **state) {
  (void)state;
  assert_null(arena_create(SIZE_MAX));
  arena *a = arena_create(64);
  assert_null(arena_alloc(a, SIZE_MAX));
  assert_null(arena_alloc(a, SIZE_MAX - 64));
  assert_non_null(arena_alloc(a, 64)); /* still of use */
  arena_free(a);
}

static void a_failed_request_harms_nothing(void **state) {
  (void)state;
  for (unsigned long n = 1; n <= 2; n++) {
    memory_fail_at(n, 0);
    assert_null(arena_create(64));
  }
  memory_fail_at(0, 0);
  arena *a = arena_create(64);
  unsigned char *kept = arena_alloc(a, 64);
  memset(kept, 9, 64);
  memory_fail_at(1, 1);
  assert_null(arena_alloc(a, 64));
  memory_fail_at(0, 0);
  assert_int_equal(kept[63], 9);
  assert_non_null(arena_alloc(a, 64));
  assert_non_null(arena_alloc(a, 1000));

  memory_fail_at(1, 1); /* no memory to join the blocks: the largest serves on */
  arena_reset(a);
  assert_non_null(arena_alloc(a, 1000));
  memory_fail_at(0, 0);
  arena_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_allocated_once_warm),
      cmocka_unit_test(empty_pieces_differ),
      cmocka_unit_test(absurd_sizes_are_refused),
      cmocka_unit_test(a_failed_request_harms_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
