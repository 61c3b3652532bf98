/* Vector loops for operations that work value by value. */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"

/* ---- one input ---- */

/*
 * UNARY(name, first, second, value, slope): as in reference_pointwise.c, with two attributes as p and q, and with m,
 * what the builder saved for this value (dropout's mask); x itself where nothing was saved.
 */
#define UNARY(name, first, second, value, slope)                                                                       \
  VECTOR_CLONES static void cpu_##name##_values(const float *restrict in, const float *restrict saved,                 \
                                                float *restrict out, size_t n, float p, float q) {                     \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const float x = in[i], m = saved[i];                                                                             \
      (void)m, (void)p, (void)q;                                                                                       \
      out[i] = (value);                                                                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  VECTOR_CLONES static void cpu_##name##_slopes(const float *restrict in, const float *restrict saved,                 \
                                                const float *restrict out, const float *restrict g,                    \
                                                float *restrict grad, size_t n, float p, float q) {                    \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const float x = in[i], y = out[i], m = saved[i];                                                                 \
      (void)x, (void)y, (void)m, (void)p, (void)q;                                                                     \
      grad[i] += g[i] * (slope);                                                                                       \
    }                                                                                                                  \
  }                                                                                                                    \
  void cpu_##name##_forward(node *n) {                                                                                 \
    const float *x = n->in[0]->data;                                                                                   \
    cpu_##name##_values(x, n->saved ? n->saved : x, n->out.data, n->out.n, first, second);                             \
  }                                                                                                                    \
  void cpu_##name##_backward(node *n) {                                                                                \
    const float *x = n->in[0]->data;                                                                                   \
    cpu_##name##_slopes(x, n->saved ? n->saved : x, n->out.data, n->out.grad, n->in[0]->grad, n->out.n, first,         \
                        second);                                                                                       \
  }

UNARY(affine, n->at.affine.scale, n->at.affine.shift, (p * x) + q, p)
UNARY(relu, 0, 0, vector_select(x > 0, x, 0), vector_select(x > 0, 1, 0))
UNARY(leaky_relu, n->at.leaky.slope, 0, x > 0 ? x : (p * x), vector_select(x > 0, 1, p))
UNARY(tanh, 0, 0, vector_tanh(x), 1 - (y * y))
UNARY(sigmoid, 0, 0, vector_sigmoid(x), (y * (1 - y)))
UNARY(silu, 0, 0, (x * vector_sigmoid(x)), vector_sigmoid(x) * (1 + x - y))
UNARY(gelu, 0, 0, (x * vector_normal_cdf(x)), vector_normal_cdf(x) + x * vector_normal_density(x))
UNARY(softplus, 0, 0, vector_softplus(x), vector_sigmoid(x))
UNARY(exp, 0, 0, vector_exp(x), y)
UNARY(log, n->at.clamp.floor, 0, vector_log(vector_select(x > p, x, p)), vector_select(x > p, 1 / x, 0))
UNARY(square, 0, 0, (x * x), 2 * x)
UNARY(sqrt, n->at.clamp.floor, 0, sqrtf(vector_select(x > p, x, p)), vector_select(x > p, 0.5f / y, 0))
UNARY(dropout, 0, 0, (x * m), m)

/* ---- two inputs; b is repeated over a's leading dimensions ---- */

/*
 * b as the loops see it: `period` values, and its gradient. A short b is laid out several times in scratch, so that
 * loops over one period are long enough to be vector code.
 */
typedef struct cpu_operand {
  const float *data;
  float *grad;
  size_t period;
} cpu_operand;

enum { CPU_SHORT_PERIOD = 64, CPU_LONG_PERIOD = 512 };

/* 0 when out of memory. With `grad`, room for a gradient, zeroed. */
static int cpu_operand_open(cpu_operand *o, node *n, int grad) {
  const tensor *a = n->in[0], *b = n->in[1];
  *o = (cpu_operand){.data = b->data, .grad = b->grad, .period = b->n};
  if (b->n >= CPU_SHORT_PERIOD || b->n == a->n) return 1;
  o->period = CPU_LONG_PERIOD / b->n * b->n;
  if (o->period > a->n) o->period = a->n;
  float *room = tape_scratch(n, o->period * 2);
  if (!room) return 0;
  for (size_t i = 0; i < o->period; i++) room[i] = b->data[i % b->n];
  o->data = room;
  o->grad = grad && b->grad ? memset(room + o->period, 0, o->period * sizeof *room) : NULL;
  return 1;
}

