/* Alignment, growth, overflow, and the switch that makes requests fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include <cmocka.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

static void blocks_are_aligned(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 63, 64, 65, 4097};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    unsigned char *block = memory_alloc(sizes[i]);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    memset(block, 0xff, sizes[i]);
    memory_free(block);
  }
  memory_free(NULL);
}

static void zalloc_zeroes_and_sees_overflow(void **state) {
  (void)state;
  unsigned char *block = memory_zalloc(33, 3);
  assert_non_null(block);
  for (int i = 0; i < 99; i++) assert_int_equal(block[i], 0);
  memory_free(block);
  assert_null(memory_zalloc(SIZE_MAX / 2 + 1, 2));
  assert_null(memory_zalloc(SIZE_MAX, SIZE_MAX));
  assert_null(memory_alloc(SIZE_MAX));
  assert_null(memory_alloc(SIZE_MAX - 63));
}

static void grow_keeps_content(void **state) {
  (void)state;
  unsigned char *block = memory_grow(NULL, 0, 10);
  assert_non_null(block);
  memset(block, 7, 10);
  block = memory_grow(block, 10, 1000);
  assert_non_null(block);
  for (int i = 0; i < 10; i++) assert_int_equal(block[i], 7);

  memory_fail_at(1, 0);
  assert_null(memory_grow(block, 1000, 2000));
  memory_fail_at(0, 0);
  assert_int_equal(block[9], 7); /* the block is still there */

  block = memory_grow(block, 1000, 5);
  assert_non_null(block);
  assert_int_equal(block[4], 7);
  memory_free(block);
}

static void strdup_copies(void **state) {
  (void)state;
  char *copy = memory_strdup("scrim");
  assert_string_equal(copy, "scrim");
  memory_free(copy);
}

static void wipe_zeroes(void **state) {
  (void)state;
  unsigned char secret[40], zero[40] = {0};
  memset(secret, 0x5a, sizeof secret);
  memory_wipe(secret, sizeof secret);
  assert_memory_equal(secret, zero, sizeof secret);
  memory_wipe_free(NULL, sizeof secret); /* like free */
}

/* The pattern of the next five requests, as bits: 1 where a block was given. */
static unsigned pattern(void) {
  unsigned bits = 0;
  for (int i = 0; i < 5; i++) {
    void *block = memory_alloc(1);
    bits |= (unsigned)(block != NULL) << i;
    memory_free(block);
  }
  return bits;
}

static void requests_fail_on_demand(void **state) {
  (void)state;
  memory_fail_at(3, 0);
  assert_int_equal(pattern(), 0x1b); /* 11011 */
  assert_int_equal(memory_requests(), 5);
  memory_fail_at(3, 1);
  assert_int_equal(pattern(), 0x03); /* 11000 */
  memory_fail_at(1, 0);
  assert_int_equal(pattern(), 0x1e);
  memory_fail_at(ULONG_MAX, 0); /* counts without failing */
  assert_int_equal(pattern(), 0x1f);
  assert_int_equal(memory_requests(), 5);
  memory_fail_at(0, 0);
  assert_int_equal(pattern(), 0x1f);
  assert_int_equal(memory_requests(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_are_aligned), cmocka_unit_test(zalloc_zeroes_and_sees_overflow),
      cmocka_unit_test(grow_keeps_content), cmocka_unit_test(strdup_copies),
      cmocka_unit_test(wipe_zeroes),        cmocka_unit_test(requests_fail_on_demand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
