/* Vector loops for losses. */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"

static size_t cpu_row_count(const tensor *a) {
  return a->n / (size_t)a->dim[a->rank - 1];
}

/* ---- between two tensors of one shape ---- */

enum { CPU_TERMS = 512 };

/* LOSS(name, value, da, db, count): as in reference_losses.c. Terms of a chunk are worked out first, then summed. */
#define LOSS(name, value, da, db, count)                                                                               \
  VECTOR_CLONES static double cpu_##name##_total(const float *restrict a, const float *restrict b, size_t n) {         \
    float term[CPU_TERMS];                                                                                             \
    double total = 0;                                                                                                  \
    for (size_t start = 0; start < n; start += CPU_TERMS) {                                                            \
      const size_t run = n - start < CPU_TERMS ? n - start : CPU_TERMS;                                                \
      for (size_t i = 0; i < run; i++) {                                                                               \
        const float x = a[start + i], y = b[start + i];                                                                \
        term[i] = (value);                                                                                             \
      }                                                                                                                \
      total += (double)vector_sum(term, run);                                                                          \
    }                                                                                                                  \
    return total;                                                                                                      \
  }                                                                                                                    \
  VECTOR_CLONES static void cpu_##name##_slope_a(const float *restrict a, const float *restrict b, float g,            \
                                                 float *restrict grad, size_t n) {                                     \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const float x = a[i], y = b[i];                                                                                  \
      (void)x, (void)y;                                                                                                \
      grad[i] += g * (da);                                                                                             \
    }                                                                                                                  \
  }                                                                                                                    \
  VECTOR_CLONES static void cpu_##name##_slope_b(const float *restrict a, const float *restrict b, float g,            \
                                                 float *restrict grad, size_t n) {                                     \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      const float x = a[i], y = b[i];                                                                                  \
      (void)x, (void)y;                                                                                                \
      grad[i] += g * (db);                                                                                             \
    }                                                                                                                  \
  }                                                                                                                    \
  void cpu_##name##_forward(node *n) {                                                                                 \
    const tensor *a = n->in[0];                                                                                        \
    n->out.data[0] = (float)(cpu_##name##_total(a->data, n->in[1]->data, a->n) / (double)(count));                     \
  }                                                                                                                    \
  void cpu_##name##_backward(node *n) {                                                                                \
    tensor *a = n->in[0], *b = n->in[1];                                                                               \
    const float g = n->out.grad[0] / (float)(count);                                                                   \
    if (a->grad) cpu_##name##_slope_a(a->data, b->data, g, a->grad, a->n);                                             \
    if (b->grad) cpu_##name##_slope_b(a->data, b->data, g, b->grad, a->n);                                             \
  }

/* 1, 0 or -1 */
VECTOR_INLINE float cpu_sign(float x) {
  return (float)((x > 0) - (x < 0));
}

/* binary_cross_entropy: max(x, 0) - x y + log(1 + exp(-|x|)), of which softplus is the first and the last. */
LOSS(mse, (x - y) * (x - y), 2 * (x - y), -2 * (x - y), a->n)
LOSS(l1, fabsf(x - y), cpu_sign(x - y), -cpu_sign(x - y), a->n)
LOSS(binary_cross_entropy, vector_softplus(x) - (x * y), vector_sigmoid(x) - y, -x, a->n)
LOSS(kl_gaussian, 0.5f * (x * x + vector_exp(y) - 1 - y), x, 0.5f * (vector_exp(y) - 1), cpu_row_count(a))

/* ---- classification: saved holds softmax (for labels) or log softmax (for distributions) ---- */

/* From logits [rows, k]: n->saved = softmax, and the mean of -log p[label]. May be in place. */
VECTOR_CLONES static double cpu_label_loss(const float *x, const int32_t *labels, float *p, size_t rows, size_t k) {
  double total = 0;
  for (size_t r = 0; r < rows; r++, x += k, p += k) {
    const float top = vector_max(x, k), hit = x[labels[r]];
    for (size_t i = 0; i < k; i++) p[i] = vector_exp(x[i] - top);
    const float sum = vector_sum(p, k), scale = 1 / sum;
    for (size_t i = 0; i < k; i++) p[i] *= scale;
    total += (double)(logf(sum) - (hit - top));
  }
  return total / (double)rows;
}

VECTOR_CLONES static void cpu_add_scaled(const float *restrict p, float g, float *restrict grad, size_t n) {
  for (size_t i = 0; i < n; i++) grad[i] += g * p[i];
}

void cpu_cross_entropy_forward(node *n) {
  const tensor *x = n->in[0];
  n->out.data[0] = (float)cpu_label_loss(x->data, n->index, n->saved, (size_t)x->dim[0], (size_t)x->dim[1]);
}

void cpu_cross_entropy_backward(node *n) {
  tensor *x = n->in[0];
  const float g = n->out.grad[0] / (float)x->dim[0];
  cpu_add_scaled(n->saved, g, x->grad, x->n);
  for (int r = 0; r < x->dim[0]; r++) x->grad[(size_t)r * (size_t)x->dim[1] + (size_t)n->index[r]] -= g;
}

void cpu_soft_cross_entropy_forward(node *n) {
  const tensor *logits = n->in[0], *target = n->in[1];
  const size_t rows = cpu_row_count(logits), k = logits->n / rows;
  cpu_log_softmax_rows(logits->data, n->saved, rows, k);
  n->out.data[0] = (float)(-cpu_dot_total(target->data, n->saved, logits->n) / (double)rows);
}

VECTOR_CLONES static void cpu_soft_slopes(const float *restrict log_p, const float *restrict target, float g,
                                          float *restrict grad, size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, log_p += k, target += k, grad += k) {
    const float mass = vector_sum(target, k);
    for (size_t i = 0; i < k; i++) grad[i] += g * (vector_exp(log_p[i]) * mass - target[i]);
  }
}

void cpu_soft_cross_entropy_backward(node *n) {
  tensor *logits = n->in[0], *target = n->in[1];
  const size_t rows = cpu_row_count(logits), k = logits->n / rows;
  const float g = n->out.grad[0] / (float)rows;
  if (logits->grad) cpu_soft_slopes(n->saved, target->data, g, logits->grad, rows, k);
  if (target->grad) cpu_add_scaled(n->saved, -g, target->grad, target->n);
}
