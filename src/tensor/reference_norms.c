/* Plain C: norms, softmax, unit length, rows without their means, cosine. */
#include "tensor/reference.h"
#include <tgmath.h>

/* ---- batch_norm: x is [outer, c, inner]; statistics are over outer and inner ---- */

typedef struct reference_channels {
  size_t outer, c, inner;
} reference_channels;

static reference_channels reference_channels_of(const tensor *x) {
  const size_t outer = (size_t)x->dim[0], c = (size_t)x->dim[1];
  return (reference_channels){.outer = outer, .c = c, .inner = x->n / (outer * c)};
}

/* The i-th of a channel's values, i in 0..outer * inner - 1. */
static size_t reference_channel_at(reference_channels s, size_t channel, size_t i) {
  return (i / s.inner * s.c + channel) * s.inner + i % s.inner;
}

/* Mean and variance (of the batch, biased) of one channel; moves the running ones along. */
static void reference_batch_statistics(node *n, size_t channel, real *mean, real *variance) {
  const tensor *x = n->in[0];
  const reference_channels s = reference_channels_of(x);
  const size_t m = s.outer * s.inner;
  real sum = 0, squares = 0;
  for (size_t i = 0; i < m; i++) sum += x->data[reference_channel_at(s, channel, i)];
  *mean = sum / (real)m;
  for (size_t i = 0; i < m; i++) {
    const real d = x->data[reference_channel_at(s, channel, i)] - *mean;
    squares += d * d;
  }
  *variance = squares / (real)m;
  real *running_mean = n->in[3]->data + channel, *running_var = n->in[4]->data + channel;
  const real momentum = n->at.norm.momentum;
  *running_mean = (1 - momentum) * *running_mean + momentum * *mean;
  *running_var = (1 - momentum) * *running_var + momentum * squares / (real)(m - 1);
}

FORWARD(batch_norm) {
  const tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
  const reference_channels s = reference_channels_of(x);
  for (size_t c = 0; c < s.c; c++) {
    real mean = n->in[3]->data[c], variance = n->in[4]->data[c];
    if (n->training) reference_batch_statistics(n, c, &mean, &variance);
    const real scale = 1 / sqrt(variance + n->at.norm.epsilon);
    for (size_t i = 0; i < s.outer * s.inner; i++) {
      const size_t at = reference_channel_at(s, c, i);
      n->out.data[at] = (x->data[at] - mean) * scale * gamma->data[c] + beta->data[c];
    }
    n->saved[c] = mean;
    n->saved[s.c + c] = scale;
  }
}

BACKWARD(batch_norm) {
  tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
  const reference_channels s = reference_channels_of(x);
  const size_t m = s.outer * s.inner;
  for (size_t c = 0; c < s.c; c++) {
    const real mean = n->saved[c], scale = n->saved[s.c + c];
    real d_gamma = 0, d_beta = 0;
    for (size_t i = 0; i < m; i++) {
      const size_t at = reference_channel_at(s, c, i);
      d_gamma += n->out.grad[at] * (x->data[at] - mean) * scale;
      d_beta += n->out.grad[at];
    }
    if (gamma->grad) gamma->grad[c] += d_gamma;
    if (beta->grad) beta->grad[c] += d_beta;
    for (size_t i = 0; x->grad && i < m; i++) {
      const size_t at = reference_channel_at(s, c, i);
      /* In training the batch's mean and variance depend on x as well. */
      const real through = n->training ? (d_beta + (x->data[at] - mean) * scale * d_gamma) / (real)m : 0;
      x->grad[at] += gamma->data[c] * scale * (n->out.grad[at] - through);
    }
  }
}

/* ---- layer_norm, over the last dimension ---- */

FORWARD(layer_norm) {
  const tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
  const size_t c = gamma->n;
  for (size_t r = 0; r < x->n / c; r++) {
    const real *row = x->data + r * c;
    real mean = 0, variance = 0;
    for (size_t i = 0; i < c; i++) mean += row[i];
    mean /= (real)c;
    for (size_t i = 0; i < c; i++) variance += (row[i] - mean) * (row[i] - mean);
    variance /= (real)c;
    const real scale = 1 / sqrt(variance + n->at.norm.epsilon);
    for (size_t i = 0; i < c; i++) n->out.data[r * c + i] = (row[i] - mean) * scale * gamma->data[i] + beta->data[i];
    n->saved[2 * r] = mean;
    n->saved[2 * r + 1] = scale;
  }
}

