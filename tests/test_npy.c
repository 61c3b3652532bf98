/* npy files made by numpy, cut anywhere, and written back byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/table_format.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *golden(const char *name) {
  return files_path("tests/data/formats", name);
}

static void expect_values(const char *path, const float *expected, int64_t rows, size_t columns) {
  scrim_table table;
  assert_int_equal(scrim_table_read(&table, path, SCRIM_FORMAT_AUTO, 0, NULL), SCRIM_OK);
  assert_int_equal(table.info.format, SCRIM_FORMAT_NPY);
  assert_int_equal(table.info.rows, rows);
  assert_int_equal(table.info.columns, columns);
  for (size_t i = 0; i < (size_t)rows * columns; i++)
    assert_true(table.data[i] == expected[i] || (isnan(table.data[i]) && isnan(expected[i])));
  scrim_table_free(&table);
}

static void every_type_is_read(void **state) {
  (void)state;
  static const char *const names[] = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"};
  static const float values[] = {0, 1, 2, 3, 100, 7}, booleans[] = {0, 1, 1, 1, 1, 1};
  char name[16];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(name, sizeof name, "%s.npy", names[i]);
    expect_values(golden(name), values, 2, 3);
  }
  expect_values(golden("b1.npy"), booleans, 2, 3);
  expect_values(golden("version2.npy"), values, 2, 3);
  expect_values(golden("version3.npy"), values, 2, 3);
  expect_values(golden("signed.npy"), (const float[]){-1, -128, 127}, 1, 3);
  expect_values(golden("labels.npy"), (const float[]){5, 0, 16777216, -3}, 4, 1);
  expect_values(golden("no_rows.npy"), values, 0, 3);
}

static void edges_of_the_range_are_read(void **state) {
  (void)state;
  const float halves[] = {0, 1, -2, 65504, 0x1p-24f, 0x1.ff8p-15f, 0.333251953125f, INFINITY, -INFINITY, NAN};
  expect_values(golden("half.npy"), halves, 10, 1);
  const float doubles[] = {0.1f, INFINITY, -INFINITY, 0, NAN, INFINITY};
  expect_values(golden("double.npy"), doubles, 6, 1);
}

static void expect_refused(const char *path, const char *why) {
  scrim_reader *reader;
  scrim_error error;
  assert_int_equal(scrim_reader_open(&reader, path, SCRIM_FORMAT_NPY, &error), SCRIM_E_FORMAT);
  assert_null(reader);
  if (strstr(error.message, why) == NULL) fail_msg("%s: %s", path, error.message);
}

static void other_arrays_are_refused(void **state) {
  expect_refused(golden("bad_fortran.npy"), "Fortran");
  expect_refused(golden("bad_big_endian.npy"), "big-endian");
  expect_refused(golden("bad_object.npy"), "Python objects");
  expect_refused(golden("bad_records.npy"), "records");
  expect_refused(golden("bad_complex.npy"), "'<c8'");
  expect_refused(golden("bad_text.npy"), "'<U3'");
  expect_refused(golden("bad_scalar.npy"), "0 dimensions");
  expect_refused(golden("bad_rank5.npy"), "more than 4 dimensions");
  expect_refused(golden("bad_no_columns.npy"), "rows of 0 numbers");
  expect_refused(golden("make.py"), "no npy file");
  const char *empty = files_path(*state, "empty.npy");
  files_write(empty, "", 0);
  expect_refused(empty, "empty");
}

/* Whole or cut, as a file or through a pipe: answers the first error on the way. */
static scrim_status read_through(const char *path, scrim_error *error) {
  scrim_reader *reader;
  float data[8];
  size_t rows = 1;
  scrim_status status = scrim_reader_open(&reader, path, SCRIM_FORMAT_NPY, error);
  while (status == SCRIM_OK && rows > 0) status = scrim_reader_read(reader, data, 2, &rows, error);
  if (status != SCRIM_OK) assert_true(rows == 0 || reader == NULL);
  scrim_reader_close(reader);
  return status;
}

static void files_cut_anywhere_are_refused(void **state) {
  size_t n;
  char *bytes = files_read(golden("cube.npy"), &n);
  const char *path = files_path(*state, "cut.npy");
  for (size_t length = 0; length <= n; length++) {
    scrim_error error;
    int fd;
    scrim_status expected = length == n ? SCRIM_OK : SCRIM_E_FORMAT;
    files_write(path, bytes, length);
    assert_int_equal(read_through(path, &error), expected);
    assert_int_equal(read_through(files_pipe(bytes, length, &fd), &error), expected);
    close(fd);
  }
  free(bytes);
}

