/* What the parts of the emulation share with each other and with the kernels that they run. */
#ifndef EMULATED_PARTS_H
#define EMULATED_PARTS_H

#include "cuda_runtime_api.h"
#include "emulated_cuda.h"
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <type_traits>
#include <vector>

enum { EMULATED_WARP = 32, EMULATED_BLOCK = 1024, EMULATED_SHARED = 48 << 10 };

/* ---- emulated_block.cc: the threads of one block ---- */

struct emulated_index {
  unsigned x, y, z;
};

/* Where the running thread is. */
struct emulated_place {
  emulated_index thread, block, block_size, grid_size;
};
extern __thread emulated_place emulated_here;

struct emulated_kernel {
  const char *name;
  emulated_index grid, block;
  size_t shared_bytes;
  std::function<void()> run; /* as one thread */
  std::vector<const void *> pointers;
};

/* Runs all blocks. */
void emulated_run(const emulated_kernel &k);
/* Makes what that needs in this thread of the host: what is made after it goes before it. */
void emulated_prepare_thread(void);
/* For the running thread: waits for all of its block that have not ended. */
void emulated_sync_block(void);
/*
 * Waits for the lanes of the mask; answers the value that lane `source` brought, and in *votes, if it is not NULL, the
 * lanes that brought another value than 0.
 */
uint64_t emulated_exchange(unsigned mask, uint64_t value, int source, unsigned *votes);
int emulated_lane(void);
unsigned emulated_active(void);

/* ---- emulated_memory.cc ---- */

/* Lets kernels and copies reach the device's memory until it is closed as often as opened. */
void emulated_memory_open(void);
void emulated_memory_close(void);
/* 1: all bytes belong to one allocation of the device. */
int emulated_memory_holds(const void *device, size_t bytes);
int emulated_memory_pinned(const void *host, size_t bytes);

/* ---- emulated_stream.cc ---- */

/* One state for all threads of the host; held through every call. */
extern std::recursive_mutex emulated_lock;
typedef std::lock_guard<std::recursive_mutex> emulated_guard;

/* Keeps the error for cudaGetLastError and answers it. */
cudaError_t emulated_error(cudaError_t error);
/* 1: this call is the one that the test wants to fail. */
int emulated_fails(void);
/* Puts work at the end of the stream. */
cudaError_t emulated_enqueue(std::function<void()> work, cudaStream_t stream);
cudaError_t emulated_enqueue(const emulated_kernel &k, cudaStream_t stream);
/* Does what waits in the stream. */
void emulated_drain(cudaStream_t stream);
void emulated_drain_all(void);
int emulated_capturing(void);

/* Ends the program with a message: for mistakes that a device answers with nonsense. */
[[noreturn]] void emulated_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- small helpers of the header ---- */

template <class T> static inline void emulated_note_pointer(emulated_kernel *k, T argument) {
  if constexpr (std::is_pointer_v<T>) {
    if (argument) k->pointers.push_back(argument);
  }
  (void)k, (void)argument;
}

template <class To, class From> static inline To emulated_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

#endif
