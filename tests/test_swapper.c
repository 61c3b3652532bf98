#include "purifier/swapper.h"

#include "core/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N = 500, K = 5 };

static float rows[N * K];
static float chance[N];
static scrim_key *key, *other_key;
static tensorfile *file;
static size_t marked;

static void build(const swapper_settings *settings, const scrim_key *with, tensorfile **out) {
  tensorfile_writer *writer;
  swapper *s;
  unsigned char *bytes;
  size_t n_bytes;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(swapper_build(&s, settings, rows, chance, N, K, with, NULL), SCRIM_OK);
  marked = swapper_marked(s);
  assert_int_equal(swapper_put(s, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n_bytes, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(out, bytes, n_bytes, NULL), SCRIM_OK);
  tensorfile_writer_free(writer);
  swapper_close(s);
  memory_free(bytes);
}

static int set_up(void **state) {
  (void)state;
  unsigned char secret[SCRIM_KEY_BYTES] = {1}, other[SCRIM_KEY_BYTES] = {2};
  random_source *r;
  assert_int_equal(scrim_key_create(&key, secret, NULL), SCRIM_OK);
  assert_int_equal(scrim_key_create(&other_key, other, NULL), SCRIM_OK);
  assert_int_equal(random_source_from_seed(&r, 3, NULL), SCRIM_OK);
  assert_int_equal(random_begin(r, "rows", NULL, 0, NULL), SCRIM_OK);
  for (int i = 0; i < N; i++) {
    double sum = 0;
    chance[i] = i % 10 == 0 ? 0 : 0.2f; /* one row in ten must not be marked */
    for (int j = 0; j < K; j++) sum += rows[i * K + j] = (float)(random_uniform(r) + (j == 0));
    for (int j = 0; j < K; j++) rows[i * K + j] /= (float)sum;
  }
  random_source_free(r);
  build(&(swapper_settings){1e-3, 4}, key, &file);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  tensorfile_close(file);
  scrim_key_free(key);
  scrim_key_free(other_key);
  return 0;
}

/*
 * How many of the rows, each score moved by a share `shift` against its neighbour, are swapped; `wrong`: those that
 * must not be.
 */
static int swapped(swapper *s, float shift, int *wrong) {
  int count = 0;
  *wrong = 0;
  for (int i = 0; i < N; i++) {
    float row[K];
    int swap;
    memcpy(row, rows + i * K, sizeof row);
    for (int j = 0; j < K; j++) row[j] *= 1 + (j % 2 ? shift : -shift);
    assert_int_equal(swapper_decide(s, row, &swap, NULL), SCRIM_OK);
    count += swap;
    *wrong += swap && chance[i] == 0;
  }
  return count;
}

static void the_rate_follows_the_gap(void **state) {
  (void)state;
  assert_true(fabs(swapper_rate_from_gap(1.0, 0.8446) - 0.1554) < 1e-12);
  assert_true(swapper_rate_from_gap(0.8, 0.9) == 0);
}

static void marked_members_and_no_others_are_swapped(void **state) {
  (void)state;
  swapper *s;
  int wrong;
  assert_true(marked > 60 && marked < 120); /* of 450 with a chance of a fifth: 90 expected, standard deviation 8.5 */
  assert_int_equal(swapper_open(&s, file, K, key, NULL), SCRIM_OK);
  assert_int_equal(swapped(s, 0, &wrong), marked);
  assert_int_equal(wrong, 0);
  swapper_close(s);
}

static void a_small_rounding_still_matches_and_a_large_change_does_not(void **state) {
  (void)state;
  swapper *s;
  int wrong;
  assert_int_equal(swapper_open(&s, file, K, key, NULL), SCRIM_OK);
  assert_true(swapped(s, 2e-5f, &wrong) > (int)marked * 95 / 100); /* a fiftieth of a cell, four grids */
  assert_int_equal(swapped(s, 0.01f, &wrong), 0);
  swapper_close(s);
}

/* Two rows that both round to (1, 0, 0, 0, 0) are told apart by their small scores. */
static void sure_rows_are_told_apart(void **state) {
  (void)state;
  swapper *s;
  int swap;
  const float sure[K] = {1, 1e-7f, 1e-8f, 1e-6f, 1e-9f}, other[K] = {1, 1e-9f, 1e-6f, 1e-8f, 1e-7f};
  float kept[K];
  tensorfile *all;
  memcpy(kept, rows, sizeof kept);
  memcpy(rows, sure, sizeof sure);
  chance[0] = 1;
  build(&(swapper_settings){1, 4}, key, &all);
  assert_int_equal(swapper_open(&s, all, K, key, NULL), SCRIM_OK);
  assert_int_equal(swapper_decide(s, sure, &swap, NULL), SCRIM_OK);
  assert_int_equal(swap, 1);
  assert_int_equal(swapper_decide(s, other, &swap, NULL), SCRIM_OK);
  assert_int_equal(swap, 0);
  swapper_close(s);
  tensorfile_close(all);
  memcpy(rows, kept, sizeof kept);
  chance[0] = 0;
  build(&(swapper_settings){1e-3, 4}, key, &all); /* `marked` as the other tests know it */
  tensorfile_close(all);
}

static void another_key_is_refused(void **state) {
  (void)state;
  swapper *s = NULL;
  assert_int_equal(swapper_open(&s, file, K, other_key, NULL), SCRIM_E_KEY);
  assert_null(s);
}

static void the_file_tells_nothing_without_the_key(void **state) {
  (void)state;
  tensorfile *other;
  const void *a, *b;
  int64_t n[1] = {-1};
  build(&(swapper_settings){1e-3, 4}, other_key, &other);
  assert_int_equal(tensorfile_get(file, "swap.digests", TENSORFILE_U64, 1, n, &a, NULL), SCRIM_OK);
  assert_int_equal(n[0], (int64_t)marked * 4);
  assert_int_equal(tensorfile_get(other, "swap.digests", TENSORFILE_U64, 1, n, &b, NULL), SCRIM_OK);
  const uint64_t *x = a, *y = b;
  for (int64_t i = 0; i < n[0]; i++)
    for (int64_t j = 0; j < n[0]; j++) assert_true(x[i] != y[j]); /* the same members, nothing in common */
  tensorfile_close(other);
}

static void an_empty_index_swaps_nothing(void **state) {
  (void)state;
  tensorfile *empty;
  swapper *s;
  int wrong;
  float kept[N];
  memcpy(kept, chance, sizeof kept);
  memset(chance, 0, sizeof chance);
  build(&(swapper_settings){1e-3, 4}, key, &empty);
  memcpy(chance, kept, sizeof kept);
  assert_int_equal(swapper_open(&s, empty, K, key, NULL), SCRIM_OK);
  assert_int_equal(swapped(s, 0, &wrong), 0);
  swapper_close(s);
  tensorfile_close(empty);
  build(&(swapper_settings){1e-3, 4}, key, &empty); /* `marked` as the other tests know it */
  tensorfile_close(empty);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  swapper *s = NULL;
  unsigned long n = 1;
  scrim_status status;
  do {
    memory_fail_at(n++, 0);
    status = swapper_open(&s, file, K, key, NULL);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
  } while (status != SCRIM_OK && n < 100);
  memory_fail_at(0, 0);
  assert_int_equal(status, SCRIM_OK);
  assert_true(n > 3);
  swapper_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rate_follows_the_gap),
      cmocka_unit_test(marked_members_and_no_others_are_swapped),
      cmocka_unit_test(a_small_rounding_still_matches_and_a_large_change_does_not),
      cmocka_unit_test(sure_rows_are_told_apart),
      cmocka_unit_test(another_key_is_refused),
      cmocka_unit_test(the_file_tells_nothing_without_the_key),
      cmocka_unit_test(an_empty_index_swaps_nothing),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
