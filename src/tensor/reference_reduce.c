/* Plain C: reductions and attentive statistics pooling. */
#include "tensor/reference.h"
#include <tgmath.h>

FORWARD(sum) {
  const tensor *a = n->in[0];
  double sum = 0;
  for (size_t i = 0; i < a->n; i++) sum += a->data[i];
  n->out.data[0] = (real)sum;
}

BACKWARD(sum) {
  for (size_t i = 0; i < n->in[0]->n; i++) n->in[0]->grad[i] += n->out.grad[0];
}

FORWARD(mean) {
  const tensor *a = n->in[0];
  double sum = 0;
  for (size_t i = 0; i < a->n; i++) sum += a->data[i];
  n->out.data[0] = (real)(sum / (double)a->n);
}

BACKWARD(mean) {
  const real g = n->out.grad[0] / (real)n->in[0]->n;
  for (size_t i = 0; i < n->in[0]->n; i++) n->in[0]->grad[i] += g;
}

/* ---- over one axis: a is [outer, length, inner], the result [outer, inner] ---- */

typedef struct reference_axis {
  size_t outer, length, inner;
} reference_axis;

static reference_axis reference_axis_of(const node *n) {
  const tensor *a = n->in[0];
  reference_axis s = {.outer = 1, .length = (size_t)a->dim[n->at.span.axis], .inner = 1};
  for (int i = 0; i < n->at.span.axis; i++) s.outer *= (size_t)a->dim[i];
  for (int i = n->at.span.axis + 1; i < a->rank; i++) s.inner *= (size_t)a->dim[i];
  return s;
}

/* Index into a of the l-th value that result `y` is made from. */
static size_t reference_axis_at(reference_axis s, size_t y, size_t l) {
  return (y / s.inner * s.length + l) * s.inner + y % s.inner;
}

FORWARD(reduce_mean) {
  const reference_axis s = reference_axis_of(n);
  for (size_t y = 0; y < n->out.n; y++) {
    real sum = 0;
    for (size_t l = 0; l < s.length; l++) sum += n->in[0]->data[reference_axis_at(s, y, l)];
    n->out.data[y] = sum / (real)s.length;
  }
}

BACKWARD(reduce_mean) {
  const reference_axis s = reference_axis_of(n);
  for (size_t y = 0; y < n->out.n; y++) {
    const real g = n->out.grad[y] / (real)s.length;
    for (size_t l = 0; l < s.length; l++) n->in[0]->grad[reference_axis_at(s, y, l)] += g;
  }
}

FORWARD(reduce_max) {
  const reference_axis s = reference_axis_of(n);
  for (size_t y = 0; y < n->out.n; y++) {
    size_t best = 0;
    for (size_t l = 1; l < s.length; l++) {
      if (n->in[0]->data[reference_axis_at(s, y, l)] > n->in[0]->data[reference_axis_at(s, y, best)]) best = l;
    }
    n->chosen[y] = (int32_t)best;
    n->out.data[y] = n->in[0]->data[reference_axis_at(s, y, best)];
  }
}

BACKWARD(reduce_max) {
  const reference_axis s = reference_axis_of(n);
  for (size_t y = 0; y < n->out.n; y++) {
    n->in[0]->grad[reference_axis_at(s, y, (size_t)n->chosen[y])] += n->out.grad[y];
  }
}

/* ---- attentive statistics (Okabe et al. 2018): softmax over time weighs mean and standard deviation ---- */

/* The variance is kept above this, so that the root has a gradient. */
static const real reference_variance_floor = (real)1e-12;

FORWARD(attentive_stats) {
  const tensor *x = n->in[0], *logits = n->in[1];
  const size_t channels = (size_t)x->dim[1], length = (size_t)x->dim[2];
  for (size_t r = 0; r < x->n / length; r++) {
    const real *value = x->data + r * length, *logit = logits->data + r * length;
    real *w = n->saved + r * length, top = logit[0], sum = 0, mean = 0, variance = 0;
    for (size_t i = 1; i < length; i++) top = logit[i] > top ? logit[i] : top;
    for (size_t i = 0; i < length; i++) sum += w[i] = exp(logit[i] - top);
    for (size_t i = 0; i < length; i++) mean += (w[i] /= sum) * value[i];
    for (size_t i = 0; i < length; i++) variance += w[i] * (value[i] - mean) * (value[i] - mean);
    real *out = n->out.data + r / channels * 2 * channels + r % channels;
    out[0] = mean;
    out[channels] = sqrt(variance > reference_variance_floor ? variance : reference_variance_floor);
  }
}

BACKWARD(attentive_stats) {
  tensor *x = n->in[0], *logits = n->in[1];
  const size_t channels = (size_t)x->dim[1], length = (size_t)x->dim[2];
  for (size_t r = 0; r < x->n / length; r++) {
    const size_t at = r / channels * 2 * channels + r % channels;
    const real *value = x->data + r * length, *w = n->saved + r * length;
    const real mean = n->out.data[at], std = n->out.data[at + channels], g_mean = n->out.grad[at];
    /* d(std)/d(variance) = 1 / (2 std), unless the floor holds it. */
    const real g_variance = std * std > reference_variance_floor ? n->out.grad[at + channels] / (2 * std) : 0;
    real expected = 0;
    for (size_t i = 0; i < length; i++) {
      const real d = value[i] - mean;
      expected += w[i] * (g_mean * value[i] + g_variance * d * d);
      if (x->grad) x->grad[r * length + i] += w[i] * (g_mean + 2 * g_variance * d);
    }
    for (size_t i = 0; logits->grad && i < length; i++) {
      const real d = value[i] - mean;
      logits->grad[r * length + i] += w[i] * (g_mean * value[i] + g_variance * d * d - expected);
    }
  }
}
