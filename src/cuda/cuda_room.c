#include "cuda/cuda_room.h"

#include "core/error.h"
#include "cuda/cuda_state.h"

enum { CARVE_ALIGNMENT = 256 };

void *cuda_carve(cuda_carver *c, size_t bytes) {
  void *piece = c->base != NULL ? c->base + c->used : NULL;
  c->used += (bytes + CARVE_ALIGNMENT - 1) / CARVE_ALIGNMENT * CARVE_ALIGNMENT;
  return piece;
}

/* A failed wipe has no remedy: the device is gone, and its memory with it. */
static void free_device(cuda_room *r) {
  if (r->device != NULL) cuda_wait_for_all();
  cuda_wipe_free(r->device, r->device_bytes);
  r->device = NULL;
  r->device_bytes = 0;
}

static void free_pinned(cuda_room *r) {
  if (r->pinned != NULL) {
    cuda_wait_for_all();
    memory_wipe(r->pinned, r->pinned_bytes);
    cudaFreeHost(r->pinned);
  }
  r->pinned = NULL;
  r->pinned_bytes = 0;
}

void cuda_room_free(cuda_room *r) {
  free_device(r);
  free_pinned(r);
}

scrim_status cuda_room_make(cuda_room *r, size_t device_bytes, size_t pinned_bytes, const char *holder,
                            scrim_error *error) {
  if (device_bytes > r->device_bytes) {
    free_device(r);
    scrim_error cause = {0};
    r->device = cuda_allocate(device_bytes, 0, holder, &cause);
    if (r->device == NULL) return fail(error, cause.status, "%s", cause.message);
    r->device_bytes = device_bytes;
  }
  if (pinned_bytes > r->pinned_bytes) {
    free_pinned(r);
    const scrim_status status = cuda_status(cudaMallocHost(&r->pinned, pinned_bytes), "pinned memory", error);
    if (status != SCRIM_OK) {
      r->pinned = NULL;
      return status;
    }
    r->pinned_bytes = pinned_bytes;
  }
  return SCRIM_OK;
}
