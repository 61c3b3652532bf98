/* The element types: names, sizes, products that overflow, values that are not finite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/tensorfile_parts.h"
#include <cmocka.h>
#include <math.h>

static void names_and_sizes(void **state) {
  (void)state;
  static const struct {
    tensorfile_dtype dtype;
    const char *name;
    size_t bytes;
  } known[] = {{TENSORFILE_F32, "F32", 4}, {TENSORFILE_U8, "U8", 1},   {TENSORFILE_I32, "I32", 4},
               {TENSORFILE_I64, "I64", 8}, {TENSORFILE_U64, "U64", 8}, {TENSORFILE_F64, "F64", 8},
               {TENSORFILE_I8, "I8", 1}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    assert_string_equal(tensorfile_dtype_name(known[i].dtype), known[i].name);
    assert_int_equal(tensorfile_dtype_bytes(known[i].dtype), known[i].bytes);
    assert_int_equal(tensorfile_dtype_find(known[i].name), known[i].dtype);
  }
  assert_int_equal(tensorfile_dtype_find("F16"), 0);
  assert_int_equal(tensorfile_dtype_find(""), 0);
  assert_null(tensorfile_dtype_name((tensorfile_dtype)0));
  assert_null(tensorfile_dtype_name((tensorfile_dtype)99));
  assert_int_equal(tensorfile_dtype_bytes((tensorfile_dtype)-1), 0);
}

static void sizes_of_tensors(void **state) {
  (void)state;
  int fits;
  assert_int_equal(tensorfile_size(TENSORFILE_F32, 0, NULL, &fits), 4);
  assert_true(fits);
  assert_int_equal(tensorfile_size(TENSORFILE_I64, 3, (int64_t[]){2, 3, 4}, &fits), 192);
  assert_int_equal(tensorfile_size(TENSORFILE_F32, 2, (int64_t[]){INT64_MAX / 8, 2}, &fits), INT64_MAX / 8 * 8);
  assert_true(fits);
  assert_int_equal(tensorfile_size(TENSORFILE_F32, 2, (int64_t[]){0, 5}, &fits), 0);
  assert_true(fits);
  (void)tensorfile_size(TENSORFILE_F32, 1, (int64_t[]){-1}, &fits);
  assert_false(fits);
  (void)tensorfile_size(TENSORFILE_F32, 2, (int64_t[]){1LL << 32, 1LL << 30}, &fits); /* 2^64 bytes */
  assert_false(fits);
  (void)tensorfile_size(TENSORFILE_U8, 3, (int64_t[]){1LL << 32, 1LL << 31, 2}, &fits);
  assert_false(fits);
}

static void wild_values_are_found(void **state) {
  (void)state;
  static const float f32[4] = {1, -0.0f, 3.4e38f, NAN};
  static const double f64[4] = {1, 1e308, INFINITY, 2};
  static const int32_t nan_bits[1] = {0x7fc00000};
  assert_int_equal(tensorfile_first_wild(TENSORFILE_F32, f32, 4), 3);
  assert_int_equal(tensorfile_first_wild(TENSORFILE_F32, f32, 3), 3);
  assert_int_equal(tensorfile_first_wild(TENSORFILE_F64, f64, 4), 2);
  assert_int_equal(tensorfile_first_wild(TENSORFILE_I32, nan_bits, 1), 1);
  assert_int_equal(tensorfile_first_wild(TENSORFILE_F32, NULL, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_and_sizes),
      cmocka_unit_test(sizes_of_tensors),
      cmocka_unit_test(wild_values_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
