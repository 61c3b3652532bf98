/* npy headers: what is read, what is refused and why, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/npy_header.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static scrim_status parse(const char *text, scrim_table_info *info, scrim_error *error) {
  memset(info, 0, sizeof *info);
  return npy_header_parse(text, strlen(text), info, "x.npy", error);
}

static void any_layout_is_read(void **state) {
  (void)state;
  static const char *const texts[] = {
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }     \n",
      "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}",
      "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,3,)}",
      " {\n'descr' : '<f4' ,\t'fortran_order' : False , 'shape' : ( 2 , 3 ) , } \r\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    scrim_table_info info;
    assert_int_equal(parse(texts[i], &info, NULL), SCRIM_OK);
    assert_int_equal(info.dtype, SCRIM_F32);
    assert_int_equal(info.rank, 2);
    assert_int_equal(info.rows, 2);
    assert_int_equal(info.columns, 3);
  }
}

static void every_type_is_read(void **state) {
  (void)state;
  static const char *const codes[] = {"<f4", "<f8", "<f2", "<i8", "<i4", "<i2",
                                      "|i1", "<u8", "<u4", "<u2", "|u1", "|b1"};
  char text[128];
  for (int i = 0; i < 12; i++) {
    scrim_table_info info;
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (5,)}", codes[i]);
    assert_int_equal(parse(text, &info, NULL), SCRIM_OK);
    assert_int_equal(info.dtype, i + 1);
    assert_int_equal(info.rows, 5);
    assert_int_equal(info.columns, 1);
  }
}

static void others_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *why;
  } cases[] = {
      {"", "expected '{'"},
      {"[]", "expected '{'"},
      {"{", "a key"},
      {"{}", "'descr', 'fortran_order' and 'shape'"},
      {"{'descr': '<f4'}", "'descr', 'fortran_order' and 'shape'"},
      {"{'descr': '<f4', 'descr': '<f4'}", "once"},
      {"{'other': 1}", "once"},
      {"{'descr' '<f4'}", "':'"},
      {"{'descr': '<f4' 'shape': (1,)}", "',' or '}'"},
      {"{'descr': 4}", "a type"},
      {"{'descr': '<f4}", "a type"},
      {"{'descr': '<\\x66'}", "a type"},
      {"{'descr': ''}", "has type ''"},
      {"{'descr': '<f16'}", "'<f16'"},
      {"{'descr': '<c8'}", "'<c8'"},
      {"{'descr': '<U3'}", "'<U3'"},
      {"{'descr': '|f4'}", "'|f4'"},
      {"{'descr': '>f4'}", "big-endian"},
      {"{'descr': '|O'}", "Python objects"},
      {"{'descr': [('a', '<f4')]}", "records"},
      {"{'fortran_order': True}", "Fortran"},
      {"{'fortran_order': 1}", "True or False"},
      {"{'shape': 3}", "tuple"},
      {"{'shape': (,)}", "whole numbers"},
      {"{'shape': (-1,)}", "whole numbers"},
      {"{'shape': (1.5,)}", "',' or ')'"},
      {"{'shape': (2 3)}", "',' or ')'"},
      {"{'shape': (2", "',' or ')'"},
      {"{'shape': (9223372036854775808,)}", "63 bits"},
      {"{'shape': (99999999999999999999999,)}", "63 bits"},
      {"{'shape': (1, 1, 1, 1, 1)}", "more than 4 dimensions"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "0 dimensions"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0)}", "rows of 0"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2)}", "too large"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", "nothing after"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scrim_table_info info;
    scrim_error error = {0};
    assert_int_equal(parse(cases[i].text, &info, &error), SCRIM_E_FORMAT);
    if (strstr(error.message, cases[i].why) == NULL || strstr(error.message, "'x.npy'") == NULL)
      fail_msg("%s: %s", cases[i].text, error.message);
  }
}

static void expect_unlocated(const char *bytes, size_t n, const char *why) {
  size_t offset, length;
  scrim_error error;
  assert_int_equal(npy_header_locate(bytes, n, &offset, &length, "x.npy", &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, why));
}

static void prefix_is_checked(void **state) {
  (void)state;
  size_t offset, length;
  assert_int_equal(npy_header_locate("\x93NUMPY\1\0\x76\0{'", 12, &offset, &length, "x", NULL), SCRIM_OK);
  assert_int_equal(offset, 10);
  assert_int_equal(length, 0x76);
  assert_int_equal(npy_header_locate("\x93NUMPY\2\0\0\1\0\0", 12, &offset, &length, "x", NULL), SCRIM_OK);
  assert_int_equal(offset, 12);
  assert_int_equal(length, 256);
  expect_unlocated("", 0, "empty");
  expect_unlocated("PK\3\4........", 12, "no npy file");
  expect_unlocated("\x93NUMPX\1\0\x76\0{'", 12, "no npy file");
  expect_unlocated("\x93NUMP", 5, "no npy file");
  expect_unlocated("\x93NUMPY", 6, "expected 10 bytes before the npy header, found 6");
  expect_unlocated("\x93NUMPY\1\0\x76", 9, "found 9");
  expect_unlocated("\x93NUMPY\3\0\x76\0\0", 11, "expected 12 bytes before the npy header, found 11");
  expect_unlocated("\x93NUMPY\0\0\x76\0{'", 12, "version 0");
  expect_unlocated("\x93NUMPY\4\0\x76\0{'", 12, "version 4");
  expect_unlocated("\x93NUMPY\2\0\xff\xff\xff\xff", 12, "4294967295 bytes, the limit is 65536");
}

/* Byte for byte numpy's, for files that numpy made. */
static void written_headers_are_numpys(void **state) {
  (void)state;
  static const char *const names[] = {"f4.npy", "f8.npy", "cube.npy", "rank4.npy", "no_rows.npy", "double.npy"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t n, offset, length;
    char *bytes = files_read(files_path("tests/data/formats", names[i]), &n), written[NPY_WRITTEN_MAX];
    scrim_table_info info;
    assert_int_equal(npy_header_locate(bytes, n, &offset, &length, names[i], NULL), SCRIM_OK);
    assert_int_equal(npy_header_parse(bytes + offset, length, &info, names[i], NULL), SCRIM_OK);
    assert_int_equal(npy_header_write(&info, written), offset + length);
    assert_memory_equal(written, bytes, offset + length);
    free(bytes);
  }
}

static void length_does_not_depend_on_the_row_count(void **state) {
  (void)state;
  char text[NPY_WRITTEN_MAX];
  for (int rank = 1; rank <= SCRIM_TABLE_MAX_RANK; rank++) {
    scrim_table_info info = {.dtype = SCRIM_F64, .rank = rank, .shape = {0, INT64_MAX, INT64_MAX, INT64_MAX}};
    size_t few = npy_header_write(&info, text);
    info.shape[0] = INT64_MAX;
    assert_int_equal(npy_header_write(&info, text), few);
    assert_int_equal(few % 64, 0);
    assert_int_equal(text[few - 1], '\n');
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_layout_is_read),         cmocka_unit_test(every_type_is_read),
      cmocka_unit_test(others_are_refused),         cmocka_unit_test(prefix_is_checked),
      cmocka_unit_test(written_headers_are_numpys), cmocka_unit_test(length_does_not_depend_on_the_row_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
