/*
 * The kernels of the GPU on the processor (emulated_cuda.h): every case of op_cases.h, result and gradients, against
 * the plain C kernels in double. That checks their arithmetic, their addresses and their order, not the device.
 */
#include "cuda/cuda_ops.h"
#include "cuda/cuda_state.h"
#include "emulated_cuda.h"
#include "op_cases_wide.h"

#include <string.h>

/* As for the CPU's kernels. */
static const double float_tolerance = 1e-5;

/* ---- memory that has nothing behind it ---- */

/*
 * On the tape's arena a kernel that goes past an end finds its neighbour. Here each tensor is an allocation of its own,
 * so that ASan and the emulation see it. Tests run one tape at a time.
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

/* Operations that do their work in parts, with room for next to nothing. */
static void so_do_they_in_small_parts(void **state) {
  (void)state;
  const size_t most = cuda_most_scratch;
  cuda_most_scratch = 64;
  for (size_t i = 0; i < N_OP_CASES; i++) {
    if (!op_cases[i].large) check_case(&strict_backend, i, float_tolerance);
  }
  cuda_most_scratch = most;
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

/* ---- shapes that make kernels choose another way ---- */

static void other_shapes_match_the_processor(void **state) {
  (void)state;
  for (size_t i = 0; i < N_WIDE_CASES; i++) check_as_the_processor(&strict_backend, &wide_cases[i], float_tolerance);
}

/* More values than a grid has threads, counted: sums of ones are exact. */
static void values_beyond_the_grid_are_reached(void **state) {
  (void)state;
  const int n = (1 << 21) + 1000;
  tape *t;
  assert_int_equal(tape_create(&t, &cuda_backend, NULL), SCRIM_OK);
  tensor *zeros = tape_zeros(t, 1, &n);
  const float *sum = tensor_values(op_sum(t, op_affine(t, zeros, 1, 1)));
  assert_non_null(sum);
  assert_float_equal(*sum, (float)n, 0);
  tape_free(t);
}

/*
 * ---- the same bits in a second pass, and whatever the order of threads and blocks; nothing allocated once warm ----
 */

/* The first two passes may allocate: blocks, a joined block. Inputs are small: uploads stay in their first MiB. */
static void check_orders(const op_case *c) {
  fixture f;
  size_t n, again;
  unsigned long allocations = 0;
  assert_true(fixture_open(&f, c, &cuda_backend));
  float *first = pass_values(&f, &n);
  for (int order = EMULATED_ASCENDING + 1; order < EMULATED_ORDERS; order++) {
    allocations = emulated_cuda_allocations();
    emulated_cuda_order((emulated_order)order);
    float *other = pass_values(&f, &again);
    emulated_cuda_order(EMULATED_ASCENDING);
    assert_int_equal(again, n);
    if (memcmp(first, other, n * sizeof *first) != 0) fail_msg("%s: other bits in order %d", c->name, order);
    free(other);
  }
  if (emulated_cuda_allocations() != allocations) fail_msg("%s allocates when warm", c->name);
  free(first);
  fixture_close(&f);
}

static void passes_are_the_same_in_any_order_and_allocate_once(void **state) {
  (void)state;
  for (size_t i = 0; i < N_OP_CASES; i++) {
    if (!op_cases[i].large) check_orders(&op_cases[i]);
  }
  for (size_t i = 0; i < N_WIDE_CASES; i++) check_orders(&wide_cases[i]);
}

/* ---- repetition: a recorded pass on other inputs, as a graph ---- */

static void check_repeated(const op_case *c) {
  fixture here, there;
  case_run a = {0}, b = {0};
  assert_true(fixture_open(&here, c, &cpu_backend));
  assert_true(fixture_open(&there, c, &cuda_backend));
  assert_int_equal(fixture_run(&here, &a), SCRIM_OK);
  assert_int_equal(fixture_run(&there, &b), SCRIM_OK);
  for (int time = 0; time < 2; time++) {
    for (size_t i = 0; i < a.in[0]->n; i++) b.in[0]->data[i] = a.in[0]->data[i] *= 1.25f;
    assert_int_equal(tape_replay(here.tape, NULL), SCRIM_OK);
    assert_int_equal(tape_replay(there.tape, NULL), SCRIM_OK);
    check_values(c, "output again", tensor_values(b.out), a.out->data, a.out->n, float_tolerance);
  }
  fixture_close(&there);
  fixture_close(&here);
}

static void every_operation_can_be_repeated(void **state) {
  (void)state;
  for (size_t i = 0; i < N_OP_CASES; i++) {
    if (!op_cases[i].large) check_repeated(&op_cases[i]);
  }
}

/* ---- failures ---- */

/* Each call of the device fails in turn. Memory may be had at a second try: then the pass is as good as any. */
static void check_failures(const op_case *c) {
  fixture f;
  size_t n, again;
  assert_true(fixture_open(&f, c, &cuda_backend));
  float *sound = pass_values(&f, &n);
  fixture_close(&f);
  for (unsigned long call = 1, failed = 1; failed; call++) {
    case_run r;
    assert_true(fixture_open(&f, c, &cuda_backend));
    emulated_cuda_fail_at(call);
    const scrim_status status = fixture_run(&f, &r);
    failed = (unsigned long)emulated_cuda_fail_at(0);
    if (status != SCRIM_OK && status != SCRIM_E_MEMORY && status != SCRIM_E_DEVICE) {
      fail_msg("%s: status %d when call %lu fails", c->name, status, call);
    }
    for (int pass = status != SCRIM_OK; pass < 2; pass++) { /* the tape is as good as before */
      float *values = pass == 0 ? values_of(&f, &r, &again) : pass_values(&f, &again);
      assert_int_equal(again, n);
      assert_memory_equal(values, sound, n * sizeof *values);
      free(values);
    }
    fixture_close(&f);
  }
  free(sound);
}

static void every_failed_call_is_reported(void **state) {
  (void)state;
  for (size_t i = 0; i < N_OP_CASES; i += 5) {
    if (!op_cases[i].large) check_failures(&op_cases[i]);
  }
}

/* ---- noise ---- */

/* A tape of the backend with the first stream of seed 1. */
static tape *noisy_tape(const backend *b, random_source **random) {
  tape *t;
  assert_int_equal(tape_create(&t, b, NULL), SCRIM_OK);
  assert_int_equal(random_source_from_seed(random, 1, NULL), SCRIM_OK);
  tape_random(t, *random);
  tape_training(t, 1);
  return t;
}

enum { NOISE_VALUES = 501 };

/* The same values drop out as on the processor; N(0, 1) is the same but for the rounding of its functions. */
static void noise_is_the_processors(void **state) {
  (void)state;
  random_source *random[2];
  tape *t[] = {noisy_tape(&cpu_backend, &random[0]), noisy_tape(&strict_backend, &random[1])};
  const float *dropped[2], *drawn[2];
  for (int i = 0; i < 2; i++) {
    tensor *x = tape_variable(t[i], weights, 1, (int[]){NOISE_VALUES});
    tensor *zero = tape_zeros(t[i], 1, (int[]){NOISE_VALUES});
    dropped[i] = tensor_values(op_dropout(t[i], x, 0.3f));
    drawn[i] = tensor_values(op_gaussian(t[i], zero, zero));
    assert_non_null(dropped[i]);
    assert_non_null(drawn[i]);
  }
  assert_memory_equal(dropped[0], dropped[1], NOISE_VALUES * sizeof(float));
  for (int i = 0; i < NOISE_VALUES; i++) assert_float_equal(drawn[0][i], drawn[1][i], 2e-6f);
  for (int i = 0; i < 2; i++) {
    tape_free(t[i]);
    random_source_free(random[i]);
  }
}

/* ---- values that are far out, or no numbers ---- */

static void far_values_stay_finite(void **state) {
  (void)state;
  static const float x[] = {-1e4f, 1e4f};
  static const int32_t label[] = {1};
  static const float want[][2] = {{0, 1}, {-2e4f, 0}, {0, 1}, {0, 1e4f}, {-1, 1}, {0, 1e4f}, {0, 1e4f}};
  tape *t;
  assert_int_equal(tape_create(&t, &strict_backend, NULL), SCRIM_OK);
  tensor *in = tape_variable(t, x, 2, (int[]){1, 2});
  tensor *got[] = {op_softmax(t, in), op_log_softmax(t, in), op_sigmoid(t, in), op_softplus(t, in),
                   op_tanh(t, in),    op_gelu(t, in),        op_silu(t, in)};
  for (int i = 0; i < 7; i++) {
    const float *y = tensor_values(got[i]);
    assert_non_null(y);
    for (int k = 0; k < 2; k++) assert_float_equal(y[k], want[i][k], 1e-3f);
  }
  assert_float_equal(tensor_values(op_cross_entropy(t, in, label))[0], 0, 1e-6f);
  tape_free(t);
}

static void what_is_no_number_stays_visible(void **state) {
  (void)state;
  static const float x[] = {1, NAN, 2, 3};
  tape *t;
  assert_int_equal(tape_create(&t, &strict_backend, NULL), SCRIM_OK);
  tensor *in = tape_variable(t, x, 1, (int[]){4});
  assert_true(isnan(tensor_values(op_exp(t, in))[1]));
  assert_true(isnan(tensor_values(op_tanh(t, in))[1]));
  assert_true(isnan(tensor_values(op_gelu(t, in))[1]));
  assert_true(isnan(tensor_values(op_softmax(t, in))[0]));
  assert_true(isnan(tensor_values(op_sum(t, in))[0]));
  tape_free(t);
}

/* Neighbours of what is nowhere: any, but points of the set. */
static void neighbours_of_no_number_are_points(void **state) {
  (void)state;
  static const float values[] = {1, 2, 3}, places[] = {0, NAN, 1};
  tape *t;
  assert_int_equal(tape_create(&t, &strict_backend, NULL), SCRIM_OK);
  tensor *y = op_neighbour_max(t, tape_variable(t, values, 3, (int[]){1, 3, 1}),
                               tape_variable(t, places, 3, (int[]){1, 3, 1}), 2);
  const float *got = tensor_values(y);
  assert_non_null(got);
  for (int i = 0; i < 3; i++) assert_in_range((int)got[i], 1, 3);
  assert_float_equal(got[0], 3, 0); /* the nearest to 0 are itself and 1 */
  tape_free(t);
}

static void the_first_of_equals_takes_the_gradient(void **state) {
  (void)state;
  static const float x[] = {1, 5, 3, 2, 5, 1, 5, 0, 3}, want[] = {0, 1, 1, 0, 0, 0, 1, 0, 0};
  tape *t;
  assert_int_equal(tape_create(&t, &strict_backend, NULL), SCRIM_OK);
  tensor *in = tape_variable(t, x, 2, (int[]){3, 3});
  assert_int_equal(tape_backward(t, op_sum(t, op_reduce_max(t, in, 0)), NULL), SCRIM_OK);
  assert_memory_equal(tensor_gradient(in), want, sizeof want);
  tape_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_match_double),
      cmocka_unit_test(so_do_they_in_small_parts),
      cmocka_unit_test(nothing_falls_back_to_the_processor),
      cmocka_unit_test(every_operation_has_kernels),
      cmocka_unit_test(other_shapes_match_the_processor),
      cmocka_unit_test(values_beyond_the_grid_are_reached),
      cmocka_unit_test(passes_are_the_same_in_any_order_and_allocate_once),
      cmocka_unit_test(every_operation_can_be_repeated),
      cmocka_unit_test(every_failed_call_is_reported),
      cmocka_unit_test(noise_is_the_processors),
      cmocka_unit_test(far_values_stay_finite),
      cmocka_unit_test(what_is_no_number_stays_visible),
      cmocka_unit_test(neighbours_of_no_number_are_points),
      cmocka_unit_test(the_first_of_equals_takes_the_gradient),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
