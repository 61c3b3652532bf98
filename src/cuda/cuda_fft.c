/* The transforms that a tape keeps, so that a warm pass plans none. Their work areas are the tape's scratch. */
#include "core/memory.h"
#include "cuda/cuda_ops.h"
#include "cuda/cuda_state.h"
#include <cufft.h>
#include <limits.h>

struct cuda_fft {
  struct cuda_fft *next;
  size_t length, batch, work_bytes; /* work_bytes: what the hungrier direction needs */
  int planned;                      /* of the two */
  cufftHandle plan[2];              /* to spectra, to signals */
};

static void cuda_fft_free(cuda_fft *f) {
  cuda_exclude_captures(1);
  for (int i = 0; i < f->planned; i++) cufftDestroy(f->plan[i]);
  cuda_exclude_captures(0);
  memory_free(f);
}

static void cuda_fft_release(void *plans) {
  for (cuda_fft *f = plans, *next; f; f = next) {
    next = f->next;
    cuda_fft_free(f);
  }
}

/* 0: cuFFT could not. */
static int cuda_fft_plan(cuda_fft *f, cufftType type) {
  cufftHandle *plan = &f->plan[f->planned];
  int length = (int)f->length;
  size_t bytes = 0;
  if (cufftCreate(plan) != CUFFT_SUCCESS) return 0;
  f->planned++;
  if (cufftSetAutoAllocation(*plan, 0) != CUFFT_SUCCESS) return 0;
  if (cufftMakePlanMany(*plan, 1, &length, NULL, 1, 0, NULL, 1, 0, type, (int)f->batch, &bytes) != CUFFT_SUCCESS)
    return 0;
  if (bytes > f->work_bytes) f->work_bytes = bytes;
  return 1;
}

const cuda_fft *cuda_fft_find(node *n, size_t length, size_t batch) {
  cuda_fft **list = (cuda_fft **)cuda_fft_plans(n, cuda_fft_release);
  if (!list) return NULL;
  for (cuda_fft *f = *list; f; f = f->next) {
    if (f->length == length && f->batch == batch) return f;
  }
  if (cuda_state_of(n->tape)->graph.capturing) {
    tape_fail(n->tape, SCRIM_E_INTERNAL, "%s wants a plan while the pass is noted", tape_op_name(n->kind));
    return NULL;
  }
  cuda_fft *f = memory_zalloc(1, sizeof *f);
  if (f && length <= INT_MAX && batch <= INT_MAX) {
    *f = (cuda_fft){.next = *list, .length = length, .batch = batch};
    cuda_exclude_captures(1); /* a plan takes memory of its own */
    const int planned = cuda_fft_plan(f, CUFFT_R2C) && cuda_fft_plan(f, CUFFT_C2R);
    cuda_exclude_captures(0);
    if (planned) return *list = f;
  }
  if (f) cuda_fft_free(f);
  tape_fail(n->tape, SCRIM_E_MEMORY, "%s: no plan for %zu transforms of %zu values", tape_op_name(n->kind), batch,
            length);
  return NULL;
}

size_t cuda_fft_work(const cuda_fft *f) {
  return (f->work_bytes + sizeof(float) - 1) / sizeof(float);
}

static int cuda_fft_ok(node *n, cufftResult result) {
  if (result == CUFFT_SUCCESS) return 1;
  return tape_fail(n->tape, SCRIM_E_DEVICE, "%s: cuFFT answers %d", tape_op_name(n->kind), result) != NULL;
}

/* Where the transform runs and what it works in. */
static int cuda_fft_ready(node *n, cufftHandle plan, float *work) {
  return cuda_fft_ok(n, cufftSetStream(plan, cuda_stream(n))) && cuda_fft_ok(n, cufftSetWorkArea(plan, work));
}

int cuda_fft_forward(node *n, const cuda_fft *f, float *work, float *signals, float *spectra) {
  return cuda_fft_ready(n, f->plan[0], work) &&
         cuda_fft_ok(n, cufftExecR2C(f->plan[0], signals, (cufftComplex *)spectra));
}

int cuda_fft_inverse(node *n, const cuda_fft *f, float *work, float *spectra, float *signals) {
  return cuda_fft_ready(n, f->plan[1], work) &&
         cuda_fft_ok(n, cufftExecC2R(f->plan[1], (cufftComplex *)spectra, signals));
}
