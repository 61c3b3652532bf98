/* Dropout and sampling: the statistics of their noise, and that a seed fixes it. */
#include "tensor/tensor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 200000 };

typedef struct fixture {
  tape *tape;
  random_source *random;
  float *zeros, *ones;
} fixture;

static int fixture_setup(void **state) {
  fixture *f = calloc(1, sizeof *f);
  if (!f || tape_create(&f->tape, &cpu_backend, NULL) != SCRIM_OK) return -1;
  if (random_source_from_seed(&f->random, 7, NULL) != SCRIM_OK) return -1;
  f->zeros = calloc(DRAWS, sizeof *f->zeros);
  f->ones = malloc(DRAWS * sizeof *f->ones);
  if (!f->zeros || !f->ones) return -1;
  for (int i = 0; i < DRAWS; i++) f->ones[i] = 1;
  tape_random(f->tape, f->random);
  tape_training(f->tape, 1);
  *state = f;
  return random_begin(f->random, "test", "", 0, NULL) == SCRIM_OK ? 0 : -1;
}

static int fixture_teardown(void **state) {
  fixture *f = *state;
  tape_free(f->tape);
  random_source_free(f->random);
  free(f->zeros);
  free(f->ones);
  free(f);
  return 0;
}

static tensor *draws(fixture *f, const float *values) {
  return tape_variable(f->tape, values, 1, (int[]){DRAWS});
}

/* Moments of N(0, 1) and its tails, each within 5 standard errors; and neighbours are not correlated. */
static void gaussian_draws_are_normal(void **state) {
  fixture *f = *state;
  tensor *z = op_gaussian(f->tape, draws(f, f->zeros), draws(f, f->zeros));
  assert_non_null(z);
  double sum = 0, squares = 0, cubes = 0, fourths = 0, beside = 0;
  int past_2 = 0, past_4 = 0;
  for (int i = 0; i < DRAWS; i++) {
    const double x = (double)z->data[i];
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourths += x * x * x * x;
    if (i > 0) beside += x * (double)z->data[i - 1];
    past_2 += fabs(x) > 2;
    past_4 += fabs(x) > 4;
  }
  const double unit = sqrt((double)DRAWS);
  assert_true(fabs(sum) < 5 * unit);
  assert_true(fabs(squares - DRAWS) < 5 * sqrt(2.0) * unit);
  assert_true(fabs(cubes) < 5 * sqrt(15.0) * unit);
  assert_true(fabs(fourths - 3.0 * DRAWS) < 5 * sqrt(96.0) * unit);
  assert_true(fabs(beside) < 5 * unit);
  assert_true(fabs(past_2 - 0.0455003 * DRAWS) < 5 * sqrt(0.0455003 * DRAWS));
  assert_true(past_4 > 0 && past_4 < 40); /* 12.7 expected */
}

static void gaussian_has_its_mean_and_variance(void **state) {
  fixture *f = *state;
  tensor *log_variance = op_affine(f->tape, draws(f, f->ones), 1.3862944f, 0); /* log 4 */
  tensor *z = op_gaussian(f->tape, op_affine(f->tape, draws(f, f->ones), 3, 0), log_variance);
  assert_non_null(z);
  double sum = 0, squares = 0;
  for (int i = 0; i < DRAWS; i++) {
    sum += (double)z->data[i] - 3;
    squares += ((double)z->data[i] - 3) * ((double)z->data[i] - 3);
  }
  assert_true(fabs(sum / DRAWS) < 5 * 2 / sqrt((double)DRAWS));
  assert_true(fabs(squares / DRAWS - 4) < 5 * 4 * sqrt(2.0 / DRAWS));
}

static void dropout_keeps_the_expectation(void **state) {
  fixture *f = *state;
  tensor *x = draws(f, f->ones), *y = op_dropout(f->tape, x, 0.3f);
  int dropped = 0;
  assert_non_null(y);
  for (int i = 0; i < DRAWS; i++) {
    assert_true(y->data[i] == 0 || fabsf(y->data[i] - 1 / 0.7f) < 1e-6f);
    dropped += y->data[i] == 0;
  }
  assert_true(fabs(dropped - 0.3 * DRAWS) < 5 * sqrt(0.21 * DRAWS));
  /* What was dropped gets no gradient. */
  assert_int_equal(tape_backward(f->tape, op_sum(f->tape, y), NULL), SCRIM_OK);
  assert_memory_equal(x->grad, y->data, DRAWS * sizeof *x->grad);
}

static void dropout_is_only_for_training(void **state) {
  fixture *f = *state;
  tensor *x = draws(f, f->ones);
  assert_ptr_equal(op_dropout(f->tape, x, 0), x);
  tape_training(f->tape, 0);
  assert_ptr_equal(op_dropout(f->tape, x, 0.3f), x);
}

static void each_operation_draws_its_own(void **state) {
  fixture *f = *state;
  tensor *a = op_gaussian(f->tape, draws(f, f->zeros), draws(f, f->zeros));
  tensor *b = op_gaussian(f->tape, draws(f, f->zeros), draws(f, f->zeros));
  double product = 0;
  for (int i = 0; i < DRAWS; i++) product += (double)a->data[i] * (double)b->data[i];
  assert_true(fabs(product) < 5 * sqrt((double)DRAWS));
}

static void a_stream_fixes_the_noise(void **state) {
  fixture *f = *state;
  float *first = malloc(DRAWS * sizeof *first);
  assert_non_null(first);
  for (int pass = 0; pass < 3; pass++) {
    tape_reset(f->tape);
    assert_int_equal(random_begin(f->random, "test", &(int){pass == 2}, sizeof(int), NULL), SCRIM_OK);
    tensor *z = op_gaussian(f->tape, draws(f, f->zeros), draws(f, f->zeros));
    assert_non_null(z);
    if (pass == 0) memcpy(first, z->data, DRAWS * sizeof *first);
    const int same = memcmp(first, z->data, DRAWS * sizeof *first) == 0;
    assert_int_equal(same, pass < 2);
  }
  free(first);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_FIXTURE(gaussian_draws_are_normal),     WITH_FIXTURE(gaussian_has_its_mean_and_variance),
      WITH_FIXTURE(dropout_keeps_the_expectation), WITH_FIXTURE(dropout_is_only_for_training),
      WITH_FIXTURE(each_operation_draws_its_own),  WITH_FIXTURE(a_stream_fixes_the_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
