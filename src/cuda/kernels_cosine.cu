/* Rows to unit length, and the cosine of the angle between rows. */
#include "cuda/kernels_parts.cuh"

/* inverse[row] = 1 / max(|x|, epsilon), and y, unless it is NULL, x times that. */
template <int group>
__global__ void unit_kernel(const float *x, float epsilon, float *inverse, float *y, size_t rows, size_t k) {
  if (ROW >= rows) return;
  x += ROW * k;
  float squares = 0;
  ROW_EACH(i, k) squares += x[i] * x[i];
  const float length = sqrtf(group_sum<group>(squares)), scale = 1 / (length > epsilon ? length : epsilon);
  if (threadIdx.x == 0) inverse[ROW] = scale;
  if (!y) return;
  ROW_EACH(i, k) y[ROW * k + i] = x[i] * scale;
}

cudaError_t launch_normalize_forward(const norm_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(unit_kernel, p->rows, p->k, stream, p->x, p->epsilon, p->saved, p->y, p->rows, p->k);
}

/* Below epsilon the divisor is a constant. */
template <int group>
__global__ void unit_slope_kernel(const float *y, const float *inverse, float epsilon, const float *g, float *x_grad,
                                  size_t rows, size_t k) {
  if (ROW >= rows) return;
  const float scale = inverse[ROW];
  y += ROW * k;
  g += ROW * k;
  float along = 0;
  ROW_EACH(i, k) along += y[i] * g[i];
  along = group_sum<group>(along);
  if (scale * epsilon >= 1) along = 0;
  ROW_EACH(i, k) x_grad[ROW * k + i] += scale * (g[i] - y[i] * along);
}

cudaError_t launch_normalize_backward(const norm_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(unit_slope_kernel, p->rows, p->k, stream, p->y, p->saved, p->epsilon, p->g, p->x_grad, p->rows,
                     p->k);
}

/* ---- cosine of rows of a with rows of b, or with its only one ---- */

/* As PyTorch's cosine_similarity. */
#define COSINE_EPSILON 1e-8f

template <int group>
__global__ void cosine_kernel(const float *a, const float *b, const float *a_inverse, const float *b_inverse, float *y,
                              size_t b_rows, size_t rows, size_t k) {
  if (ROW >= rows) return;
  const size_t b_row = b_rows == 1 ? 0 : ROW;
  float sum = 0;
  ROW_EACH(i, k) sum += a[ROW * k + i] * b[b_row * k + i];
  sum = group_sum<group>(sum);
  if (threadIdx.x == 0) y[ROW] = sum * a_inverse[ROW] * b_inverse[b_row];
}

cudaError_t launch_cosine_forward(const cosine_pass *p, cudaStream_t stream) {
  float *b_inverse = p->inverse + p->rows, *none = NULL;
  cudaError_t error =
      LAUNCH_ROWS(unit_kernel, p->rows, p->k, stream, p->a, COSINE_EPSILON, p->inverse, none, p->rows, p->k);
  if (error != cudaSuccess) return error;
  error = LAUNCH_ROWS(unit_kernel, p->b_rows, p->k, stream, p->b, COSINE_EPSILON, b_inverse, none, p->b_rows, p->k);
  if (error != cudaSuccess) return error;
  return LAUNCH_ROWS(cosine_kernel, p->rows, p->k, stream, p->a, p->b, p->inverse, b_inverse, p->y, p->b_rows, p->rows,
                     p->k);
}

/* d(cosine)/d(x) for a value x of one row and z of the other. */
__device__ static float cosine_slope(float x, float x_inverse, float z, float z_inverse, float cosine) {
  const float along = x_inverse * COSINE_EPSILON >= 1 ? 0 : cosine;
  return x_inverse * (z * z_inverse - along * x * x_inverse);
}

/* b's gradient too where b has as many rows. */
__global__ void cosine_slope_kernel(cosine_pass p) {
  EACH(i, p.rows * p.k) {
    const size_t row = quotient(i, p.k), b_row = p.b_rows == 1 ? 0 : row, at = b_row * p.k + remainder_of(i, p.k);
    const float a_inverse = p.inverse[row], b_inverse = p.inverse[p.rows + b_row];
    const float a = p.a[i], b = p.b[at], g = p.g[row], cosine = p.y[row];
    if (p.a_grad) p.a_grad[i] += g * cosine_slope(a, a_inverse, b, b_inverse, cosine);
    if (p.b_grad && p.b_rows == p.rows) p.b_grad[at] += g * cosine_slope(b, b_inverse, a, a_inverse, cosine);
  }
}

struct cosine_b_sum {
  cosine_pass p;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    const float b_inverse = p.inverse[p.rows];
    s->a += p.g[i] * cosine_slope(p.b[r], b_inverse, p.a[i * p.k + r], p.inverse[i], p.y[i]);
  }
};

cudaError_t launch_cosine_backward(const cosine_pass *p, cudaStream_t stream) {
  const cudaError_t error = LAUNCH_EACH(cosine_slope_kernel, p->rows * p->k, stream, *p);
  if (error != cudaSuccess || !p->b_grad || p->b_rows == p->rows) return error;
  const cosine_b_sum of = {*p};
  const add_to_pair to = {p->b_grad, NULL};
  return launch_sum(p->k, p->rows, 1, of, to, p->scratch, stream);
}