/* Folds the repeated gradient back. */
static void cpu_operand_close(const cpu_operand *o, node *n) {
  tensor *b = n->in[1];
  if (!o->grad || o->grad == b->grad) return;
  for (size_t i = 0; i < o->period; i++) b->grad[i % b->n] += o->grad[i];
}

/* BINARY(name, value, da, db): as in reference_pointwise.c. */
#define BINARY(name, value, da, db)                                                                                    \
  VECTOR_CLONES static void cpu_##name##_values(const float *restrict a, const float *restrict b, float *restrict out, \
                                                size_t n) {                                                            \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const float x = a[i], y = b[i];                                                                                  \
      out[i] = (value);                                                                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  VECTOR_CLONES static void cpu_##name##_slope_a(const float *restrict b, const float *restrict g,                     \
                                                 float *restrict grad, size_t n) {                                     \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const float y = b[i];                                                                                            \
      (void)y;                                                                                                         \
      grad[i] += g[i] * (da);                                                                                          \
    }                                                                                                                  \
  }                                                                                                                    \
  VECTOR_CLONES static void cpu_##name##_slope_b(const float *restrict a, const float *restrict g,                     \
                                                 float *restrict grad, size_t n) {                                     \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const float x = a[i];                                                                                            \
      (void)x;                                                                                                         \
      grad[i] += g[i] * (db);                                                                                          \
    }                                                                                                                  \
  }                                                                                                                    \
  void cpu_##name##_forward(node *n) {                                                                                 \
    cpu_operand b;                                                                                                     \
    if (!cpu_operand_open(&b, n, 0)) return;                                                                           \
    for (size_t i = 0; i < n->out.n; i += b.period) {                                                                  \
      const size_t left = n->out.n - i;                                                                                \
      cpu_##name##_values(n->in[0]->data + i, b.data, n->out.data + i, left < b.period ? left : b.period);             \
    }                                                                                                                  \
  }                                                                                                                    \
  void cpu_##name##_backward(node *n) {                                                                                \
    tensor *a = n->in[0];                                                                                              \
    cpu_operand b;                                                                                                     \
    if (!cpu_operand_open(&b, n, 1)) return;                                                                           \
    for (size_t i = 0; i < n->out.n; i += b.period) {                                                                  \
      const size_t left = n->out.n - i, run = left < b.period ? left : b.period;                                       \
      if (a->grad) cpu_##name##_slope_a(b.data, n->out.grad + i, a->grad + i, run);                                    \
      if (b.grad) cpu_##name##_slope_b(a->data + i, n->out.grad + i, b.grad, run);                                     \
    }                                                                                                                  \
    cpu_operand_close(&b, n);                                                                                          \
  }

BINARY(add, x + y, 1, 1)
BINARY(sub, x - y, 1, -1)
BINARY(mul, (x * y), y, x)

/* ---- mean + exp(log_variance / 2) * noise ---- */

VECTOR_CLONES static void cpu_gaussian_values(const float *restrict mean, const float *restrict log_variance,
                                              const float *restrict noise, float *restrict out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = mean[i] + vector_exp(0.5f * log_variance[i]) * noise[i];
}

VECTOR_CLONES static void cpu_gaussian_slopes(const float *restrict log_variance, const float *restrict noise,
                                              const float *restrict g, float *restrict grad, size_t n) {
  for (size_t i = 0; i < n; i++) grad[i] += g[i] * noise[i] * 0.5f * vector_exp(0.5f * log_variance[i]);
}

void cpu_gaussian_forward(node *n) {
  cpu_gaussian_values(n->in[0]->data, n->in[1]->data, n->saved, n->out.data, n->out.n);
}

void cpu_gaussian_backward(node *n) {
  tensor *mean = n->in[0], *log_variance = n->in[1];
  if (mean->grad) cpu_add_slope_a(mean->data, n->out.grad, mean->grad, n->out.n);
  if (log_variance->grad) cpu_gaussian_slopes(log_variance->data, n->saved, n->out.grad, log_variance->grad, n->out.n);
}