static void missing_and_excess_bytes_are_counted(void **state) {
  size_t n;
  char *bytes = files_read(golden("cube.npy"), &n);
  const char *path = files_path(*state, "x.npy");
  scrim_error error;
  int fd;
  files_write(path, bytes, n - 1);
  assert_int_equal(read_through(path, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "expected 96 bytes of data (6 rows), found 95"));
  assert_int_equal(error.row, 5);
  assert_int_equal(read_through(files_pipe(bytes, n - 17, &fd), &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "expected 96 bytes of data (6 rows), found 79"));
  assert_int_equal(error.row, 4);
  close(fd);
  files_write(path, bytes, n + 1);
  assert_int_equal(read_through(path, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "bytes after its 6 rows of 4 numbers"));
  assert_int_equal(read_through(files_pipe(bytes, n + 1, &fd), &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "bytes after its 6 rows of 4 numbers"));
  close(fd);
  free(bytes);
}

/* Reads with a buffer of two rows and writes what came; the header line, if any, is passed on. */
static scrim_status copy(const char *from, const char *to, const scrim_table_info *like, scrim_error *error) {
  scrim_reader *reader;
  scrim_writer *writer;
  float data[32];
  size_t rows = 1;
  assert_int_equal(scrim_reader_open(&reader, from, SCRIM_FORMAT_AUTO, NULL), SCRIM_OK);
  if (like == NULL) like = scrim_reader_info(reader);
  scrim_status status = scrim_writer_open(&writer, to, SCRIM_FORMAT_NPY, like, NULL, error);
  while (status == SCRIM_OK && rows > 0) {
    assert_int_equal(scrim_reader_read(reader, data, 2, &rows, NULL), SCRIM_OK);
    status = scrim_writer_write(writer, data, rows, error);
  }
  if (status == SCRIM_OK) status = scrim_writer_close(writer, 1, error);
  scrim_reader_close(reader);
  return status;
}

static void expect_same_file(const char *path, const char *expected) {
  size_t n, m;
  char *bytes = files_read(path, &n), *other = files_read(expected, &m);
  assert_int_equal(n, m);
  assert_memory_equal(bytes, other, n);
  free(bytes);
  free(other);
}

static void copies_are_numpys_bytes(void **state) {
  static const char *const names[] = {"f4.npy", "f8.npy", "cube.npy", "rank4.npy", "no_rows.npy"};
  const char *path = files_path(*state, "x.npy");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(copy(golden(names[i]), path, NULL, NULL), SCRIM_OK);
    expect_same_file(path, golden(names[i]));
  }
  assert_int_equal(copy(golden("i8.npy"), path, NULL, NULL), SCRIM_OK); /* other types become f4 */
  expect_same_file(path, golden("f4.npy"));
}

static void header_is_completed_when_rows_were_not_known(void **state) {
  const scrim_table_info like = {
      .format = SCRIM_FORMAT_NPY, .dtype = SCRIM_F32, .rank = 2, .shape = {-1, 3}, .columns = 3, .rows = -1};
  const char *path = files_path(*state, "x.npy");
  assert_int_equal(copy(golden("f4.npy"), path, &like, NULL), SCRIM_OK);
  expect_same_file(path, golden("f4.npy"));
  scrim_error error;
  assert_int_equal(copy(golden("f4.npy"), "/dev/null", &like, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "number of rows"));
}

static void known_rows_are_kept_to(void **state) {
  const scrim_table_info like = {.dtype = SCRIM_F32, .rank = 2, .shape = {2, 3}, .columns = 3, .rows = 2};
  const float data[9] = {0};
  const char *path = files_path(*state, "x.npy");
  scrim_writer *writer;
  scrim_error error;
  assert_int_equal(scrim_writer_open(&writer, path, SCRIM_FORMAT_AUTO, &like, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_writer_write(writer, data, 1, NULL), SCRIM_OK);
  assert_int_equal(scrim_writer_close(writer, 1, &error), SCRIM_E_STATE);
  assert_non_null(strstr(error.message, "2 rows were announced, 1 given"));
  assert_int_equal(scrim_writer_open(&writer, path, SCRIM_FORMAT_AUTO, &like, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_writer_write(writer, data, 3, &error), SCRIM_E_STATE);
  assert_int_equal(scrim_writer_write(writer, data, 2, &error), SCRIM_E_STATE);
  assert_int_equal(scrim_writer_close(writer, 1, NULL), SCRIM_E_STATE);
  assert_int_equal(files_count(*state), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_type_is_read),
      cmocka_unit_test(edges_of_the_range_are_read),
      IN_FOLDER(other_arrays_are_refused),
      IN_FOLDER(files_cut_anywhere_are_refused),
      IN_FOLDER(missing_and_excess_bytes_are_counted),
      IN_FOLDER(copies_are_numpys_bytes),
      IN_FOLDER(header_is_completed_when_rows_were_not_known),
      IN_FOLDER(known_rows_are_kept_to),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
