/* The door of the shared object. */
#include "core/error.h"
#include "cuda/cuda_state.h"
#include "tensor/backend_open.h"
#include <stdio.h>
#include <string.h>

/* The oldest GPUs that kernels are compiled for: Turing, compute capability 7.5. */
enum { LEAST_MAJOR = 7, LEAST_MINOR = 5 };

static scrim_status check_layout(const backend_request *theirs, scrim_error *error) {
  const backend_request here = backend_request_of(0);
  if (strcmp(theirs->version, here.version) == 0 && theirs->backend_bytes == here.backend_bytes &&
      theirs->tape_bytes == here.tape_bytes && theirs->node_bytes == here.node_bytes &&
      theirs->tensor_bytes == here.tensor_bytes)
    return SCRIM_OK;
  return fail(error, SCRIM_E_DEVICE, "libscrim-cuda.so is of Scrim %s, the library is another build of %s",
              here.version, theirs->version);
}

static scrim_status check_device(scrim_error *error) {
  int count = 0, major = 0, minor = 0;
  cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count == 0) status = cudaErrorNoDevice;
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0);
  if (status != cudaSuccess) {
    cudaGetLastError();
    return fail(error, SCRIM_E_DEVICE, "no GPU: %s", cudaGetErrorString(status));
  }
  if (major > LEAST_MAJOR || (major == LEAST_MAJOR && minor >= LEAST_MINOR)) return SCRIM_OK;
  return fail(error, SCRIM_E_DEVICE, "the GPU has compute capability %d.%d, at least %d.%d is needed", major, minor,
              LEAST_MAJOR, LEAST_MINOR);
}

scrim_status cuda_describe(char *text, size_t bytes, scrim_error *error) {
  struct cudaDeviceProp properties;
  const cudaError_t status = cudaGetDeviceProperties(&properties, 0);
  if (status != cudaSuccess) return cuda_status(status, "asking for its name", error);
  snprintf(text, bytes, "%s (CUDA, compute capability %d.%d)", properties.name, properties.major, properties.minor);
  return SCRIM_OK;
}

SCRIM_API backend_entry scrim_cuda_open;

scrim_status scrim_cuda_open(const backend_request *request, const backend **out, scrim_error *error) {
  *out = NULL;
  scrim_status status = check_layout(request, error);
  if (status == SCRIM_OK) status = check_device(error);
  if (status == SCRIM_OK) *out = request->tf32 ? &cuda_tf32_backend : &cuda_backend;
  return status;
}
