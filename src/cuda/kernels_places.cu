/*
 * The places of a cloud in the order of a space-filling curve, by a stable radix sort, so that of equal points the one
 * of lowest index comes first.
 *
 * The curve runs through logarithms of the coordinates: near the sensor, where points are dense, its cells are small.
 * Their size is 1 / 16384 of the range, or of an eighth of what is the middle range of the cloud: no point, however far
 * out, makes cells coarse for others. The curve decides about speed only, the answers are the same along any.
 *
 * Floor, for n points: 8 passes over keys and indices, each read twice and written once: 8 * 36 bytes a point, 290 in
 * all.
 */
#include "cuda/kernels_points.h"
#include "cuda/launch.h"

namespace {

enum {
  BLOCK = 256,
  WARPS = BLOCK / 32,
  ROUNDS = 8,
  TILE = BLOCK * ROUNDS,
  DIGITS = 256,
  PASSES = 8,
  LOGARITHM_BITS = 20
};
static_assert(BLOCK == DIGITS, "one thread a digit");
const unsigned ALL = 0xffffffffu;
const uint64_t NOWHERE = ~0ull; /* the key of points that are nowhere: after all others */

unsigned tiles(uint32_t n) {
  return (n + TILE - 1) / TILE;
}

/* As copies.h has them. */
__device__ float coordinate(float metres) {
  return metres > -1e-12f && metres < 1e-12f ? 0.0f : metres;
}
__device__ bool is_valid(const float *at) {
  return fabsf(at[0]) <= 1e18f && fabsf(at[1]) <= 1e18f && fabsf(at[2]) <= 1e18f;
}

/* ---- how large the cloud is ---- */

/* Counts exponents of the largest coordinates. exponents [256] starts as zeros. */
__global__ void count_exponents(const float *xyz, uint32_t n, uint32_t *exponents) {
  __shared__ uint32_t count[DIGITS];
  const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
  count[threadIdx.x] = 0;
  __syncthreads();
  if (i < n && is_valid(xyz + 3 * (size_t)i)) {
    const float *at = xyz + 3 * (size_t)i;
    atomicAdd(&count[__float_as_uint(fmaxf(fabsf(at[0]), fmaxf(fabsf(at[1]), fabsf(at[2])))) >> 23], 1u);
  }
  __syncthreads();
  if (count[threadIdx.x] > 0) atomicAdd(&exponents[threadIdx.x], count[threadIdx.x]);
}

/* 8 over the middle range, a power of two; left in exponents[0] as its bits. */
__global__ void choose_scale(uint32_t *exponents) {
  uint32_t all = 0, seen = 0;
  int middle = 0;
  for (int e = 0; e < DIGITS; e++) all += exponents[e];
  while (middle < DIGITS - 1 && 2 * (seen += exponents[middle]) < all) middle++;
  exponents[0] = (uint32_t)(257 - (middle < 3 ? 3 : middle)) << 23;
}

/* ---- keys ---- */

/* The bits of 1 + t are its logarithm, straight between powers of two. */
__device__ uint64_t along_curve(float metres, float scale) {
  const uint32_t most = (1u << LOGARITHM_BITS) - 1;
  uint32_t logarithm = (__float_as_uint(1 + fabsf(metres) * scale) - __float_as_uint(1.0f)) >> 9;
  logarithm = logarithm < most ? logarithm : most;
  return metres < 0 ? most - logarithm : most + 1 + logarithm;
}

/* Bit i of 21 goes to bit 3 i. */
__device__ uint64_t spread(uint64_t bits) {
  bits = (bits | bits << 32) & 0x1f00000000ffffull;
  bits = (bits | bits << 16) & 0x1f0000ff0000ffull;
  bits = (bits | bits << 8) & 0x100f00f00f00f00full;
  bits = (bits | bits << 4) & 0x10c30c30c30c30c3ull;
  return (bits | bits << 2) & 0x1249249249249249ull;
}

__global__ void put_keys(const float *xyz, uint32_t n, const uint32_t *exponents, uint64_t *key, uint32_t *order) {
  const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
  const float scale = __uint_as_float(exponents[0]);
  if (i >= n) return;
  const float *at = xyz + 3 * (size_t)i;
  order[i] = i;
  key[i] = NOWHERE;
  if (is_valid(at))
    key[i] = spread(along_curve(coordinate(at[0]), scale)) | spread(along_curve(coordinate(at[1]), scale)) << 1 |
             spread(along_curve(coordinate(at[2]), scale)) << 2;
}

/* ---- one pass of the sort: a warp has 32 * ROUNDS items in a row ---- */

__device__ unsigned digit_of(uint64_t key, int shift) {
  return (unsigned)(key >> shift) & (DIGITS - 1);
}

/* Lanes that have an item with the same digit. Every lane of the warp takes part. */
__device__ unsigned peers_of(unsigned digit, int has_item) {
  unsigned peers = __ballot_sync(ALL, has_item);
  for (int bit = 0; bit < 8; bit++) {
    const unsigned set = __ballot_sync(ALL, digit >> bit & 1);
    peers &= digit >> bit & 1 ? set : ~set;
  }
  return peers;
}

/* A warp goes through its items in rounds, as long as some lane has one. */
__device__ uint32_t warp_begin(void) {
  return blockIdx.x * TILE + threadIdx.x / 32 * 32 * ROUNDS;
}
__device__ int is_round(int round, uint32_t n) {
  return round < ROUNDS && warp_begin() + 32 * (uint32_t)round < n;
}

/* count [WARPS, DIGITS]: what each warp has of each digit. */
__device__ void count_digits(const uint64_t *key, uint32_t n, int shift, uint32_t (*count)[DIGITS]) {
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int w = 0; w < WARPS; w++) count[w][threadIdx.x] = 0;
  __syncthreads();
  for (int round = 0; is_round(round, n); round++) {
    const uint32_t i = warp_begin() + 32 * (uint32_t)round + lane;
    const unsigned digit = i < n ? digit_of(key[i], shift) : 0, peers = peers_of(digit, i < n);
    if (i < n && (peers & ((1u << lane) - 1)) == 0) count[warp][digit] += (uint32_t)__popc(peers);
    __syncwarp();
  }
  __syncthreads();
}

