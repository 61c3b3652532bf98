/* Streams: known answers against OpenSSL's one-shot HMAC, independence, resumption, shape of the distributions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "core/random.h"
#include <cmocka.h>
#include <limits.h>
#include <math.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL's own requests for memory, which core/memory.h does not see; main puts these in before anything else. */
static int openssl_is_starved;

static void *openssl_malloc(size_t bytes, const char *file, int line) {
  (void)file;
  (void)line;
  return openssl_is_starved ? NULL : malloc(bytes);
}

static void *openssl_realloc(void *block, size_t bytes, const char *file, int line) {
  (void)file;
  (void)line;
  return openssl_is_starved ? NULL : realloc(block, bytes);
}

static void openssl_free(void *block, const char *file, int line) {
  (void)file;
  (void)line;
  free(block);
}

static const unsigned char key_of_test[SCRIM_KEY_BYTES] = "0123456789abcdef0123456789ABCDE";

static random_source *source_new(void) {
  scrim_key *key;
  random_source *source;
  scrim_error error;
  assert_int_equal(scrim_key_create(&key, key_of_test, &error), SCRIM_OK);
  assert_int_equal(random_source_create(&source, key, &error), SCRIM_OK);
  scrim_key_free(key); /* the source keeps what it needs */
  return source;
}

static void begin(random_source *source, const char *purpose, const char *item) {
  scrim_error error;
  assert_int_equal(random_begin(source, purpose, item, strlen(item), &error), SCRIM_OK);
}

static void hmac(const void *message, size_t n, unsigned char digest[32]) {
  unsigned length = 0;
  assert_non_null(HMAC(EVP_sha256(), key_of_test, sizeof key_of_test, message, n, digest, &length));
  assert_int_equal(length, 32);
}

static void blocks_are_the_documented_hmac(void **state) {
  (void)state;
  random_source *source = source_new();
  begin(source, "purpose", "item");
  static const char named[] = "purpose\0item";
  unsigned char message[40] = {0}, expected[32];
  hmac(named, sizeof named - 1, message);
  for (unsigned block = 0; block < 300; block++) {
    message[32] = (unsigned char)block; /* the counter, little endian */
    message[33] = (unsigned char)(block >> 8);
    hmac(message, sizeof message, expected);
    for (int i = 0; i < 4; i++) {
      uint64_t value = random_u64(source);
      assert_memory_equal(&value, expected + 8 * i, 8);
    }
  }
  random_source_free(source);
}

static void digest_is_hmac_and_leaves_the_stream(void **state) {
  (void)state;
  random_source *source = source_new();
  scrim_error error;
  unsigned char digest[32], expected[32];
  hmac("a\0bc", 4, expected);
  begin(source, "x", "y");
  uint64_t first = random_u64(source);
  assert_int_equal(random_digest(source, "a", "bc", 2, digest, &error), SCRIM_OK);
  assert_memory_equal(digest, expected, 32);
  uint64_t second = random_u64(source);
  hmac("a\0", 2, expected);
  assert_int_equal(random_digest(source, "a", NULL, 0, digest, &error), SCRIM_OK);
  assert_memory_equal(digest, expected, 32);

  begin(source, "x", "y");
  assert_true(random_u64(source) == first && random_u64(source) == second);
  random_source_free(source);
}

static void every_part_of_the_name_counts(void **state) {
  (void)state;
  static const char *const names[][2] = {{"p", "i"}, {"p", "j"}, {"q", "i"}, {"pi", ""}, {"", "pi"}, {"p", ""}};
  enum { NAMES = sizeof names / sizeof names[0] };
  random_source *source = source_new();
  uint64_t first[NAMES];
  for (int i = 0; i < NAMES; i++) {
    begin(source, names[i][0], names[i][1]);
    first[i] = random_u64(source);
    for (int j = 0; j < i; j++) assert_true(first[i] != first[j]);
  }
  begin(source, "p", "i"); /* and nothing else does: order, what was drawn before */
  assert_true(random_u64(source) == first[0]);
  random_source_free(source);
}

