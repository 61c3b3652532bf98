/* Vector loops along the last dimension: softmax, layer norm, unit length, rows without their means, cosine. */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"

/* Length of the last dimension. */
static size_t cpu_columns(const tensor *x) {
  return (size_t)x->dim[x->rank - 1];
}

/* ---- softmax ---- */

VECTOR_CLONES static void cpu_softmax_values(const float *restrict x, float *restrict y, size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, x += k, y += k) {
    const float top = vector_max(x, k);
    for (size_t i = 0; i < k; i++) y[i] = vector_exp(x[i] - top);
    const float scale = 1 / vector_sum(y, k);
    for (size_t i = 0; i < k; i++) y[i] *= scale;
  }
}

VECTOR_CLONES static void cpu_softmax_slopes(const float *restrict y, const float *restrict g, float *restrict grad,
                                             size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, y += k, g += k, grad += k) {
    const float mean = vector_dot(y, g, k);
    for (size_t i = 0; i < k; i++) grad[i] += y[i] * (g[i] - mean);
  }
}

void cpu_softmax_forward(node *n) {
  const size_t k = cpu_columns(n->in[0]);
  cpu_softmax_values(n->in[0]->data, n->out.data, n->out.n / k, k);
}

void cpu_softmax_backward(node *n) {
  const size_t k = cpu_columns(n->in[0]);
  cpu_softmax_slopes(n->out.data, n->out.grad, n->in[0]->grad, n->out.n / k, k);
}

/* y first holds the exponentials. */
VECTOR_CLONES void cpu_log_softmax_rows(const float *restrict x, float *restrict y, size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, x += k, y += k) {
    const float top = vector_max(x, k);
    for (size_t i = 0; i < k; i++) y[i] = vector_exp(x[i] - top);
    const float log_sum = logf(vector_sum(y, k));
    for (size_t i = 0; i < k; i++) y[i] = (x[i] - top) - log_sum;
  }
}

VECTOR_CLONES static void cpu_log_softmax_slopes(const float *restrict y, const float *restrict g, float *restrict grad,
                                                 size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, y += k, g += k, grad += k) {
    const float sum = vector_sum(g, k);
    for (size_t i = 0; i < k; i++) grad[i] += g[i] - vector_exp(y[i]) * sum;
  }
}

void cpu_log_softmax_forward(node *n) {
  const size_t k = cpu_columns(n->in[0]);
  cpu_log_softmax_rows(n->in[0]->data, n->out.data, n->out.n / k, k);
}

void cpu_log_softmax_backward(node *n) {
  const size_t k = cpu_columns(n->in[0]);
  cpu_log_softmax_slopes(n->out.data, n->out.grad, n->in[0]->grad, n->out.n / k, k);
}

/* ---- layer_norm ---- */

VECTOR_CLONES static void cpu_layer_norm_values(const float *restrict x, const float *restrict gamma,
                                                const float *restrict beta, float *restrict saved, float *restrict y,
                                                size_t rows, size_t c, float epsilon) {
  for (size_t r = 0; r < rows; r++, x += c, y += c) {
    const float mean = vector_sum(x, c) / (float)c;
    const float scale = 1 / sqrtf(vector_spread(x, mean, c) / (float)c + epsilon);
    for (size_t i = 0; i < c; i++) y[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
    saved[2 * r] = mean;
    saved[2 * r + 1] = scale;
  }
}

VECTOR_CLONES static void cpu_layer_norm_slopes(const float *restrict x, const float *restrict gamma,
                                                const float *restrict saved, const float *restrict g,
                                                float *restrict weighted, float *restrict grad, size_t rows, size_t c) {
  for (size_t r = 0; r < rows; r++, x += c, g += c, grad += c) {
    const float mean = saved[2 * r], scale = saved[2 * r + 1];
    for (size_t i = 0; i < c; i++) weighted[i] = g[i] * gamma[i];
    const float across = vector_sum(weighted, c) / (float)c;
    const float along = vector_centred_dot(x, mean, weighted, c) * scale * scale / (float)c;
    for (size_t i = 0; i < c; i++) grad[i] += scale * (weighted[i] - across - (x[i] - mean) * along);
  }
}

VECTOR_CLONES static void cpu_layer_norm_gamma(const float *restrict x, const float *restrict saved,
                                               const float *restrict g, float *restrict grad, size_t rows, size_t c) {
  for (size_t r = 0; r < rows; r++, x += c, g += c) {
    const float mean = saved[2 * r], scale = saved[2 * r + 1];
    for (size_t i = 0; i < c; i++) grad[i] += g[i] * (x[i] - mean) * scale;
  }
}

void cpu_layer_norm_forward(node *n) {
  const size_t c = cpu_columns(n->in[0]);
  cpu_layer_norm_values(n->in[0]->data, n->in[1]->data, n->in[2]->data, n->saved, n->out.data, n->out.n / c, c,
                        n->at.norm.epsilon);
}

void cpu_layer_norm_backward(node *n) {
  tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
  const size_t c = cpu_columns(x), rows = x->n / c;
  if (x->grad) {
    float *weighted = tape_scratch(n, c);
    if (!weighted) return;
    cpu_layer_norm_slopes(x->data, gamma->data, n->saved, n->out.grad, weighted, x->grad, rows, c);
  }
  if (gamma->grad) cpu_layer_norm_gamma(x->data, n->saved, n->out.grad, gamma->grad, rows, c);
  if (beta->grad) cpu_add_columns(n->out.grad, beta->grad, rows, c);
}

/* ---- unit length ---- */

VECTOR_CLONES static void cpu_normalize_values(const float *restrict a, float *restrict inverse, float *restrict y,
                                               size_t rows, size_t d, float epsilon) {
  for (size_t r = 0; r < rows; r++, a += d, y += d) {
    const float length = sqrtf(vector_dot(a, a, d)), scale = 1 / (length > epsilon ? length : epsilon);
    for (size_t i = 0; i < d; i++) y[i] = a[i] * scale;
    inverse[r] = scale;
  }
}

VECTOR_CLONES static void cpu_normalize_slopes(const float *restrict inverse, const float *restrict y,
                                               const float *restrict g, float *restrict grad, size_t rows, size_t d,
                                               float epsilon) {
  for (size_t r = 0; r < rows; r++, y += d, g += d, grad += d) {
    /* Below epsilon the divisor is a constant. */
    const float along = inverse[r] * epsilon >= 1 ? 0 : vector_dot(y, g, d);
    for (size_t i = 0; i < d; i++) grad[i] += inverse[r] * (g[i] - y[i] * along);
  }
}

void cpu_normalize_forward(node *n) {
  const size_t d = cpu_columns(n->in[0]);
  cpu_normalize_values(n->in[0]->data, n->saved, n->out.data, n->out.n / d, d, n->at.norm.epsilon);
}

void cpu_normalize_backward(node *n) {
  const size_t d = cpu_columns(n->in[0]);
  cpu_normalize_slopes(n->saved, n->out.data, n->out.grad, n->in[0]->grad, n->out.n / d, d, n->at.norm.epsilon);
}

/* ---- rows without their means ---- */

VECTOR_CLONES static void cpu_centre_values(const float *restrict a, float *restrict y, size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, a += k, y += k) {
    const float mean = vector_sum(a, k) / (float)k;
    for (size_t i = 0; i < k; i++) y[i] = a[i] - mean;
  }
}

