/* What a tape keeps on the GPU, and what adapters ask of it. */
#include "cuda/cuda_state.h"
#include "core/error.h"

/* What NVIDIA recommends for the largest GPUs. A workspace of our own makes results the same from run to run. */
enum { BLAS_WORKSPACE_BYTES = 32 << 20 };

/* ---- errors ---- */

static scrim_status kind_of(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? SCRIM_E_MEMORY : SCRIM_E_DEVICE;
}

int cuda_done(tape *t, cudaError_t error, const char *doing) {
  if (error == cudaSuccess) return 1;
  cudaGetLastError(); /* so that no later launch is blamed for it */
  return tape_fail(t, kind_of(error), "%s on the GPU: %s", doing, cudaGetErrorString(error)) != NULL;
}

scrim_status cuda_status(cudaError_t status, const char *doing, scrim_error *error) {
  if (status == cudaSuccess) return SCRIM_OK;
  cudaGetLastError();
  return fail(error, kind_of(status), "%s on the GPU: %s", doing, cudaGetErrorString(status));
}

int cuda_ok(node *n, cudaError_t launched) {
  return cuda_done(n->tape, launched, tape_op_name(n->kind));
}

int cuda_blas_ok(node *n, cublasStatus_t status) {
  if (status == CUBLAS_STATUS_SUCCESS) return 1;
  return tape_fail(n->tape, SCRIM_E_DEVICE, "%s on the GPU: %s", tape_op_name(n->kind),
                   cublasGetStatusString(status)) != NULL;
}

/* ---- threads ---- */

uint64_t cuda_thread(void) {
  static _Atomic uint64_t given;
  static _Thread_local uint64_t mine;
  if (mine == 0) mine = ++given;
  return mine;
}

void cuda_take_over(cuda_state *s) {
  if (s->thread == cuda_thread()) return;
  cuda_wait_for_all();
  s->thread = cuda_thread();
}

/* ---- life ---- */

cuda_state *cuda_state_of(tape *t) {
  if (t->state) return t->state;
  cuda_state *s = memory_zalloc(1, sizeof *s);
  if (!s) return tape_fail(t, SCRIM_E_MEMORY, "out of memory for the state of a tape"), NULL;
  s->thread = cuda_thread();
  t->state = s;
  return s;
}

void cuda_state_release(void *state) {
  cuda_state *s = state;
  if (!s) return;
  cuda_wait_for_all(); /* nothing of it may still be in use */
  if (s->fft_plans) s->release_fft_plans(s->fft_plans);
  if (s->blas) {
    cuda_exclude_captures(1);
    cublasDestroy(s->blas);
    cuda_exclude_captures(0);
  }
  cuda_free(s->blas_workspace);
  cuda_wipe_free(s->scratch, s->scratch_values * sizeof *s->scratch);
  cuda_graph_free(&s->graph);
  cuda_staging_free(&s->staging);
  cuda_arena_free(s);
  memory_free(s);
}

/* ---- what adapters ask for ---- */

float *cuda_in_place(node *n, int k) {
  return n->in[k]->values.device;
}

float *cuda_in_grad(node *n, int k) {
  return n->in[k] && tape_wants(n->in[k]) ? n->in[k]->gradient.device : NULL;
}

cudaStream_t cuda_stream(const node *n) {
  (void)n;
  return cudaStreamPerThread;
}

float *cuda_scratch(node *n, size_t values) {
  cuda_state *s = cuda_state_of(n->tape);
  if (!s || values <= s->scratch_values) return s ? s->scratch : NULL;
  scrim_error error;
  if (s->graph.capturing)
    return tape_fail(n->tape, SCRIM_E_INTERNAL, "%s wants memory while the pass is noted", tape_op_name(n->kind)), NULL;
  cuda_wipe_free(s->scratch, s->scratch_values * sizeof *s->scratch);
  s->scratch_values = 0;
  s->scratch = cuda_allocate(values * sizeof(float), 0, tape_op_name(n->kind), &error);
  if (!s->scratch) return tape_fail(n->tape, error.status, "%s", error.message), NULL;
  s->scratch_values = values;
  return s->scratch;
}

/* The handle goes with the tape, the stream with the thread. Setting a stream drops the workspace. */
static int blas_follow(node *n, cuda_state *s, cublasHandle_t blas) {
  const int set = cuda_blas_ok(n, cublasSetStream(blas, cuda_stream(n))) &&
                  cuda_blas_ok(n, cublasSetWorkspace(blas, s->blas_workspace, BLAS_WORKSPACE_BYTES));
  if (set) s->blas_thread = cuda_thread();
  return set;
}

static cublasHandle_t blas_create(node *n, cuda_state *s) {
  scrim_error error;
  cublasHandle_t blas;
  if (!s->blas_workspace) s->blas_workspace = cuda_allocate(BLAS_WORKSPACE_BYTES, 0, "cuBLAS", &error);
  if (!s->blas_workspace) return tape_fail(n->tape, error.status, "%s", error.message), NULL;
  cuda_exclude_captures(1);
  const cublasStatus_t made = cublasCreate(&blas);
  cuda_exclude_captures(0);
  if (!cuda_blas_ok(n, made)) return NULL;
  const cublasMath_t mode = n->tape->backend == &cuda_tf32_backend ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_PEDANTIC_MATH;
  if (cuda_blas_ok(n, cublasSetMathMode(blas, mode)) && blas_follow(n, s, blas)) return s->blas = blas;
  cublasDestroy(blas);
  return NULL;
}

cublasHandle_t cuda_blas(node *n) {
  cuda_state *s = cuda_state_of(n->tape);
  if (!s) return NULL;
  if (!s->blas && !s->graph.capturing) return blas_create(n, s);
  if (!s->blas) return tape_fail(n->tape, SCRIM_E_INTERNAL, "a pass wants cuBLAS while it is noted"), NULL;
  return s->blas_thread == cuda_thread() || blas_follow(n, s, s->blas) ? s->blas : NULL;
}

void **cuda_fft_plans(node *n, void (*release)(void *plans)) {
  cuda_state *s = cuda_state_of(n->tape);
  if (s) s->release_fft_plans = release;
  return s ? &s->fft_plans : NULL;
}
