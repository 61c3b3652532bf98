/* Adapters of products, on cuBLAS. */
#include "cuda/cuda_ops.h"
#include <limits.h>

size_t cuda_most_scratch = 1 << 24;

/* cuBLAS counts column after column, so it is given the transposes in the other order: to' = op(b)' op(a)'. */
int cuda_multiply(node *n, const cuda_product *p) {
  static const float one = 1;
  const size_t batch = p->batch ? p->batch : 1;
  if (p->rows > INT_MAX || p->columns > INT_MAX || p->depth > INT_MAX || batch > INT_MAX) {
    return tape_fail(n->tape, SCRIM_E_ARGUMENT,
                     "%s: a product of [%zu, %zu] and [%zu, %zu], %zu times: at most %d each", tape_op_name(n->kind),
                     p->rows, p->depth, p->depth, p->columns, batch, INT_MAX) != NULL;
  }
  const int rows = (int)p->rows, columns = (int)p->columns, depth = (int)p->depth;
  const cublasOperation_t turn_a = p->a_turned ? CUBLAS_OP_T : CUBLAS_OP_N;
  const cublasOperation_t turn_b = p->b_turned ? CUBLAS_OP_T : CUBLAS_OP_N;
  const int a_step = p->a_turned ? rows : depth, b_step = p->b_turned ? depth : columns;
  cublasHandle_t blas = cuda_blas(n);
  if (!blas) return 0;
  if (batch == 1) {
    return cuda_blas_ok(n, cublasSgemm(blas, turn_b, turn_a, columns, rows, depth, &one, p->b, b_step, p->a, a_step,
                                       &p->keep, p->to, columns));
  }
  return cuda_blas_ok(n, cublasSgemmStridedBatched(blas, turn_b, turn_a, columns, rows, depth, &one, p->b, b_step,
                                                   (long long)p->b_stride, p->a, a_step, (long long)p->a_stride,
                                                   &p->keep, p->to, columns, (long long)p->to_stride, (int)batch));
}

/* ---- linear: y [rows, out] = x [rows, in] w^T + b ---- */

/* The bias is put there first, and the product is added to it. */
void cuda_linear_forward(node *n) {
  const tensor *w = n->in[1];
  const size_t out = (size_t)w->dim[0], in = (size_t)w->dim[1], rows = n->in[0]->n / in;
  const float *b = cuda_in(n, 2);
  if (b && !cuda_ok(n, launch_bias_forward(b, cuda_out(n), rows, out, cuda_stream(n)))) return;
  cuda_multiply(n, &(cuda_product){.rows = rows,
                                   .columns = out,
                                   .depth = in,
                                   .a = cuda_in(n, 0),
                                   .b = cuda_in(n, 1),
                                   .b_turned = 1,
                                   .to = cuda_out(n),
                                   .keep = b ? 1 : 0});
}

/* x_grad += g w, w_grad += g^T x */
void cuda_linear_backward(node *n) {
  const tensor *w = n->in[1];
  const size_t out = (size_t)w->dim[0], in = (size_t)w->dim[1], rows = n->in[0]->n / in;
  const float *g = cuda_out_grad(n);
  float *x_grad = cuda_in_grad(n, 0), *w_grad = cuda_in_grad(n, 1), *b_grad = cuda_in_grad(n, 2);
  const cuda_product x_part = {
      .rows = rows, .columns = in, .depth = out, .a = g, .b = cuda_in(n, 1), .to = x_grad, .keep = 1};
  const cuda_product w_part = {
      .rows = out, .columns = in, .depth = rows, .a = g, .a_turned = 1, .b = cuda_in(n, 0), .to = w_grad, .keep = 1};
  if (x_grad && !cuda_multiply(n, &x_part)) return;
  if (w_grad && !cuda_multiply(n, &w_part)) return;
  float *scratch = b_grad ? cuda_sum_scratch(n, out, rows) : NULL;
  if (scratch) cuda_ok(n, launch_bias_backward(g, b_grad, rows, out, 1, scratch, cuda_stream(n)));
}

/* ---- matmul: y [n, m] = a [n, k] b [k, m], `batch` times ---- */

static cuda_product cuda_matmul_of(const node *n) {
  const tensor *a = n->in[0], *b = n->in[1];
  const int r = a->rank;
  cuda_product p = {.rows = (size_t)a->dim[r - 2],
                    .columns = (size_t)b->dim[r - 1],
                    .depth = (size_t)a->dim[r - 1],
                    .batch = r == 3 ? (size_t)a->dim[0] : 1};
  p.a_stride = p.rows * p.depth;
  p.b_stride = p.depth * p.columns;
  p.to_stride = p.rows * p.columns;
  return p;
}

void cuda_matmul_forward(node *n) {
  cuda_product p = cuda_matmul_of(n);
  p.a = cuda_in(n, 0);
  p.b = cuda_in(n, 1);
  p.to = cuda_out(n);
  cuda_multiply(n, &p);
}

/* a_grad += g b^T, b_grad += a^T g */
void cuda_matmul_backward(node *n) {
  const cuda_product p = cuda_matmul_of(n);
  const float *g = cuda_out_grad(n);
  float *a_grad = cuda_in_grad(n, 0), *b_grad = cuda_in_grad(n, 1);
  const cuda_product a_part = {.rows = p.rows,
                               .columns = p.depth,
                               .depth = p.columns,
                               .a = g,
                               .a_stride = p.to_stride,
                               .b = cuda_in(n, 1),
                               .b_turned = 1,
                               .b_stride = p.b_stride,
                               .to = a_grad,
                               .to_stride = p.a_stride,
                               .batch = p.batch,
                               .keep = 1};
  const cuda_product b_part = {.rows = p.depth,
                               .columns = p.columns,
                               .depth = p.rows,
                               .a = cuda_in(n, 0),
                               .a_turned = 1,
                               .a_stride = p.a_stride,
                               .b = g,
                               .b_stride = p.to_stride,
                               .to = b_grad,
                               .to_stride = p.b_stride,
                               .batch = p.batch,
                               .keep = 1};
  if (a_grad && !cuda_multiply(n, &a_part)) return;
  if (b_grad) cuda_multiply(n, &b_part);
}
