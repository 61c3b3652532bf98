/* The emulation of CUDA itself: right kernels give right answers, and mistakes that it is there to find are found. */
#include "emulated_cuda.h"
#include "emulated_probes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

enum { BYTES = PROBE_THREADS * sizeof(float) };

typedef struct probe {
  float host[PROBE_THREADS];
  float *x, *y; /* the device's; x is as host */
  cudaStream_t stream;
} probe;

static int setup(void **state) {
  static probe p;
  for (int i = 0; i < PROBE_THREADS; i++) p.host[i] = (float)i;
  void *x, *y;
  if (cudaMalloc(&x, BYTES) != cudaSuccess || cudaMalloc(&y, BYTES) != cudaSuccess) return -1;
  if (cudaMemcpy(x, p.host, BYTES, cudaMemcpyHostToDevice) != cudaSuccess) return -1;
  if (cudaStreamCreateWithFlags(&p.stream, cudaStreamNonBlocking) != cudaSuccess) return -1;
  p.x = x;
  p.y = y;
  *state = &p;
  return 0;
}

static int teardown(void **state) {
  probe *p = *state;
  emulated_cuda_order(EMULATED_ASCENDING);
  cudaStreamDestroy(p->stream);
  cudaFree(p->x);
  cudaFree(p->y);
  return 0;
}

/* y, once the stream is done. */
static void fetch(const probe *p, float *y) {
  assert_int_equal(cudaMemcpyAsync(y, p->y, BYTES, cudaMemcpyDeviceToHost, p->stream), cudaSuccess);
  assert_int_equal(cudaStreamSynchronize(p->stream), cudaSuccess);
}

/* 1: the child that does this to the probe ends with a signal or a failure, and not by itself. */
static int dies(void (*mistake)(probe *), probe *p) {
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    signal(SIGSEGV, SIG_DFL); /* cmocka would go on with the next test */
    signal(SIGABRT, SIG_DFL);
    dup2(nowhere, STDERR_FILENO);
    mistake(p);
    _exit(0);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status != 0;
}

/* ---- what is right ---- */

static void shuffles_and_shared_memory_add_up(void **state) {
  const probe *p = *state;
  float y[PROBE_THREADS];
  for (int order = 0; order < EMULATED_ORDERS; order++) {
    emulated_cuda_order((emulated_order)order);
    assert_int_equal(probe_sum(p->x, p->y, p->stream), cudaSuccess);
    fetch(p, y);
    assert_float_equal(y[0], PROBE_THREADS * (PROBE_THREADS - 1) / 2, 0);
  }
}

static void halves_of_a_warp_vote_apart(void **state) {
  const probe *p = *state;
  float y[PROBE_THREADS];
  assert_int_equal(probe_votes(p->y, p->stream), cudaSuccess);
  fetch(p, y);
  assert_float_equal(y[0], 0x0000aaaa, 0);
  assert_float_equal(y[31], (float)0xaaaa0000u, 0);
}

