/* Vector loops for reductions, attentive statistics and transposition. */
#include "tensor/cpu.h"
#include "tensor/vector_math.h"

/* ---- all values ---- */

enum { CPU_CHUNK = 4096 };

/* Chunks in float, their sums in double: as precise as the long sums need, and still vector code. */
VECTOR_CLONES static double cpu_total(const float *x, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i += CPU_CHUNK) {
    total += (double)vector_sum(x + i, n - i < CPU_CHUNK ? n - i : CPU_CHUNK);
  }
  return total;
}

VECTOR_CLONES double cpu_dot_total(const float *x, const float *y, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i += CPU_CHUNK) {
    total += (double)vector_dot(x + i, y + i, n - i < CPU_CHUNK ? n - i : CPU_CHUNK);
  }
  return total;
}

VECTOR_CLONES static void cpu_add_value(float g, float *restrict grad, size_t n) {
  for (size_t i = 0; i < n; i++) grad[i] += g;
}

void cpu_sum_forward(node *n) {
  n->out.data[0] = (float)cpu_total(n->in[0]->data, n->in[0]->n);
}

void cpu_sum_backward(node *n) {
  cpu_add_value(n->out.grad[0], n->in[0]->grad, n->in[0]->n);
}

void cpu_mean_forward(node *n) {
  n->out.data[0] = (float)(cpu_total(n->in[0]->data, n->in[0]->n) / (double)n->in[0]->n);
}

void cpu_mean_backward(node *n) {
  cpu_add_value(n->out.grad[0] / (float)n->in[0]->n, n->in[0]->grad, n->in[0]->n);
}

/* ---- over one axis: a is [outer, length, inner], the result [outer, inner] ---- */

typedef struct cpu_axis {
  size_t outer, length, inner;
} cpu_axis;

static cpu_axis cpu_axis_of(const node *n) {
  const tensor *a = n->in[0];
  cpu_axis s = {.outer = 1, .length = (size_t)a->dim[n->at.span.axis], .inner = 1};
  for (int i = 0; i < n->at.span.axis; i++) s.outer *= (size_t)a->dim[i];
  for (int i = n->at.span.axis + 1; i < a->rank; i++) s.inner *= (size_t)a->dim[i];
  return s;
}

VECTOR_CLONES static void cpu_axis_means(cpu_axis s, const float *restrict a, float *restrict y) {
  const float scale = 1 / (float)s.length;
  for (size_t o = 0; o < s.outer; o++, y += s.inner) {
    if (s.inner == 1) {
      y[0] = vector_sum(a + o * s.length, s.length) * scale;
      continue;
    }
    for (size_t i = 0; i < s.inner; i++) y[i] = 0;
    for (size_t l = 0; l < s.length; l++) {
      const float *row = a + (o * s.length + l) * s.inner;
      for (size_t i = 0; i < s.inner; i++) y[i] += row[i];
    }
    for (size_t i = 0; i < s.inner; i++) y[i] *= scale;
  }
}

VECTOR_CLONES static void cpu_axis_spread(cpu_axis s, const float *restrict g, float *restrict grad) {
  const float scale = 1 / (float)s.length;
  for (size_t o = 0; o < s.outer; o++, g += s.inner) {
    for (size_t l = 0; l < s.length; l++) {
      float *row = grad + (o * s.length + l) * s.inner;
      for (size_t i = 0; i < s.inner; i++) row[i] += g[i] * scale;
    }
  }
}

void cpu_reduce_mean_forward(node *n) {
  cpu_axis_means(cpu_axis_of(n), n->in[0]->data, n->out.data);
}

void cpu_reduce_mean_backward(node *n) {
  cpu_axis_spread(cpu_axis_of(n), n->out.grad, n->in[0]->grad);
}

/* Row by row, so that memory is read in order; equals keep the first. */
VECTOR_CLONES static void cpu_axis_maxima(cpu_axis s, const float *restrict a, float *restrict y,
                                          int32_t *restrict chosen) {
  for (size_t o = 0; o < s.outer; o++, y += s.inner, chosen += s.inner) {
    const float *row = a + o * s.length * s.inner;
    for (size_t i = 0; i < s.inner; i++) {
      y[i] = row[i];
      chosen[i] = 0;
    }
    for (size_t l = 1; l < s.length; l++) {
      row += s.inner;
      for (size_t i = 0; i < s.inner; i++) {
        const int larger = row[i] > y[i];
        y[i] = larger ? row[i] : y[i];
        chosen[i] = larger ? (int32_t)l : chosen[i];
      }
    }
  }
}