BACKWARD(layer_norm) {
  tensor *x = n->in[0], *gamma = n->in[1], *beta = n->in[2];
  const size_t c = gamma->n;
  for (size_t r = 0; r < x->n / c; r++) {
    const real *row = x->data + r * c, *g = n->out.grad + r * c;
    const real mean = n->saved[2 * r], scale = n->saved[2 * r + 1];
    real sum = 0, weighted = 0;
    for (size_t i = 0; i < c; i++) {
      const real unit = (row[i] - mean) * scale;
      sum += g[i] * gamma->data[i];
      weighted += g[i] * gamma->data[i] * unit;
      if (gamma->grad) gamma->grad[i] += g[i] * unit;
      if (beta->grad) beta->grad[i] += g[i];
    }
    for (size_t i = 0; x->grad && i < c; i++) {
      const real through = (sum + (row[i] - mean) * scale * weighted) / (real)c; /* by the row's mean and variance */
      x->grad[r * c + i] += scale * (g[i] * gamma->data[i] - through);
    }
  }
}

/* ---- softmax over the last dimension ---- */

/* max + log(sum exp(x - max)) */
static real reference_log_sum_exp(const real *x, size_t k) {
  real top = x[0], sum = 0;
  for (size_t i = 1; i < k; i++) top = x[i] > top ? x[i] : top;
  for (size_t i = 0; i < k; i++) sum += exp(x[i] - top);
  return top + log(sum);
}

FORWARD(softmax) {
  const tensor *x = n->in[0];
  const size_t k = (size_t)x->dim[x->rank - 1];
  for (size_t r = 0; r < x->n; r += k) {
    real top = x->data[r], sum = 0;
    for (size_t i = 1; i < k; i++) top = x->data[r + i] > top ? x->data[r + i] : top;
    for (size_t i = 0; i < k; i++) sum += n->out.data[r + i] = exp(x->data[r + i] - top);
    for (size_t i = 0; i < k; i++) n->out.data[r + i] /= sum;
  }
}

BACKWARD(softmax) {
  tensor *x = n->in[0];
  const size_t k = (size_t)x->dim[x->rank - 1];
  for (size_t r = 0; r < x->n; r += k) {
    const real *p = n->out.data + r, *g = n->out.grad + r;
    real mean = 0;
    for (size_t i = 0; i < k; i++) mean += p[i] * g[i];
    for (size_t i = 0; i < k; i++) x->grad[r + i] += p[i] * (g[i] - mean);
  }
}

FORWARD(log_softmax) {
  const tensor *x = n->in[0];
  const size_t k = (size_t)x->dim[x->rank - 1];
  for (size_t r = 0; r < x->n; r += k) {
    const real total = reference_log_sum_exp(x->data + r, k);
    for (size_t i = 0; i < k; i++) n->out.data[r + i] = x->data[r + i] - total;
  }
}

BACKWARD(log_softmax) {
  tensor *x = n->in[0];
  const size_t k = (size_t)x->dim[x->rank - 1];
  for (size_t r = 0; r < x->n; r += k) {
    const real *g = n->out.grad + r;
    real sum = 0;
    for (size_t i = 0; i < k; i++) sum += g[i];
    for (size_t i = 0; i < k; i++) x->grad[r + i] += g[i] - exp(n->out.data[r + i]) * sum;
  }
}

/* ---- unit length and cosine ---- */

static real reference_dot(const real *a, const real *b, size_t d) {
  real sum = 0;
  for (size_t i = 0; i < d; i++) sum += a[i] * b[i];
  return sum;
}

/* 1 / max(|a|, epsilon) */
static real reference_inverse_length(const real *a, size_t d, real epsilon) {
  const real length = sqrt(reference_dot(a, a, d));
  return 1 / (length > epsilon ? length : epsilon);
}

