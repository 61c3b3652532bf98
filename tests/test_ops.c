/*
 * Every case of op_cases.h: gradients against central differences, both in double; then the plain C kernels in float
 * and the fast ones against those in double.
 */
#include "op_fixture.h"

#include <pthread.h>
#include <string.h>

/*
 * A float result is off by a few roundings of 6e-8 for each term that it sums; the largest values of a tensor bound
 * what its terms can be.
 */
static const double float_tolerance = 1e-5;
/* What the issue asks of central differences. */
static const double slope_tolerance = 1e-5;

/* ---- gradients against central differences ---- */

/* Relative error; what is 1e-4 of the largest gradient of the tensor, or less, counts as that much. */
static void check_slopes(double_case *d, const op_case *c, int input) {
  const double *gradient = double_case_gradient(d, input);
  if (!gradient) return;
  const size_t n = case_values(c, input), probes = c->large ? 2 : n;
  const double floor = 1e-4 * largest(gradient, n);
  for (size_t p = 0; p < probes; p++) {
    const size_t i = c->large ? (p * 7919 + 13) % n : p;
    const double slope = double_case_slope(d, input, i);
    const double error = fabs(slope - gradient[i]) / fmax(floor, fabs(gradient[i]));
    if (slope == gradient[i] || error < slope_tolerance) continue;
    fail_msg("%s: gradient of input %d at %zu is %.10g, central differences say %.10g: off by %.2g", c->name, input, i,
             gradient[i], slope, error);
  }
}

static void gradients_match_central_differences(void **state) {
  (void)state;
  for (size_t i = 0; i < N_OP_CASES; i++) {
    double_case *d = double_case_open(i);
    if (!d) fail_msg("%s does not run", op_cases[i].name);
    for (int k = 0; k < CASE_INPUTS; k++) check_slopes(d, &op_cases[i], k);
    double_case_close(d);
  }
}

/* ---- float against double ---- */

static void check_backend(const backend *b) {
  for (size_t i = 0; i < N_OP_CASES; i++) check_case(b, i, float_tolerance);
}

static void plain_kernels_match_double(void **state) {
  (void)state;
  check_backend(&reference_backend);
}

static void fast_kernels_match_double(void **state) {
  (void)state;
  check_backend(&cpu_backend);
}

/* ---- the list itself ---- */

static void every_operation_is_in_the_list(void **state) {
  (void)state;
  int seen[OP_COUNT] = {[OP_LOG_BANDS] = 1}; /* here it is four others (tensor.h), in the list all the same */
  for (size_t i = 0; i < N_OP_CASES; i++) {
    fixture f;
    case_run r = {0};
    assert_true(fixture_open(&f, &op_cases[i], &cpu_backend));
    assert_int_equal(fixture_run(&f, &r), SCRIM_OK);
    for (node *n = r.loss->node; n; n = n->previous) seen[n->kind] = 1;
    fixture_close(&f);
  }
  for (int kind = 0; kind < OP_COUNT; kind++) {
    if (!seen[kind]) fail_msg("operation %d is in no case", kind);
  }
}

/* ---- repetition: the same bits, and no memory asked for once warm ---- */

static void a_second_pass_is_the_same_and_asks_for_no_memory(void **state) {
  (void)state;
  for (size_t i = 0; i < N_OP_CASES; i++) {
    fixture f;
    case_run r = {0};
    assert_true(fixture_open(&f, &op_cases[i], &cpu_backend));
    assert_int_equal(fixture_run(&f, &r), SCRIM_OK);
    const size_t out_bytes = r.out->n * sizeof(float), grad_bytes = r.in[0]->n * sizeof(float);
    float *output = malloc(out_bytes), *gradient = malloc(grad_bytes);
    assert_non_null(output);
    assert_non_null(gradient);
    memcpy(output, r.out->data, out_bytes);
    memcpy(gradient, r.in[0]->grad, grad_bytes);
    tape_reset(f.tape);
    memory_fail_at(0, 0);
    assert_int_equal(fixture_run(&f, &r), SCRIM_OK);
    tape_reset(f.tape);
    if (memory_requests() != 0) fail_msg("%s: %lu requests when warm", op_cases[i].name, memory_requests());
    assert_int_equal(fixture_run(&f, &r), SCRIM_OK);
    assert_memory_equal(output, r.out->data, out_bytes);
    assert_memory_equal(gradient, r.in[0]->grad, grad_bytes);
    free(output);
    free(gradient);
    fixture_close(&f);
  }
}

/* ---- threads: a tape each, the same bits ---- */

enum { THREADS = 4 };

/* Adds up the losses of all small cases; NaN when one does not run. No assertion: cmocka knows one thread only. */
static void *run_small_cases(void *context) {
  double *total = context;
  for (size_t i = 0; i < N_OP_CASES; i++) {
    fixture f;
    case_run r = {0};
    if (op_cases[i].large) continue;
    const int sound = fixture_open(&f, &op_cases[i], &cpu_backend) && fixture_run(&f, &r) == SCRIM_OK;
    *total += sound ? (double)r.loss->data[0] : (double)NAN;
    fixture_close(&f);
  }
  return NULL;
}

static void tapes_of_several_threads_do_not_meet(void **state) {
  (void)state;
  pthread_t thread[THREADS];
  double alone = 0, beside[THREADS] = {0};
  run_small_cases(&alone);
  for (int k = 0; k < THREADS; k++) assert_int_equal(pthread_create(&thread[k], NULL, run_small_cases, &beside[k]), 0);
  for (int k = 0; k < THREADS; k++) {
    pthread_join(thread[k], NULL);
    assert_true(beside[k] == alone);
  }
}

/* ---- memory that runs out ---- */

/* Each request of a case fails in turn, once for that one only and once for all after it. */
static void check_failures(const op_case *c, int lasting) {
  for (unsigned long n = 1;; n++) {
    fixture f;
    case_run r = {0};
    assert_true(fixture_open(&f, c, &cpu_backend));
    memory_fail_at(n, lasting);
    const scrim_status status = fixture_run(&f, &r);
    const unsigned long asked = memory_requests();
    memory_fail_at(0, 0);
    const int done = asked < n;
    if (status != SCRIM_E_MEMORY && status != SCRIM_OK) fail_msg("%s: status %d at request %lu", c->name, status, n);
    if (done) assert_int_equal(status, SCRIM_OK);
    if (!done && n == 1 && lasting) assert_int_equal(status, SCRIM_E_MEMORY);
    /* The tape is as good as before. */
    assert_int_equal(fixture_run(&f, &r), SCRIM_OK);
    fixture_close(&f);
    if (done) return;
  }
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  for (size_t i = 0; i < N_OP_CASES; i++) {
    if (strcmp(op_cases[i].name, "matmul 64x128 x 128x64") != 0 && op_cases[i].large && i % 3 != 0) continue;
    check_failures(&op_cases[i], 0);
    check_failures(&op_cases[i], 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_match_central_differences),
      cmocka_unit_test(plain_kernels_match_double),
      cmocka_unit_test(fast_kernels_match_double),
      cmocka_unit_test(every_operation_is_in_the_list),
      cmocka_unit_test(a_second_pass_is_the_same_and_asks_for_no_memory),
      cmocka_unit_test(tapes_of_several_threads_do_not_meet),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, group_setup, NULL);
}
