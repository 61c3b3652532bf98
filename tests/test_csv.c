/* Comma- and tab-separated files: what is read, what is refused and where, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/table_format.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A reader of the text. */
static scrim_status open_text(scrim_reader **reader, const char *text, size_t n, scrim_format format,
                              scrim_error *error) {
  bytes_in *in;
  assert_int_equal(bytes_in_open_memory(&in, text, n, NULL), SCRIM_OK);
  return reader_open_bytes(reader, in, format, error);
}

static void expect_rows_of(const char *text, size_t n, scrim_format format, const char *header, const float *expected,
                           size_t rows, size_t columns) {
  scrim_reader *reader;
  float data[64];
  size_t found;
  assert_int_equal(open_text(&reader, text, n, format, NULL), SCRIM_OK);
  const scrim_table_info *info = scrim_reader_info(reader);
  assert_int_equal(info->columns, columns);
  assert_int_equal(info->rank, 2);
  assert_int_equal(info->rows, -1);
  assert_int_equal(info->shape[0], -1);
  assert_int_equal(info->header, header != NULL);
  if (header != NULL)
    assert_string_equal(scrim_reader_header(reader), header);
  else
    assert_null(scrim_reader_header(reader));
  assert_int_equal(scrim_reader_read(reader, data, 64 / columns, &found, NULL), SCRIM_OK);
  assert_int_equal(found, rows);
  for (size_t i = 0; i < rows * columns; i++)
    assert_true(data[i] == expected[i] || (isnan(data[i]) && isnan(expected[i])));
  assert_int_equal(scrim_reader_read(reader, data, 1, &found, NULL), SCRIM_OK);
  assert_int_equal(found, 0);
  scrim_reader_close(reader);
}

static void expect_csv(const char *text, const char *header, const float *expected, size_t rows, size_t columns) {
  expect_rows_of(text, strlen(text), SCRIM_FORMAT_CSV, header, expected, rows, columns);
}

static const float six[] = {0.1f, 0.25f, -3, 4e-5f, 5, 6};

static void rows_are_read(void **state) {
  (void)state;
  expect_csv("0.1,0.25,-3\n4e-5,5,6\n", NULL, six, 2, 3);
  expect_csv("0.1,0.25,-3\n4e-5,5,6", NULL, six, 2, 3);
  expect_csv("0.1,0.25,-3\r\n4e-5,5,6\r\n", NULL, six, 2, 3);
  expect_csv("\xef\xbb\xbf"
             "0.1,0.25,-3\n4e-5,5,6\n",
             NULL, six, 2, 3);
  expect_csv(" 0.1 , 0.25,\t-3\n4E-5 ,+5,6.\n", NULL, six, 2, 3);
  expect_csv("0.1\n0.25\n-3\n4e-5\n5\n6\n", NULL, six, 6, 1);
  expect_csv("nan,inf,-Infinity,1e39\n", NULL, (const float[]){NAN, INFINITY, -INFINITY, INFINITY}, 1, 4);
}

static void tabs_separate_in_tsv(void **state) {
  (void)state;
  const char *text = "0.1\t0.25\t -3\n4e-5\t5 \t6\n";
  expect_rows_of(text, strlen(text), SCRIM_FORMAT_TSV, NULL, six, 2, 3);
  expect_rows_of(text, strlen(text), SCRIM_FORMAT_AUTO, NULL, six, 2, 3);
  expect_rows_of("a\tb\tc\n0.1\t0.25\t-3\n", 18, SCRIM_FORMAT_AUTO, "a\tb\tc", six, 1, 3);
}

static void header_is_kept(void **state) {
  (void)state;
  expect_csv("a,b,c\r\n0.1,0.25,-3\n", "a,b,c", six, 1, 3);
  expect_csv("\"x, y\",b\n0.1,0.25", "\"x, y\",b", six, 1, 2);
  expect_csv("\xef\xbb\xbfgr\xc3\xbc\xc3\x9f"
             "e,,c\n0.1,0.25,-3\n",
             "gr\xc3\xbc\xc3\x9f"
             "e,,c",
             six, 1, 3);
  expect_csv("# class0,class1\n0.1,0.25\n", "# class0,class1", six, 1, 2);
}

/* Opens and reads to the end, two rows at a time. */
static scrim_status read_through(const char *text, size_t n, scrim_error *error) {
  scrim_reader *reader;
  float *data = malloc(2 * 1048576 * sizeof *data);
  size_t rows = 1;
  scrim_status status = open_text(&reader, text, n, SCRIM_FORMAT_CSV, error);
  assert_true(status == SCRIM_OK || reader == NULL);
  while (status == SCRIM_OK && rows > 0) status = scrim_reader_read(reader, data, 2, &rows, error);
  assert_true(status == SCRIM_OK || reader == NULL || rows == 0);
  scrim_reader_close(reader);
  free(data);
  return status;
}

