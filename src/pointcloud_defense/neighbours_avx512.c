/* AVX-512: 16 boxes or 16 points at once, one vector. */
#include "pointcloud_defense/neighbours_parts.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,popcnt,bmi")))
#define INLINE TARGET __attribute__((always_inline)) static inline

INLINE __m512 sum_of_squares(__m512 x, __m512 y, __m512 z) {
  return _mm512_add_ps(_mm512_add_ps(_mm512_mul_ps(x, x), _mm512_mul_ps(y, y)), _mm512_mul_ps(z, z));
}

typedef struct spread {
  __m512 at[3];
} spread;

INLINE spread spread_out(const float q[3]) {
  return (spread){{_mm512_set1_ps(q[0]), _mm512_set1_ps(q[1]), _mm512_set1_ps(q[2])}};
}

INLINE __m512 distances(const neighbours_leaf *leaf, spread q) {
  return sum_of_squares(_mm512_sub_ps(_mm512_load_ps(leaf->xyz[0]), q.at[0]),
                        _mm512_sub_ps(_mm512_load_ps(leaf->xyz[1]), q.at[1]),
                        _mm512_sub_ps(_mm512_load_ps(leaf->xyz[2]), q.at[2]));
}

INLINE __m512 way_to(const neighbours_boxes *boxes, int axis, spread low, spread high) {
  const __m512 below = _mm512_sub_ps(_mm512_loadu_ps(boxes->low[axis]), high.at[axis]);
  const __m512 above = _mm512_sub_ps(low.at[axis], _mm512_loadu_ps(boxes->high[axis]));
  return _mm512_max_ps(_mm512_max_ps(below, above), _mm512_setzero_ps());
}

INLINE uint32_t boxes_within(const neighbours_boxes *boxes, spread low, spread high, float bound) {
  const __m512 squared =
      sum_of_squares(way_to(boxes, 0, low, high), way_to(boxes, 1, low, high), way_to(boxes, 2, low, high));
  return _mm512_cmp_ps_mask(squared, _mm512_set1_ps(bound), _CMP_LE_OQ);
}

INLINE size_t leaf_collect(const neighbours_leaf *leaf, spread q, float bound, uint32_t lanes, int32_t *way,
                           uint32_t *index) {
  const __m512 squared = distances(leaf, q);
  const __mmask16 mask = _mm512_mask_cmp_ps_mask((__mmask16)lanes, squared, _mm512_set1_ps(bound), _CMP_LE_OQ);
  _mm512_storeu_ps(way, _mm512_maskz_compress_ps(mask, squared));
  _mm512_storeu_si512(index, _mm512_maskz_compress_epi32(mask, _mm512_load_si512(leaf->index)));
  return (size_t)__builtin_popcount(mask);
}

/* How many of n are less than each of two vectors: two, so that there is something to do while an addition waits. */
typedef struct ranks {
  __m512i low, high;
} ranks;

INLINE ranks rank_two(const int32_t *way, size_t n, const int32_t *mine) {
  const __m512i low = _mm512_loadu_si512(mine), high = _mm512_loadu_si512(mine + NEIGHBOURS_LANES);
  const __m512i one = _mm512_set1_epi32(1);
  ranks r = {_mm512_setzero_si512(), _mm512_setzero_si512()};
#pragma GCC unroll 8
  for (size_t j = 0; j < n; j++) {
    const __m512i other = _mm512_set1_epi32(way[j]);
    r.low = _mm512_mask_add_epi32(r.low, _mm512_cmplt_epi32_mask(other, low), r.low, one);
    r.high = _mm512_mask_add_epi32(r.high, _mm512_cmplt_epi32_mask(other, high), r.high, one);
  }
  return r;
}

INLINE void rank_some(const int32_t *way, size_t n, const int32_t *mine, int32_t *rank) {
  const ranks r = rank_two(way, n, mine);
  _mm512_storeu_si512(rank, r.low);
  _mm512_storeu_si512(rank + NEIGHBOURS_LANES, r.high);
}

/* Sixteen items to their places. */
INLINE void scatter(__mmask16 mask, __m512i place, const int32_t *way, const uint32_t *index, void *to_way,
                    uint32_t *to) {
  _mm512_mask_i32scatter_epi32(to_way, mask, place, _mm512_loadu_si512(way), sizeof *way);
  _mm512_mask_i32scatter_epi32(to, mask, place, _mm512_loadu_si512(index), sizeof *to);
}

/* Ranks are places. Where all are different, they are 0 to n - 1, and their sum says so. */
INLINE int put_in_order(const int32_t *way, const uint32_t *index, size_t n, void *to_way, uint32_t *to) {
  __m512i sum = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += RANKED) {
    const ranks r = rank_two(way, n, way + i);
    const size_t left = n - i;
    const uint32_t lanes = left < RANKED ? (1u << left) - 1 : ~0u;
    const __mmask16 low = (__mmask16)lanes, high = (__mmask16)(lanes >> NEIGHBOURS_LANES);
    scatter(low, r.low, way + i, index + i, to_way, to);
    scatter(high, r.high, way + i + NEIGHBOURS_LANES, index + i + NEIGHBOURS_LANES, to_way, to);
    sum = _mm512_mask_add_epi32(sum, low, sum, r.low);
    sum = _mm512_mask_add_epi32(sum, high, sum, r.high);
  }
  return (size_t)_mm512_reduce_add_epi32(sum) == n * (n - 1) / 2;
}

INLINE float bound_from(const neighbours_leaf *leaf, spread q, const float *radius) {
  return _mm512_reduce_min_ps(_mm512_add_ps(_mm512_sqrt_ps(distances(leaf, q)), _mm512_loadu_ps(radius)));
}

#include "pointcloud_defense/neighbours_search.h"

static int supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

const neighbours_search neighbours_avx512 = {"avx512", supported, find, near};

#endif
