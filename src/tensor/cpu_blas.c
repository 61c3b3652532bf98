/* Linear maps and convolution on OpenBLAS. Gradients accumulate in the product itself (beta = 1). */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"
#include <cblas.h>

/* ---- linear ---- */

VECTOR_CLONES static void cpu_repeat_row(const float *restrict row, float *restrict out, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) out[r * columns + c] = row[c];
  }
}

/* sums[c] += the sum of column c */
VECTOR_CLONES void cpu_add_columns(const float *restrict g, float *restrict sums, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) sums[c] += g[r * columns + c];
  }
}

/* y [rows, out] = x [rows, in] w^T, started from the bias. */
void cpu_linear_forward(node *n) {
  const tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const int out = w->dim[0], in = w->dim[1], rows = (int)(x->n / (size_t)in);
  if (b) cpu_repeat_row(b->data, n->out.data, (size_t)rows, (size_t)out);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, out, in, 1, x->data, in, w->data, in, b ? 1 : 0,
              n->out.data, out);
}

void cpu_linear_backward(node *n) {
  tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const int out = w->dim[0], in = w->dim[1], rows = (int)(x->n / (size_t)in);
  const float *g = n->out.grad;
  if (x->grad) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, in, out, 1, g, out, w->data, in, 1, x->grad, in);
  }
  if (w->grad) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, rows, 1, g, out, x->data, in, 1, w->grad, in);
  }
  if (b && b->grad) cpu_add_columns(g, b->grad, (size_t)rows, (size_t)out);
}

/* ---- matmul ---- */

void cpu_matmul_forward(node *n) {
  const tensor *a = n->in[0], *b = n->in[1];
  const int r = a->rank, rows = a->dim[r - 2], k = a->dim[r - 1], m = b->dim[r - 1];
  const size_t batch = r == 3 ? (size_t)a->dim[0] : 1, a_size = a->n / batch, b_size = b->n / batch;
  for (size_t i = 0; i < batch; i++) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, m, k, 1, a->data + i * a_size, k, b->data + i * b_size,
                m, 0, n->out.data + i * (n->out.n / batch), m);
  }
}

void cpu_matmul_backward(node *n) {
  tensor *a = n->in[0], *b = n->in[1];
  const int r = a->rank, rows = a->dim[r - 2], k = a->dim[r - 1], m = b->dim[r - 1];
  const size_t batch = r == 3 ? (size_t)a->dim[0] : 1, a_size = a->n / batch, b_size = b->n / batch;
  for (size_t i = 0; i < batch; i++) {
    const float *g = n->out.grad + i * (n->out.n / batch);
    if (a->grad) {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, k, m, 1, g, m, b->data + i * b_size, m, 1,
                  a->grad + i * a_size, k);
    }
    if (b->grad) {
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, m, rows, 1, a->data + i * a_size, k, g, m, 1,
                  b->grad + i * b_size, m);
    }
  }
}

/* ---- conv1d, as one product an item: y [c_out, to] = w [c_out, c_in * taps] columns [c_in * taps, to] ---- */

typedef struct cpu_conv {
  int c_in, c_out, taps, length, out_length, stride, dilation, padding;
} cpu_conv;

static cpu_conv cpu_conv_of(const node *n) {
  const tensor *x = n->in[0], *w = n->in[1];
  return (cpu_conv){.c_in = x->dim[1],
                    .c_out = w->dim[0],
                    .taps = w->dim[2],
                    .length = x->dim[2],
                    .out_length = n->out.dim[2],
                    .stride = n->at.conv.stride,
                    .dilation = n->at.conv.dilation,
                    .padding = n->at.conv.padding};
}

/* One tap at every place of unit stride needs no copy: the columns are x itself. */
static int cpu_conv_is_linear(cpu_conv s) {
  return s.taps == 1 && s.stride == 1 && s.padding == 0;
}

static size_t cpu_conv_columns_size(cpu_conv s) {
  return (size_t)s.c_in * (size_t)s.taps * (size_t)s.out_length;
}

/* Outputs first..end-1 read inside x for this tap; the others read padding. */
static void cpu_conv_inside(cpu_conv s, int tap, int *first, int *end) {
  const int64_t offset = (int64_t)tap * s.dilation - s.padding;
  const int64_t low = offset >= 0 ? 0 : (-offset + s.stride - 1) / s.stride;
  const int64_t high = offset >= s.length ? 0 : (s.length - offset + s.stride - 1) / s.stride;
  *first = (int)(low < s.out_length ? low : s.out_length);
  *end = (int)(high < s.out_length ? high : s.out_length);
  if (*end < *first) *end = *first;
}

