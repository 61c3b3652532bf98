/*
 * Memory of the device: one reservation, which nobody can reach while nothing of the device runs. First fit; each
 * allocation is followed by a red zone.
 */
#include "emulated_parts.h"
#include "emulated_stack.h" /* EMULATED_ASAN */
#include <cstdlib>
#include <map>
#include <new>
#include <sys/mman.h>

#ifdef EMULATED_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

namespace {

const size_t reservation = 512u << 20, alignment = 256, page = 4096;
const size_t most_nan = 1u << 20; /* bytes of new memory that are filled: workspaces are large and seldom read */

struct device_memory {
  char *base = nullptr;
  size_t limit = reservation, allocated = 0;
  size_t top = 0; /* bytes from the base on that were ever allocated */
  int open = 0;
  std::map<size_t, size_t> blocks; /* offset -> bytes asked for */
  std::map<const char *, size_t> pinned;
  unsigned long allocations = 0;
};

/* Kept for the life of the program, so that nothing is destroyed before its last user. */
device_memory &device() {
  static device_memory *d = new device_memory();
  if (d->base) return *d;
  void *at = mmap(nullptr, reservation, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) emulated_die("no address space for the device's memory");
  d->base = static_cast<char *>(at);
  return *d;
}

size_t round_up(size_t bytes, size_t to) {
  return (bytes + to - 1) / to * to;
}

/* What an allocation takes up: the red zone is at least one unit of alignment. */
size_t footprint(size_t bytes) {
  return round_up(bytes + alignment, alignment);
}

void protect(int rights) {
  device_memory &d = device();
  if (d.top && mprotect(d.base, round_up(d.top, page), rights) != 0) emulated_die("mprotect fails");
}

/* Offset of the first gap that is wide enough, or of the end. */
size_t first_fit(size_t bytes) {
  size_t end = 0;
  for (const auto &block : device().blocks) {
    if (block.first - end >= bytes) return end;
    end = block.first + footprint(block.second);
  }
  return end;
}

} // namespace

void emulated_memory_open(void) {
  if (device().open++ == 0) protect(PROT_READ | PROT_WRITE);
}

void emulated_memory_close(void) {
  if (--device().open == 0) protect(PROT_NONE);
}

int emulated_memory_holds(const void *at, size_t bytes) {
  const device_memory &d = device();
  const char *p = static_cast<const char *>(at);
  if (p < d.base || p >= d.base + reservation) return 0;
  const size_t offset = static_cast<size_t>(p - d.base);
  auto block = d.blocks.upper_bound(offset);
  if (block == d.blocks.begin()) return 0;
  --block;
  return offset + bytes <= block->first + block->second;
}

int emulated_memory_pinned(const void *host, size_t bytes) {
  const device_memory &d = device();
  const char *p = static_cast<const char *>(host);
  auto block = d.pinned.upper_bound(p);
  if (block == d.pinned.begin()) return 0;
  --block;
  return p + bytes <= block->first + block->second;
}

extern "C" {

cudaError_t cudaMalloc(void **out, size_t bytes) {
  emulated_guard guard(emulated_lock);
  device_memory &d = device();
  *out = nullptr;
  if (emulated_capturing()) return emulated_error(cudaErrorStreamCaptureUnsupported);
  if (bytes == 0) return cudaSuccess;
  const size_t at = first_fit(footprint(bytes));
  if (emulated_fails() || bytes > d.limit || d.allocated > d.limit - bytes || at + footprint(bytes) > reservation) {
    return emulated_error(cudaErrorMemoryAllocation);
  }
  d.blocks[at] = bytes;
  d.allocated += bytes;
  d.allocations++;
  if (at + footprint(bytes) > d.top) d.top = at + footprint(bytes);
  emulated_memory_open();
  protect(PROT_READ | PROT_WRITE); /* the top may have risen */
  ASAN_UNPOISON_MEMORY_REGION(d.base + at, bytes);
  std::memset(d.base + at, 0xff, bytes < most_nan ? bytes : most_nan);
  ASAN_POISON_MEMORY_REGION(d.base + at + bytes, footprint(bytes) - bytes);
  emulated_memory_close();
  *out = d.base + at;
  return cudaSuccess;
}

cudaError_t cudaFree(void *at) {
  emulated_guard guard(emulated_lock);
  if (!at) return cudaSuccess;
  if (emulated_capturing()) return emulated_error(cudaErrorStreamCaptureUnsupported);
  emulated_drain_all();
  device_memory &d = device();
  const auto block = d.blocks.find(static_cast<size_t>(static_cast<char *>(at) - d.base));
  if (block == d.blocks.end()) emulated_die("cudaFree of what cudaMalloc did not give");
  ASAN_POISON_MEMORY_REGION(at, block->second);
  /* Whole pages go back to the system: mprotect takes as long as there are pages. */
  const size_t first = round_up(block->first, page), end = (block->first + block->second) / page * page;
  if (end > first) madvise(d.base + first, end - first, MADV_DONTNEED);
  d.allocated -= block->second;
  d.blocks.erase(block);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void **out, size_t bytes) {
  emulated_guard guard(emulated_lock);
  *out = emulated_fails() ? nullptr : std::aligned_alloc(alignment, round_up(bytes ? bytes : 1, alignment));
  if (!*out) return emulated_error(cudaErrorMemoryAllocation);
  device().pinned[static_cast<char *>(*out)] = bytes;
  device().allocations++;
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **out, size_t bytes, unsigned) {
  return cudaMallocHost(out, bytes);
}

cudaError_t cudaFreeHost(void *host) {
  emulated_guard guard(emulated_lock);
  if (!host) return cudaSuccess;
  emulated_drain_all();
  if (!device().pinned.erase(static_cast<char *>(host)))
    emulated_die("cudaFreeHost of what cudaMallocHost did not give");
  std::free(host);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *left, size_t *total) {
  emulated_guard guard(emulated_lock);
  *total = device().limit;
  *left = device().limit > device().allocated ? device().limit - device().allocated : 0;
  return cudaSuccess;
}

void emulated_cuda_memory(size_t bytes) {
  device().limit = bytes && bytes < reservation ? bytes : reservation;
}
unsigned long emulated_cuda_allocations(void) {
  return device().allocations;
}
size_t emulated_cuda_allocated(void) {
  return device().allocated;
}

} /* extern "C" */
