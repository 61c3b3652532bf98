/* Uploads through pinned memory, so that the host goes on while the GPU copies. */
#include "cuda/cuda_state.h"
#include <string.h>

enum { HALF_BYTES = 1 << 20 };

static int half_create(tape *t, cuda_staging *s, int k) {
  if (s->half[k]) return 1;
  void *half;
  if (!s->copied[k] &&
      !cuda_done(t, cudaEventCreateWithFlags(&s->copied[k], cudaEventDisableTiming), "an event for uploads"))
    return 0;
  if (!cuda_done(t, cudaMallocHost(&half, HALF_BYTES), "pinned memory for uploads")) return 0;
  s->half[k] = half;
  return 1;
}

/* The other half's turn, once the GPU has read it. */
static int flip(tape *t, cuda_staging *s) {
  if (!cuda_done(t, cudaEventRecord(s->copied[s->turn], cudaStreamPerThread), "upload")) return 0;
  s->turn = (s->turn + 1) % STAGING_HALVES;
  s->used = 0;
  return half_create(t, s, s->turn) && cuda_done(t, cudaEventSynchronize(s->copied[s->turn]), "upload");
}

int cuda_staging_upload(tape *t, cuda_staging *s, void *to, const void *from, size_t bytes) {
  unsigned char *target = to;
  const unsigned char *source = from;
  if (!half_create(t, s, s->turn)) return 0;
  while (bytes > 0) {
    if (s->used == HALF_BYTES && !flip(t, s)) return 0;
    const size_t room = HALF_BYTES - s->used, n = bytes < room ? bytes : room;
    unsigned char *place = s->half[s->turn] + s->used;
    memcpy(place, source, n);
    if (!cuda_done(t, cudaMemcpyAsync(target, place, n, cudaMemcpyHostToDevice, cudaStreamPerThread), "upload"))
      return 0;
    s->used += n;
    source += n;
    target += n;
    bytes -= n;
  }
  return 1;
}

void cuda_staging_free(cuda_staging *s) {
  for (int k = 0; k < STAGING_HALVES; k++) {
    if (s->half[k]) memory_wipe(s->half[k], HALF_BYTES); /* raw data goes through here */
    cudaFreeHost(s->half[k]);
    if (s->copied[k]) cudaEventDestroy(s->copied[k]);
  }
}