/* histogram [tiles, DIGITS] */
__global__ void sort_count(const uint64_t *key, uint32_t n, int shift, uint32_t *histogram) {
  __shared__ uint32_t count[WARPS][DIGITS];
  uint32_t sum = 0;
  count_digits(key, n, shift, count);
  for (int w = 0; w < WARPS; w++) sum += count[w][threadIdx.x];
  histogram[(size_t)blockIdx.x * DIGITS + threadIdx.x] = sum;
}

/* The sum of what threads before this one bring. Every thread of a block of BLOCK takes part. */
__device__ uint32_t sum_before(uint32_t value, uint32_t *all) {
  __shared__ uint32_t of_warp[WARPS];
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  uint32_t sum = value, before = 0;
  *all = 0;
  for (unsigned by = 1; by < 32; by *= 2) {
    const uint32_t left = __shfl_up_sync(ALL, sum, by);
    if (lane >= by) sum += left;
  }
  __syncthreads(); /* of_warp may still be read by somebody who is in the call before */
  if (lane == 31) of_warp[warp] = sum;
  __syncthreads();
  for (unsigned w = 0; w < WARPS; w++) {
    before += w < warp ? of_warp[w] : 0;
    *all += of_warp[w];
  }
  return before + sum - value;
}

/* Counts become the place of the first item: by digit, then by tile. One block. */
__global__ void sort_scan(uint32_t *histogram, uint32_t n_tiles) {
  uint32_t sum = 0, all;
  for (uint32_t t = 0; t < n_tiles; t++) sum += histogram[(size_t)t * DIGITS + threadIdx.x];
  uint32_t at = sum_before(sum, &all);
  for (uint32_t t = 0; t < n_tiles; t++) {
    const uint32_t count = histogram[(size_t)t * DIGITS + threadIdx.x];
    histogram[(size_t)t * DIGITS + threadIdx.x] = at;
    at += count;
  }
}

__global__ void sort_put(const uint64_t *key, const uint32_t *order, uint32_t n, int shift, const uint32_t *histogram,
                         uint64_t *to_key, uint32_t *to_order) {
  __shared__ uint32_t at[WARPS][DIGITS];
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  count_digits(key, n, shift, at);
  uint32_t start = histogram[(size_t)blockIdx.x * DIGITS + threadIdx.x];
  for (int w = 0; w < WARPS; w++) {
    const uint32_t count = at[w][threadIdx.x];
    at[w][threadIdx.x] = start;
    start += count;
  }
  __syncthreads();
  for (int round = 0; is_round(round, n); round++) {
    const uint32_t i = warp_begin() + 32 * (uint32_t)round + lane;
    const uint64_t mine = i < n ? key[i] : 0;
    const unsigned digit = digit_of(mine, shift), peers = peers_of(digit, i < n), before = peers & ((1u << lane) - 1);
    const uint32_t to = at[warp][digit] + (uint32_t)__popc(before);
    __syncwarp();
    if (i < n) {
      to_key[to] = mine;
      to_order[to] = order[i];
      if (before == 0) at[warp][digit] += (uint32_t)__popc(peers);
    }
    __syncwarp();
  }
}

/* ---- places ---- */

__device__ bool is_same(const float *a, const float *b) {
  return coordinate(a[0]) == coordinate(b[0]) && coordinate(a[1]) == coordinate(b[1]) &&
         coordinate(a[2]) == coordinate(b[2]);
}

