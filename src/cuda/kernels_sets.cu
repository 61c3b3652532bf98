/* Sets of points: the largest over points and over neighbours, and the distance between sets. */
#include "cuda/kernels_parts.cuh"

/* ---- linear_max: x [sets, points, in], w [out, in]; forward is a product and then axis_max ---- */

/*
 * A thread has a column of a set's points, and adds up the outputs that chose each, one after the other. That the
 * gradient is none of what is read lets the next reads begin before it is written.
 */
__global__ void linear_max_x_kernel(const float *__restrict__ w, const float *__restrict__ g,
                                    const int32_t *__restrict__ chosen, float *__restrict__ x_grad, size_t sets,
                                    size_t points, size_t in, size_t out) {
  EACH(i, sets * in) {
    const size_t set = quotient(i, in), column = i - set * in;
    float *grad = x_grad + set * points * in + column;
    for (size_t y = set * out, o = 0; o < out; o++, y++) grad[(size_t)chosen[y] * in] += g[y] * w[o * in + column];
  }
}

__global__ void linear_max_w_kernel(linear_max_pass p) {
  EACH(i, p.out * p.in) {
    const size_t o = quotient(i, p.in), column = i - o * p.in;
    float sum = 0;
    for (size_t set = 0; set < p.sets; set++) {
      const size_t point = set * p.points + (size_t)p.chosen[set * p.out + o];
      sum += p.g[set * p.out + o] * p.x[point * p.in + column];
    }
    p.w_grad[i] += sum;
  }
}

cudaError_t launch_linear_max_backward(const linear_max_pass *p, cudaStream_t stream) {
  cudaError_t error = cudaSuccess;
  if (p->x_grad) {
    error = LAUNCH_EACH(linear_max_x_kernel, p->sets * p->in, stream, p->w, p->g, p->chosen, p->x_grad, p->sets,
                        p->points, p->in, p->out);
  }
  if (error == cudaSuccess && p->w_grad) error = LAUNCH_EACH(linear_max_w_kernel, p->out * p->in, stream, *p);
  return error;
}

/* ---- neighbour_max ---- */

