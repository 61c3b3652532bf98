/* AVX-512: 6 rows by 4 panels of 16 outputs, 24 accumulators in 32 registers. */
#include "tensor/packed_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))
#define INLINE AVX512 __attribute__((always_inline)) static inline

enum { ROWS = 6, PANELS = 4 };

/* y[r][panel p] for `rows` x `panels`, both constants where this is inlined, so that the loops vanish. */
INLINE void tile(const int rows, const int panels, const packed_linear *l, int panel, const float *x, size_t x_stride,
                 const float *const *start, float *y, size_t y_stride) {
  const int in = l->in;
  const float *w = l->weights + (size_t)panel * in * PACKED_WIDTH;
  __m512 sum[ROWS][PANELS];
  __mmask16 mask[PANELS];
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
    const int left = l->out - (panel + p) * PACKED_WIDTH;
    mask[p] = left >= PACKED_WIDTH ? 0xffff : (__mmask16)((1u << left) - 1);
  }
#pragma GCC unroll 6
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++)
      sum[r][p] = _mm512_maskz_loadu_ps(mask[p], start[r] + (size_t)(panel + p) * PACKED_WIDTH);
  }
  for (int k = 0; k < in; k++) {
    __m512 column[PANELS];
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) column[p] = _mm512_loadu_ps(w + ((size_t)p * in + k) * PACKED_WIDTH);
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
      const __m512 value = _mm512_set1_ps(x[r * x_stride + k]);
#pragma GCC unroll 4
      for (int p = 0; p < panels; p++) sum[r][p] = _mm512_fmadd_ps(value, column[p], sum[r][p]);
    }
  }
  const int relu = l->activation == PACKED_RELU;
#pragma GCC unroll 6
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
      const __m512 value = relu ? _mm512_max_ps(sum[r][p], _mm512_setzero_ps()) : sum[r][p];
      _mm512_mask_storeu_ps(y + r * y_stride + (size_t)(panel + p) * PACKED_WIDTH, mask[p], value);
    }
  }
}

INLINE void rows_by_panels(const int rows, const packed_linear *l, const float *x, size_t x_stride,
                           const float *const *start, float *y, size_t y_stride, int panel, int panels) {
  if (panels == 4)
    tile(rows, 4, l, panel, x, x_stride, start, y, y_stride);
  else if (panels == 3)
    tile(rows, 3, l, panel, x, x_stride, start, y, y_stride);
  else if (panels == 2)
    tile(rows, 2, l, panel, x, x_stride, start, y, y_stride);
  else
    tile(rows, 1, l, panel, x, x_stride, start, y, y_stride);
}

AVX512 static void run(const packed_linear *l, const float *x, size_t x_stride, const float *const *start, float *y,
                       size_t y_stride, size_t n) {
  for (int panel = 0; panel < l->panels; panel += PANELS) {
    const int panels = l->panels - panel < PANELS ? l->panels - panel : PANELS;
    size_t i = 0;
    for (; i + ROWS <= n; i += ROWS)
      rows_by_panels(ROWS, l, x + i * x_stride, x_stride, start + i, y + i * y_stride, y_stride, panel, panels);
    for (; i + 2 <= n; i += 2)
      rows_by_panels(2, l, x + i * x_stride, x_stride, start + i, y + i * y_stride, y_stride, panel, panels);
    if (i < n) rows_by_panels(1, l, x + i * x_stride, x_stride, start + i, y + i * y_stride, y_stride, panel, panels);
  }
}

static int supported(void) {
  return __builtin_cpu_supports("avx512f");
}

const packed_kernel packed_avx512 = {"avx512", supported, run};

#endif
