/* Losses: each gives one value. */
#include "cuda/kernels_parts.cuh"

struct loss_store {
  float *y;
  float count;
  __device__ void operator()(size_t, sum_pair s) const { *y = s.a / count; }
};

/* ---- between two tensors of one shape ---- */

template <class F> struct pair_loss_sum {
  const float *a, *b;
  __device__ void operator()(size_t, size_t i, sum_pair *s) const { s->a += F::value(a[i], b[i]); }
};

/* Either gradient may be NULL, or both the same. */
template <class F> __global__ void pair_loss_slope_kernel(loss_pass p) {
  const float g = *p.g / p.count;
  EACH(i, p.n) {
    const float x = p.a[i], y = p.b[i];
    if (p.a_grad) p.a_grad[i] += g * F::slope_a(x, y);
    if (p.b_grad) p.b_grad[i] += g * F::slope_b(x, y);
  }
}

__device__ static float sign_of(float x) {
  return (float)((x > 0) - (x < 0));
}

/* PAIR_LOSS(name, value, da, db): mean of `value` of x (from a) and y (from b), with its derivatives. */
#define PAIR_LOSS(name, value_of, da, db)                                                                              \
  struct name##_function {                                                                                             \
    __device__ static float value(float x, float y) { return value_of; }                                               \
    __device__ static float slope_a(float x, float y) {                                                                \
      (void)x, (void)y;                                                                                                \
      return da;                                                                                                       \
    }                                                                                                                  \
    __device__ static float slope_b(float x, float y) {                                                                \
      (void)x, (void)y;                                                                                                \
      return db;                                                                                                       \
    }                                                                                                                  \
  };                                                                                                                   \
  cudaError_t launch_##name##_forward(const loss_pass *p, cudaStream_t stream) {                                       \
    const pair_loss_sum<name##_function> of = {p->a, p->b};                                                            \
    const loss_store to = {p->y, p->count};                                                                            \
    return launch_sum(1, p->n, 0, of, to, p->scratch, stream);                                                         \
  }                                                                                                                    \
  cudaError_t launch_##name##_backward(const loss_pass *p, cudaStream_t stream) {                                      \
    return LAUNCH_EACH(pair_loss_slope_kernel<name##_function>, p->n, stream, *p);                                     \
  }

PAIR_LOSS(mse, (x - y) * (x - y), 2 * (x - y), -2 * (x - y))
PAIR_LOSS(l1, fabsf(x - y), sign_of(x - y), -sign_of(x - y))
/* -(y log s + (1 - y) log(1 - s)) for s = 1 / (1 + exp(-x)), in the form that never overflows. */
PAIR_LOSS(binary_cross_entropy, (x > 0 ? x : 0) - x * y + log1pf(expf(-fabsf(x))), 1 / (1 + expf(-x)) - y, -x)
/* x is the mean, y the log variance. */
PAIR_LOSS(kl_gaussian, (x * x + expf(y) - 1 - y) / 2, x, (expf(y) - 1) / 2)

/* ---- hinge ---- */

struct hinge_sum {
  const float *a;
  float margin;
  __device__ void operator()(size_t, size_t i, sum_pair *s) const { s->a += a[i] < margin ? margin - a[i] : 0; }
};

cudaError_t launch_hinge_forward(const loss_pass *p, float margin, cudaStream_t stream) {
  const hinge_sum of = {p->a, margin};
  const loss_store to = {p->y, p->count};
  return launch_sum(1, p->n, 0, of, to, p->scratch, stream);
}

__global__ void hinge_slope_kernel(loss_pass p, float margin) {
  const float g = *p.g / p.count;
  EACH(i, p.n) p.a_grad[i] -= p.a[i] < margin ? g : 0;
}

cudaError_t launch_hinge_backward(const loss_pass *p, float margin, cudaStream_t stream) {
  return LAUNCH_EACH(hinge_slope_kernel, p->n, stream, *p, margin);
}

/* ---- classification: the loss of each row into row_loss [rows], then their mean ---- */

struct row_loss_sum {
  const float *row_loss;
  __device__ void operator()(size_t, size_t i, sum_pair *s) const { s->a += row_loss[i]; }
};

static cudaError_t launch_row_losses(const class_pass *p, cudaStream_t stream) {
  const row_loss_sum of = {p->row_loss};
  const loss_store to = {p->y, (float)p->rows};
  return launch_sum(1, p->rows, 0, of, to, p->scratch, stream);
}

