/* Score tensors on their way through a filter: read, purified, written in the layout in which they came. */
#ifndef SERVE_DIALECT_TENSOR_H
#define SERVE_DIALECT_TENSOR_H

#include "serve/dialect.h"
#include "serve/dialect_dtype.h"
#include "serve/json_writer.h"

enum { DIALECT_MAX_RANK = 8 };

typedef struct dialect_tensor {
  const dialect_output *output; /* what the configuration says; its name is in all messages */
  int rank;                     /* 0: nothing read */
  size_t shape[DIALECT_MAX_RANK];
  float *values; /* [n] */
  size_t n, capacity;
} dialect_tensor; /* starts as {.output = ...} */

void dialect_tensor_free(dialect_tensor *tensor); /* wipes */

/* Nested or flat arrays of numbers, rectangular; `shape` becomes that of the nesting. */
scrim_status dialect_tensor_read(dialect_tensor *tensor, json_value array, scrim_error *error);
/* One more element of the first dimension; elements have all the same shape. */
scrim_status dialect_tensor_read_row(dialect_tensor *tensor, json_value array, scrim_error *error);
/* n elements as bytes; shape is [n]. */
scrim_status dialect_tensor_load(dialect_tensor *tensor, const dialect_dtype *dtype, const unsigned char *bytes,
                                 size_t n, scrim_error *error);

/*
 * All rows through the filter, in place. `dtype`: what the values were rounded to on their way here; NULL: nothing that
 * matters. SCRIM_E_DATA: the last dimension is not K, or the filter refuses a row.
 */
scrim_status dialect_tensor_purify(dialect_tensor *tensor, const dialect_dtype *dtype, scrim_error *error);
size_t dialect_tensor_rows(const dialect_tensor *tensor); /* confidence vectors */

void dialect_tensor_write(const dialect_tensor *tensor, json_writer *to);
void dialect_tensor_write_row(const dialect_tensor *tensor, size_t row, json_writer *to);
void dialect_tensor_store(const dialect_tensor *tensor, const dialect_dtype *dtype, json_writer *to);

#endif
