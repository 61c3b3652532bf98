/* Plain C: losses. Sums run in double: they are long. */
#include "tensor/reference.h"
#include <tgmath.h>

/* ---- between two tensors of one shape ---- */

/* LOSS(name, value, da, db, count): mean of `value` of x (from a) and y (from b) over `count`, with its derivatives. */
#define LOSS(name, value, da, db, count)                                                                               \
  FORWARD(name) {                                                                                                      \
    const tensor *a = n->in[0], *b = n->in[1];                                                                         \
    double sum = 0;                                                                                                    \
    for (size_t i = 0; i < a->n; i++) {                                                                                \
      const real x = a->data[i], y = b->data[i];                                                                       \
      sum += (value);                                                                                                  \
    }                                                                                                                  \
    n->out.data[0] = (real)(sum / (double)(count));                                                                    \
  }                                                                                                                    \
  BACKWARD(name) {                                                                                                     \
    tensor *a = n->in[0], *b = n->in[1];                                                                               \
    const real g = n->out.grad[0] / (real)(count);                                                                     \
    for (size_t i = 0; i < a->n; i++) {                                                                                \
      const real x = a->data[i], y = b->data[i];                                                                       \
      (void)x, (void)y;                                                                                                \
      if (a->grad) a->grad[i] += g * (da);                                                                             \
      if (b->grad) b->grad[i] += g * (db);                                                                             \
    }                                                                                                                  \
  }

static real reference_sign(real x) {
  return (real)((x > 0) - (x < 0));
}

static size_t reference_rows(const tensor *a) {
  return a->n / (size_t)a->dim[a->rank - 1];
}

LOSS(mse, (x - y) * (x - y), 2 * (x - y), -2 * (x - y), a->n)
LOSS(l1, fabs(x - y), reference_sign(x - y), -reference_sign(x - y), a->n)
/* -(y log s + (1 - y) log(1 - s)) for s = 1 / (1 + exp(-x)), in the form that never overflows. */
LOSS(binary_cross_entropy, (x > 0 ? x : 0) - x * y + log1p(exp(-fabs(x))), 1 / (1 + exp(-x)) - y, -x, a->n)
/* x is the mean, y the log variance: Kingma and Welling 2014, appendix B. */
LOSS(kl_gaussian, (x * x + exp(y) - 1 - y) / 2, x, (exp(y) - 1) / 2, reference_rows(a))

/* ---- classification ---- */

/* log softmax of a row; may be in place. */
static void reference_log_softmax_row(const real *x, real *y, size_t k) {
  real top = x[0], sum = 0;
  for (size_t i = 1; i < k; i++) top = x[i] > top ? x[i] : top;
  for (size_t i = 0; i < k; i++) sum += exp(x[i] - top);
  const real total = top + log(sum);
  for (size_t i = 0; i < k; i++) y[i] = x[i] - total;
}

/* Turns each row of saved [n, k] from logits (in `from`) into softmax; answers the mean of -log p[label]. */
static real reference_label_loss(node *n, const real *from) {
  const size_t rows = (size_t)n->in[0]->dim[0], k = (size_t)n->in[0]->dim[1];
  double sum = 0;
  for (size_t r = 0; r < rows; r++) {
    real *row = n->saved + r * k;
    reference_log_softmax_row(from + r * k, row, k);
    sum -= row[n->index[r]];
    for (size_t i = 0; i < k; i++) row[i] = exp(row[i]);
  }
  return (real)(sum / (double)rows);
}

FORWARD(cross_entropy) {
  n->out.data[0] = reference_label_loss(n, n->in[0]->data);
}

BACKWARD(cross_entropy) {
  tensor *logits = n->in[0];
  const size_t rows = (size_t)logits->dim[0], k = (size_t)logits->dim[1];
  const real g = n->out.grad[0] / (real)rows;
  for (size_t i = 0; i < logits->n; i++) {
    const int hit = (size_t)n->index[i / k] == i % k;
    logits->grad[i] += g * (n->saved[i] - (real)hit);
  }
}

FORWARD(soft_cross_entropy) {
  const tensor *logits = n->in[0], *target = n->in[1];
  const size_t k = (size_t)logits->dim[logits->rank - 1];
  double sum = 0;
  for (size_t r = 0; r < logits->n; r += k) {
    reference_log_softmax_row(logits->data + r, n->saved + r, k);
    for (size_t i = 0; i < k; i++) sum -= target->data[r + i] * n->saved[r + i];
  }
  n->out.data[0] = (real)(sum / (double)reference_rows(logits));
}

BACKWARD(soft_cross_entropy) {
  tensor *logits = n->in[0], *target = n->in[1];
  const size_t k = (size_t)logits->dim[logits->rank - 1];
  const real g = n->out.grad[0] / (real)reference_rows(logits);
  for (size_t r = 0; r < logits->n; r += k) {
    real mass = 0;
    for (size_t i = 0; i < k; i++) mass += target->data[r + i];
    for (size_t i = r; i < r + k; i++) {
      if (logits->grad) logits->grad[i] += g * (exp(n->saved[i]) * mass - target->data[i]);
      if (target->grad) target->grad[i] -= g * n->saved[i];
    }
  }
}

