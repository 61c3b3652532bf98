/* Tables: choice of format, whole tables, contracts, limits, and every allocation failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/table_format.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const float six[] = {1, 2, 3, 4, 5, 6};
static const int64_t two_by_three[] = {2, 3};

static void format_names_are_parsed(void **state) {
  (void)state;
  static const char *const names[] = {"auto", "npy", "csv", "tsv"};
  scrim_format format;
  scrim_error error;
  for (int i = 0; i < 4; i++) {
    assert_int_equal(scrim_format_parse(&format, names[i], NULL), SCRIM_OK);
    assert_int_equal(format, i);
  }
  assert_int_equal(scrim_format_parse(&format, "NPZ", &error), SCRIM_E_PARAM);
  assert_string_equal(error.message, "unknown format 'NPZ': expected npy, csv, tsv or auto");
  assert_int_equal(scrim_format_parse(&format, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_format_parse(NULL, "npy", NULL), SCRIM_E_ARGUMENT);
}

static scrim_format format_of(const char *path) {
  scrim_reader *reader;
  assert_int_equal(scrim_reader_open(&reader, path, SCRIM_FORMAT_AUTO, NULL), SCRIM_OK);
  scrim_format format = scrim_reader_info(reader)->format;
  scrim_reader_close(reader);
  return format;
}

static void format_is_found_by_name_or_bytes(void **state) {
  const char *text = files_path(*state, "x.CSV"), *bare = files_path(*state, "bare"),
             *npy = files_path(*state, "x.npy");
  files_write(text, "1\t\n", 3); /* the name decides, though the bytes look like tsv */
  assert_int_equal(format_of(text), SCRIM_FORMAT_CSV);
  files_write(bare, "1\t2\n", 4);
  assert_int_equal(format_of(bare), SCRIM_FORMAT_TSV);
  files_write(bare, "1,2\n", 4);
  assert_int_equal(format_of(bare), SCRIM_FORMAT_CSV);
  assert_int_equal(scrim_table_write(npy, SCRIM_FORMAT_AUTO, six, 2, two_by_three, NULL), SCRIM_OK);
  assert_int_equal(rename(npy, bare), 0);
  assert_int_equal(format_of(bare), SCRIM_FORMAT_NPY);
}

/* As a pipe between two commands: the bytes alone tell. */
static void format_of_a_pipe_is_found_by_its_bytes(void **state) {
  (void)state;
  int fd;
  assert_int_equal(format_of(files_pipe("1,2\n", 4, &fd)), SCRIM_FORMAT_CSV);
  close(fd);
  size_t n;
  char *bytes = files_read("tests/data/formats/f4.npy", &n);
  assert_int_equal(format_of(files_pipe(bytes, n, &fd)), SCRIM_FORMAT_NPY);
  close(fd);
  free(bytes);
}

static void writer_takes_format_from_request_name_or_input(void **state) {
  const scrim_table_info like = {.format = SCRIM_FORMAT_NPY, .rank = 2, .shape = {2, 3}, .columns = 3, .rows = 2};
  const struct {
    const char *name;
    scrim_format format;
    const char *start;
  } cases[] = {{"x.csv", SCRIM_FORMAT_AUTO, "1,2,3\n"},
               {"x.csv", SCRIM_FORMAT_TSV, "1\t2\t3\n"},
               {"x.npy", SCRIM_FORMAT_CSV, "1,2,3\n"},
               {"bare", SCRIM_FORMAT_AUTO, "\x93NUMPY"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *path = files_path(*state, cases[i].name);
    scrim_writer *writer;
    size_t n;
    assert_int_equal(scrim_writer_open(&writer, path, cases[i].format, &like, NULL, NULL), SCRIM_OK);
    assert_int_equal(scrim_writer_write(writer, six, 2, NULL), SCRIM_OK);
    assert_int_equal(scrim_writer_close(writer, 1, NULL), SCRIM_OK);
    char *bytes = files_read(path, &n);
    assert_memory_equal(bytes, cases[i].start, strlen(cases[i].start));
    free(bytes);
  }
  scrim_error error;
  assert_int_equal(scrim_table_write(files_path(*state, "new"), SCRIM_FORMAT_AUTO, six, 2, two_by_three, &error),
                   SCRIM_E_PARAM);
  assert_non_null(strstr(error.message, "must end in .npy, .csv or .tsv"));
}

static void shapes_survive_npy(void **state) {
  static const int64_t shape[] = {1, 2, 1, 3};
  const char *path = files_path(*state, "x.npy");
  for (int rank = 1; rank <= 4; rank++) {
    int64_t lengths[4] = {6, 0, 0, 0};
    if (rank > 1) memcpy(lengths, shape + 4 - rank, (size_t)rank * sizeof *shape);
    if (rank == 2) lengths[0] = 2;
    scrim_table table;
    assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, six, rank, lengths, NULL), SCRIM_OK);
    assert_int_equal(scrim_table_read(&table, path, SCRIM_FORMAT_AUTO, 0, NULL), SCRIM_OK);
    assert_int_equal(table.info.rank, rank);
    assert_memory_equal(table.info.shape, lengths, (size_t)rank * sizeof *lengths);
    assert_memory_equal(table.data, six, sizeof six);
    scrim_table_free(&table);
  }
}

