/* Element types of score tensors: binary to float32 and back. */
#ifndef SERVE_DIALECT_DTYPE_H
#define SERVE_DIALECT_DTYPE_H

#include "serve/json_text.h"

typedef struct dialect_dtype {
  const char *name; /* "FP32" */
  size_t bytes;
  int has_json; /* 0: binary only */
  double unit;  /* half precision: largest relative error of rounding to it; else 0 */
  /* n little-endian elements, in any alignment, to the nearest float32: infinite where a double is beyond it. */
  void (*load)(const unsigned char *from, float *to, size_t n);
  /* rows [n, k] to little-endian elements; what rounding makes equal to its row's largest goes one unit below it. */
  void (*store)(const float *rows, unsigned char *to, size_t n, size_t k);
} dialect_dtype;

const dialect_dtype *dialect_dtype_find(json_value name); /* NULL: none that scores can have */

/* The protocol's types, those of scores and all others. */
int dialect_dtype_is_known(json_value name);

#endif