static void seeds_give_their_own_streams(void **state) {
  (void)state;
  scrim_error error;
  uint64_t value[3];
  static const uint64_t seeds[3] = {0, 1, 0};
  for (int i = 0; i < 3; i++) {
    random_source *source;
    assert_int_equal(random_source_from_seed(&source, seeds[i], &error), SCRIM_OK);
    value[i] = random_u64(source);
    random_source_free(source);
  }
  assert_true(value[0] != value[1]);
  assert_true(value[0] == value[2]);
}

static void a_key_is_needed(void **state) {
  (void)state;
  random_source *source = (random_source *)&source;
  scrim_error error;
  assert_int_equal(random_source_create(&source, NULL, &error), SCRIM_E_KEY);
  assert_null(source);
  random_source_free(NULL);
}

static void seek_continues_a_stream(void **state) {
  (void)state;
  random_source *source = source_new();
  scrim_error error;
  begin(source, "weights", "");
  assert_int_equal(random_tell(source), 0);
  for (int i = 0; i < 5; i++) (void)random_normal(source); /* in the middle of a block, with a spare */
  uint64_t here = random_tell(source);
  assert_int_equal(here, 2);
  assert_int_equal(random_seek(source, here, &error), SCRIM_OK);
  double expected[9];
  for (int i = 0; i < 9; i++) expected[i] = random_normal(source);

  begin(source, "weights", "");
  assert_int_equal(random_seek(source, here, &error), SCRIM_OK);
  for (int i = 0; i < 9; i++) assert_true(random_normal(source) == expected[i]);

  (void)random_normal(source); /* begin drops the spare of the stream before */
  begin(source, "weights", "");
  double first = random_normal(source);
  begin(source, "weights", "");
  assert_true(random_normal(source) == first);
  random_source_free(source);
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double normal_cdf(double x) {
  return 0.5 * erfc(-x / sqrt(2));
}
static double uniform_cdf(double x) {
  return x;
}

/* Kolmogorov-Smirnov distance of `n` values from a distribution, times sqrt(n). Sorts them. */
static double ks_distance(double *values, size_t n, double (*cdf)(double)) {
  qsort(values, n, sizeof *values, compare_doubles);
  double worst = 0;
  for (size_t i = 0; i < n; i++) {
    double p = cdf(values[i]);
    worst = fmax(worst, fmax(p - (double)i / (double)n, (double)(i + 1) / (double)n - p));
  }
  return worst * sqrt((double)n);
}

/* The stream is fixed, so these either hold for ever or never; the limits are the 0.1 % points. */
static void distributions_have_their_shape(void **state) {
  (void)state;
  enum { N = 100000 };
  static double value[N];
  const double ks_limit = 1.95;
  random_source *source = source_new();
  begin(source, "uniform", "");
  for (int i = 0; i < N; i++) {
    value[i] = random_uniform(source);
    assert_true(value[i] >= 0 && value[i] < 1);
  }
  assert_true(ks_distance(value, N, uniform_cdf) < ks_limit);

  begin(source, "normal", "");
  double sum[5] = {0}, pairs = 0;
  for (int i = 0; i < N; i++) {
    value[i] = random_normal(source);
    for (int power = 1; power <= 4; power++) sum[power] += pow(value[i], power);
    if (i > 0) pairs += value[i] * value[i - 1]; /* neighbours come from one Box-Muller pair */
  }
  /* Moments 0, 1, 0, 3 with variances 1, 2, 15, 96 over n; 3.3 standard errors. */
  static const double mean[5] = {0, 0, 1, 0, 3}, variance[5] = {0, 1, 2, 15, 96};
  for (int power = 1; power <= 4; power++)
    assert_true(fabs(sum[power] / N - mean[power]) < 3.3 * sqrt(variance[power] / N));
  assert_true(fabs(pairs / N) < 3.3 / sqrt(N));
  assert_true(ks_distance(value, N, normal_cdf) < ks_limit);
  random_source_free(source);
}

static void below_is_unbiased(void **state) {
  (void)state;
  enum { N = 60000, FACES = 6 };
  random_source *source = source_new();
  begin(source, "dice", "");
  double count[FACES] = {0}, chi2 = 0;
  for (int i = 0; i < N; i++) count[random_below(source, FACES)]++;
  for (int i = 0; i < FACES; i++) chi2 += pow(count[i] - N / FACES, 2) / (N / FACES);
  assert_true(chi2 < 20.5); /* 0.1 % point, 5 degrees of freedom */
  assert_int_equal(random_below(source, 1), 0);

  /* With 3/4 of the range, a bare remainder would land in the first third half of the time. */
  const uint64_t n = 3 * (UINT64_MAX / 4 + 1);
  int low = 0;
  for (int i = 0; i < 9000; i++) {
    uint64_t value = random_below(source, n);
    assert_true(value < n);
    low += value < n / 3;
  }
  assert_true(abs(low - 3000) < 3.3 * sqrt(9000 * 2 / 9.0));
  random_source_free(source);
}

static void shuffles_are_permutations_and_uniform(void **state) {
  (void)state;
  random_source *source = source_new();
  begin(source, "shuffle", "");
  int count[27] = {0};
  for (int i = 0; i < 6000; i++) {
    uint32_t items[3] = {0, 1, 2};
    random_shuffle(source, items, 3);
    assert_int_equal(1u << items[0] | 1u << items[1] | 1u << items[2], 7);
    count[items[0] * 9 + items[1] * 3 + items[2]]++;
  }
  double chi2 = 0;
  for (int i = 0; i < 27; i++)
    if (count[i] > 0) chi2 += pow(count[i] - 1000, 2) / 1000;
  assert_true(chi2 < 20.5);
  random_shuffle(source, NULL, 0);
  random_source_free(source);
}

static void nothing_is_allocated_once_warm(void **state) {
  (void)state;
  random_source *source = source_new();
  memory_fail_at(ULONG_MAX, 0);
  for (int i = 0; i < 100; i++) {
    begin(source, "row", "0123456789");
    (void)random_normal(source);
  }
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
  random_source_free(source);
}

/* Numbers that were not drawn must never pass for noise. */
static void a_failure_of_openssl_sticks(void **state) {
  (void)state;
  random_source *source = source_new(), *other;
  scrim_error error;
  unsigned char digest[RANDOM_BLOCK_BYTES];
  uint32_t items[2] = {0, 1};
  begin(source, "x", "");
  assert_int_equal(random_status(source, &error), SCRIM_OK);
  openssl_is_starved = 1;
  assert_true(random_u64(source) == 0);
  scrim_status created = random_source_from_seed(&other, 1, NULL);
  openssl_is_starved = 0;
  assert_int_equal(created, SCRIM_E_INTERNAL);
  assert_null(other);

  assert_int_equal(random_status(source, &error), SCRIM_E_INTERNAL); /* though there is memory again */
  assert_int_equal(random_begin(source, "x", "", 0, &error), SCRIM_E_INTERNAL);
  assert_int_equal(random_digest(source, "x", "", 0, digest, &error), SCRIM_E_INTERNAL);
  assert_int_equal(random_seek(source, 0, &error), SCRIM_E_INTERNAL);
  (void)random_below(source, 3 * (UINT64_MAX / 4 + 1)); /* ends */
  random_shuffle(source, items, 2);
  random_source_free(source);
}

int main(void) {
  if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_are_the_documented_hmac),
      cmocka_unit_test(digest_is_hmac_and_leaves_the_stream),
      cmocka_unit_test(every_part_of_the_name_counts),
      cmocka_unit_test(seeds_give_their_own_streams),
      cmocka_unit_test(a_key_is_needed),
      cmocka_unit_test(seek_continues_a_stream),
      cmocka_unit_test(distributions_have_their_shape),
      cmocka_unit_test(below_is_unbiased),
      cmocka_unit_test(shuffles_are_permutations_and_uniform),
      cmocka_unit_test(nothing_is_allocated_once_warm),
      cmocka_unit_test(a_failure_of_openssl_sticks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
