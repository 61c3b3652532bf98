/* LZF: known streams, round trips of all kinds of data, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/lzf.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* Made by hand from the format's description: "ab" as literals, then copies from 2 before. */
static void known_streams_are_expanded(void **state) {
  (void)state;
  unsigned char out[64];
  const unsigned char run[] = {1, 'a', 'b', 1 << 5, 1}; /* length 3 */
  assert_int_equal(lzf_expand(run, sizeof run, out, 5, NULL), SCRIM_OK);
  assert_memory_equal(out, "ababa", 5);
  const unsigned char long_run[] = {0, 'x', 7 << 5, 4, 0}; /* length 7 + 4 + 2 */
  assert_int_equal(lzf_expand(long_run, sizeof long_run, out, 14, NULL), SCRIM_OK);
  assert_memory_equal(out, "xxxxxxxxxxxxxx", 14);
  assert_int_equal(lzf_expand(run, 0, out, 0, NULL), SCRIM_OK);
}

static void expect_round_trip(const unsigned char *bytes, size_t n, size_t limit) {
  unsigned char *packed = malloc(lzf_bound(n)), *back = malloc(n + 1);
  size_t written;
  assert_int_equal(lzf_compress(bytes, n, packed, &written, NULL), SCRIM_OK);
  assert_true(written <= limit && written <= lzf_bound(n));
  assert_int_equal(lzf_expand(packed, written, back, n, NULL), SCRIM_OK);
  assert_memory_equal(back, bytes, n);
  free(packed);
  free(back);
}

static void what_is_compressed_expands_to_the_same(void **state) {
  (void)state;
  enum { N = 40000 };
  static unsigned char zeros[N], noise[N], rows[N], far[N];
  uint32_t x = 1;
  for (size_t i = 0; i < N; i++) {
    x = x * 1664525u + 1013904223u;
    noise[i] = (unsigned char)(x >> 24);
    rows[i] = (unsigned char)(i % 12 < 8 ? i % 12 : noise[i]);
    far[i] = i < 8192 ? noise[i] : far[i - 8192]; /* at the greatest distance there is */
  }
  expect_round_trip(zeros, N, N / 80);
  expect_round_trip(noise, N, SIZE_MAX);
  expect_round_trip(rows, N, N);
  expect_round_trip(far, N, N / 2);
  for (size_t n = 0; n < 300; n++) {
    expect_round_trip(zeros, n, n + 2);
    expect_round_trip(noise, n, SIZE_MAX);
  }
}

static void hostile_streams_are_refused(void **state) {
  (void)state;
  static const struct {
    unsigned char bytes[4];
    size_t n;
    size_t expected;
    const char *why;
  } cases[] = {
      {{31, 1, 2, 3}, 4, 32, "byte 0: the literals go on behind the end"},
      {{1, 'a', 'b'}, 3, 1, "byte 0: it expands to more"},
      {{1, 'a', 'b'}, 3, 3, "expands to 2 bytes, the header says 3"},
      {{0, 'a', 1 << 5, 1}, 4, 4, "byte 2: a copy from before the start"},
      {{0, 'a', 1 << 5, 0}, 4, 3, "byte 2: it expands to more"},
      {{0, 'a', 1 << 5}, 3, 4, "byte 2: a copy is cut off"},
      {{0, 'a', 7 << 5, 0}, 4, 10, "byte 2: a copy is cut off"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char out[32];
    scrim_error error = {.message = ""};
    assert_int_equal(lzf_expand(cases[i].bytes, cases[i].n, out, cases[i].expected, &error), SCRIM_E_FORMAT);
    if (strstr(error.message, cases[i].why) == NULL) fail_msg("'%s' expected in: %s", cases[i].why, error.message);
  }
}

static void memory_may_run_out(void **state) {
  (void)state;
  unsigned char packed[8];
  size_t written;
  memory_fail_at(1, 0);
  assert_int_equal(lzf_compress((const unsigned char *)"abc", 3, packed, &written, NULL), SCRIM_E_MEMORY);
  memory_fail_at(0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_streams_are_expanded),
      cmocka_unit_test(what_is_compressed_expands_to_the_same),
      cmocka_unit_test(hostile_streams_are_refused),
      cmocka_unit_test(memory_may_run_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
