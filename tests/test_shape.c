/* Rows and columns of shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/shape.h"
#include <cmocka.h>
#include <string.h>

static scrim_status count(int rank, int64_t a, int64_t b, int64_t c, int64_t d, scrim_table_info *info,
                          scrim_error *error) {
  *info = (scrim_table_info){.rank = rank, .shape = {a, b, c, d}};
  return shape_count(info, SCRIM_E_FORMAT, "x", error);
}

static void expect_table(int rank, int64_t a, int64_t b, int64_t c, int64_t d, int64_t rows, size_t columns) {
  scrim_table_info info;
  assert_int_equal(count(rank, a, b, c, d, &info, NULL), SCRIM_OK);
  assert_int_equal(info.rows, rows);
  assert_int_equal(info.columns, columns);
}

static void expect_refused(int rank, int64_t a, int64_t b, int64_t c, int64_t d, const char *why) {
  scrim_table_info info;
  scrim_error error;
  assert_int_equal(count(rank, a, b, c, d, &info, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, why));
}

static void shapes_are_rows_of_their_last_dimension(void **state) {
  (void)state;
  expect_table(1, 7, 0, 0, 0, 7, 1);
  expect_table(2, 7, 3, 0, 0, 7, 3);
  expect_table(3, 7, 3, 5, 0, 21, 5);
  expect_table(4, 7, 3, 5, 2, 105, 2);
  expect_table(2, 0, 3, 0, 0, 0, 3);
  expect_table(4, 7, 0, 5, 2, 0, 2);
  expect_table(2, 1, SHAPE_COLUMNS_MAX, 0, 0, 1, SHAPE_COLUMNS_MAX);
  expect_table(1, INT64_MAX / 8, 0, 0, 0, INT64_MAX / 8, 1);
}

static void other_shapes_are_refused(void **state) {
  (void)state;
  expect_refused(0, 0, 0, 0, 0, "0 dimensions, expected 1 to 4");
  expect_refused(5, 1, 1, 1, 1, "5 dimensions");
  expect_refused(2, 3, 0, 0, 0, "rows of 0 numbers");
  expect_refused(2, 3, -1, 0, 0, "rows of -1 numbers");
  expect_refused(2, 1, SHAPE_COLUMNS_MAX + 1, 0, 0, "16777217");
  expect_refused(1, -1, 0, 0, 0, "-1");
  expect_refused(1, INT64_MAX / 8 + 1, 0, 0, 0, "too large");
  expect_refused(3, (int64_t)1 << 32, (int64_t)1 << 32, 1, 0, "too large");
  expect_refused(4, (int64_t)1 << 21, (int64_t)1 << 21, (int64_t)1 << 20, 3, "dimension 2");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapes_are_rows_of_their_last_dimension),
      cmocka_unit_test(other_shapes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