VECTOR_CLONES static void cpu_centre_slopes(const float *restrict g, float *restrict grad, size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++, g += k, grad += k) {
    const float mean = vector_sum(g, k) / (float)k;
    for (size_t i = 0; i < k; i++) grad[i] += g[i] - mean;
  }
}

void cpu_centre_forward(node *n) {
  const size_t k = cpu_columns(n->in[0]);
  cpu_centre_values(n->in[0]->data, n->out.data, n->out.n / k, k);
}

void cpu_centre_backward(node *n) {
  const size_t k = cpu_columns(n->in[0]);
  cpu_centre_slopes(n->out.grad, n->in[0]->grad, n->out.n / k, k);
}

/* ---- cosine ---- */

static const float cpu_cosine_epsilon = 1e-8f;

VECTOR_CLONES static void cpu_inverse_lengths(const float *restrict a, float *restrict inverse, size_t rows, size_t d) {
  for (size_t r = 0; r < rows; r++) {
    const float length = sqrtf(vector_dot(a + r * d, a + r * d, d));
    inverse[r] = 1 / (length > cpu_cosine_epsilon ? length : cpu_cosine_epsilon);
  }
}

/* step: d, or 0 where one row of b serves all. */
VECTOR_CLONES static void cpu_dots(const float *restrict a, const float *restrict b, float *restrict y, size_t rows,
                                   size_t d, size_t step) {
  for (size_t r = 0; r < rows; r++) y[r] = vector_dot(a + r * d, b + r * step, d);
}

void cpu_cosine_forward(node *n) {
  const tensor *a = n->in[0], *b = n->in[1];
  const size_t d = cpu_columns(a), rows = (size_t)a->dim[0], shared = b->dim[0] == 1;
  float *a_inverse = n->saved, *b_inverse = n->saved + rows;
  cpu_inverse_lengths(a->data, a_inverse, rows, d);
  cpu_inverse_lengths(b->data, b_inverse, (size_t)b->dim[0], d);
  cpu_dots(a->data, b->data, n->out.data, rows, d, shared ? 0 : d);
  for (size_t r = 0; r < rows; r++) n->out.data[r] *= a_inverse[r] * b_inverse[shared ? 0 : r];
}

/* grad += p * other - q * own */
VECTOR_CLONES static void cpu_cosine_slopes(const float *restrict own, const float *restrict other, float p, float q,
                                            float *restrict grad, size_t d) {
  for (size_t i = 0; i < d; i++) grad[i] += p * other[i] - q * own[i];
}

void cpu_cosine_backward(node *n) {
  tensor *a = n->in[0], *b = n->in[1];
  const size_t d = cpu_columns(a), rows = (size_t)a->dim[0];
  for (size_t r = 0; r < rows; r++) {
    const size_t rb = b->dim[0] == 1 ? 0 : r;
    const float *x = a->data + r * d, *y = b->data + rb * d, x_inverse = n->saved[r], y_inverse = n->saved[rows + rb];
    const float across = n->out.grad[r] * x_inverse * y_inverse, along = n->out.grad[r] * n->out.data[r];
    const float x_along = x_inverse * cpu_cosine_epsilon >= 1 ? 0 : along * x_inverse * x_inverse;
    const float y_along = y_inverse * cpu_cosine_epsilon >= 1 ? 0 : along * y_inverse * y_inverse;
    if (a->grad) cpu_cosine_slopes(x, y, across, x_along, a->grad + r * d, d);
    if (b->grad) cpu_cosine_slopes(y, x, across, y_along, b->grad + rb * d, d);
  }
}