static void memory_limit_is_kept(void **state) {
  const char *npy = files_path(*state, "x.npy"), *csv = files_path(*state, "x.csv");
  const char *const paths[] = {npy, csv};
  for (int i = 0; i < 2; i++) {
    scrim_table table;
    scrim_error error;
    assert_int_equal(scrim_table_write(paths[i], SCRIM_FORMAT_AUTO, six, 2, two_by_three, NULL), SCRIM_OK);
    assert_int_equal(scrim_table_read(&table, paths[i], SCRIM_FORMAT_AUTO, sizeof six, NULL), SCRIM_OK);
    assert_int_equal(table.info.rows, 2);
    scrim_table_free(&table);
    assert_int_equal(scrim_table_read(&table, paths[i], SCRIM_FORMAT_AUTO, sizeof six - 1, &error), SCRIM_E_DATA);
    assert_non_null(strstr(error.message, "more than the 1 rows of 3 numbers"));
    assert_null(table.data);
    assert_int_equal(scrim_table_read(&table, paths[i], SCRIM_FORMAT_AUTO, 1, NULL), SCRIM_E_DATA);
  }
}

/* A pipe whose header promises 8 GB and that ends at once. */
static void promised_rows_that_do_not_come_are_noticed(void **state) {
  (void)state;
  char header[256] = "\x93NUMPY\1";
  int n =
      snprintf(header + 10, sizeof header - 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (200000000, 10)}");
  header[8] = (char)n;
  int fd;
  scrim_table table;
  scrim_error error;
  const char *path = files_pipe(header, (size_t)n + 10, &fd);
  assert_int_equal(scrim_table_read(&table, path, SCRIM_FORMAT_AUTO, 0, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "expected 8000000000 bytes of data"));
  close(fd);
}

static void tables_larger_than_a_buffer_come_back(void **state) {
  enum { ROWS = 300001, COLUMNS = 3 };
  const char *const names[] = {"x.npy", "x.csv", "x.tsv"};
  float *data = malloc(ROWS * COLUMNS * sizeof *data);
  for (int i = 0; i < ROWS * COLUMNS; i++) data[i] = (float)i * 0.001f;
  for (int i = 0; i < 3; i++) {
    const char *path = files_path(*state, names[i]);
    scrim_table table;
    assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, data, 2, (const int64_t[]){ROWS, COLUMNS}, NULL),
                     SCRIM_OK);
    assert_int_equal(scrim_table_read(&table, path, SCRIM_FORMAT_AUTO, 0, NULL), SCRIM_OK);
    assert_int_equal(table.info.rows, ROWS);
    assert_memory_equal(table.data, data, ROWS * COLUMNS * sizeof *data);
    scrim_table_free(&table);
  }
  free(data);
}

