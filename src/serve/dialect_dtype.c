#include "serve/dialect_dtype.h"

#include "serve/half.h"
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are copied as they lie in the body");

static void dtype_load_fp32(const unsigned char *from, float *to, size_t n) {
  memcpy(to, from, n * sizeof *to);
}

static void dtype_store_fp32(const float *rows, unsigned char *to, size_t n, size_t k) {
  memcpy(to, rows, n * k * sizeof *rows);
}

static void dtype_load_fp64(const unsigned char *from, float *to, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double value;
    memcpy(&value, from + i * sizeof value, sizeof value);
    to[i] = (float)value;
  }
}

static void dtype_store_fp64(const float *rows, unsigned char *to, size_t n, size_t k) {
  for (size_t i = 0; i < n * k; i++) {
    const double value = rows[i];
    memcpy(to + i * sizeof value, &value, sizeof value);
  }
}

static void dtype_load_16(float (*widen)(uint16_t), const unsigned char *from, float *to, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint16_t bits;
    memcpy(&bits, from + i * sizeof bits, sizeof bits);
    to[i] = widen(bits);
  }
}

/* The next lower number; both formats order their bits as sign and magnitude. */
static uint16_t dtype_below(uint16_t bits) {
  if ((bits & 0x7fffu) == 0) return 0x8001u;
  return (uint16_t)(bits & 0x8000u ? bits + 1 : bits - 1);
}

static void dtype_store_row_16(float (*widen)(uint16_t), uint16_t (*narrow)(float), const float *row, unsigned char *to,
                               size_t k) {
  float top = row[0];
  for (size_t j = 1; j < k; j++) top = row[j] > top ? row[j] : top;
  const float rounded_top = widen(narrow(top));
  for (size_t j = 0; j < k; j++) {
    uint16_t bits = narrow(row[j]);
    if (row[j] < top && widen(bits) == rounded_top) bits = dtype_below(bits);
    memcpy(to + j * sizeof bits, &bits, sizeof bits);
  }
}

static void dtype_load_fp16(const unsigned char *from, float *to, size_t n) {
  dtype_load_16(half_to_float, from, to, n);
}

static void dtype_store_fp16(const float *rows, unsigned char *to, size_t n, size_t k) {
  for (size_t i = 0; i < n; i++)
    dtype_store_row_16(half_to_float, half_from_float, rows + i * k, to + i * k * sizeof(uint16_t), k);
}

static void dtype_load_bf16(const unsigned char *from, float *to, size_t n) {
  dtype_load_16(bfloat_to_float, from, to, n);
}

static void dtype_store_bf16(const float *rows, unsigned char *to, size_t n, size_t k) {
  for (size_t i = 0; i < n; i++)
    dtype_store_row_16(bfloat_to_float, bfloat_from_float, rows + i * k, to + i * k * sizeof(uint16_t), k);
}

static const dialect_dtype dtypes[] = {
    {"FP32", 4, 1, 0, dtype_load_fp32, dtype_store_fp32},
    {"FP64", 8, 1, 0, dtype_load_fp64, dtype_store_fp64},
    {"FP16", 2, 0, 0x1p-11, dtype_load_fp16, dtype_store_fp16},
    {"BF16", 2, 0, 0x1p-8, dtype_load_bf16, dtype_store_bf16},
};

const dialect_dtype *dialect_dtype_find(json_value name) {
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (json_is(name, dtypes[i].name)) return &dtypes[i];
  return NULL;
}

int dialect_dtype_is_known(json_value name) {
  static const char *const others[] = {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64",
                                       "INT8", "INT16", "INT32",  "INT64",  "BYTES"};
  const size_t n = sizeof others / sizeof *others;
  return dialect_dtype_find(name) != NULL || json_index(name, others, n) < n;
}