/*
 * Additive angular margin (Deng et al. 2019, eq. 3): cos(angle + margin) for the label, cos(angle) for the others,
 * times scale. Past angle + margin = pi that would turn back up; a line of slope 1 goes on instead.
 */
static real reference_margin_cosine(real cosine, real margin, real *slope) {
  const real sine = sqrt(1 - cosine * cosine > (real)1e-12 ? 1 - cosine * cosine : (real)1e-12);
  if (cosine <= -cos(margin)) {
    *slope = 1;
    return cosine - margin * sin(margin);
  }
  *slope = cos(margin) + cosine * sin(margin) / sine;
  return cosine * cos(margin) - sine * sin(margin);
}

FORWARD(margin_softmax) {
  const tensor *cosines = n->in[0];
  const size_t k = (size_t)cosines->dim[1];
  for (size_t i = 0; i < cosines->n; i++) {
    real slope, value = cosines->data[i];
    if ((size_t)n->index[i / k] == i % k) value = reference_margin_cosine(value, n->at.margin.margin, &slope);
    n->saved[i] = n->at.margin.scale * value;
  }
  n->out.data[0] = reference_label_loss(n, n->saved);
}

BACKWARD(margin_softmax) {
  tensor *cosines = n->in[0];
  const size_t k = (size_t)cosines->dim[1];
  const real g = n->out.grad[0] * n->at.margin.scale / (real)cosines->dim[0];
  for (size_t i = 0; i < cosines->n; i++) {
    real slope = 1;
    const int hit = (size_t)n->index[i / k] == i % k;
    if (hit) reference_margin_cosine(cosines->data[i], n->at.margin.margin, &slope);
    cosines->grad[i] += g * slope * (n->saved[i] - (real)hit);
  }
}

/* ---- hinge ---- */

FORWARD(hinge) {
  const tensor *a = n->in[0];
  double sum = 0;
  for (size_t i = 0; i < a->n; i++) sum += a->data[i] < n->at.margin.margin ? n->at.margin.margin - a->data[i] : 0;
  n->out.data[0] = (real)(sum / (double)a->n);
}

BACKWARD(hinge) {
  tensor *a = n->in[0];
  const real g = n->out.grad[0] / (real)a->n;
  for (size_t i = 0; i < a->n; i++) a->grad[i] -= a->data[i] < n->at.margin.margin ? g : 0;
}

/* ---- chamfer: mean squared distance to the nearest, both ways ---- */

/* chosen[i] = the row of b [q, d] nearest to row i of a [p, d]; answers the sum of the squared distances. */
static double reference_nearest(const real *a, size_t p, const real *b, size_t q, size_t d, int32_t *chosen) {
  double sum = 0;
  for (size_t i = 0; i < p; i++) {
    real best = INFINITY;
    chosen[i] = 0;
    for (size_t j = 0; j < q; j++) {
      real distance = 0;
      for (size_t k = 0; k < d; k++) distance += (a[i * d + k] - b[j * d + k]) * (a[i * d + k] - b[j * d + k]);
      if (distance < best) {
        best = distance;
        chosen[i] = (int32_t)j;
      }
    }
    sum += best;
  }
  return sum;
}

FORWARD(chamfer) {
  const tensor *a = n->in[0], *b = n->in[1];
  const size_t items = (size_t)a->dim[0], p = (size_t)a->dim[1], q = (size_t)b->dim[1], d = (size_t)a->dim[2];
  double sum = 0;
  for (size_t r = 0; r < items; r++) {
    const real *cloud = a->data + r * p * d, *other = b->data + r * q * d;
    sum += reference_nearest(cloud, p, other, q, d, n->chosen + r * p) / (double)p;
    sum += reference_nearest(other, q, cloud, p, d, n->chosen + items * p + r * q) / (double)q;
  }
  n->out.data[0] = (real)(sum / (double)items);
}

/* For each of the p points of a: g * d|a_i - b_chosen|^2. Either grad may be NULL. */
static void reference_pull(const real *a, real *a_grad, size_t p, const real *b, real *b_grad, size_t d,
                           const int32_t *chosen, real g) {
  for (size_t i = 0; i < p; i++) {
    for (size_t k = 0; k < d; k++) {
      const size_t at = i * d + k, other = (size_t)chosen[i] * d + k;
      const real slope = 2 * g * (a[at] - b[other]);
      if (a_grad) a_grad[at] += slope;
      if (b_grad) b_grad[other] -= slope;
    }
  }
}

BACKWARD(chamfer) {
  tensor *a = n->in[0], *b = n->in[1];
  const size_t items = (size_t)a->dim[0], p = (size_t)a->dim[1], q = (size_t)b->dim[1], d = (size_t)a->dim[2];
  const real g = n->out.grad[0] / (real)items;
  for (size_t r = 0; r < items; r++) {
    const real *cloud = a->data + r * p * d, *other = b->data + r * q * d;
    real *cloud_grad = a->grad ? a->grad + r * p * d : NULL, *other_grad = b->grad ? b->grad + r * q * d : NULL;
    reference_pull(cloud, cloud_grad, p, other, other_grad, d, n->chosen + r * p, g / (real)p);
    reference_pull(other, other_grad, q, cloud, cloud_grad, d, n->chosen + items * p + r * q, g / (real)q);
  }
}
