/*
 * Inference layers: y = activation(W x + b), packed once, then run row by row or in batches.
 *
 * A row's result is the same bits whatever the batch: each output is one chain of fused multiply-adds over the inputs
 * in ascending order, whichever vector width runs it. (BLAS promises no such thing, and a filter's answer must not
 * depend on which rows it came with.)
 */
#ifndef TENSOR_PACKED_H
#define TENSOR_PACKED_H

#include <stddef.h>

typedef enum packed_activation { PACKED_IDENTITY, PACKED_RELU } packed_activation;

typedef struct packed_linear packed_linear;
/* w [out, in] row major and b [out] are copied. NULL when out of memory. */
packed_linear *packed_linear_create(const float *w, const float *b, int in, int out, packed_activation activation);
void packed_linear_free(packed_linear *l);
int packed_linear_in(const packed_linear *l);
int packed_linear_out(const packed_linear *l);
/* As they were given: w [out, in], b [out]. */
void packed_linear_unpack(const packed_linear *l, float *w, float *b);
/*
 * x [n, in] with row stride x_stride, y [n, out] with row stride y_stride. `start`, when not NULL, replaces the bias
 * row by row: start[i] points to [out] values (a one-hot input's weight row, already added to the bias).
 */
void packed_linear_run(const packed_linear *l, const float *x, size_t x_stride, const float *const *start, float *y,
                       size_t y_stride, size_t n);

#endif
