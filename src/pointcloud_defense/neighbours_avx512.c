/* AVX-512: 16 boxes or 16 points at once, one vector. */
#include "pointcloud_defense/neighbours_parts.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,popcnt,bmi")))
#define INLINE TARGET __attribute__((always_inline)) static inline

INLINE __m512 sum_of_squares(__m512 x, __m512 y, __m512 z) {
  return _mm512_add_ps(_mm512_add_ps(_mm512_mul_ps(x, x), _mm512_mul_ps(y, y)), _mm512_mul_ps(z, z));
}

INLINE __m512 distances(const neighbours_leaf *leaf, const float q[3]) {
  __m512 way[3];
  for (int axis = 0; axis < 3; axis++)
    way[axis] = _mm512_sub_ps(_mm512_load_ps(leaf->xyz[axis]), _mm512_set1_ps(q[axis]));
  return sum_of_squares(way[0], way[1], way[2]);
}

INLINE uint32_t boxes_within(const neighbours_boxes *boxes, const float q[3], float bound) {
  __m512 way[3];
  for (int axis = 0; axis < 3; axis++) {
    const __m512 at = _mm512_set1_ps(q[axis]);
    const __m512 below = _mm512_sub_ps(_mm512_load_ps(boxes->low[axis]), at);
    const __m512 above = _mm512_sub_ps(at, _mm512_load_ps(boxes->high[axis]));
    way[axis] = _mm512_max_ps(_mm512_max_ps(below, above), _mm512_setzero_ps());
  }
  return _mm512_cmp_ps_mask(sum_of_squares(way[0], way[1], way[2]), _mm512_set1_ps(bound), _CMP_LE_OQ);
}

INLINE size_t leaf_collect(const neighbours_leaf *leaf, const float q[3], float bound, uint32_t lanes, int32_t *way,
                           uint32_t *index) {
  const __m512 squared = distances(leaf, q);
  lanes &= _mm512_cmp_ps_mask(squared, _mm512_set1_ps(bound), _CMP_LE_OQ);
  const __mmask16 mask = (__mmask16)lanes;
  _mm512_storeu_ps(way, _mm512_maskz_compress_ps(mask, squared));
  _mm512_storeu_si512(index, _mm512_maskz_compress_epi32(mask, _mm512_load_si512(leaf->index)));
  return (size_t)__builtin_popcount(mask);
}

/* Of 32, so that there is something to do while an addition waits for the one before. */
INLINE void rank_some(const int32_t *way, size_t n, const int32_t *mine, int32_t *rank) {
  const __m512i low = _mm512_loadu_si512(mine), high = _mm512_loadu_si512(mine + NEIGHBOURS_LANES);
  const __m512i one = _mm512_set1_epi32(1);
  __m512i sum_low = _mm512_setzero_si512(), sum_high = sum_low;
#pragma GCC unroll 4
  for (size_t j = 0; j < n; j++) {
    const __m512i other = _mm512_set1_epi32(way[j]);
    sum_low = _mm512_mask_add_epi32(sum_low, _mm512_cmplt_epi32_mask(other, low), sum_low, one);
    sum_high = _mm512_mask_add_epi32(sum_high, _mm512_cmplt_epi32_mask(other, high), sum_high, one);
  }
  _mm512_storeu_si512(rank, sum_low);
  _mm512_storeu_si512(rank + NEIGHBOURS_LANES, sum_high);
}

INLINE float bound_from(const neighbours_leaf *leaf, const float q[3], const float *radius) {
  return _mm512_reduce_min_ps(_mm512_add_ps(_mm512_sqrt_ps(distances(leaf, q)), _mm512_loadu_ps(radius)));
}

#include "pointcloud_defense/neighbours_search.h"

static int supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

const neighbours_search neighbours_avx512 = {"avx512", supported, find, near};

#endif
