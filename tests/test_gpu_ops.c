/*
 * The operations on a GPU, where there is one: every case of op_cases.h, result and gradients, against the plain C
 * kernels in double, other shapes against the CPU's, and each pass the same bits. The emulation of the tests is not in
 * it.
 */
#include "gpu_backend.h"
#include "op_cases_wide.h"

/* As for the CPU's kernels: products are in full float32. */
static const double float_tolerance = 1e-5;

/* NULL: there is no GPU, or no backend for one in this build. */
static const backend *gpu;

static int setup(void **state) {
  gpu = gpu_backend();
  return group_setup(state);
}

static void kernels_match_double(void **state) {
  (void)state;
  if (!gpu) skip();
  for (size_t i = 0; i < N_OP_CASES; i++) check_case(gpu, i, float_tolerance);
}

static void other_shapes_match_the_processor(void **state) {
  (void)state;
  if (!gpu) skip();
  for (size_t i = 0; i < N_WIDE_CASES; i++) check_as_the_processor(gpu, &wide_cases[i], float_tolerance);
}

static void check_again(const op_case *c) {
  fixture f;
  size_t n, again;
  assert_true(fixture_open(&f, c, gpu));
  float *first = pass_values(&f, &n);
  for (int pass = 0; pass < 3; pass++) {
    float *other = pass_values(&f, &again);
    assert_int_equal(again, n);
    if (memcmp(first, other, n * sizeof *first) != 0) fail_msg("%s: other bits in another pass", c->name);
    free(other);
  }
  free(first);
  fixture_close(&f);
}

static void every_pass_gives_the_same_bits(void **state) {
  (void)state;
  if (!gpu) skip();
  for (size_t i = 0; i < N_OP_CASES; i++) check_again(&op_cases[i]);
  for (size_t i = 0; i < N_WIDE_CASES; i++) check_again(&wide_cases[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_match_double),
      cmocka_unit_test(other_shapes_match_the_processor),
      cmocka_unit_test(every_pass_gives_the_same_bits),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
