/* cuBLAS by OpenBLAS. It checks what OpenBLAS would not: that every matrix lies within one allocation of the device. */
#include "cublas_v2.h"
#include "emulated_parts.h"
#include <cblas.h>

struct emulated_blas {
  cudaStream_t stream;
};

namespace {

struct matrix {
  const float *at;
  int rows, columns, step; /* step: values from a column to the next */
  long long stride;        /* from a matrix to the next */
};

void check(const char *name, const matrix &m, int batch) {
  const long long values = (batch - 1) * m.stride + static_cast<long long>(m.columns - 1) * m.step + m.rows;
  if (emulated_memory_holds(m.at, static_cast<size_t>(values) * sizeof(float))) return;
  emulated_die("gemm: %s, %d of [%d, %d] a column every %d, does not lie within an allocation of the device", name,
               batch, m.rows, m.columns, m.step);
}

CBLAS_TRANSPOSE turned(cublasOperation_t operation) {
  return operation == CUBLAS_OP_N ? CblasNoTrans : CblasTrans;
}

} // namespace

extern "C" {

cublasStatus_t cublasCreate(cublasHandle_t *handle) {
  emulated_guard guard(emulated_lock);
  *handle = emulated_fails() ? nullptr : new emulated_blas();
  return *handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) {
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *workspace, size_t bytes) {
  if (bytes && !emulated_memory_holds(workspace, bytes)) emulated_die("the workspace of cuBLAS is not the device's");
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t turned_a, cublasOperation_t turned_b,
                                         int m, int n, int k, const float *alpha, const float *a, int lda,
                                         long long stride_a, const float *b, int ldb, long long stride_b,
                                         const float *beta, float *c, int ldc, long long stride_c, int batch) {
  emulated_guard guard(emulated_lock);
  const int rows_a = turned_a == CUBLAS_OP_N ? m : k, rows_b = turned_b == CUBLAS_OP_N ? k : n;
  if (m < 0 || n < 0 || k < 0 || batch < 0 || lda < rows_a || ldb < rows_b || ldc < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (m == 0 || n == 0 || batch == 0) return CUBLAS_STATUS_SUCCESS;
  check("A", {a, rows_a, turned_a == CUBLAS_OP_N ? k : m, lda, stride_a}, batch);
  check("B", {b, rows_b, turned_b == CUBLAS_OP_N ? n : k, ldb, stride_b}, batch);
  check("C", {c, m, n, ldc, stride_c}, batch);
  const float scale = *alpha, keep = *beta;
  const cudaError_t error = emulated_enqueue(
      [=] {
        for (int i = 0; i < batch; i++) {
          cblas_sgemm(CblasColMajor, turned(turned_a), turned(turned_b), m, n, k, scale, a + i * stride_a, lda,
                      b + i * stride_b, ldb, keep, c + i * stride_c, ldc);
        }
      },
      handle->stream);
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t turned_a, cublasOperation_t turned_b, int m, int n,
                           int k, const float *alpha, const float *a, int lda, const float *b, int ldb,
                           const float *beta, float *c, int ldc) {
  return cublasSgemmStridedBatched(handle, turned_a, turned_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0,
                                   1);
}

const char *cublasGetStatusName(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "CUBLAS_STATUS_SUCCESS" : "CUBLAS_STATUS_INTERNAL_ERROR";
}

const char *cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "no error" : "an error of cuBLAS";
}

} /* extern "C" */