__device__ static float squared_distance(const float *a, const float *b, size_t d) {
  float sum = 0;
  for (size_t i = 0; i < d; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/* distance [rows, points]: of points first.. of all sets from all points of their set. */
__global__ void distance_kernel(const float *places, float *distance, size_t first, size_t rows, size_t points,
                                size_t d) {
  EACH(i, rows * points) {
    const size_t row = quotient(i, points), point = first + row, set = quotient(point, points);
    distance[i] = squared_distance(places + point * d, places + (set * points + i - row * points) * d, d);
  }
}

/* A distance and a place as one number that orders by both. Distances are no less than 0 and so ordered as their bits
 * are; what is no number comes last. */
__device__ static uint64_t near_key(float distance, size_t j) {
  return (uint64_t)__float_as_uint(distance) << 32 | j;
}

/*
 * near [rows, k]: the k points of least distance, nearest first, of equally near ones the first. A warp a row: again
 * and again the least of those that come after the last one found. Nothing is marked, so only the answer is written.
 */
__global__ void near_kernel(const float *distance, int32_t *near, size_t rows, size_t points, size_t k) {
  if (ROW >= rows) return;
  const float *row = distance + ROW * points;
  uint64_t last = 0;
  for (size_t found = 0; found < k; found++) {
    uint64_t best = UINT64_MAX;
    for (size_t j = threadIdx.x; j < points; j += KERNEL_WARP) {
      const uint64_t key = near_key(row[j], j);
      if (key < best && (key > last || found == 0)) best = key;
    }
    for (int far = KERNEL_WARP / 2; far > 0; far /= 2) {
      const uint64_t other = __shfl_xor_sync(0xffffffffu, best, far);
      if (other < best) best = other;
    }
    if (threadIdx.x == 0) near[ROW * k + found] = (int32_t)(uint32_t)best;
    last = best;
  }
}

/* The largest of the near ones' values [.., c]; of equals the first of the set. */
__global__ void near_max_kernel(const float *values, const int32_t *near, float *y, int32_t *chosen, size_t first,
                                size_t rows, size_t points, size_t k, size_t c) {
  EACH(i, rows * c) {
    const size_t row = quotient(i, c), channel = i - row * c, set = quotient(first + row, points);
    const float *from = values + set * points * c + channel;
    int at = near[row * k];
    float best = from[(size_t)at * c];
    for (size_t n = 1; n < k; n++) {
      const int j = near[row * k + n];
      const float value = from[(size_t)j * c];
      if (!(value > best || (value == best && j < at))) continue;
      best = value;
      at = j;
    }
    y[(first + row) * c + channel] = best;
    chosen[(first + row) * c + channel] = at;
  }
}

cudaError_t launch_neighbour_max_forward(const neighbour_pass *p, cudaStream_t stream) {
  cudaError_t error = LAUNCH_EACH(distance_kernel, p->rows * p->points, stream, p->places, p->distance, p->first,
                                  p->rows, p->points, p->d);
  if (error != cudaSuccess) return error;
  const unsigned blocks = (unsigned)((p->rows + 7) / 8);
  error =
      CUDA_LAUNCH(near_kernel, blocks, dim3(KERNEL_WARP, 8), 0, stream, p->distance, p->near, p->rows, p->points, p->k);
  if (error != cudaSuccess) return error;
  return LAUNCH_EACH(near_max_kernel, p->rows * p->c, stream, p->values, p->near, p->y, p->chosen, p->first, p->rows,
                     p->points, p->k, p->c);
}

/* A thread has a channel of a set, and adds up its points one after the other. */
__global__ void neighbour_max_slope_kernel(const float *__restrict__ g, const int32_t *__restrict__ chosen,
                                           float *__restrict__ values_grad, size_t sets, size_t points, size_t c) {
  EACH(i, sets * c) {
    const size_t set = quotient(i, c), channel = i - set * c;
    for (size_t point = set * points; point < (set + 1) * points; point++) {
      const size_t y = point * c + channel;
      values_grad[(set * points + (size_t)chosen[y]) * c + channel] += g[y];
    }
  }
}

cudaError_t launch_neighbour_max_backward(const neighbour_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(neighbour_max_slope_kernel, p->sets * p->c, stream, p->g, p->chosen, p->values_grad, p->sets,
                     p->points, p->c);
}

/* ---- chamfer: mean squared distance to the nearest, both ways ---- */

/* chosen [items, p]: the point of b [items, q, d] nearest to each of a [items, p, d]; share: its distance over p. */
__global__ void nearest_kernel(const float *a, size_t p, const float *b, size_t q, size_t d, size_t n, int32_t *chosen,
                               float *share) {
  EACH(i, n) {
    const float *other = b + quotient(i, p) * q * d;
    float best = INFINITY;
    int at = 0;
    for (size_t j = 0; j < q; j++) {
      const float distance = squared_distance(a + i * d, other + j * d, d);
      if (!(distance < best)) continue;
      best = distance;
      at = (int)j;
    }
    chosen[i] = at;
    share[i] = best / (float)p;
  }
}

struct share_sum {
  const float *share;
  __device__ void operator()(size_t, size_t i, sum_pair *s) const { s->a += share[i]; }
};

struct share_store {
  float *y;
  float items;
  __device__ void operator()(size_t, sum_pair s) const { *y = s.a / items; }
};

/* share [items * (p + q)] in scratch, then what the sum needs, which is in pairs. */
cudaError_t launch_chamfer_forward(const chamfer_pass *c, cudaStream_t stream) {
  const size_t of_a = c->items * c->p, of_b = c->items * c->q;
  float *share = c->scratch;
  cudaError_t error = LAUNCH_EACH(nearest_kernel, of_a, stream, c->a, c->p, c->b, c->q, c->d, of_a, c->chosen, share);
  if (error != cudaSuccess) return error;
  error = LAUNCH_EACH(nearest_kernel, of_b, stream, c->b, c->q, c->a, c->p, c->d, of_b, c->chosen + of_a, share + of_a);
  if (error != cudaSuccess) return error;
  const share_sum of = {share};
  const share_store to = {c->y, (float)c->items};
  return launch_sum(1, of_a + of_b, 0, of, to, share + (of_a + of_b + 1) / 2 * 2, stream);
}

/* a's gradient: from the point that each chose, then from those that chose it, one after the other. */
__global__ void chamfer_slope_kernel(const float *a, size_t p, const float *b, size_t q, size_t d, size_t items,
                                     const int32_t *chosen, const int32_t *chosen_by, const float *g, float *a_grad) {
  const float per_a = 2 * *g / (float)items / (float)p, per_b = 2 * *g / (float)items / (float)q;
  EACH(i, items * p * d) {
    const size_t point = quotient(i, d), k = i - point * d, item = quotient(point, p);
    const float *other = b + item * q * d + k;
    const int32_t *by = chosen_by + item * q;
    float sum = per_a * (a[i] - other[(size_t)chosen[point] * d]);
    for (size_t j = 0; j < q; j++) {
      if ((size_t)by[j] == point - item * p) sum += per_b * (a[i] - other[j * d]);
    }
    a_grad[i] += sum;
  }
}

cudaError_t launch_chamfer_backward(const chamfer_pass *c, cudaStream_t stream) {
  const int32_t *of_a = c->chosen, *of_b = c->chosen + c->items * c->p;
  cudaError_t error = cudaSuccess;
  if (c->a_grad) {
    error = LAUNCH_EACH(chamfer_slope_kernel, c->items * c->p * c->d, stream, c->a, c->p, c->b, c->q, c->d, c->items,
                        of_a, of_b, c->g, c->a_grad);
  }
  if (error != cudaSuccess || !c->b_grad) return error;
  return LAUNCH_EACH(chamfer_slope_kernel, c->items * c->q * c->d, stream, c->b, c->q, c->a, c->p, c->d, c->items, of_b,
                     of_a, c->g, c->b_grad);
}
