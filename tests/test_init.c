/* First values: distribution, fans, and that the stream alone decides them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "nn/nn.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { OUT = 100, IN = 200, N = OUT * IN };

typedef struct fixture {
  nn_params *params;
  random_source *random;
  tensor *w; /* [OUT, IN] */
} fixture;

static fixture fixture_make(int rank, const int *dim) {
  fixture f = {.params = nn_params_create()};
  assert_int_equal(random_source_from_seed(&f.random, 5, NULL), SCRIM_OK);
  assert_int_equal(random_begin(f.random, "init", NULL, 0, NULL), SCRIM_OK);
  f.w = nn_params_add(f.params, "w", rank, dim, 1);
  assert_non_null(f.w);
  return f;
}

static void fixture_free(fixture *f) {
  random_source_free(f->random);
  nn_params_free(f->params);
}

static double moment(const tensor *w, int power) {
  double sum = 0;
  for (size_t i = 0; i < w->n; i++) sum += pow((double)w->data[i], power);
  return sum / (double)w->n;
}

/* Bounds are four standard errors of N draws. */
static void check_normal(const tensor *w, double std) {
  const double root = sqrt((double)w->n);
  assert_true(fabs(moment(w, 1)) < 4 * std / root);
  assert_true(fabs(moment(w, 2) / (std * std) - 1) < 4 * sqrt(2) / root);
  assert_true(fabs(moment(w, 4) / pow(std, 4) - 3) < 4 * sqrt(96) / root);
}

static void check_uniform(const tensor *w, double bound) {
  const double root = sqrt((double)w->n), variance = bound * bound / 3;
  double largest = 0;
  for (size_t i = 0; i < w->n; i++) largest = fmax(largest, fabs((double)w->data[i]));
  assert_true(largest <= bound * (1 + 1e-7) && largest > 0.99 * bound);
  assert_true(fabs(moment(w, 1)) < 4 * sqrt(variance) / root);
  assert_true(fabs(moment(w, 2) / variance - 1) < 4 * sqrt(0.8) / root);
}

static void distributions_are_as_named(void **state) {
  (void)state;
  fixture f = fixture_make(2, (int[]){OUT, IN});
  nn_init_normal(f.w, 0.01, f.random);
  check_normal(f.w, 0.01);
  nn_init_uniform(f.w, 0.3, f.random);
  check_uniform(f.w, 0.3);
  nn_init_he(f.w, f.random);
  check_normal(f.w, sqrt(2.0 / IN));
  nn_init_xavier(f.w, f.random);
  check_uniform(f.w, sqrt(6.0 / (IN + OUT)));
  nn_init_fill(f.w, 1.5f);
  for (size_t i = 0; i < N; i++) assert_true(f.w->data[i] == 1.5f);
  fixture_free(&f);
}

/* [c_out, c_in, taps]: an output sees c_in * taps inputs, an input feeds c_out * taps outputs. */
static void fans_of_a_convolution_count_its_taps(void **state) {
  (void)state;
  fixture f = fixture_make(3, (int[]){40, 30, 5});
  nn_init_he(f.w, f.random);
  check_normal(f.w, sqrt(2.0 / 150));
  nn_init_xavier(f.w, f.random);
  check_uniform(f.w, sqrt(6.0 / (150 + 200)));
  fixture_free(&f);
}

static void same_stream_same_weights(void **state) {
  (void)state;
  fixture a = fixture_make(2, (int[]){OUT, IN}), b = fixture_make(2, (int[]){OUT, IN});
  nn_init_he(a.w, a.random);
  nn_init_he(b.w, b.random);
  assert_memory_equal(a.w->data, b.w->data, N * sizeof(float));
  nn_init_he(b.w, b.random); /* further on in the stream */
  assert_memory_not_equal(a.w->data, b.w->data, N * sizeof(float));
  fixture_free(&a);
  fixture_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distributions_are_as_named),
      cmocka_unit_test(fans_of_a_convolution_count_its_taps),
      cmocka_unit_test(same_stream_same_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
