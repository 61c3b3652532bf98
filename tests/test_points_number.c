/* Numbers of records: known bytes in both orders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/points_number.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

static void known_bytes_are_read_and_written(void **state) {
  (void)state;
  static const struct {
    scrim_points_type type;
    double value;
    unsigned char bytes[8]; /* little endian */
  } cases[] = {
      {SCRIM_POINTS_I8, -2, {0xfe}},
      {SCRIM_POINTS_U8, 254, {0xfe}},
      {SCRIM_POINTS_I16, -2, {0xfe, 0xff}},
      {SCRIM_POINTS_U16, 0x1234, {0x34, 0x12}},
      {SCRIM_POINTS_I32, -2147483648.0, {0, 0, 0, 0x80}},
      {SCRIM_POINTS_U32, 4294967295.0, {0xff, 0xff, 0xff, 0xff}},
      {SCRIM_POINTS_F32, -1.5, {0, 0, 0xc0, 0xbf}},
      {SCRIM_POINTS_F64, 0.1, {0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f}},
      {SCRIM_POINTS_I64, -2, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
      {SCRIM_POINTS_U64, 9223372036854775808.0, {0, 0, 0, 0, 0, 0, 0, 0x80}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t n = points_type_bytes(cases[i].type);
    unsigned char turned[8], written[8] = {0};
    for (size_t b = 0; b < n; b++) turned[b] = cases[i].bytes[n - 1 - b];
    assert_true(points_load(cases[i].bytes, cases[i].type, 0) == cases[i].value);
    assert_true(points_load(turned, cases[i].type, 1) == cases[i].value);
    points_store(written, cases[i].type, 0, cases[i].value);
    assert_memory_equal(written, cases[i].bytes, n);
    points_store(written, cases[i].type, 1, cases[i].value);
    assert_memory_equal(written, turned, n);
  }
}

static void types_have_names(void **state) {
  (void)state;
  assert_int_equal(points_type_bytes((scrim_points_type)0), 0);
  assert_int_equal(points_type_bytes((scrim_points_type)11), 0);
  assert_int_equal(points_type_bytes((scrim_points_type)0x7fffffff), 0);
  assert_string_equal(points_type_name(SCRIM_POINTS_F32), "float32");
  assert_string_equal(points_type_name((scrim_points_type)0), "unknown");
  assert_string_equal(points_type_name((scrim_points_type)99), "unknown");
}

static void whole_numbers_of_headers_are_little_endian(void **state) {
  (void)state;
  unsigned char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];
  assert_int_equal(points_load_u16(bytes), 0x0201);
  assert_int_equal(points_load_u32(bytes), 0x04030201);
  assert_true(points_load_u64(bytes) == 0x0807060504030201);
  points_store_u64(back, 0x0807060504030201);
  assert_memory_equal(back, bytes, 8);
  points_store_u32(back, 0x0605);
  points_store_u16(back + 4, 0x0807);
  assert_memory_equal(back, "\5\6\0\0\7\x08", 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_bytes_are_read_and_written),
      cmocka_unit_test(types_have_names),
      cmocka_unit_test(whole_numbers_of_headers_are_little_endian),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
