/* Operations that work value by value. */
#include "cuda/kernels_parts.cuh"

/* ---- two inputs; b is repeated over a's leading dimensions ---- */

struct add_function {
  __device__ static float value(float x, float y) { return x + y; }
  __device__ static float slope_a(float, float) { return 1; }
  __device__ static float slope_b(float, float) { return 1; }
};

struct sub_function {
  __device__ static float value(float x, float y) { return x - y; }
  __device__ static float slope_a(float, float) { return 1; }
  __device__ static float slope_b(float, float) { return -1; }
};

struct mul_function {
  __device__ static float value(float x, float y) { return x * y; }
  __device__ static float slope_a(float, float y) { return y; }
  __device__ static float slope_b(float x, float) { return x; }
};

template <class F> __global__ void binary_kernel(const float *a, const float *b, float *y, size_t n, size_t b_n) {
  EACH(i, n) y[i] = F::value(a[i], b[remainder_of(i, b_n)]);
}

template <class F>
__global__ void binary_a_kernel(const float *a, const float *b, const float *g, float *a_grad, size_t n, size_t b_n) {
  EACH(i, n) a_grad[i] += g[i] * F::slope_a(a[i], b[remainder_of(i, b_n)]);
}

/* b's gradient where b is as large as a. */
template <class F>
__global__ void binary_b_kernel(const float *a, const float *b, const float *g, float *b_grad, size_t n) {
  EACH(i, n) b_grad[i] += g[i] * F::slope_b(a[i], b[i]);
}

/* b's gradient where it is repeated: value r of b meets the values r, r + b_n, r + 2 b_n... of a. */
template <class F> struct binary_b_sum {
  const float *a, *b, *g;
  size_t b_n;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    s->a += g[i * b_n + r] * F::slope_b(a[i * b_n + r], b[r]);
  }
};

template <class F> static cudaError_t binary_backward(const binary_pass *p, cudaStream_t stream) {
  cudaError_t error = cudaSuccess;
  if (p->a_grad) error = LAUNCH_EACH(binary_a_kernel<F>, p->n, stream, p->a, p->b, p->g, p->a_grad, p->n, p->b_n);
  if (error != cudaSuccess || !p->b_grad) return error;
  if (p->b_n == p->n) return LAUNCH_EACH(binary_b_kernel<F>, p->n, stream, p->a, p->b, p->g, p->b_grad, p->n);
  const binary_b_sum<F> of = {p->a, p->b, p->g, p->b_n};
  const add_to_pair to = {p->b_grad, NULL};
  return launch_sum(p->b_n, p->n / p->b_n, 1, of, to, p->scratch, stream);
}

#define BINARY(name)                                                                                                   \
  cudaError_t launch_##name##_forward(const binary_pass *p, cudaStream_t stream) {                                     \
    return LAUNCH_EACH(binary_kernel<name##_function>, p->n, stream, p->a, p->b, p->y, p->n, p->b_n);                  \
  }                                                                                                                    \
  cudaError_t launch_##name##_backward(const binary_pass *p, cudaStream_t stream) {                                    \
    return binary_backward<name##_function>(p, stream);                                                                \
  }

BINARY(add)
BINARY(sub)
BINARY(mul)

/* ---- one input ---- */

template <class F> __global__ void unary_kernel(F f, const float *x, float *y, size_t n) {
  EACH(i, n) y[i] = f.value(x[i]);
}

template <class F>
__global__ void unary_slope_kernel(F f, const float *x, const float *y, const float *g, float *x_grad, size_t n) {
  EACH(i, n) x_grad[i] += g[i] * f.slope(x[i], y[i]);
}

__device__ static float logistic(float x) {
  return 1 / (1 + expf(-x));
}

/* Distribution function and density of N(0, 1). */
__device__ static float normal_cdf(float x) {
  return 0.5f * erfcf(-x * 0.70710678f);
}

__device__ static float normal_density(float x) {
  return 0.39894228f * expf(-x * x / 2);
}

/*
 * UNARY(name, value, slope): `value` of x; `slope`, the derivative, of x and y = value; a and b: the attributes.
 */
#define UNARY(name, value_of, slope_of)                                                                                \
  struct name##_function {                                                                                             \
    float a, b;                                                                                                        \
    __device__ float value(float x) const { return value_of; }                                                         \
    __device__ float slope(float x, float y) const {                                                                   \
      (void)x, (void)y;                                                                                                \
      return slope_of;                                                                                                 \
    }                                                                                                                  \
  };                                                                                                                   \
  cudaError_t launch_##name##_forward(const unary_pass *p, cudaStream_t stream) {                                      \
    const name##_function f = {p->a, p->b};                                                                            \
    return LAUNCH_EACH(unary_kernel<name##_function>, p->n, stream, f, p->x, p->y, p->n);                              \
  }                                                                                                                    \
  cudaError_t launch_##name##_backward(const unary_pass *p, cudaStream_t stream) {                                     \
    const name##_function f = {p->a, p->b};                                                                            \
    return LAUNCH_EACH(unary_slope_kernel<name##_function>, p->n, stream, f, p->x, p->y, p->g, p->x_grad, p->n);       \
  }

UNARY(affine, a *x + b, a)
UNARY(relu, x > 0 ? x : 0, x > 0 ? 1 : 0)
UNARY(leaky_relu, x > 0 ? x : a * x, x > 0 ? 1 : a)
UNARY(tanh, tanhf(x), 1 - y * y)
UNARY(sigmoid, logistic(x), y *(1 - y))
UNARY(silu, x *logistic(x), logistic(x) + y * (1 - logistic(x)))
UNARY(gelu, x *normal_cdf(x), normal_cdf(x) + x * normal_density(x))
UNARY(softplus, (x > 0 ? x : 0) + log1pf(expf(-fabsf(x))), logistic(x))
UNARY(exp, expf(x), y)
UNARY(log, logf(x > a ? x : a), x > a ? 1 / x : 0)
UNARY(square, x *x, 2 * x)
UNARY(sqrt, sqrtf(x > a ? x : a), x > a ? 1 / (2 * y) : 0)