/* The first of those with the key of item i, before which no key is as large. */
__device__ uint32_t run_start(const uint64_t *key, uint32_t i) {
  uint32_t low = 0, high = i;
  if (i == 0 || key[i - 1] != key[i]) return i;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (key[middle] < key[i])
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* first [n]; count [blocks]: places among the items of a block. */
__global__ void find_first(const float *xyz, uint32_t n, const uint64_t *key, const uint32_t *order, uint32_t *first,
                           uint32_t *count) {
  const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
  uint32_t leader = i, all;
  if (i < n && key[i] != NOWHERE) {
    leader = run_start(key, i);
    while (!is_same(xyz + 3 * (size_t)order[leader], xyz + 3 * (size_t)order[i])) leader++;
    first[order[i]] = order[leader];
  } else if (i < n) {
    first[order[i]] = POINTS_NONE;
  }
  sum_before(i < n && key[i] != NOWHERE && leader == i, &all);
  if (threadIdx.x == 0) count[blockIdx.x] = all;
}

/* Counts become sums of those before; *places all of them. One block. */
__global__ void scan_places(uint32_t *count, uint32_t blocks, uint32_t *places) {
  uint32_t done = 0, all;
  for (uint32_t begin = 0; begin < blocks; begin += BLOCK) {
    const uint32_t i = begin + threadIdx.x, mine = i < blocks ? count[i] : 0, before = sum_before(mine, &all);
    if (i < blocks) count[i] = done + before;
    done += all;
  }
  if (threadIdx.x == 0) *places = done;
}

__global__ void put_places(const float *xyz, uint32_t n, const uint64_t *key, const uint32_t *order,
                           const uint32_t *first, const uint32_t *before, points_place *place) {
  const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
  const uint32_t point = i < n ? order[i] : 0;
  const int is_place = i < n && key[i] != NOWHERE && first[point] == point;
  uint32_t all;
  const uint32_t slot = before[blockIdx.x] + sum_before(is_place, &all);
  const float *at = xyz + 3 * (size_t)point;
  if (is_place) place[slot] = points_place{coordinate(at[0]), coordinate(at[1]), coordinate(at[2]), point};
}

/* Slots behind the last place. */
__global__ void put_nothing(points_place *place, uint32_t slots, const uint32_t *places) {
  const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
  if (i >= *places && i < slots) place[i] = points_place{INFINITY, INFINITY, INFINITY, POINTS_NONE};
}

cudaError_t sort(const points_work *w, uint32_t n, cudaStream_t stream) {
  cudaError_t error = cudaSuccess;
  for (int pass = 0; pass < PASSES && error == cudaSuccess; pass++) {
    const int from = pass % 2, to = 1 - from, shift = 8 * pass;
    error = CUDA_LAUNCH(sort_count, tiles(n), BLOCK, 0, stream, w->key[from], n, shift, w->histogram);
    if (error == cudaSuccess) error = CUDA_LAUNCH(sort_scan, 1, BLOCK, 0, stream, w->histogram, tiles(n));
    if (error == cudaSuccess)
      error = CUDA_LAUNCH(sort_put, tiles(n), BLOCK, 0, stream, w->key[from], w->order[from], n, shift, w->histogram,
                          w->key[to], w->order[to]);
  }
  return error; /* an even number of passes: back where it began */
}

} // namespace

/* Sorting counts digits of tiles, and places are counted a block of 256 at a time. */
extern "C" size_t points_histogram(uint32_t n) {
  return (size_t)tiles(n) * DIGITS + n / BLOCK + 1;
}

extern "C" cudaError_t points_find_places(const points_tree *t, const points_work *w, const float *xyz, uint32_t *first,
                                          cudaStream_t stream) {
  const uint32_t n = t->n, blocks = (n + BLOCK - 1) / BLOCK, slot_blocks = (t->slots + BLOCK - 1) / BLOCK;
  cudaError_t e = cudaMemsetAsync(w->exponents, 0, DIGITS * sizeof *w->exponents, stream);
  if (e == cudaSuccess) e = CUDA_LAUNCH(count_exponents, blocks, BLOCK, 0, stream, xyz, n, w->exponents);
  if (e == cudaSuccess) e = CUDA_LAUNCH(choose_scale, 1, 1, 0, stream, w->exponents);
  if (e == cudaSuccess)
    e = CUDA_LAUNCH(put_keys, blocks, BLOCK, 0, stream, xyz, n, w->exponents, w->key[0], w->order[0]);
  if (e == cudaSuccess) e = sort(w, n, stream);
  if (e == cudaSuccess)
    e = CUDA_LAUNCH(find_first, blocks, BLOCK, 0, stream, xyz, n, w->key[0], w->order[0], first, w->histogram);
  if (e == cudaSuccess) e = CUDA_LAUNCH(scan_places, 1, BLOCK, 0, stream, w->histogram, blocks, t->places);
  if (e == cudaSuccess)
    e = CUDA_LAUNCH(put_places, blocks, BLOCK, 0, stream, xyz, n, w->key[0], w->order[0], first, w->histogram,
                    t->place);
  if (e == cudaSuccess) e = CUDA_LAUNCH(put_nothing, slot_blocks, BLOCK, 0, stream, t->place, t->slots, t->places);
  return e;
}
