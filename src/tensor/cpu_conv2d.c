/*
 * Convolution of images as products on OpenBLAS: y [c_out, places] = w [c_out, c_in * taps^2] columns [.., places], for
 * as many rows of the output at once as leave the columns in the processor's second cache.
 */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"
#include <cblas.h>

enum { CPU_CONV2D_CACHE = 1 << 17 }; /* floats of columns */

typedef struct cpu_image {
  int c_in, height, width, c_out, taps, out_height, out_width, stride, padding;
  int k;    /* c_in * taps^2 */
  int rows; /* of the output, in one product */
} cpu_image;

static cpu_image cpu_image_of(const node *n) {
  const tensor *x = n->in[0], *w = n->in[1];
  cpu_image s = {.c_in = x->dim[1],
                 .height = x->dim[2],
                 .width = x->dim[3],
                 .c_out = w->dim[0],
                 .taps = w->dim[2],
                 .out_height = n->out.dim[2],
                 .out_width = n->out.dim[3],
                 .stride = n->at.conv.stride,
                 .padding = n->at.conv.padding};
  s.k = s.c_in * s.taps * s.taps;
  s.rows = (int)(CPU_CONV2D_CACHE / ((int64_t)s.k * s.out_width));
  if (s.rows < 1) s.rows = 1;
  if (s.rows > s.out_height) s.rows = s.out_height;
  return s;
}

/* Outputs first..end-1 of a row read inside x for tap j; the others read padding. */
static void cpu_image_inside(cpu_image s, int j, int *first, int *end) {
  const int offset = j - s.padding, low = offset >= 0 ? 0 : (-offset + s.stride - 1) / s.stride;
  const int high = offset >= s.width ? 0 : (s.width - offset + s.stride - 1) / s.stride;
  *first = low < s.out_width ? low : s.out_width;
  *end = high < s.out_width ? high : s.out_width;
  if (*end < *first) *end = *first;
}

/* columns [c_in, taps, taps, rows, out_width] of output rows top..top+rows-1, from one item x [c_in, height, width] */
static void cpu_image_unfold(cpu_image s, int top, int rows, const float *restrict x, float *restrict columns) {
  for (int line = 0; line < s.k * rows; line++) {
    const int tap = line / rows, j = tap % s.taps, i = tap / s.taps % s.taps, channel = tap / s.taps / s.taps;
    const int from_row = (top + line % rows) * s.stride + i - s.padding;
    float *to = columns + (size_t)line * (size_t)s.out_width;
    int first = 0, end = 0;
    if (from_row >= 0 && from_row < s.height) cpu_image_inside(s, j, &first, &end);
    const float *from = x + ((int64_t)channel * s.height + from_row) * s.width + j - s.padding;
    for (int at = 0; at < first; at++) to[at] = 0;
    if (s.stride == 1 && end > first)
      memcpy(to + first, from + first, (size_t)(end - first) * sizeof *to);
    else
      for (int at = first; at < end; at++) to[at] = from[(int64_t)at * s.stride];
    for (int at = end; at < s.out_width; at++) to[at] = 0;
  }
}

VECTOR_CLONES static void cpu_image_add(const float *restrict from, float *restrict to, int n) {
  for (int i = 0; i < n; i++) to[i] += from[i];
}

/* The transpose of unfold: x_grad += what each column read. */
static void cpu_image_fold(cpu_image s, int top, int rows, const float *restrict columns, float *restrict x_grad) {
  for (int line = 0; line < s.k * rows; line++) {
    const int tap = line / rows, j = tap % s.taps, i = tap / s.taps % s.taps, channel = tap / s.taps / s.taps;
    const int to_row = (top + line % rows) * s.stride + i - s.padding;
    const float *from = columns + (size_t)line * (size_t)s.out_width;
    int first, end;
    if (to_row < 0 || to_row >= s.height) continue;
    cpu_image_inside(s, j, &first, &end);
    float *to = x_grad + ((int64_t)channel * s.height + to_row) * s.width + j - s.padding;
    if (s.stride == 1)
      cpu_image_add(from + first, to + first, end - first);
    else
      for (int at = first; at < end; at++) to[(int64_t)at * s.stride] += from[at];
  }
}

void cpu_conv2d_forward(node *n) {
  const tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const cpu_image s = cpu_image_of(n);
  const size_t from_size = x->n / (size_t)x->dim[0], plane = (size_t)s.out_height * (size_t)s.out_width;
  float *columns = tape_scratch(n, (size_t)s.k * (size_t)s.rows * (size_t)s.out_width);
  if (!columns) return;
  for (int item = 0; item < x->dim[0]; item++) {
    const float *from = x->data + (size_t)item * from_size;
    float *y = n->out.data + (size_t)item * (size_t)s.c_out * plane;
    for (size_t i = 0; b && i < (size_t)s.c_out * plane; i++) y[i] = b->data[i / plane];
    for (int top = 0; top < s.out_height; top += s.rows) {
      const int rows = s.out_height - top < s.rows ? s.out_height - top : s.rows, places = rows * s.out_width;
      cpu_image_unfold(s, top, rows, from, columns);
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s.c_out, places, s.k, 1, w->data, s.k, columns, places,
                  b ? 1 : 0, y + (size_t)top * (size_t)s.out_width, (int)plane);
    }
  }
}

/* Rows top..top+rows-1 of one item: g points at the first of them in channel 0. */
static void cpu_conv2d_tile_backward(node *n, cpu_image s, int top, int rows, size_t item, const float *g,
                                     float *columns) {
  tensor *x = n->in[0], *w = n->in[1];
  const int places = rows * s.out_width, plane = s.out_height * s.out_width;
  const size_t at = item * (x->n / (size_t)x->dim[0]);
  if (w->grad) {
    cpu_image_unfold(s, top, rows, x->data + at, columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, s.c_out, s.k, places, 1, g, plane, columns, places, 1, w->grad,
                s.k);
  }
  if (x->grad) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, s.k, places, s.c_out, 1, w->data, s.k, g, plane, 0, columns,
                places);
    cpu_image_fold(s, top, rows, columns, x->grad + at);
  }
}

VECTOR_CLONES static void cpu_add_planes(const float *restrict g, float *restrict sums, size_t channels, size_t plane) {
  for (size_t c = 0; c < channels; c++) sums[c] += vector_sum(g + c * plane, plane);
}

void cpu_conv2d_backward(node *n) {
  const tensor *x = n->in[0], *b = n->in[2];
  const cpu_image s = cpu_image_of(n);
  const size_t plane = (size_t)s.out_height * (size_t)s.out_width;
  float *columns = tape_scratch(n, (size_t)s.k * (size_t)s.rows * (size_t)s.out_width);
  if (!columns) return;
  for (size_t item = 0; item < (size_t)x->dim[0]; item++) {
    const float *g = n->out.grad + item * (size_t)s.c_out * plane;
    if (b && b->grad) cpu_add_planes(g, b->grad, (size_t)s.c_out, plane);
    for (int top = 0; top < s.out_height; top += s.rows) {
      const int rows = s.out_height - top < s.rows ? s.out_height - top : s.rows;
      cpu_conv2d_tile_backward(n, s, top, rows, item, g + (size_t)top * (size_t)s.out_width, columns);
    }
  }
}
