/* Picking, joining and turning. */
#include "cuda/kernels_parts.cuh"

/* ---- gather: y [rows, width] = rows of a, by index ---- */

__global__ void gather_kernel(const float *a, const int32_t *index, float *y, size_t n, size_t width) {
  EACH(i, n) {
    const size_t row = quotient(i, width);
    y[i] = a[(size_t)index[row] * width + i - row * width];
  }
}

cudaError_t launch_gather_forward(const gather_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(gather_kernel, p->rows * p->width, stream, p->a, p->index, p->y, p->rows * p->width, p->width);
}

/* Each value of a looks for the rows that it was picked for: its sum then has an order. */
struct gather_sum {
  const float *g;
  const int32_t *index;
  size_t width;
  __device__ void operator()(size_t r, size_t i, sum_pair *s) const {
    if ((size_t)index[i] == quotient(r, width)) s->a += g[i * width + remainder_of(r, width)];
  }
};

cudaError_t launch_gather_backward(const gather_pass *p, cudaStream_t stream) {
  const gather_sum of = {p->g, p->index, p->width};
  const add_to_pair to = {p->a_grad, NULL};
  return launch_sum(p->a_rows * p->width, p->rows, p->width > 1, of, to, p->scratch, stream);
}

/* ---- runs: `count` runs of `run` values, a run every from_step in one tensor and every to_step in the other ---- */

__global__ void copy_runs_kernel(const float *from, size_t from_step, float *to, size_t to_step, size_t run, size_t n) {
  EACH(i, n) {
    const size_t which = quotient(i, run), at = i - which * run;
    to[which * to_step + at] = from[which * from_step + at];
  }
}

cudaError_t launch_copy_runs(const run_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(copy_runs_kernel, p->count * p->run, stream, p->from, p->from_step, p->to, p->to_step, p->run,
                     p->count * p->run);
}

__global__ void add_runs_kernel(const float *from, size_t from_step, float *to, size_t to_step, size_t run, size_t n) {
  EACH(i, n) {
    const size_t which = quotient(i, run), at = i - which * run;
    to[which * to_step + at] += from[which * from_step + at];
  }
}

cudaError_t launch_add_runs(const run_pass *p, cudaStream_t stream) {
  return LAUNCH_EACH(add_runs_kernel, p->count * p->run, stream, p->from, p->from_step, p->to, p->to_step, p->run,
                     p->count * p->run);
}

/* ---- transpose of each of `matrices` [rows, columns], by way of tiles, so that both sides are read in runs ---- */

enum { TILE = 32, TILE_THREADS = 8, TILE_MOST_MATRICES = 1 << 12 };

template <int add>
__global__ void transpose_kernel(const float *x, float *y, size_t matrices, size_t rows, size_t columns) {
  __shared__ float tile[TILE][TILE + 1]; /* one more, so that a column has no two values in one bank */
  const size_t row_tiles = (rows + TILE - 1) / TILE;
  const size_t top = quotient(blockIdx.x, row_tiles) * TILE, left = remainder_of(blockIdx.x, row_tiles) * TILE;
  for (size_t m = blockIdx.y; m < matrices; m += gridDim.y) {
    const float *from = x + m * rows * columns;
    float *to = y + m * rows * columns;
    for (size_t r = threadIdx.y; r < TILE; r += TILE_THREADS) {
      const size_t row = left + r, column = top + threadIdx.x;
      if (row < rows && column < columns) tile[r][threadIdx.x] = from[row * columns + column];
    }
    __syncthreads();
    for (size_t r = threadIdx.y; r < TILE; r += TILE_THREADS) {
      const size_t row = left + threadIdx.x, column = top + r;
      if (row >= rows || column >= columns) continue;
      float *at = to + column * rows + row;
      *at = tile[threadIdx.x][r] + (add ? *at : 0);
    }
    __syncthreads();
  }
}

cudaError_t launch_transpose(const transpose_pass *p, cudaStream_t stream) {
  const size_t tiles = (p->rows + TILE - 1) / TILE * ((p->columns + TILE - 1) / TILE);
  const size_t most = TILE_MOST_MATRICES, matrices = p->matrices < most ? p->matrices : most;
  const dim3 grid((unsigned)tiles, (unsigned)matrices), block(TILE, TILE_THREADS);
  if (p->add)
    return CUDA_LAUNCH(transpose_kernel<1>, grid, block, 0, stream, p->x, p->y, p->matrices, p->rows, p->columns);
  return CUDA_LAUNCH(transpose_kernel<0>, grid, block, 0, stream, p->x, p->y, p->matrices, p->rows, p->columns);
}
