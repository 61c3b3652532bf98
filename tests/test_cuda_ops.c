/*
 * The kernels of the GPU on the processor (emulated_cuda.h): every case of op_cases.h, result and gradients, against the
 * plain C kernels in double. That checks their arithmetic, their addresses and their order, not the device.
 */
#include "cuda/cuda_state.h"
#include "emulated_cuda.h"
#include "op_fixture.h"

#include <string.h>

/* As for the CPU's kernels. */
static const double float_tolerance = 1e-5;

/* ---- memory that has nothing behind it ---- */

/*
 * On the tape's arena a kernel that goes past an end finds its neighbour. Here each tensor is an allocation of its own, so
 * that ASan and the emulation see it. Tests run one tape at a time.
 */
enum { MOST_ROOMS = 256 };
static void *rooms[MOST_ROOMS];
static size_t n_rooms;

static void *strict_room(tape *t, size_t bytes) {
  if (n_rooms == MOST_ROOMS || cudaMalloc(&rooms[n_rooms], bytes) != cudaSuccess) {
    return tape_fail(t, SCRIM_E_MEMORY, "no room for %zu bytes", bytes);
  }
  return rooms[n_rooms++];
}

static void strict_reset(tape *t) {
  cuda_memory.reset(t);
  while (n_rooms > 0) cudaFree(rooms[--n_rooms]);
}

static device_memory strict_memory;
static backend strict_backend;

static int setup(void **state) {
  strict_memory = cuda_memory;
  strict_memory.room = strict_room;
  strict_memory.reset = strict_reset;
  strict_backend = cuda_backend;
  strict_backend.memory = &strict_memory;
  return group_setup(state);
}

static int teardown(void **state) {
  (void)state;
  while (n_rooms > 0) cudaFree(rooms[--n_rooms]);
  return 0;
}

/* ---- the list ---- */

static void kernels_match_double(void **state) {
  (void)state;
  for (size_t i = 0; i < N_OP_CASES; i++) check_case(&strict_backend, i, float_tolerance);
}

static size_t fallbacks(const backend *b, const op_case *c) {
  fixture f;
  case_run r;
  const char *name;
  assert_true(fixture_open(&f, c, b));
  assert_int_equal(fixture_run(&f, &r), SCRIM_OK);
  const size_t count = tape_fallbacks(f.tape, &name);
  fixture_close(&f);
  return count;
}

/* Else the test above would be of the CPU's kernels. */
static void nothing_falls_back_to_the_processor(void **state) {
  (void)state;
  const unsigned long before = emulated_cuda_launches();
  for (size_t i = 0; i < N_OP_CASES; i++) {
    if (!op_cases[i].large) assert_int_equal(fallbacks(&strict_backend, &op_cases[i]), 0);
  }
  assert_true(emulated_cuda_launches() > before + N_OP_CASES);
  strict_backend.op[OP_RELU] = (kernel){0};
  for (size_t i = 0; i < N_OP_CASES; i++) {
    if (strcmp(op_cases[i].name, "relu") == 0) assert_int_equal(fallbacks(&strict_backend, &op_cases[i]), 2);
  }
  strict_backend.op[OP_RELU] = cuda_backend.op[OP_RELU];
}

static void every_operation_has_kernels(void **state) {
  (void)state;
  for (int kind = 0; kind < OP_COUNT; kind++) {
    if (!cuda_backend.op[kind].forward || !cuda_backend.op[kind].backward) {
      fail_msg("%s has none", tape_op_name((op_kind)kind));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_match_double),
      cmocka_unit_test(nothing_falls_back_to_the_processor),
      cmocka_unit_test(every_operation_has_kernels),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