static void a_graph_does_it_again(void **state) {
  const probe *p = *state;
  float y[PROBE_THREADS] = {0};
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  assert_int_equal(cudaStreamBeginCapture(p->stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  assert_int_equal(probe_sum(p->x, p->y, p->stream), cudaSuccess);
  assert_int_equal(cudaStreamSynchronize(p->stream), cudaErrorStreamCaptureUnsupported);
  assert_int_equal(cudaStreamEndCapture(p->stream, &graph), cudaSuccess);
  assert_int_equal(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
  for (int run = 0; run < 2; run++) {
    assert_int_equal(cudaMemsetAsync(p->y, 0, BYTES, p->stream), cudaSuccess);
    fetch(p, y);
    assert_float_equal(y[0], 0, 0);
    assert_int_equal(cudaGraphLaunch(exec, p->stream), cudaSuccess);
    fetch(p, y);
    assert_float_equal(y[0], PROBE_THREADS * (PROBE_THREADS - 1) / 2, 0);
  }
  cudaGraphExecDestroy(exec);
  cudaGraphDestroy(graph);
  cudaGetLastError();
}

/* ---- what is not ---- */

static void a_missing_wait_shows_in_another_order(void **state) {
  const probe *p = *state;
  float y[2][2][PROBE_THREADS]; /* [waits][order] */
  for (int waits = 0; waits < 2; waits++) {
    for (int order = EMULATED_ASCENDING; order <= EMULATED_DESCENDING; order++) {
      emulated_cuda_order((emulated_order)order);
      assert_int_equal(probe_shift(p->x, p->y, waits, p->stream), cudaSuccess);
      fetch(p, y[waits][order]);
    }
  }
  assert_memory_equal(y[1][0], y[1][1], BYTES);
  assert_memory_not_equal(y[0][0], y[0][1], BYTES);
}

static void nothing_is_done_before_somebody_waits(void **state) {
  const probe *p = *state;
  float y[1];
  void *pinned;
  assert_int_equal(cudaMallocHost(&pinned, BYTES), cudaSuccess);
  memset(pinned, 0, BYTES);
  assert_int_equal(probe_sum(p->x, p->y, p->stream), cudaSuccess);
  assert_int_equal(cudaMemcpyAsync(pinned, p->y, BYTES, cudaMemcpyDeviceToHost, p->stream), cudaSuccess);
  memcpy(y, pinned, sizeof y);
  assert_float_equal(y[0], 0, 0);
  assert_int_equal(cudaStreamSynchronize(p->stream), cudaSuccess);
  memcpy(y, pinned, sizeof y);
  assert_float_equal(y[0], PROBE_THREADS * (PROBE_THREADS - 1) / 2, 0);
  cudaFreeHost(pinned);
}

static void leave_lanes_alone(probe *p) {
  probe_left_alone(p->stream);
  cudaStreamSynchronize(p->stream);
}

static void launch_on_the_hosts_memory(probe *p) {
  probe_store(p->host, 0, p->stream);
}

static void read_the_devices_memory(probe *p) {
  volatile float *x = p->x;
  (void)*x;
}

static void copy_the_wrong_way(probe *p) {
  cudaMemcpy(p->host, p->x, BYTES, cudaMemcpyHostToDevice);
}

static void store_past_the_end(probe *p) {
  probe_store(p->x, PROBE_THREADS, p->stream);
  cudaStreamSynchronize(p->stream);
}

static void store_within(probe *p) {
  probe_store(p->y, PROBE_THREADS - 1, p->stream);
  cudaStreamSynchronize(p->stream);
}

static void mistakes_end_the_program(void **state) {
  probe *p = *state;
  assert_false(dies(store_within, p));
  assert_true(dies(leave_lanes_alone, p));
  assert_true(dies(launch_on_the_hosts_memory, p));
  assert_true(dies(read_the_devices_memory, p));
  assert_true(dies(copy_the_wrong_way, p));
#ifdef WITH_ASAN
  assert_true(dies(store_past_the_end, p));
#else
  assert_false(dies(store_past_the_end, p)); /* it lands in the red zone, where nobody looks */
#endif
}

static void a_block_that_is_too_large_is_refused(void **state) {
  const probe *p = *state;
  assert_int_equal(probe_block(1024, p->stream), cudaSuccess);
  assert_int_equal(probe_block(1025, p->stream), cudaErrorInvalidConfiguration);
  assert_int_equal(probe_block(0, p->stream), cudaErrorInvalidConfiguration);
  assert_int_equal(cudaGetLastError(), cudaErrorInvalidConfiguration);
  assert_int_equal(cudaGetLastError(), cudaSuccess);
}

static void memory_is_as_large_as_it_is_said_to_be(void **state) {
  (void)state;
  void *block;
  size_t left, total;
  emulated_cuda_memory(emulated_cuda_allocated() + 1000);
  assert_int_equal(cudaMemGetInfo(&left, &total), cudaSuccess);
  assert_int_equal(left, 1000);
  assert_int_equal(cudaMalloc(&block, 1001), cudaErrorMemoryAllocation);
  assert_int_equal(cudaMalloc(&block, 1000), cudaSuccess);
  cudaFree(block);
  emulated_cuda_memory(0);
  cudaGetLastError();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(shuffles_and_shared_memory_add_up, setup, teardown),
      cmocka_unit_test_setup_teardown(halves_of_a_warp_vote_apart, setup, teardown),
      cmocka_unit_test_setup_teardown(a_graph_does_it_again, setup, teardown),
      cmocka_unit_test_setup_teardown(a_missing_wait_shows_in_another_order, setup, teardown),
      cmocka_unit_test_setup_teardown(nothing_is_done_before_somebody_waits, setup, teardown),
      cmocka_unit_test_setup_teardown(mistakes_end_the_program, setup, teardown),
      cmocka_unit_test_setup_teardown(a_block_that_is_too_large_is_refused, setup, teardown),
      cmocka_unit_test_setup_teardown(memory_is_as_large_as_it_is_said_to_be, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
