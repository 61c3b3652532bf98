/* Device memory of a tape: a chain of blocks that becomes a single one after the first round. */
#include "core/error.h"
#include "cuda/cuda_state.h"
#include <stdint.h>

/* What cudaMalloc aligns to; the first block is small beside any GPU's memory and holds most networks. */
enum { ALIGNMENT = 256, FIRST_BLOCK = 4 << 20 };

static const double MEBI = 1 << 20;

void *cuda_allocate(size_t bytes, size_t held, const char *holder, scrim_error *error) {
  void *block = NULL;
  cuda_exclude_captures(1);
  const cudaError_t made = cudaMalloc(&block, bytes);
  cuda_exclude_captures(0);
  if (made == cudaSuccess) return block;
  cudaGetLastError();
  size_t available = 0, total = 0;
  if (made != cudaErrorMemoryAllocation || cudaMemGetInfo(&available, &total) != cudaSuccess) {
    cuda_status(made, "memory", error);
    return NULL;
  }
  fail(error, SCRIM_E_MEMORY, "out of GPU memory: %s asks for %.1f MiB and holds %.1f; %.1f of %.1f MiB are free",
       holder, (double)bytes / MEBI, (double)held / MEBI, (double)available / MEBI, (double)total / MEBI);
  return NULL;
}

void cuda_free(void *block) {
  if (!block) return;
  cuda_exclude_captures(1);
  cudaFree(block);
  cudaGetLastError();
  cuda_exclude_captures(0);
}

void cuda_wipe_free(void *block, size_t bytes) {
  if (block) cudaMemsetAsync(block, 0, bytes, cudaStreamPerThread);
  cuda_free(block);
}

void cuda_wait_for_all(void) {
  cuda_exclude_captures(1);
  cudaDeviceSynchronize();
  cudaGetLastError(); /* it is told where the work was asked for, or its results are */
  cuda_exclude_captures(0);
}

static size_t arena_bytes(const cuda_state *s) {
  size_t bytes = 0;
  for (const cuda_block *b = s->newest; b; b = b->older) bytes += b->bytes;
  return bytes;
}

/* Doubling keeps the number of blocks of a first round logarithmic; near the end of memory what is needed must do. */
static void *allocate_block(cuda_state *s, size_t *bytes, size_t need, scrim_error *error) {
  const size_t held = arena_bytes(s), doubled = 2 * held > FIRST_BLOCK ? 2 * held : FIRST_BLOCK;
  *bytes = doubled > need ? doubled : need;
  void *base = cuda_allocate(*bytes, held, "a pass", error);
  if (base || *bytes == need || error->status != SCRIM_E_MEMORY) return base;
  *bytes = need;
  return cuda_allocate(need, held, "a pass", error);
}

static cuda_block *grow(cuda_state *s, size_t need, scrim_error *error) {
  cuda_block *b = memory_zalloc(1, sizeof *b);
  if (!b) return fail(error, SCRIM_E_MEMORY, "out of memory for a block of the GPU's"), NULL;
  b->base = allocate_block(s, &b->bytes, need, error);
  if (!b->base) {
    memory_free(b);
    return NULL;
  }
  b->older = s->newest;
  s->newest = b;
  return b;
}

void *cuda_arena_room(tape *t, cuda_state *s, size_t bytes) {
  scrim_error error = {0};
  cuda_block *b = s->newest;
  const size_t need = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (need < bytes) return tape_fail(t, SCRIM_E_ARGUMENT, "%zu bytes on the GPU cannot be addressed", bytes), NULL;
  if (!b || need > b->bytes - b->used) {
    if (s->graph.capturing) return tape_fail(t, SCRIM_E_INTERNAL, "a pass wants memory while it is noted"), NULL;
    b = grow(s, need, &error);
  }
  if (!b) return tape_fail(t, error.status, "%s", error.message), NULL;
  void *room = b->base + b->used;
  b->used += need;
  return room;
}

static void drop_newest(cuda_state *s) {
  cuda_block *b = s->newest;
  s->newest = b->older;
  cuda_wipe_free(b->base, b->bytes);
  memory_free(b);
}

/* Without memory for a joined block the next round makes a chain again. */
void cuda_arena_reset(cuda_state *s) {
  const size_t bytes = arena_bytes(s);
  if (s->newest && s->newest->older) {
    scrim_error error;
    cuda_arena_free(s);
    grow(s, bytes, &error);
  }
  if (s->newest) s->newest->used = 0;
}

void cuda_arena_free(cuda_state *s) {
  while (s->newest) drop_newest(s);
}
