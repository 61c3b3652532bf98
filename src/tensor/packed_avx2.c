/* AVX2 with FMA: 6 rows by 1 panel of 16 outputs, 12 accumulators in 16 registers. */
#include "tensor/packed_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE AVX2 __attribute__((always_inline)) static inline

enum { ROWS = 6, HALF = PACKED_WIDTH / 2 };

/* The first `count` of 8 lanes. */
INLINE __m256i lanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* y[r][panel] for `rows`, a constant where this is inlined, so that the loops vanish. */
INLINE void tile(const int rows, const packed_linear *l, int panel, const float *x, size_t x_stride,
                 const float *const *start, float *y, size_t y_stride) {
  const int in = l->in, left = l->out - panel * PACKED_WIDTH;
  const float *w = l->weights + (size_t)panel * in * PACKED_WIDTH;
  const size_t column = (size_t)panel * PACKED_WIDTH;
  const __m256i mask[2] = {lanes(left), lanes(left - HALF)};
  __m256 sum[ROWS][2];
#pragma GCC unroll 6
  for (int r = 0; r < rows; r++) {
    sum[r][0] = _mm256_maskload_ps(start[r] + column, mask[0]);
    sum[r][1] = _mm256_maskload_ps(start[r] + column + HALF, mask[1]);
  }
  for (int k = 0; k < in; k++) {
    const __m256 low = _mm256_loadu_ps(w + (size_t)k * PACKED_WIDTH);
    const __m256 high = _mm256_loadu_ps(w + (size_t)k * PACKED_WIDTH + HALF);
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
      const __m256 value = _mm256_set1_ps(x[r * x_stride + k]);
      sum[r][0] = _mm256_fmadd_ps(value, low, sum[r][0]);
      sum[r][1] = _mm256_fmadd_ps(value, high, sum[r][1]);
    }
  }
  const int relu = l->activation == PACKED_RELU;
#pragma GCC unroll 6
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) {
      const __m256 value = relu ? _mm256_max_ps(sum[r][h], _mm256_setzero_ps()) : sum[r][h];
      _mm256_maskstore_ps(y + r * y_stride + column + h * HALF, mask[h], value);
    }
  }
}

AVX2 static void run(const packed_linear *l, const float *x, size_t x_stride, const float *const *start, float *y,
                     size_t y_stride, size_t n) {
  for (int panel = 0; panel < l->panels; panel++) {
    size_t i = 0;
    for (; i + ROWS <= n; i += ROWS)
      tile(ROWS, l, panel, x + i * x_stride, x_stride, start + i, y + i * y_stride, y_stride);
    for (; i + 2 <= n; i += 2) tile(2, l, panel, x + i * x_stride, x_stride, start + i, y + i * y_stride, y_stride);
    if (i < n) tile(1, l, panel, x + i * x_stride, x_stride, start + i, y + i * y_stride, y_stride);
  }
}

static int supported(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const packed_kernel packed_avx2 = {"avx2", supported, run};

#endif
