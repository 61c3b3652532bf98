/* Element types. */
#include "formats/dtype.h"
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are copied as they lie in the file");

#define CONVERSION(name, type, expression)                                                                             \
  static void name(const char *from, float *to, size_t n) {                                                            \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      type x;                                                                                                          \
      memcpy(&x, from + i * sizeof x, sizeof x);                                                                       \
      to[i] = (expression);                                                                                            \
    }                                                                                                                  \
  }

/* IEEE half precision: 1 sign, 5 exponent and 10 fraction bits. */
static float half_to_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 0) { /* zero or below the normal range: fraction * 2^-24, exact */
    float small = (float)fraction * 0x1p-24f;
    return sign ? -small : small;
  }
  uint32_t bits = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

CONVERSION(from_f32, float, x)
CONVERSION(from_f64, double, (float)x)
CONVERSION(from_f16, uint16_t, half_to_float(x))
CONVERSION(from_i64, int64_t, (float)x)
CONVERSION(from_i32, int32_t, (float)x)
CONVERSION(from_i16, int16_t, (float)x)
CONVERSION(from_i8, int8_t, (float)x)
CONVERSION(from_u64, uint64_t, (float)x)
CONVERSION(from_u32, uint32_t, (float)x)
CONVERSION(from_u16, uint16_t, (float)x)
CONVERSION(from_u8, uint8_t, (float)x)
CONVERSION(from_bool, uint8_t, (float)(x != 0))

static const dtype dtypes[] = {
    {SCRIM_F32, "f4", 4, from_f32}, {SCRIM_F64, "f8", 8, from_f64}, {SCRIM_F16, "f2", 2, from_f16},
    {SCRIM_I64, "i8", 8, from_i64}, {SCRIM_I32, "i4", 4, from_i32}, {SCRIM_I16, "i2", 2, from_i16},
    {SCRIM_I8, "i1", 1, from_i8},   {SCRIM_U64, "u8", 8, from_u64}, {SCRIM_U32, "u4", 4, from_u32},
    {SCRIM_U16, "u2", 2, from_u16}, {SCRIM_U8, "u1", 1, from_u8},   {SCRIM_BOOL, "b1", 1, from_bool},
};

const dtype *dtype_get(scrim_dtype id) {
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (dtypes[i].id == id) return &dtypes[i];
  return NULL;
}

const dtype *dtype_find(const char *code, size_t n) {
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (strlen(dtypes[i].code) == n && memcmp(dtypes[i].code, code, n) == 0) return &dtypes[i];
  return NULL;
}
