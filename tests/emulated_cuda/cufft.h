/* For tests, in place of the toolkit's header of this name: what Scrim uses of cuFFT. See emulated_cuda.h. */
#ifndef EMULATED_CUFFT_H
#define EMULATED_CUFFT_H

#include "cuda_runtime_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cufftResult {
  CUFFT_SUCCESS = 0,
  CUFFT_INVALID_PLAN = 1,
  CUFFT_ALLOC_FAILED = 2,
  CUFFT_INVALID_VALUE = 4,
  CUFFT_INTERNAL_ERROR = 5,
  CUFFT_EXEC_FAILED = 6,
  CUFFT_INVALID_SIZE = 8
} cufftResult;
typedef enum cufftType { CUFFT_R2C = 0x2a, CUFFT_C2R = 0x2c } cufftType;

typedef int cufftHandle;
typedef float cufftReal;
typedef struct cufftComplex {
  float x, y;
} cufftComplex;

cufftResult cufftCreate(cufftHandle *plan);
cufftResult cufftDestroy(cufftHandle plan);
cufftResult cufftSetStream(cufftHandle plan, cudaStream_t stream);
cufftResult cufftSetAutoAllocation(cufftHandle plan, int on);
cufftResult cufftSetWorkArea(cufftHandle plan, void *area);
/* Only `batch` transforms of one dimension that follow each other without a gap: both `embed` are NULL. */
cufftResult cufftMakePlanMany(cufftHandle plan, int rank, int *n, int *in_embed, int in_stride, int in_distance,
                              int *out_embed, int out_stride, int out_distance, cufftType type, int batch,
                              size_t *work_bytes);
/* Unscaled, as on the device. The inverse spoils its input. */
cufftResult cufftExecR2C(cufftHandle plan, cufftReal *signal, cufftComplex *spectrum);
cufftResult cufftExecC2R(cufftHandle plan, cufftComplex *spectrum, cufftReal *signal);

#ifdef __cplusplus
}
#endif

#endif