static void contracts_are_checked(void **state) {
  scrim_reader *reader;
  scrim_writer *writer;
  scrim_table table;
  float data[6];
  size_t rows;
  const char *path = files_path(*state, "x.npy");
  assert_int_equal(scrim_reader_open(NULL, path, SCRIM_FORMAT_AUTO, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_reader_open(&reader, NULL, SCRIM_FORMAT_AUTO, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_reader_open(&reader, path, (scrim_format)9, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_table_read(NULL, path, SCRIM_FORMAT_AUTO, 0, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_table_read(&table, path, SCRIM_FORMAT_AUTO, 0, NULL), SCRIM_E_IO);
  assert_null(table.data);
  assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, six, 2, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, NULL, 2, two_by_three, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, six, 0, two_by_three, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, six, 5, (const int64_t[]){1, 1, 1, 1, 6}, NULL),
                   SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, six, 2, (const int64_t[]){-2, 3}, NULL),
                   SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_writer_open(&writer, path, SCRIM_FORMAT_AUTO, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(files_count(*state), 0);
  assert_int_equal(scrim_table_write(path, SCRIM_FORMAT_AUTO, six, 2, two_by_three, NULL), SCRIM_OK);
  assert_int_equal(scrim_reader_open(&reader, path, SCRIM_FORMAT_AUTO, NULL), SCRIM_OK);
  assert_int_equal(scrim_reader_read(reader, data, 0, &rows, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_reader_read(reader, NULL, 2, &rows, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_reader_read(reader, data, 2, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_reader_read(reader, data, 2, &rows, NULL), SCRIM_OK);
  scrim_reader_close(reader);
  scrim_reader_close(NULL);
  scrim_table_free(NULL);
  assert_null(scrim_reader_info(NULL));
  assert_null(scrim_reader_header(NULL));
  assert_int_equal(scrim_writer_close(NULL, 1, NULL), SCRIM_OK);
}

static void likes_that_contradict_themselves_are_refused(void **state) {
  static const scrim_table_info likes[] = {
      {.rank = 2, .shape = {2, 3}, .columns = 4, .rows = 2}, {.rank = 2, .shape = {2, 3}, .columns = 3, .rows = 3},
      {.rank = 1, .shape = {2}, .columns = 2, .rows = 2},    {.rank = 3, .shape = {-1, 2, 3}, .columns = 3, .rows = -1},
      {.rank = 2, .shape = {2, 0}, .columns = 0, .rows = 2},
  };
  for (size_t i = 0; i < sizeof likes / sizeof *likes; i++) {
    scrim_writer *writer;
    assert_int_equal(scrim_writer_open(&writer, files_path(*state, "x.npy"), SCRIM_FORMAT_AUTO, &likes[i], NULL, NULL),
                     SCRIM_E_ARGUMENT);
    assert_null(writer);
  }
  assert_int_equal(files_count(*state), 0);
}

/* From file to file, header and all. */
static scrim_status copy(const char *from, const char *to, scrim_error *error) {
  scrim_reader *reader;
  scrim_writer *writer = NULL;
  float data[6];
  size_t rows = 1;
  scrim_status status = scrim_reader_open(&reader, from, SCRIM_FORMAT_AUTO, error);
  if (status != SCRIM_OK) return status;
  status =
      scrim_writer_open(&writer, to, SCRIM_FORMAT_AUTO, scrim_reader_info(reader), scrim_reader_header(reader), error);
  while (status == SCRIM_OK && rows > 0) {
    status = scrim_reader_read(reader, data, 2, &rows, error);
    if (status == SCRIM_OK) status = scrim_writer_write(writer, data, rows, error);
  }
  scrim_status closed = scrim_writer_close(writer, status == SCRIM_OK, error);
  scrim_reader_close(reader);
  return status != SCRIM_OK ? status : closed;
}

/* Each request for memory fails in turn: an error, and nothing left under any name. */
static void every_allocation_may_fail(void **state) {
  const char *from = files_path(*state, "x.csv"), *to = files_path(*state, "y.csv");
  files_write(from, "a,b,c\n1,2,3\n4,5,6\n", 18);
  unsigned long n = 0;
  scrim_status status;
  do {
    scrim_error error;
    memory_fail_at(++n, 0);
    status = copy(from, to, &error);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
    assert_int_equal(files_count(*state), status == SCRIM_OK ? 2 : 1);
  } while (status != SCRIM_OK);
  assert_true(n > 8);
  scrim_table table;
  n = 0;
  do {
    memory_fail_at(++n, 0);
    status = scrim_table_read(&table, from, SCRIM_FORMAT_AUTO, 0, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || (status == SCRIM_E_MEMORY && table.data == NULL));
  } while (status != SCRIM_OK);
  scrim_table_free(&table);
}

static void bad_input_leaves_no_output(void **state) {
  const char *from = files_path(*state, "x.csv"), *to = files_path(*state, "y.npy");
  files_write(from, "1,2,3\n4,5,6\n7,8,x\n", 18);
  scrim_error error;
  assert_int_equal(copy(from, to, &error), SCRIM_E_FORMAT);
  assert_int_equal(error.row, 2);
  assert_int_equal(files_count(*state), 1);
}

static void full_device_is_an_error(void **state) {
  scrim_error error;
  assert_int_equal(scrim_table_write("/dev/full", SCRIM_FORMAT_NPY, six, 2, two_by_three, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No space left"));
  assert_int_equal(scrim_table_write(*state, SCRIM_FORMAT_NPY, six, 2, two_by_three, &error), SCRIM_E_IO);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, files_setup, files_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(format_names_are_parsed),
      IN_FOLDER(format_is_found_by_name_or_bytes),
      cmocka_unit_test(format_of_a_pipe_is_found_by_its_bytes),
      IN_FOLDER(writer_takes_format_from_request_name_or_input),
      IN_FOLDER(shapes_survive_npy),
      IN_FOLDER(memory_limit_is_kept),
      cmocka_unit_test(promised_rows_that_do_not_come_are_noticed),
      IN_FOLDER(tables_larger_than_a_buffer_come_back),
      IN_FOLDER(contracts_are_checked),
      IN_FOLDER(likes_that_contradict_themselves_are_refused),
      IN_FOLDER(every_allocation_may_fail),
      IN_FOLDER(bad_input_leaves_no_output),
      IN_FOLDER(full_device_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
