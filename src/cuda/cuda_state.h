/* What a tape keeps on the GPU from pass to pass. Made at the first pass, freed with the tape. */
#ifndef CUDA_STATE_H
#define CUDA_STATE_H

#include "cuda/cuda.h"

/* A bump allocator of device memory: one block once warm. Blocks are described in the host's memory. */
typedef struct cuda_block {
  struct cuda_block *older;
  unsigned char *base;
  size_t bytes, used;
} cuda_block;

/* Halves of pinned memory that take turns: while the GPU still copies from one, the host fills the other. */
enum { STAGING_HALVES = 2 };
typedef struct cuda_staging {
  unsigned char *half[STAGING_HALVES]; /* NULL: not made yet */
  cudaEvent_t copied[STAGING_HALVES];  /* the last copy from it is done */
  int turn;
  size_t used; /* of the half whose turn it is */
} cuda_staging;

/* A pass as the GPU repeats it. What it borrowed from the host goes through pinned memory at fixed places. */
typedef struct cuda_source {
  const void *host;
  size_t at, bytes; /* in `pinned` */
} cuda_source;
typedef struct cuda_graph {
  int capturing;
  cudaGraphExec_t run; /* NULL: none */
  cudaEvent_t done;    /* the last run */
  unsigned char *pinned;
  size_t pinned_bytes, pinned_used;
  cuda_source *sources;
  size_t n_sources, most_sources;
} cuda_graph;

typedef struct cuda_state {
  cuda_block *newest;
  cuda_staging staging;
  cuda_graph graph;
  float *scratch;
  size_t scratch_values;
  cublasHandle_t blas;
  void *blas_workspace;
  uint64_t blas_thread; /* whose stream the handle works in */
  void *fft_plans;
  void (*release_fft_plans)(void *plans);
  uint64_t thread; /* that made the last pass: its stream has the work */
} cuda_state;

/* The tape's, made if need be; NULL (sticky): out of memory. */
cuda_state *cuda_state_of(tape *t);
void cuda_state_release(void *state);
/* The calling thread's number, never given out again: a pthread_t comes back when its thread has ended. */
uint64_t cuda_thread(void);
/* Before a tape's memory is used anew: waits for the thread that made the last pass, if it was another. */
void cuda_take_over(cuda_state *s);

/* 1: no error; else 0, and the tape's error says what was being done. */
int cuda_done(tape *t, cudaError_t error, const char *doing);
/* The same for what belongs to no tape. */
scrim_status cuda_status(cudaError_t status, const char *doing, scrim_error *error);

/* cuda_arena.c */
void *cuda_arena_room(tape *t, cuda_state *s, size_t bytes);
void cuda_arena_reset(cuda_state *s);
void cuda_arena_free(cuda_state *s);
/* Device memory, or NULL with *error naming the sizes asked for, held by whoever asks, and free. */
void *cuda_allocate(size_t bytes, size_t held, const char *holder, scrim_error *error);
/* Wait for who uses it; NULL is fine. The second, of what may hold raw data. */
void cuda_free(void *block);
void cuda_wipe_free(void *block, size_t bytes);
void cuda_wait_for_all(void); /* for the work of all threads */

/* cuda_staging.c */
int cuda_staging_upload(tape *t, cuda_staging *s, void *to, const void *from, size_t bytes);
void cuda_staging_free(cuda_staging *s);

/* cuda_replay.c */
extern const device_replay cuda_replay;
int cuda_graph_upload(tape *t, cuda_graph *g, void *to, const void *from, size_t bytes);
void cuda_graph_forget(cuda_graph *g);
void cuda_graph_free(cuda_graph *g);
/*
 * While a thread takes note of its pass, no other may allocate, free or wait for the whole device: it would spoil both.
 * 1 waits for such a thread and keeps others from becoming one; 0 ends that. cuda_arena.c does it for all of these,
 * and who makes handles and plans, which take memory of their own, does it too.
 */
void cuda_exclude_captures(int on);

scrim_status cuda_describe(char *text, size_t bytes, scrim_error *error); /* cuda_open.c */

extern const device_memory cuda_memory;       /* cuda_memory.c */
extern const device_optimizer cuda_optimizer; /* cuda_optimizer.c */

#endif