/*
 * Additive angular margin (Deng et al. 2019, eq. 3): cos(angle + margin) for the label. Past angle + margin = pi that
 * would turn back up; a line of slope 1 goes on instead.
 */
__device__ static float margin_cosine(float cosine, float margin, float *slope) {
  const float square = 1 - cosine * cosine, sine = sqrtf(square > 1e-12f ? square : 1e-12f);
  const float margin_cos = cosf(margin), margin_sin = sinf(margin);
  if (cosine <= -margin_cos) {
    *slope = 1;
    return cosine - margin * margin_sin;
  }
  *slope = margin_cos + cosine * margin_sin / sine;
  return cosine * margin_cos - sine * margin_sin;
}

/* saved: softmax of the logits, or of the cosines with the margin, if scale is above 0. */
template <int group> __global__ void label_loss_kernel(class_pass p, size_t rows, size_t k) {
  if (ROW >= rows) return;
  const float *x = p.logits + ROW * k;
  float *saved = p.saved + ROW * k;
  const size_t label = (size_t)p.labels[ROW];
  ROW_EACH(i, k) {
    float slope, value = x[i];
    if (p.scale > 0) value = p.scale * (i == label ? margin_cosine(value, p.margin, &slope) : value);
    saved[i] = value;
  }
  /* Each lane reads only what it has written itself. */
  const float total = log_sum_exp<group>(saved, k);
  ROW_EACH(i, k) {
    if (i == label) p.row_loss[ROW] = total - saved[i];
    saved[i] = expf(saved[i] - total);
  }
}

cudaError_t launch_label_loss_forward(const class_pass *p, cudaStream_t stream) {
  const cudaError_t error = LAUNCH_ROWS(label_loss_kernel, p->rows, p->k, stream, *p, p->rows, p->k);
  return error != cudaSuccess ? error : launch_row_losses(p, stream);
}

__global__ void label_loss_slope_kernel(class_pass p) {
  const float g = *p.g / (float)p.rows;
  EACH(i, p.rows * p.k) {
    const size_t row = quotient(i, p.k);
    const int hit = (size_t)p.labels[row] == i - row * p.k;
    float slope = 1;
    if (p.scale > 0 && hit) margin_cosine(p.logits[i], p.margin, &slope);
    p.logits_grad[i] += g * (p.scale > 0 ? p.scale * slope : 1) * (p.saved[i] - (float)hit);
  }
}

cudaError_t launch_label_loss_backward(const class_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(label_loss_slope_kernel, p->rows * p->k, stream, *p);
}

/* saved: log softmax. */
template <int group> __global__ void soft_loss_kernel(class_pass p, size_t rows, size_t k) {
  if (ROW >= rows) return;
  const float *x = p.logits + ROW * k, *target = p.target + ROW * k;
  float *saved = p.saved + ROW * k;
  const float total = log_sum_exp<group>(x, k);
  float sum = 0;
  ROW_EACH(i, k) {
    saved[i] = x[i] - total;
    sum -= target[i] * saved[i];
  }
  sum = group_sum<group>(sum);
  if (threadIdx.x == 0) p.row_loss[ROW] = sum;
}

cudaError_t launch_soft_cross_entropy_forward(const class_pass *p, cudaStream_t stream) {
  const cudaError_t error = LAUNCH_ROWS(soft_loss_kernel, p->rows, p->k, stream, *p, p->rows, p->k);
  return error != cudaSuccess ? error : launch_row_losses(p, stream);
}

/* Either gradient may be NULL, or both the same. */
template <int group> __global__ void soft_loss_slope_kernel(class_pass p, size_t rows, size_t k) {
  if (ROW >= rows) return;
  const float g = *p.g / (float)rows;
  const size_t first = ROW * k;
  float mass = 0;
  ROW_EACH(i, k) mass += p.target[first + i];
  mass = group_sum<group>(mass);
  ROW_EACH(i, k) {
    const size_t at = first + i;
    if (p.logits_grad) p.logits_grad[at] += g * (expf(p.saved[at]) * mass - p.target[at]);
    if (p.target_grad) p.target_grad[at] -= g * p.saved[at];
  }
}

cudaError_t launch_soft_cross_entropy_backward(const class_pass *p, cudaStream_t stream) {
  return LAUNCH_ROWS(soft_loss_slope_kernel, p->rows, p->k, stream, *p, p->rows, p->k);
}
