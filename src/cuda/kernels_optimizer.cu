/*
 * Steps of the optimisers (nn/optimizer.c has the formulas) and the norm of a gradient. A network has many small
 * parameters: one launch serves as many as its arguments can name, a row of the grid each.
 */
#include "cuda/kernels_optimizer.h"
#include "cuda/launch.h"

static const unsigned THREADS = 256;
static const size_t BATCH = 32, MOST_COLUMNS = 256;

struct block_batch {
  optimizer_block block[BATCH];
};

/* ---- the norm ---- */

/* Sum over the block's threads, in a fixed order; thread 0 has it. */
static __device__ double sum_of_threads(double value) {
  static const unsigned COLUMNS = 32;
  __shared__ double sums[THREADS];
  sums[threadIdx.x] = value;
  __syncthreads();
  if (threadIdx.x < COLUMNS) {
    for (unsigned i = threadIdx.x + COLUMNS; i < THREADS; i += COLUMNS) value += sums[i];
    sums[threadIdx.x] = value;
  }
  __syncthreads();
  for (unsigned i = 1; threadIdx.x == 0 && i < COLUMNS; i++) value += sums[i];
  return value;
}

/* Grid [CUDA_NORM_PARTS, blocks]; partial begins at the batch's first. */
static __global__ void squares_kernel(block_batch batch, double *partial) {
  const optimizer_block b = batch.block[blockIdx.y];
  const size_t first = blockIdx.x * (size_t)THREADS;
  double sum = 0;
  for (size_t i = first + threadIdx.x; i < b.n; i += (size_t)CUDA_NORM_PARTS * THREADS) {
    sum += (double)b.gradient[i] * (double)b.gradient[i];
  }
  if (first < b.n) sum = sum_of_threads(sum); /* most parameters are short: the other blocks have nothing to add up */
  if (threadIdx.x == 0) partial[blockIdx.y * CUDA_NORM_PARTS + blockIdx.x] = sum;
}

/* One block. All partial sums, into the first: it was read before the threads wait for each other. */
static __global__ void total_kernel(double *partial, size_t n) {
  double sum = 0;
  for (size_t i = threadIdx.x; i < n; i += THREADS) sum += partial[i];
  sum = sum_of_threads(sum);
  if (threadIdx.x == 0) partial[0] = sum;
}

static size_t take_batch(block_batch *batch, const optimizer_block *blocks, size_t n_blocks) {
  const size_t n = n_blocks < BATCH ? n_blocks : BATCH;
  for (size_t i = 0; i < n; i++) batch->block[i] = blocks[i];
  return n;
}

extern "C" cudaError_t cuda_optimizer_squares(const optimizer_block *blocks, size_t n_blocks, double *partial,
                                              cudaStream_t stream) {
  cudaError_t launched = cudaSuccess;
  for (size_t first = 0, n; launched == cudaSuccess && first < n_blocks; first += n) {
    block_batch batch;
    n = take_batch(&batch, blocks + first, n_blocks - first);
    const dim3 grid(CUDA_NORM_PARTS, (unsigned)n);
    launched = CUDA_LAUNCH(squares_kernel, grid, THREADS, 0, stream, batch, partial + first * CUDA_NORM_PARTS);
  }
  if (launched != cudaSuccess) return launched;
  return CUDA_LAUNCH(total_kernel, 1, THREADS, 0, stream, partial, n_blocks * CUDA_NORM_PARTS);
}

/* ---- steps ---- */

/* As on the CPU: the moments of a unit that has died do not end as denormal numbers. */
static __device__ float flush(float x) {
  return fabsf(x) < 1e-30f ? 0.0f : x;
}

static __device__ void update_sgd(const optimizer_block &b, const optimizer_terms &s, size_t i) {
  const float velocity = flush(s.beta1 * b.moment[0][i] + (b.gradient[i] * s.clip + s.l2 * b.weight[i]));
  b.moment[0][i] = velocity;
  b.weight[i] -= s.rate * velocity;
}

static __device__ void update_adam(const optimizer_block &b, const optimizer_terms &s, size_t i) {
  const float w = b.weight[i], d = b.gradient[i] * s.clip + s.l2 * w;
  const float m = flush(s.beta1 * b.moment[0][i] + s.rest1 * d);
  const float v = flush(s.beta2 * b.moment[1][i] + s.rest2 * d * d);
  b.moment[0][i] = m;
  b.moment[1][i] = v;
  b.weight[i] = s.keep * w - s.rate * m / (sqrtf(v) * s.root + s.epsilon);
}

static __device__ void update_amsgrad(const optimizer_block &b, const optimizer_terms &s, size_t i) {
  const float w = b.weight[i], d = b.gradient[i] * s.clip + s.l2 * w;
  const float m = flush(s.beta1 * b.moment[0][i] + s.rest1 * d);
  const float v = flush(s.beta2 * b.moment[1][i] + s.rest2 * d * d);
  const float top = fmaxf(b.moment[2][i], v);
  b.moment[0][i] = m;
  b.moment[1][i] = v;
  b.moment[2][i] = top;
  b.weight[i] = w - s.rate * m / (sqrtf(top) * s.root + s.epsilon);
}

/* Grid [columns, blocks]. */
template <void (*update)(const optimizer_block &, const optimizer_terms &, size_t)>
static __global__ void update_kernel(block_batch batch, optimizer_terms terms) {
  const optimizer_block b = batch.block[blockIdx.y];
  for (size_t i = blockIdx.x * (size_t)THREADS + threadIdx.x; i < b.n; i += (size_t)gridDim.x * THREADS) {
    update(b, terms, i);
  }
}

static dim3 grid_of(const block_batch &batch, size_t n) {
  size_t longest = 1;
  for (size_t i = 0; i < n; i++) longest = batch.block[i].n > longest ? batch.block[i].n : longest;
  const size_t columns = (longest + THREADS - 1) / THREADS;
  return dim3((unsigned)(columns < MOST_COLUMNS ? columns : MOST_COLUMNS), (unsigned)n);
}

extern "C" cudaError_t cuda_optimizer_update(optimizer_rule rule, const optimizer_terms *terms,
                                             const optimizer_block *blocks, size_t n_blocks, cudaStream_t stream) {
  typedef void (*kernel)(block_batch, optimizer_terms);
  static const kernel kernels[] = {update_kernel<update_sgd>, update_kernel<update_adam>,
                                   update_kernel<update_amsgrad>};
  cudaError_t launched = cudaSuccess;
  for (size_t first = 0, n; launched == cudaSuccess && first < n_blocks; first += n) {
    block_batch batch;
    n = take_batch(&batch, blocks + first, n_blocks - first);
    launched = CUDA_LAUNCH(kernels[rule], grid_of(batch, n), THREADS, 0, stream, batch, *terms);
  }
  return launched;
}
