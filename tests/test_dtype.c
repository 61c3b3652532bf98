/* Element types: every conversion, at any alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/dtype.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

static float convert(scrim_dtype id, const void *value) {
  const dtype *type = dtype_get(id);
  char misaligned[9];
  float result;
  memcpy(misaligned + 1, value, type->bytes);
  type->to_float(misaligned + 1, &result, 1);
  return result;
}

static void types_are_found_by_number_and_code(void **state) {
  (void)state;
  for (int id = SCRIM_F32; id <= SCRIM_BOOL; id++) {
    const dtype *type = dtype_get((scrim_dtype)id);
    assert_non_null(type);
    assert_ptr_equal(dtype_find(type->code, 2), type);
    assert_int_equal(type->bytes, type->code[1] - '0');
  }
  assert_null(dtype_get((scrim_dtype)0));
  assert_null(dtype_get((scrim_dtype)13));
  assert_null(dtype_find("f", 1));
  assert_null(dtype_find("f44", 3));
  assert_null(dtype_find("c8", 2));
}

static void whole_numbers_keep_value_and_sign(void **state) {
  (void)state;
  assert_true(convert(SCRIM_I8, &(int8_t){-128}) == -128);
  assert_true(convert(SCRIM_U8, &(uint8_t){255}) == 255);
  assert_true(convert(SCRIM_I16, &(int16_t){-32768}) == -32768);
  assert_true(convert(SCRIM_U16, &(uint16_t){65535}) == 65535);
  assert_true(convert(SCRIM_I32, &(int32_t){-16777216}) == -16777216);
  assert_true(convert(SCRIM_U32, &(uint32_t){4294967295u}) == 4294967296.0f);
  assert_true(convert(SCRIM_I64, &(int64_t){16777217}) == 16777216); /* beyond 24 bits: the nearest */
  assert_true(convert(SCRIM_U64, &(uint64_t){UINT64_MAX}) == 18446744073709551616.0f);
  assert_true(convert(SCRIM_BOOL, &(uint8_t){0}) == 0);
  assert_true(convert(SCRIM_BOOL, &(uint8_t){2}) == 1);
}

static void reals_are_rounded_to_nearest(void **state) {
  (void)state;
  assert_true(convert(SCRIM_F32, &(float){0.1f}) == 0.1f);
  assert_true(convert(SCRIM_F64, &(double){0.1}) == 0.1f);
  assert_true(isinf(convert(SCRIM_F64, &(double){1e300})));
  assert_true(isnan(convert(SCRIM_F64, &(double){NAN})));
  assert_true(convert(SCRIM_F64, &(double){1e-300}) == 0);
}

/* All 65536 of them, against the definition. */
static void every_half_is_right(void **state) {
  (void)state;
  for (uint32_t half = 0; half <= 0xffff; half++) {
    int exponent = (int)(half >> 10 & 31), fraction = (int)(half & 1023);
    float value = convert(SCRIM_F16, &(uint16_t){(uint16_t)half}), expected;
    if (exponent == 31 && fraction != 0) {
      assert_true(isnan(value));
      continue;
    }
    if (exponent == 31)
      expected = INFINITY;
    else
      expected = exponent == 0 ? ldexpf((float)fraction, -24) : ldexpf((float)(1024 + fraction), exponent - 25);
    assert_true(value == (half >> 15 ? -expected : expected));
    assert_int_equal(signbit(value) != 0, half >> 15);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(types_are_found_by_number_and_code),
      cmocka_unit_test(whole_numbers_keep_value_and_sign),
      cmocka_unit_test(reals_are_rounded_to_nearest),
      cmocka_unit_test(every_half_is_right),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