static void expect_refused(const char *text, size_t n, int64_t row, const char *why) {
  scrim_error error = {0};
  assert_int_equal(read_through(text, n, &error), SCRIM_E_FORMAT);
  if (strstr(error.message, why) == NULL || error.row != row)
    fail_msg("'%s' is answered with row %d, '%s'", text, (int)error.row, error.message);
}

static void spoilt_rows_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t row;
    const char *why;
  } cases[] = {
      {"", -1, "'memory' is empty"},
      {"\xef\xbb\xbf", -1, "is empty"},
      {"\n", 0, "line 1 is empty"},
      {"1,2\n\n3,4\n", 1, "line 2 is empty"},
      {"1,2\n3,4\n\n", 2, "line 3 is empty"},
      {"a,b\n", -1, "a header line but no rows"},
      {"a,b\n\n", 0, "line 2 is empty"},
      {"1,2\n3\n", 1, "line 2 has 1 columns, expected 2"},
      {"1,2\n3,4,5\n", 1, "line 2 has 3 or more columns, expected 2"},
      {"a,b,c\n1,2\n", 0, "line 2 has 2 columns, expected 3"},
      {"1,2\n3,4,\n", 1, "line 2 has 3 or more"},
      {"1,2\n3,x\n", 1, "line 2, column 2: 'x' is not a number"},
      {"1,2\n3,\n", 1, "line 2, column 2: '' is not a number"},
      {"1,2\n,3\n", 1, "line 2, column 1: '' is not a number"},
      {"1,x\n3,4\n", 0, "line 1, column 2: 'x' is not a number"}, /* a spoilt row must not pass for a header */
      {"1,2\na,b\n", 1, "line 2, column 1: 'a' is not a number"},
      {",,\n1,2,3\n", 0, "line 1, column 1: '' is not a number"},
      {"1;2\n3;4\n", 0, "line 2, column 1: '3;4' is not a number"},
      {"1 2,3\n", 0, "'1 2' is not a number"},
      {"1,2\n0x10,2\n", 1, "'0x10' is not a number"},
      {"1,2\n\"3\",4\n", 1, "'\"3\"' is not a number"},
      {"1,2\r3,4\n", 0, "'2?3' is not a number"},
      {"1,2\n3,4444444444444444444444444x44444\n", 1, "'444444444444444444444444' is not a number"},
      {"1\t2\n3\t4\n", 0, "'3?4' is not a number"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_refused(cases[i].text, strlen(cases[i].text), cases[i].row, cases[i].why);
}

static void bytes_that_are_no_text_are_refused(void **state) {
  (void)state;
  expect_refused("1,2\n3,4\0\n", 9, 1, "'4?' is not a number");
  expect_refused("a\0b,c\n1,2\n", 10, -1, "line 1 holds byte 0x00");
  expect_refused("PK\3\4\n1\n", 7, -1, "line 1 holds byte 0x03");
  expect_refused("\x93NUMPY\1\n", 8, -1, "line 1 holds byte 0x01");
  expect_refused("\xff\xfe"
                 "1\0\n\0",
                 6, -1, "holds byte 0x00");
}

static void long_lines_are_refused(void **state) {
  (void)state;
  enum { LIMIT = 1 << 20 };
  char *text = malloc(LIMIT + 10);
  for (size_t i = 0; i < LIMIT + 10; i += 2) memcpy(text + i, "1,", 2);
  text[LIMIT - 1] = '1';
  text[LIMIT] = '\n'; /* 1 MiB is fine */
  scrim_error error;
  assert_int_equal(read_through(text, LIMIT + 1, &error), SCRIM_OK);
  text[LIMIT] = ',';
  text[LIMIT + 1] = '1';
  expect_refused(text, LIMIT + 2, 0, "longer than 1048576 bytes");
  memcpy(text, "1\n", 2);
  memset(text + 2, ' ', LIMIT + 8);
  expect_refused(text, LIMIT + 10, 1, "line 2 is longer");
  free(text);
}

static void text_cut_anywhere_never_crashes(void **state) {
  (void)state;
  static const char text[] = "\xef\xbb\xbf\"a\",b\r\n1.5e3,-inf\r\n.25,nan\r\n";
  for (size_t n = 0; n < sizeof text; n++) {
    char *copy = malloc(n + 1); /* exact, so that a sanitiser sees reading on */
    memcpy(copy, text, n);
    scrim_status status = read_through(copy, n, NULL);
    assert_true(status == SCRIM_OK || status == SCRIM_E_FORMAT);
    free(copy);
  }
}

static void error_ends_the_reader(void **state) {
  (void)state;
  scrim_reader *reader;
  float data[2];
  size_t rows = 7;
  assert_int_equal(open_text(&reader, "1\nx\n2\n", 6, SCRIM_FORMAT_CSV, NULL), SCRIM_OK);
  assert_int_equal(scrim_reader_read(reader, data, 2, &rows, NULL), SCRIM_E_FORMAT);
  assert_int_equal(rows, 0);
  assert_int_equal(scrim_reader_read(reader, data, 2, &rows, NULL), SCRIM_E_STATE);
  scrim_reader_close(reader);
}

/* ---- writing ---- */

static const scrim_table_info like_csv = {
    .format = SCRIM_FORMAT_CSV, .dtype = SCRIM_F64, .rank = 2, .shape = {-1, 3}, .columns = 3, .rows = -1};

/* Writes both rows of `six` and compares the file. */
static void expect_written(const char *path, const scrim_table_info *like, const char *header, const char *expected) {
  scrim_writer *writer;
  size_t n;
  assert_int_equal(scrim_writer_open(&writer, path, SCRIM_FORMAT_AUTO, like, header, NULL), SCRIM_OK);
  assert_int_equal(scrim_writer_write(writer, six, 1, NULL), SCRIM_OK);
  assert_int_equal(scrim_writer_write(writer, six + 3, 1, NULL), SCRIM_OK);
  assert_int_equal(scrim_writer_close(writer, 1, NULL), SCRIM_OK);
  char *text = files_read(path, &n);
  assert_string_equal(text, expected);
  free(text);
}

static void rows_are_written(void **state) {
  const scrim_table_info like_tsv = {
      .format = SCRIM_FORMAT_TSV, .dtype = SCRIM_F64, .rank = 2, .shape = {-1, 3}, .columns = 3, .rows = -1};
  const char *csv = files_path(*state, "x.csv"), *tsv = files_path(*state, "x.tsv");
  expect_written(csv, &like_csv, NULL, "0.1,0.25,-3\n4e-05,5,6\n");
  expect_written(tsv, &like_csv, NULL, "0.1\t0.25\t-3\n4e-05\t5\t6\n");
  expect_written(csv, &like_csv, "a,b,\"c,d\"", "a,b,\"c,d\"\n0.1,0.25,-3\n4e-05,5,6\n");
  expect_written(tsv, &like_csv, "a,b,\"c,d\"", "a\tb\t\"c,d\"\n0.1\t0.25\t-3\n4e-05\t5\t6\n");
  expect_written(csv, &like_tsv, "a\tb\tc", "a,b,c\n0.1,0.25,-3\n4e-05,5,6\n");
}

static void unfit_headers_are_refused(void **state) {
  static const char *const headers[] = {"a,b", "a,b,c,d", "", "a,b,c\n1,2,3", "a,b,\033c"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    scrim_writer *writer;
    assert_int_equal(
        scrim_writer_open(&writer, files_path(*state, "x.csv"), SCRIM_FORMAT_AUTO, &like_csv, headers[i], NULL),
        SCRIM_E_ARGUMENT);
    assert_null(writer);
    assert_int_equal(files_count(*state), 0);
  }
}

/* More than one buffer of random bits comes back unchanged. */
static void floats_come_back_bit_for_bit(void **state) {
  enum { ROWS = 20000, COLUMNS = 3 };
  uint32_t *bits = malloc(ROWS * COLUMNS * sizeof *bits);
  for (uint32_t i = 0, x = 1; i < ROWS * COLUMNS; i++) {
    do x = x * 1664525u + 1013904223u;
    while ((x & 0x7f800000u) == 0x7f800000u);
    bits[i] = x;
  }
  const char *path = files_path(*state, "x.csv");
  float *data = malloc(ROWS * COLUMNS * sizeof *data);
  memcpy(data, bits, ROWS * COLUMNS * sizeof *data);
  scrim_table table;
  assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, data, 2, (const int64_t[]){ROWS, COLUMNS}, NULL),
                   SCRIM_OK);
  assert_int_equal(scrim_table_read(&table, path, SCRIM_FORMAT_AUTO, 0, NULL), SCRIM_OK);
  assert_int_equal(table.info.rows, ROWS);
  assert_int_equal(table.info.shape[0], ROWS);
  assert_memory_equal(table.data, bits, ROWS * COLUMNS * sizeof *data);
  scrim_table_free(&table);
  free(data);
  free(bits);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read),
      cmocka_unit_test(tabs_separate_in_tsv),
      cmocka_unit_test(header_is_kept),
      cmocka_unit_test(spoilt_rows_are_refused),
      cmocka_unit_test(bytes_that_are_no_text_are_refused),
      cmocka_unit_test(long_lines_are_refused),
      cmocka_unit_test(text_cut_anywhere_never_crashes),
      cmocka_unit_test(error_ends_the_reader),
      IN_FOLDER(rows_are_written),
      IN_FOLDER(unfit_headers_are_refused),
      IN_FOLDER(floats_come_back_bit_for_bit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
