/* Numbers of records. */
#include "formats/points_number.h"
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian numbers are copied as they lie");

typedef struct number_type {
  const char *name;
  size_t bytes;
  double (*load)(const unsigned char *at); /* little endian */
  void (*store)(unsigned char *at, double value);
} number_type;

#define NUMBER(name, type)                                                                                             \
  static double load_##name(const unsigned char *at) {                                                                 \
    type x;                                                                                                            \
    memcpy(&x, at, sizeof x);                                                                                          \
    return (double)x;                                                                                                  \
  }                                                                                                                    \
  static void store_##name(unsigned char *at, double value) {                                                          \
    type x = (type)value;                                                                                              \
    memcpy(at, &x, sizeof x);                                                                                          \
  }

NUMBER(i8, int8_t)
NUMBER(u8, uint8_t)
NUMBER(i16, int16_t)
NUMBER(u16, uint16_t)
NUMBER(i32, int32_t)
NUMBER(u32, uint32_t)
NUMBER(f32, float)
NUMBER(f64, double)
NUMBER(i64, int64_t)
NUMBER(u64, uint64_t)

static const number_type types[] = {
    [SCRIM_POINTS_I8] = {"int8", 1, load_i8, store_i8},       [SCRIM_POINTS_U8] = {"uint8", 1, load_u8, store_u8},
    [SCRIM_POINTS_I16] = {"int16", 2, load_i16, store_i16},   [SCRIM_POINTS_U16] = {"uint16", 2, load_u16, store_u16},
    [SCRIM_POINTS_I32] = {"int32", 4, load_i32, store_i32},   [SCRIM_POINTS_U32] = {"uint32", 4, load_u32, store_u32},
    [SCRIM_POINTS_F32] = {"float32", 4, load_f32, store_f32}, [SCRIM_POINTS_F64] = {"float64", 8, load_f64, store_f64},
    [SCRIM_POINTS_I64] = {"int64", 8, load_i64, store_i64},   [SCRIM_POINTS_U64] = {"uint64", 8, load_u64, store_u64},
};
enum { N_TYPES = sizeof types / sizeof *types, WIDEST = 8 };

size_t points_type_bytes(scrim_points_type type) {
  return (size_t)type < N_TYPES ? types[type].bytes : 0;
}

const char *points_type_name(scrim_points_type type) {
  return (size_t)type < N_TYPES && types[type].name != NULL ? types[type].name : "unknown";
}

static void reverse(unsigned char *to, const unsigned char *from, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = from[n - 1 - i];
}

double points_load(const unsigned char *at, scrim_points_type type, int big_endian) {
  const number_type *t = &types[type];
  unsigned char turned[WIDEST];
  if (!big_endian) return t->load(at);
  reverse(turned, at, t->bytes);
  return t->load(turned);
}

void points_store(unsigned char *at, scrim_points_type type, int big_endian, double value) {
  const number_type *t = &types[type];
  unsigned char turned[WIDEST];
  t->store(big_endian ? turned : at, value);
  if (big_endian) reverse(at, turned, t->bytes);
}

#define WHOLE(bits)                                                                                                    \
  uint##bits##_t points_load_u##bits(const unsigned char *at) {                                                        \
    uint##bits##_t x;                                                                                                  \
    memcpy(&x, at, sizeof x);                                                                                          \
    return x;                                                                                                          \
  }                                                                                                                    \
  void points_store_u##bits(unsigned char *at, uint##bits##_t value) {                                                 \
    memcpy(at, &value, sizeof value);                                                                                  \
  }

WHOLE(16)
WHOLE(32)
WHOLE(64)