FORWARD(normalize) {
  const tensor *a = n->in[0];
  const size_t d = (size_t)a->dim[a->rank - 1];
  for (size_t r = 0; r < a->n / d; r++) {
    n->saved[r] = reference_inverse_length(a->data + r * d, d, n->at.norm.epsilon);
    for (size_t i = 0; i < d; i++) n->out.data[r * d + i] = a->data[r * d + i] * n->saved[r];
  }
}

BACKWARD(normalize) {
  tensor *a = n->in[0];
  const size_t d = (size_t)a->dim[a->rank - 1];
  for (size_t r = 0; r < a->n / d; r++) {
    const real *y = n->out.data + r * d, *g = n->out.grad + r * d;
    /* Below epsilon the divisor is a constant. */
    const int clamped = n->saved[r] * (real)n->at.norm.epsilon >= 1;
    const real along = clamped ? 0 : reference_dot(y, g, d);
    for (size_t i = 0; i < d; i++) a->grad[r * d + i] += n->saved[r] * (g[i] - y[i] * along);
  }
}

/* As PyTorch's cosine_similarity. */
static const real reference_cosine_epsilon = (real)1e-8;

FORWARD(cosine) {
  const tensor *a = n->in[0], *b = n->in[1];
  const size_t d = (size_t)a->dim[1], rows = (size_t)a->dim[0], b_rows = (size_t)b->dim[0];
  real *a_inverse = n->saved, *b_inverse = n->saved + rows;
  for (size_t r = 0; r < rows; r++)
    a_inverse[r] = reference_inverse_length(a->data + r * d, d, reference_cosine_epsilon);
  for (size_t r = 0; r < b_rows; r++)
    b_inverse[r] = reference_inverse_length(b->data + r * d, d, reference_cosine_epsilon);
  for (size_t r = 0; r < rows; r++) {
    const size_t rb = b_rows == 1 ? 0 : r;
    n->out.data[r] = reference_dot(a->data + r * d, b->data + rb * d, d) * a_inverse[r] * b_inverse[rb];
  }
}

/* grad += g * d(cosine)/d(a) for one row a with the other row b. */
static void reference_cosine_row(real *grad, real g, real cosine, const real *a, real a_inverse, const real *b,
                                 real b_inverse, size_t d) {
  const real along = a_inverse * reference_cosine_epsilon >= 1 ? 0 : cosine;
  for (size_t i = 0; i < d; i++) grad[i] += g * a_inverse * (b[i] * b_inverse - along * a[i] * a_inverse);
}

BACKWARD(cosine) {
  tensor *a = n->in[0], *b = n->in[1];
  const size_t d = (size_t)a->dim[1], rows = (size_t)a->dim[0];
  for (size_t r = 0; r < rows; r++) {
    const size_t rb = b->dim[0] == 1 ? 0 : r;
    const real *x = a->data + r * d, *y = b->data + rb * d, x_inverse = n->saved[r], y_inverse = n->saved[rows + rb];
    const real g = n->out.grad[r], cosine = n->out.data[r];
    if (a->grad) reference_cosine_row(a->grad + r * d, g, cosine, x, x_inverse, y, y_inverse, d);
    if (b->grad) reference_cosine_row(b->grad + rb * d, g, cosine, y, y_inverse, x, x_inverse, d);
  }
}

/* ---- centre: y = a - mean(a), along the last dimension ---- */

FORWARD(centre) {
  const tensor *a = n->in[0];
  const size_t k = (size_t)a->dim[a->rank - 1];
  for (size_t r = 0; r < a->n / k; r++) {
    real sum = 0;
    for (size_t i = 0; i < k; i++) sum += a->data[r * k + i];
    for (size_t i = 0; i < k; i++) n->out.data[r * k + i] = a->data[r * k + i] - sum / (real)k;
  }
}

BACKWARD(centre) {
  tensor *a = n->in[0];
  const size_t k = (size_t)a->dim[a->rank - 1];
  for (size_t r = 0; r < a->n / k; r++) {
    real sum = 0;
    for (size_t i = 0; i < k; i++) sum += n->out.grad[r * k + i];
    for (size_t i = 0; i < k; i++) a->grad[r * k + i] += n->out.grad[r * k + i] - sum / (real)k;
  }
}
