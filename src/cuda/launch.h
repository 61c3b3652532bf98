/*
 * How every kernel is launched: CUDA_LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...) answers the
 * launch's cudaError_t. The emulation of the tests brings a definition of its own.
 */
#ifndef CUDA_LAUNCH_H
#define CUDA_LAUNCH_H

#include <cuda_runtime.h>

#ifndef CUDA_LAUNCH
/* Copies the arguments in the kernel's own types, which the runtime reads them as. */
template <class... P>
static inline cudaError_t launch_typed(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes,
                                       cudaStream_t stream, P... values) {
  void *addresses[] = {static_cast<void *>(&values)...};
  return cudaLaunchKernel(reinterpret_cast<const void *>(kernel), grid, block, addresses, shared_bytes, stream);
}

template <class... P, class... A>
static inline cudaError_t launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                                 A... arguments) {
  static_assert(sizeof...(P) == sizeof...(A), "as many arguments as the kernel has");
  return launch_typed<P...>(kernel, grid, block, shared_bytes, stream, static_cast<P>(arguments)...);
}

#define CUDA_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                                    \
  launch(kernel, grid, block, shared_bytes, stream, __VA_ARGS__)
#endif

#endif
