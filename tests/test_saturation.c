#include "purifier/saturation.h"

#include "core/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = 200, K = 3 };

/* Row i has confidence falling from 1 to 1/2 in its label i % 3; the confident half is always right, the other never. */
static float reformed[N * K];
static int32_t labels[N], truth[N];
static float *storage;
static saturation table;

static int fit(void **state) {
  (void)state;
  for (int i = 0; i < N; i++) {
    const float top = 1 - 0.5f * (float)i / N;
    labels[i] = i % K;
    truth[i] = i < N / 2 ? labels[i] : (labels[i] + 1) % K;
    reformed[i * K + labels[i]] = top;
    reformed[i * K + (labels[i] + 1) % K] = (1 - top) * 0.75f;
    reformed[i * K + (labels[i] + 2) % K] = (1 - top) * 0.25f;
  }
  storage = memory_zalloc(saturation_storage(K), sizeof *storage);
  return saturation_fit(&table, storage, reformed, labels, truth, N, N, K, NULL) == SCRIM_OK ? 0 : -1;
}

static int release(void **state) {
  (void)state;
  memory_free(storage);
  return 0;
}

static int merged_rows(double strength) {
  int merged = 0;
  for (int i = 0; i < N; i++) {
    float row[K];
    memcpy(row, reformed + i * K, sizeof row);
    merged += saturation_apply(&table, saturation_step(strength), (size_t)labels[i], row);
  }
  return merged;
}

static void strength_is_the_share_of_merged_rows(void **state) {
  (void)state;
  assert_int_equal(merged_rows(0), 0);
  assert_int_equal(merged_rows(0.25), N / 4);
  assert_int_equal(merged_rows(0.5), N / 2);
  assert_int_equal(merged_rows(1), N);
}

static void merged_rows_of_a_class_are_one_vector(void **state) {
  (void)state;
  float a[K], b[K];
  memcpy(a, reformed, sizeof a);
  memcpy(b, reformed + 30 * K, sizeof b); /* the same class, another confidence */
  assert_true(saturation_apply(&table, 50, 0, a) && saturation_apply(&table, 50, 0, b));
  assert_memory_equal(a, b, sizeof a);
  assert_true(fabsf(a[1] - 3 * a[2]) < 1e-4f); /* the rest is divided as the class's rows divide it */
}

static void a_prototype_is_as_confident_as_it_is_right(void **state) {
  (void)state;
  assert_true(table.top[50 * K] > 0.999f);                   /* the merged half is always right */
  assert_true(fabsf(table.top[100 * K + 1] - 0.5f) < 0.02f); /* of all rows, one in two */
}

static void rows_below_the_threshold_are_untouched(void **state) {
  (void)state;
  float row[K];
  memcpy(row, reformed + (N - 1) * K, sizeof row);
  assert_false(saturation_apply(&table, 50, (size_t)labels[N - 1], row));
  assert_memory_equal(row, reformed + (N - 1) * K, sizeof row);
}

static void without_truth_the_mean_confidence_serves(void **state) {
  (void)state;
  float *other = memory_zalloc(saturation_storage(K), sizeof *other);
  saturation s;
  assert_non_null(other);
  assert_int_equal(saturation_fit(&s, other, reformed, labels, NULL, N, N, K, NULL), SCRIM_OK);
  assert_true(fabsf(s.top[100 * K] - 0.75f) < 0.01f);
  memory_free(other);
}

static void a_table_survives_a_file(void **state) {
  (void)state;
  tensorfile_writer *writer;
  tensorfile *file;
  unsigned char *bytes;
  size_t n_bytes;
  saturation s;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(saturation_put(&table, writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_bytes(writer, &bytes, &n_bytes, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_parse(&file, bytes, n_bytes, NULL), SCRIM_OK);
  assert_int_equal(saturation_get(&s, file, K, NULL), SCRIM_OK);
  assert_memory_equal(s.top, table.top, (SATURATION_STEPS + 1) * K * sizeof *s.top);
  assert_int_equal(saturation_get(&s, file, K + 1, NULL), SCRIM_E_FORMAT);
  tensorfile_close(file);
  tensorfile_writer_free(writer);
  memory_free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strength_is_the_share_of_merged_rows),
      cmocka_unit_test(merged_rows_of_a_class_are_one_vector),
      cmocka_unit_test(a_prototype_is_as_confident_as_it_is_right),
      cmocka_unit_test(rows_below_the_threshold_are_untouched),
      cmocka_unit_test(without_truth_the_mean_confidence_serves),
      cmocka_unit_test(a_table_survives_a_file),
  };
  return cmocka_run_group_tests(tests, fit, release);
}
