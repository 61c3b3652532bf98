/* Buffers that grow with what arrives, and never for what is only declared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/points_buffer.h"
#include "support/files.h"
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

static void appended_bytes_stay(void **state) {
  (void)state;
  points_buffer b = {NULL, 0, 0};
  for (int i = 0; i < 20000; i++) assert_int_equal(points_buffer_append(&b, "abc", 3, NULL), SCRIM_OK);
  assert_int_equal(b.n, 60000);
  assert_true(b.capacity >= b.n && b.capacity <= 2 * b.n);
  for (size_t i = 0; i < b.n; i++) assert_true(b.at[i] == "abc"[i % 3]);
  unsigned char *at = b.at;
  b.n = 0;
  assert_int_equal(points_buffer_append(&b, NULL, 0, NULL), SCRIM_OK);
  assert_ptr_equal(b.at, at);
  assert_int_equal(points_buffer_append(&b, "x", SIZE_MAX - 5, NULL), SCRIM_E_MEMORY);
  points_buffer_free(&b);
  assert_true(b.at == NULL && b.n == 0 && b.capacity == 0);
}

static void reading_takes_what_there_is(void **state) {
  (void)state;
  static char bytes[50000];
  memset(bytes, 'q', sizeof bytes);
  for (int pipe = 0; pipe < 2; pipe++) {
    points_buffer b = {NULL, 0, 0};
    bytes_in *in;
    uint64_t found;
    int fd = -1;
    scrim_status opened = pipe ? bytes_in_open(&in, files_pipe(bytes, sizeof bytes, &fd), NULL)
                               : bytes_in_open_memory(&in, bytes, sizeof bytes, NULL);
    assert_int_equal(opened, SCRIM_OK);
    assert_int_equal(points_buffer_read(&b, in, 10, &found, NULL), SCRIM_OK);
    assert_true(found == 10 && b.n == 10);
    assert_int_equal(points_buffer_read(&b, in, (uint64_t)1 << 40, &found, NULL), SCRIM_OK);
    assert_true(found == sizeof bytes - 10 && b.n == sizeof bytes && b.capacity <= 3 * sizeof bytes);
    assert_memory_equal(b.at, bytes, sizeof bytes);
    assert_int_equal(points_buffer_read(&b, in, 1, &found, NULL), SCRIM_OK);
    assert_int_equal(found, 0);
    points_buffer_free(&b);
    bytes_in_close(in);
    if (pipe) close(fd);
  }
}

static void a_buffer_without_memory_stays_as_it_was(void **state) {
  (void)state;
  points_buffer b = {NULL, 0, 0}, c = {NULL, 0, 0};
  assert_int_equal(points_buffer_append(&b, "abc", 3, NULL), SCRIM_OK);
  memory_fail_at(1, 1);
  assert_int_equal(points_buffer_reserve(&b, 1 << 20, NULL), SCRIM_E_MEMORY);
  assert_int_equal(points_buffer_reserve(&c, 0, NULL), SCRIM_E_MEMORY);
  memory_fail_at(0, 0);
  assert_true(b.n == 3 && memcmp(b.at, "abc", 3) == 0);
  points_buffer_swap(&b, &c);
  assert_true(b.at == NULL && c.n == 3);
  points_buffer_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(appended_bytes_stay),
      cmocka_unit_test(reading_takes_what_there_is),
      cmocka_unit_test(a_buffer_without_memory_stays_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