void cpu_reduce_max_forward(node *n) {
  cpu_axis_maxima(cpu_axis_of(n), n->in[0]->data, n->out.data, n->chosen);
}

/* ---- attentive statistics ---- */

static const float cpu_variance_floor = 1e-12f;

/* One row each of values and logits; fills the weights. */
VECTOR_CLONES static void cpu_attend(const float *restrict x, const float *restrict logit, float *restrict w,
                                     float *restrict mean, float *restrict std, size_t length) {
  const float top = vector_max(logit, length);
  for (size_t i = 0; i < length; i++) w[i] = vector_exp(logit[i] - top);
  const float scale = 1 / vector_sum(w, length);
  for (size_t i = 0; i < length; i++) w[i] *= scale;
  *mean = vector_dot(w, x, length);
  vector_lanes sum = {0}, a, b;
  float variance = 0;
  size_t i = 0;
  for (; i + VECTOR_LANES <= length; i += VECTOR_LANES) {
    VECTOR_LOAD(a, x + i);
    VECTOR_LOAD(b, w + i);
    sum += b * (a - *mean) * (a - *mean);
  }
  for (; i < length; i++) variance += w[i] * (x[i] - *mean) * (x[i] - *mean);
  for (int l = 0; l < VECTOR_LANES; l++) variance += sum[l];
  *std = sqrtf(variance > cpu_variance_floor ? variance : cpu_variance_floor);
}

void cpu_attentive_stats_forward(node *n) {
  const tensor *x = n->in[0], *logits = n->in[1];
  const size_t channels = (size_t)x->dim[1], length = (size_t)x->dim[2];
  for (size_t r = 0; r < x->n / length; r++) {
    float *out = n->out.data + r / channels * 2 * channels + r % channels;
    cpu_attend(x->data + r * length, logits->data + r * length, n->saved + r * length, out, out + channels, length);
  }
}

/* The share of each value in mean and variance, times their gradients: g_mean x + g_variance (x - mean)^2. */
VECTOR_CLONES static void cpu_attend_worth(const float *restrict x, float mean, float g_mean, float g_variance,
                                           float *restrict worth, size_t length) {
  for (size_t i = 0; i < length; i++) worth[i] = g_mean * x[i] + g_variance * (x[i] - mean) * (x[i] - mean);
}

VECTOR_CLONES static void cpu_attend_logit_slopes(const float *restrict w, const float *restrict worth,
                                                  float *restrict grad, size_t length) {
  const float expected = vector_dot(w, worth, length);
  for (size_t i = 0; i < length; i++) grad[i] += w[i] * (worth[i] - expected);
}

VECTOR_CLONES static void cpu_attend_slopes(const float *restrict x, const float *restrict w, float mean, float g_mean,
                                            float g_variance, float *restrict grad, size_t length) {
  for (size_t i = 0; i < length; i++) grad[i] += w[i] * (g_mean + 2 * g_variance * (x[i] - mean));
}

void cpu_attentive_stats_backward(node *n) {
  tensor *x = n->in[0], *logits = n->in[1];
  const size_t channels = (size_t)x->dim[1], length = (size_t)x->dim[2];
  float *worth = tape_scratch(n, length);
  if (!worth) return;
  for (size_t r = 0; r < x->n / length; r++) {
    const size_t at = r / channels * 2 * channels + r % channels;
    const float *value = x->data + r * length, *w = n->saved + r * length;
    const float mean = n->out.data[at], std = n->out.data[at + channels], g_mean = n->out.grad[at];
    /* d(std)/d(variance) = 1 / (2 std), unless the floor holds it. */
    const float g_variance = std * std > cpu_variance_floor ? n->out.grad[at + channels] / (2 * std) : 0;
    if (x->grad) cpu_attend_slopes(value, w, mean, g_mean, g_variance, x->grad + r * length, length);
    if (!logits->grad) continue;
    cpu_attend_worth(value, mean, g_mean, g_variance, worth, length);
    cpu_attend_logit_slopes(w, worth, logits->grad + r * length, length);
  }
}
