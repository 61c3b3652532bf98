/* AVX2: 16 boxes or 16 points in two vectors. */
#include "pointcloud_defense/neighbours_parts.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,popcnt,bmi")))
#define INLINE TARGET __attribute__((always_inline)) static inline

enum { HALF = NEIGHBOURS_LANES / 2 };

INLINE __m256 sum_of_squares(__m256 x, __m256 y, __m256 z) {
  return _mm256_add_ps(_mm256_add_ps(_mm256_mul_ps(x, x), _mm256_mul_ps(y, y)), _mm256_mul_ps(z, z));
}

typedef struct spread {
  __m256 at[3];
} spread;

INLINE spread spread_out(const float q[3]) {
  return (spread){{_mm256_set1_ps(q[0]), _mm256_set1_ps(q[1]), _mm256_set1_ps(q[2])}};
}

/* Of lanes from..from + 7. */
INLINE __m256 distances(const neighbours_leaf *leaf, spread q, int from) {
  return sum_of_squares(_mm256_sub_ps(_mm256_load_ps(leaf->xyz[0] + from), q.at[0]),
                        _mm256_sub_ps(_mm256_load_ps(leaf->xyz[1] + from), q.at[1]),
                        _mm256_sub_ps(_mm256_load_ps(leaf->xyz[2] + from), q.at[2]));
}

INLINE uint32_t within(__m256 squared, float bound) {
  return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(squared, _mm256_set1_ps(bound), _CMP_LE_OQ));
}

INLINE __m256 way_to(const neighbours_boxes *boxes, int axis, int from, spread low, spread high) {
  const __m256 below = _mm256_sub_ps(_mm256_loadu_ps(boxes->low[axis] + from), high.at[axis]);
  const __m256 above = _mm256_sub_ps(low.at[axis], _mm256_loadu_ps(boxes->high[axis] + from));
  return _mm256_max_ps(_mm256_max_ps(below, above), _mm256_setzero_ps());
}

INLINE uint32_t boxes_within(const neighbours_boxes *boxes, spread low, spread high, float bound) {
  uint32_t lanes = 0;
  for (int from = 0; from < NEIGHBOURS_LANES; from += HALF) {
    const __m256 squared = sum_of_squares(way_to(boxes, 0, from, low, high), way_to(boxes, 1, from, low, high),
                                          way_to(boxes, 2, from, low, high));
    lanes |= within(squared, bound) << from;
  }
  return lanes;
}

INLINE size_t leaf_collect(const neighbours_leaf *leaf, spread q, float bound, uint32_t lanes, int32_t *way,
                           uint32_t *index) {
  __m256i bits[2];
  const __m256 low = distances(leaf, q, 0), high = distances(leaf, q, HALF);
  lanes &= within(low, bound) | within(high, bound) << HALF;
  bits[0] = _mm256_castps_si256(low);
  bits[1] = _mm256_castps_si256(high);
  size_t n = 0;
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = __builtin_ctz(lanes);
    memcpy(&way[n], (const char *)bits + (size_t)lane * sizeof *way, sizeof *way);
    index[n++] = leaf->index[lane];
  }
  return n;
}

/* A comparison gives -1 where it holds. */
INLINE void rank_some(const int32_t *way, size_t n, const int32_t *mine, int32_t *rank) {
  __m256i own[RANKED / HALF], sum[RANKED / HALF];
#pragma GCC unroll 4
  for (int i = 0; i < RANKED / HALF; i++) {
    own[i] = _mm256_loadu_si256((const __m256i *)(mine + i * HALF));
    sum[i] = _mm256_setzero_si256();
  }
  for (size_t j = 0; j < n; j++) {
    const __m256i other = _mm256_set1_epi32(way[j]);
#pragma GCC unroll 4
    for (int i = 0; i < RANKED / HALF; i++) sum[i] = _mm256_sub_epi32(sum[i], _mm256_cmpgt_epi32(own[i], other));
  }
#pragma GCC unroll 4
  for (int i = 0; i < RANKED / HALF; i++) _mm256_storeu_si256((__m256i *)(rank + i * HALF), sum[i]);
}

/* The general way does it: there are no scattered stores. */
INLINE int put_in_order(const int32_t *way, const uint32_t *index, size_t n, void *to_way, uint32_t *to) {
  (void)way, (void)index, (void)n, (void)to_way, (void)to;
  return 0;
}

INLINE float bound_from(const neighbours_leaf *leaf, spread q, const float *radius) {
  const __m256 low = _mm256_add_ps(_mm256_sqrt_ps(distances(leaf, q, 0)), _mm256_loadu_ps(radius));
  const __m256 high = _mm256_add_ps(_mm256_sqrt_ps(distances(leaf, q, HALF)), _mm256_loadu_ps(radius + HALF));
  float way[HALF], least;
  _mm256_storeu_ps(way, _mm256_min_ps(low, high));
  least = way[0];
  for (int i = 1; i < HALF; i++) least = way[i] < least ? way[i] : least;
  return least;
}

#include "pointcloud_defense/neighbours_search.h"

static int supported(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

const neighbours_search neighbours_avx2 = {"avx2", supported, find, near};

#endif
