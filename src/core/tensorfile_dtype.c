/* The element types of filter files. */
#include "core/tensorfile_parts.h"
#include <math.h>
#include <string.h>

static const struct {
  const char *name;
  size_t bytes;
} types[] = {
    [TENSORFILE_F32] = {"F32", 4}, [TENSORFILE_U8] = {"U8", 1},   [TENSORFILE_I32] = {"I32", 4},
    [TENSORFILE_I64] = {"I64", 8}, [TENSORFILE_U64] = {"U64", 8}, [TENSORFILE_F64] = {"F64", 8},
    [TENSORFILE_I8] = {"I8", 1},
};

enum { TYPES = sizeof types / sizeof types[0] };

const char *tensorfile_dtype_name(tensorfile_dtype dtype) {
  return (size_t)dtype < TYPES ? types[dtype].name : NULL;
}

size_t tensorfile_dtype_bytes(tensorfile_dtype dtype) {
  return (size_t)dtype < TYPES ? types[dtype].bytes : 0;
}

tensorfile_dtype tensorfile_dtype_find(const char *name) {
  for (size_t i = 1; i < TYPES; i++)
    if (strcmp(types[i].name, name) == 0) return (tensorfile_dtype)i;
  return (tensorfile_dtype)0;
}

size_t tensorfile_size(tensorfile_dtype dtype, int rank, const int64_t *shape, int *fits) {
  size_t bytes = tensorfile_dtype_bytes(dtype);
  *fits = 0;
  for (int i = 0; i < rank; i++) {
    if (shape[i] < 0 || (shape[i] > 0 && bytes > SIZE_MAX / (uint64_t)shape[i])) return 0;
    bytes *= (size_t)shape[i];
  }
  *fits = 1;
  return bytes;
}

static size_t wild_f32(const float *value, size_t n) {
  size_t i = 0;
  while (i < n && isfinite(value[i])) i++;
  return i;
}

static size_t wild_f64(const double *value, size_t n) {
  size_t i = 0;
  while (i < n && isfinite(value[i])) i++;
  return i;
}

size_t tensorfile_first_wild(tensorfile_dtype dtype, const void *data, size_t n) {
  if (dtype == TENSORFILE_F32) return wild_f32(data, n);
  if (dtype == TENSORFILE_F64) return wild_f64(data, n);
  return n;
}
