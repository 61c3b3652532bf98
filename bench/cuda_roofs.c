/* What the device does at best: how fast it copies, streams, multiplies, and is reached from the host. */
#include "cuda/cuda_state.h"
#include "cuda/kernels.h"
#include "cuda_parts.h"
#include <scrim/device.h>

typedef struct transfer {
  void *to, *from;
  size_t bytes;
  enum cudaMemcpyKind kind;
} transfer;

static void copy(void *state) {
  const transfer *t = state;
  must_cuda(cudaMemcpyAsync(t->to, t->from, t->bytes, t->kind, cudaStreamPerThread), "copying");
}

static void stream(void *state) {
  const transfer *t = state;
  const unary_pass pass = {.x = t->from, .y = t->to, .n = t->bytes / sizeof(float), .a = 2, .b = 1};
  must_cuda(launch_affine_forward(&pass, cudaStreamPerThread), "streaming");
}

typedef struct square {
  cublasHandle_t blas;
  int n;
  const float *a, *b;
  float *to;
} square;

static void multiply(void *state) {
  const square *s = state;
  const float one = 1, zero = 0;
  const cublasStatus_t status = cublasSgemm(s->blas, CUBLAS_OP_N, CUBLAS_OP_N, s->n, s->n, s->n, &one, s->a, s->n, s->b,
                                            s->n, &zero, s->to, s->n);
  must_hold(status == CUBLAS_STATUS_SUCCESS, "a product");
}

/* Operations a second of n x n by n x n. */
static double multiply_rate(const bench *b, cublasMath_t mode, spread *ms) {
  square s = {.n = b->small ? 96 : 8192};
  const size_t values = (size_t)s.n * (size_t)s.n;
  must_hold(cublasCreate(&s.blas) == CUBLAS_STATUS_SUCCESS, "cuBLAS");
  must_hold(cublasSetStream(s.blas, cudaStreamPerThread) == CUBLAS_STATUS_SUCCESS, "cuBLAS");
  must_hold(cublasSetMathMode(s.blas, mode) == CUBLAS_STATUS_SUCCESS, "cuBLAS");
  s.a = device_uniform(values);
  s.b = device_uniform(values);
  s.to = device_zeroes(values * sizeof *s.to);
  *ms = measure_events(b, multiply, &s);
  cudaFree((void *)s.a);
  cudaFree((void *)s.b);
  cudaFree(s.to);
  cublasDestroy(s.blas);
  return 2 * (double)values * s.n / (1e-3 * ms->median);
}

/* Read once and written once. */
static double copy_rate(const bench *b, void (*how)(void *state), spread *ms) {
  transfer t = {.bytes = b->small ? 1 << 16 : (size_t)1 << 30, .kind = cudaMemcpyDeviceToDevice};
  t.from = device_zeroes(t.bytes);
  t.to = device_zeroes(t.bytes);
  *ms = measure_events(b, how, &t);
  cudaFree(t.from);
  cudaFree(t.to);
  return 2 * (double)t.bytes / (1e-3 * ms->median);
}

static double bus_rate(const bench *b, enum cudaMemcpyKind kind) {
  transfer t = {.bytes = b->small ? 1 << 16 : (size_t)1 << 28, .kind = kind};
  void *pinned, *device = device_zeroes(t.bytes);
  must_cuda(cudaMallocHost(&pinned, t.bytes), "pinned memory");
  t.from = kind == cudaMemcpyHostToDevice ? pinned : device;
  t.to = kind == cudaMemcpyHostToDevice ? device : pinned;
  const spread ms = measure_events(b, copy, &t);
  cudaFreeHost(pinned);
  cudaFree(device);
  return (double)t.bytes / (1e-3 * ms.median);
}

void roofs_measure(bench *b) {
  spread ms;
  b->roof[ROOF_COPY] = copy_rate(b, copy, &ms);
  b->roof[ROOF_FLOAT32] = multiply_rate(b, CUBLAS_PEDANTIC_MATH, &ms);
  b->roof[ROOF_TF32] = multiply_rate(b, CUBLAS_TF32_TENSOR_OP_MATH, &ms);
}

void bench_roofs(bench *b) {
  char text[SCRIM_DEVICE_TEXT];
  scrim_error error;
  spread ms;
  int driver = 0, runtime = 0;
  must_scrim(cuda_describe(text, sizeof text, &error), &error);
  must_cuda(cudaDriverGetVersion(&driver), "the driver's version");
  must_cuda(cudaRuntimeGetVersion(&runtime), "the runtime's version");
  printf("%s; driver for CUDA %d.%d, runtime %d.%d\n", text, driver / 1000, driver / 10 % 100, runtime / 1000,
         runtime / 10 % 100);
  roofs_measure(b);
  tell_part("What the device does at best", "what | measured | aim | note");
  tell_figure(b, "copy", 1e-9 * b->roof[ROOF_COPY], "GB/s", 0, 0, "cudaMemcpy on the device, bytes read and written");
  tell_figure(b, "stream", 1e-9 * copy_rate(b, stream, &ms), "GB/s", 0, 0, "a kernel that reads and writes once");
  tell_figure(b, "float32", 1e-12 * b->roof[ROOF_FLOAT32], "TFLOP/s", 0, 0, "cuBLAS, pedantic, 8192 x 8192");
  tell_figure(b, "tf32", 1e-12 * b->roof[ROOF_TF32], "TFLOP/s", 0, 0, "cuBLAS, tensor cores, 8192 x 8192");
  tell_figure(b, "to the device", 1e-9 * bus_rate(b, cudaMemcpyHostToDevice), "GB/s", 0, 0, "pinned memory");
  tell_figure(b, "from the device", 1e-9 * bus_rate(b, cudaMemcpyDeviceToHost), "GB/s", 0, 0, "pinned memory");
}
