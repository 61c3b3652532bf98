/* The memory of the GPU, as the tape sees it. */
#include "cuda/cuda_state.h"

static void *memory_room(tape *t, size_t bytes) {
  cuda_state *s = cuda_state_of(t);
  return s ? cuda_arena_room(t, s, bytes) : NULL;
}

static void memory_reset(tape *t) {
  cuda_state *s = t->state;
  if (!s) return;
  cuda_take_over(s);
  cuda_graph_forget(&s->graph);
  cuda_arena_reset(s);
}

static int memory_upload(tape *t, void *to, const void *from, size_t bytes) {
  cuda_state *s = cuda_state_of(t);
  if (!s) return 0;
  return s->graph.capturing ? cuda_graph_upload(t, &s->graph, to, from, bytes)
                            : cuda_staging_upload(t, &s->staging, to, from, bytes);
}

static scrim_status memory_zero(void *at, size_t bytes, scrim_error *error) {
  return cuda_status(cudaMemsetAsync(at, 0, bytes, cudaStreamPerThread), "zeroing", error);
}

static void *memory_keep(size_t bytes, scrim_error *error) {
  return cuda_allocate(bytes, 0, "a network's parameter", error);
}

static void memory_drop(void *kept) {
  cuda_free(kept);
}

/* Waits, so that whatever thread uses the copy next finds it there. */
static scrim_status memory_upload_kept(void *to, const void *from, size_t bytes, scrim_error *error) {
  cudaError_t status = cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, cudaStreamPerThread);
  if (status == cudaSuccess) status = cudaStreamSynchronize(cudaStreamPerThread);
  return cuda_status(status, "upload", error);
}

static scrim_status memory_download(void *to, const void *from, size_t bytes, scrim_error *error) {
  cudaError_t status = cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, cudaStreamPerThread);
  if (status == cudaSuccess) status = cudaStreamSynchronize(cudaStreamPerThread);
  return cuda_status(status, "download", error);
}

const device_memory cuda_memory = {
    .room = memory_room,
    .reset = memory_reset,
    .upload = memory_upload,
    .zero = memory_zero,
    .keep = memory_keep,
    .drop = memory_drop,
    .upload_kept = memory_upload_kept,
    .download = memory_download,
};
