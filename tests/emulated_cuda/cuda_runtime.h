/*
 * For tests, in place of the toolkit's header of this name: the language of kernels, for a C++ compiler. See
 * emulated_cuda.h.
 */
#ifndef EMULATED_CUDA_RUNTIME_H
#define EMULATED_CUDA_RUNTIME_H

#include "cuda_runtime_api.h"
#include "emulated_parts.h"
#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
/* One block runs at a time on a thread of the host. */
#define __shared__ thread_local

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

struct alignas(8) float2 {
  float x, y;
};
struct float3 {
  float x, y, z;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
static inline float2 make_float2(float x, float y) {
  return {x, y};
}
static inline float3 make_float3(float x, float y, float z) {
  return {x, y, z};
}
static inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}
static inline int2 make_int2(int x, int y) {
  return {x, y};
}
static inline int4 make_int4(int x, int y, int z, int w) {
  return {x, y, z, w};
}

/* ---- where a thread is ---- */

#define threadIdx emulated_here.thread
#define blockIdx emulated_here.block
#define blockDim emulated_here.block_size
#define gridDim emulated_here.grid_size
static const int warpSize = EMULATED_WARP;

/* Memory that a launch asks for; kernels declare it as extern __shared__ ... cuda_shared[]. */
extern __shared__ float cuda_shared[];

/* ---- waiting for others ---- */

static inline void __syncthreads() {
  emulated_sync_block();
}
static inline void __syncwarp(unsigned mask = 0xffffffffu) {
  emulated_exchange(mask, 0, 0, nullptr);
}
static inline void __threadfence() {}
static inline void __threadfence_block() {}

/* The value that lane `source` of the mask brings. */
template <class T> static inline T emulated_shuffle(unsigned mask, T value, int source) {
  static_assert(sizeof(T) <= sizeof(uint64_t), "a lane passes at most 64 bits");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = emulated_exchange(mask, bits, source, nullptr);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/* The lane that `lane` means in the caller's sub-warp of `width` lanes, or the caller's own if there is none. */
static inline int emulated_sub_warp(int lane, int width) {
  const int mine = emulated_lane(), base = mine / width * width;
  return lane < base || lane >= base + width ? mine : lane;
}

template <class T> static inline T __shfl_sync(unsigned mask, T value, int lane, int width = EMULATED_WARP) {
  return emulated_shuffle(mask, value, emulated_lane() / width * width + lane % width);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = EMULATED_WARP) {
  return emulated_shuffle(mask, value, emulated_sub_warp(emulated_lane() + static_cast<int>(by), width));
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = EMULATED_WARP) {
  return emulated_shuffle(mask, value, emulated_sub_warp(emulated_lane() - static_cast<int>(by), width));
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T value, int with, int width = EMULATED_WARP) {
  return emulated_shuffle(mask, value, emulated_sub_warp(emulated_lane() ^ with, width));
}
static inline unsigned __ballot_sync(unsigned mask, int predicate) {
  unsigned votes;
  emulated_exchange(mask, predicate != 0, emulated_lane(), &votes);
  return votes;
}
static inline int __any_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, predicate) != 0;
}
static inline int __all_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, predicate) == mask;
}
/* Lanes of the warp that have begun and not ended: on a device those that are at this place, which is what a kernel may
 * not rely on either way. */
static inline unsigned __activemask() {
  return emulated_active();
}

/* ---- atomics: a thread is never interrupted between two waits ---- */

template <class T> static inline T emulated_replace(T *at, T value) {
  const T old = *at;
  *at = value;
  return old;
}
template <class T> static inline T atomicAdd(T *at, T value) {
  return emulated_replace<T>(at, *at + value);
}
template <class T> static inline T atomicMin(T *at, T value) {
  return emulated_replace<T>(at, value < *at ? value : *at);
}
template <class T> static inline T atomicMax(T *at, T value) {
  return emulated_replace<T>(at, value > *at ? value : *at);
}
template <class T> static inline T atomicOr(T *at, T value) {
  return emulated_replace<T>(at, *at | value);
}
template <class T> static inline T atomicAnd(T *at, T value) {
  return emulated_replace<T>(at, *at & value);
}
template <class T> static inline T atomicExch(T *at, T value) {
  return emulated_replace<T>(at, value);
}
template <class T> static inline T atomicCAS(T *at, T expected, T value) {
  return emulated_replace<T>(at, *at == expected ? value : *at);
}

/* ---- intrinsics ---- */

template <class T> static inline T __ldg(const T *at) {
  return *at;
}
static inline int __popc(unsigned bits) {
  return __builtin_popcount(bits);
}
static inline int __popcll(unsigned long long bits) {
  return __builtin_popcountll(bits);
}
static inline int __ffs(int bits) {
  return __builtin_ffs(bits);
}
static inline int __clz(int bits) {
  return bits ? __builtin_clz(static_cast<unsigned>(bits)) : 32;
}
static inline int __clzll(long long bits) {
  return bits ? __builtin_clzll(static_cast<unsigned long long>(bits)) : 64;
}
static inline float __int_as_float(int bits) {
  return emulated_bits<float>(bits);
}
static inline float __uint_as_float(unsigned bits) {
  return emulated_bits<float>(bits);
}
static inline int __float_as_int(float value) {
  return emulated_bits<int>(value);
}
static inline unsigned __float_as_uint(float value) {
  return emulated_bits<unsigned>(value);
}
static inline float __fmaf_rn(float a, float b, float c) {
  return std::fma(a, b, c);
}
static inline float __fadd_rn(float a, float b) {
  return a + b;
}
static inline float __fmul_rn(float a, float b) {
  return a * b;
}
static inline float rsqrtf(float x) {
  return 1 / std::sqrt(x);
}
static inline void sincospif(float x, float *sine, float *cosine) {
  const double angle = 3.141592653589793 * static_cast<double>(x);
  *sine = static_cast<float>(std::sin(angle));
  *cosine = static_cast<float>(std::cos(angle));
}
static inline float cospif(float x) {
  return static_cast<float>(std::cos(3.141592653589793 * static_cast<double>(x)));
}
static inline int min(int a, int b) {
  return a < b ? a : b;
}
static inline int max(int a, int b) {
  return a > b ? a : b;
}

/* ---- launches ---- */

/* Arguments are copied when the kernel is launched, as a device has them. */
template <class... P, class... A>
static inline cudaError_t emulated_launch(const char *name, void (*kernel)(P...), dim3 grid, dim3 block,
                                          size_t shared_bytes, cudaStream_t stream, A... arguments) {
  static_assert(sizeof...(P) == sizeof...(A), "as many arguments as the kernel has");
  const std::tuple<std::decay_t<P>...> values(static_cast<P>(arguments)...);
  emulated_kernel k = {};
  k.name = name;
  k.grid = {grid.x, grid.y, grid.z};
  k.block = {block.x, block.y, block.z};
  k.shared_bytes = shared_bytes;
  k.run = [kernel, values] { std::apply(kernel, values); };
  (emulated_note_pointer(&k, arguments), ...);
  return emulated_enqueue(k, stream);
}
#define CUDA_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                                    \
  emulated_launch(#kernel, kernel, grid, block, shared_bytes, stream, __VA_ARGS__)

template <class F> static inline cudaError_t cudaFuncSetAttribute(F, int, int) {
  return cudaSuccess;
}
enum { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };

#endif