/* columns [c_in, taps, out_length] of one item x [c_in, length] */
static void cpu_conv_unfold(cpu_conv s, const float *restrict x, float *restrict columns) {
  for (int row = 0; row < s.c_in * s.taps; row++) {
    const int tap = row % s.taps, offset = tap * s.dilation - s.padding;
    const float *from = x + (size_t)(row / s.taps) * (size_t)s.length;
    float *to = columns + (size_t)row * (size_t)s.out_length;
    int first, end;
    cpu_conv_inside(s, tap, &first, &end);
    for (int i = 0; i < first; i++) to[i] = 0;
    for (int i = first; i < end; i++) to[i] = from[(int64_t)i * s.stride + offset];
    for (int i = end; i < s.out_length; i++) to[i] = 0;
  }
}

/* The transpose of unfold: x_grad += what each column read. */
static void cpu_conv_fold(cpu_conv s, const float *restrict columns, float *restrict x_grad) {
  for (int row = 0; row < s.c_in * s.taps; row++) {
    const int tap = row % s.taps, offset = tap * s.dilation - s.padding;
    const float *from = columns + (size_t)row * (size_t)s.out_length;
    float *to = x_grad + (size_t)(row / s.taps) * (size_t)s.length;
    int first, end;
    cpu_conv_inside(s, tap, &first, &end);
    for (int i = first; i < end; i++) to[(int64_t)i * s.stride + offset] += from[i];
  }
}

void cpu_conv1d_forward(node *n) {
  const tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const cpu_conv s = cpu_conv_of(n);
  const int k = s.c_in * s.taps;
  float *scratch = cpu_conv_is_linear(s) ? NULL : tape_scratch(n, cpu_conv_columns_size(s));
  if (!scratch && !cpu_conv_is_linear(s)) return;
  for (int item = 0; item < x->dim[0]; item++) {
    const float *from = x->data + (size_t)item * (size_t)s.c_in * (size_t)s.length;
    float *y = n->out.data + (size_t)item * (size_t)s.c_out * (size_t)s.out_length;
    if (scratch) cpu_conv_unfold(s, from, scratch);
    for (int o = 0; b && o < s.c_out; o++) {
      for (int i = 0; i < s.out_length; i++) y[(size_t)o * (size_t)s.out_length + (size_t)i] = b->data[o];
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s.c_out, s.out_length, k, 1, w->data, k,
                scratch ? scratch : from, s.out_length, b ? 1 : 0, y, s.out_length);
  }
}

/* x_grad of one item: w^T g, folded back. */
static void cpu_conv1d_input_backward(cpu_conv s, const float *w, const float *g, float *scratch, float *x_grad) {
  const int k = s.c_in * s.taps;
  float *to = scratch ? scratch : x_grad;
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, s.out_length, s.c_out, 1, w, k, g, s.out_length,
              scratch ? 0 : 1, to, s.out_length);
  if (scratch) cpu_conv_fold(s, scratch, x_grad);
}

VECTOR_CLONES static void cpu_add_rows(const float *restrict g, float *restrict sums, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) sums[r] += vector_sum(g + r * columns, columns);
}

void cpu_conv1d_backward(node *n) {
  tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
  const cpu_conv s = cpu_conv_of(n);
  const int k = s.c_in * s.taps;
  const size_t item_size = (size_t)s.c_in * (size_t)s.length;
  float *scratch = cpu_conv_is_linear(s) ? NULL : tape_scratch(n, cpu_conv_columns_size(s));
  if (!scratch && !cpu_conv_is_linear(s)) return;
  for (int item = 0; item < x->dim[0]; item++) {
    const float *from = x->data + (size_t)item * item_size;
    const float *g = n->out.grad + (size_t)item * (size_t)s.c_out * (size_t)s.out_length;
    if (scratch && w->grad) cpu_conv_unfold(s, from, scratch);
    if (w->grad) {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, s.c_out, k, s.out_length, 1, g, s.out_length,
                  scratch ? scratch : from, s.out_length, 1, w->grad, k);
    }
    if (b && b->grad) cpu_add_rows(g, b->grad, (size_t)s.c_out, (size_t)s.out_length);
    if (x->grad) cpu_conv1d_input_backward(s, w->data, g, scratch, x->grad + (size_t)item * item_size);
  }
}
