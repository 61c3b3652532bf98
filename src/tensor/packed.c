#include "tensor/packed_kernel.h"

#include "core/memory.h"
#include <math.h>
#include <string.h>

/* The plain C reference: what the others must equal bit for bit. */
static void reference_run(const packed_linear *l, const float *x, size_t x_stride, const float *const *start, float *y,
                          size_t y_stride, size_t n) {
  for (size_t i = 0; i < n; i++) {
    for (int j = 0; j < l->out; j++) {
      const float *w = l->weights + (size_t)(j / PACKED_WIDTH) * l->in * PACKED_WIDTH + j % PACKED_WIDTH;
      float sum = start[i][j];
      for (int k = 0; k < l->in; k++) sum = fmaf(x[i * x_stride + k], w[(size_t)k * PACKED_WIDTH], sum);
      if (l->activation == PACKED_RELU) sum = sum > 0 ? sum : 0;
      y[i * y_stride + j] = sum;
    }
  }
}

static int always(void) {
  return 1;
}

const packed_kernel packed_reference = {"reference", always, reference_run};

const packed_kernel *const packed_kernels[] = {
#if defined(__x86_64__)
    &packed_avx512, &packed_avx2,
#endif
    &packed_reference, NULL};

static const packed_kernel *best_kernel(void) {
  size_t i = 0;
  while (!packed_kernels[i]->supported()) i++;
  return packed_kernels[i];
}

packed_linear *packed_linear_create(const float *w, const float *b, int in, int out, packed_activation activation) {
  const int panels = (out + PACKED_WIDTH - 1) / PACKED_WIDTH;
  packed_linear *l = memory_zalloc(1, sizeof *l);
  if (l == NULL) return NULL;
  *l = (packed_linear){in, out, panels, activation, best_kernel(), NULL, NULL};
  l->weights = memory_zalloc((size_t)panels * in * PACKED_WIDTH, sizeof(float));
  l->bias = memory_zalloc((size_t)panels * PACKED_WIDTH, sizeof(float));
  if (l->weights == NULL || l->bias == NULL) {
    packed_linear_free(l);
    return NULL;
  }
  for (int j = 0; j < out; j++) {
    float *panel = l->weights + (size_t)(j / PACKED_WIDTH) * in * PACKED_WIDTH + j % PACKED_WIDTH;
    for (int k = 0; k < in; k++) panel[(size_t)k * PACKED_WIDTH] = w[(size_t)j * in + k];
  }
  memcpy(l->bias, b, (size_t)out * sizeof(float));
  return l;
}

void packed_linear_free(packed_linear *l) {
  if (l == NULL) return;
  memory_free(l->weights);
  memory_free(l->bias);
  memory_free(l);
}

int packed_linear_in(const packed_linear *l) {
  return l->in;
}

int packed_linear_out(const packed_linear *l) {
  return l->out;
}

void packed_linear_unpack(const packed_linear *l, float *w, float *b) {
  for (int j = 0; j < l->out; j++) {
    const float *panel = l->weights + (size_t)(j / PACKED_WIDTH) * l->in * PACKED_WIDTH + j % PACKED_WIDTH;
    for (int k = 0; k < l->in; k++) w[(size_t)j * l->in + k] = panel[(size_t)k * PACKED_WIDTH];
  }
  memcpy(b, l->bias, (size_t)l->out * sizeof(float));
}

enum { ROWS_A_CALL = 64 };

void packed_linear_run(const packed_linear *l, const float *x, size_t x_stride, const float *const *start, float *y,
                       size_t y_stride, size_t n) {
  if (start != NULL) {
    l->kernel->run(l, x, x_stride, start, y, y_stride, n);
    return;
  }
  const float *bias[ROWS_A_CALL];
  for (size_t i = 0; i < ROWS_A_CALL; i++) bias[i] = l->bias;
  for (size_t i = 0; i < n; i += ROWS_A_CALL) {
    const size_t rows = n - i < ROWS_A_CALL ? n - i : ROWS_A_CALL;
    l->kernel->run(l, x + i * x_stride, x_stride, bias, y + i * y_stride, y_stride, rows);
  }
}
