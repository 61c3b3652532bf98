/* Plain C: operations that work value by value. */
#include "tensor/reference.h"
#include <tgmath.h>

/* ---- two inputs; b is repeated over a's leading dimensions ---- */

/*
 * BINARY(name, value, da, db): x and y are the values of a and b; `da` and `db` are the derivatives.
 */
#define BINARY(name, value, da, db)                                                                                    \
  FORWARD(name) {                                                                                                      \
    const tensor *a = n->in[0], *b = n->in[1];                                                                         \
    for (size_t i = 0; i < a->n; i++) {                                                                                \
      const real x = a->data[i], y = b->data[i % b->n];                                                                \
      n->out.data[i] = (value);                                                                                        \
    }                                                                                                                  \
  }                                                                                                                    \
  BACKWARD(name) {                                                                                                     \
    tensor *a = n->in[0], *b = n->in[1];                                                                               \
    for (size_t i = 0; i < a->n; i++) {                                                                                \
      const real x = a->data[i], y = b->data[i % b->n], g = n->out.grad[i];                                            \
      (void)x, (void)y;                                                                                                \
      if (a->grad) a->grad[i] += g * (da);                                                                             \
      if (b->grad) b->grad[i % b->n] += g * (db);                                                                      \
    }                                                                                                                  \
  }

BINARY(add, x + y, 1, 1)
BINARY(sub, x - y, 1, -1)
BINARY(mul, x *y, y, x)

/* ---- one input ---- */

/*
 * UNARY(name, value, slope): `value` of x; `slope`, the derivative, of x and y = value; at: the attributes.
 */
#define UNARY(name, value, slope)                                                                                      \
  FORWARD(name) {                                                                                                      \
    const real *in = n->in[0]->data;                                                                                   \
    for (size_t i = 0; i < n->out.n; i++) {                                                                            \
      const real x = in[i];                                                                                            \
      n->out.data[i] = (value);                                                                                        \
    }                                                                                                                  \
  }                                                                                                                    \
  BACKWARD(name) {                                                                                                     \
    const real *in = n->in[0]->data;                                                                                   \
    for (size_t i = 0; i < n->out.n; i++) {                                                                            \
      const real x = in[i], y = n->out.data[i];                                                                        \
      (void)x, (void)y;                                                                                                \
      n->in[0]->grad[i] += n->out.grad[i] * (slope);                                                                   \
    }                                                                                                                  \
  }

static real reference_logistic(real x) {
  return 1 / (1 + exp(-x));
}

static const real reference_sqrt_half = (real)0.70710678118654752440;
static const real reference_inv_sqrt_2pi = (real)0.39894228040143267794;

/* Phi, the distribution function of N(0, 1). */
static real reference_normal_cdf(real x) {
  return (real)0.5 * erfc(-x * reference_sqrt_half);
}

static real reference_normal_density(real x) {
  return reference_inv_sqrt_2pi * exp(-x * x / 2);
}

UNARY(affine, n->at.affine.scale *x + n->at.affine.shift, n->at.affine.scale)
UNARY(relu, x > 0 ? x : 0, x > 0 ? 1 : 0)
UNARY(leaky_relu, x > 0 ? x : n->at.leaky.slope * x, x > 0 ? 1 : n->at.leaky.slope)
UNARY(tanh, tanh(x), 1 - y * y)
UNARY(sigmoid, reference_logistic(x), y *(1 - y))
UNARY(silu, x *reference_logistic(x), reference_logistic(x) + y * (1 - reference_logistic(x)))
UNARY(gelu, x *reference_normal_cdf(x), reference_normal_cdf(x) + x * reference_normal_density(x))
UNARY(softplus, (x > 0 ? x : 0) + log1p(exp(-fabs(x))), reference_logistic(x))
UNARY(exp, exp(x), y)
UNARY(log, log(x > n->at.clamp.floor ? x : n->at.clamp.floor), x > n->at.clamp.floor ? 1 / x : 0)
UNARY(square, x *x, 2 * x)
UNARY(sqrt, sqrt(x > n->at.clamp.floor ? x : n->at.clamp.floor), x > n->at.clamp.floor ? 1 / (2 * y) : 0)

/* ---- noise, drawn by the builder ---- */

UNARY(dropout, x * n->saved[i], n->saved[i])

FORWARD(gaussian) {
  const real *mean = n->in[0]->data, *log_variance = n->in[1]->data;
  for (size_t i = 0; i < n->out.n; i++) n->out.data[i] = mean[i] + exp(log_variance[i] / 2) * n->saved[i];
}

BACKWARD(gaussian) {
  tensor *mean = n->in[0], *log_variance = n->in[1];
  for (size_t i = 0; i < n->out.n; i++) {
    const real g = n->out.grad[i];
    if (mean->grad) mean->grad[i] += g;
    if (log_variance->grad) log_variance->grad[i] += g * exp(log_variance->data[i] / 2) * n->saved[i] / 2;
  }
}
