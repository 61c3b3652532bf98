/* Transforms against their definition, and there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "tensor/fourier.h"
#include <cmocka.h>
#include <math.h>

enum { MOST = 64 };
static const double PI2 = 6.283185307179586;

static void forward_is_the_sum(void **state) {
  (void)state;
  _Alignas(64) float x[MOST];
  _Alignas(64) fourier_bin spectrum[MOST / 2 + 1];
  static const int lengths[] = {1, 2, 15, 30, 64};
  for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
    const int n = lengths[l];
    fourier *f = fourier_create(n);
    assert_non_null(f);
    assert_int_equal(fourier_bins(f), n / 2 + 1);
    for (int i = 0; i < n; i++) x[i] = (float)sin(1.7 * i * i + 0.3);
    fourier_forward(f, x, spectrum);
    for (int k = 0; k <= n / 2; k++) {
      double re = 0, im = 0;
      for (int i = 0; i < n; i++) {
        re += x[i] * cos(PI2 * k * i / n);
        im -= x[i] * sin(PI2 * k * i / n);
      }
      assert_float_equal(spectrum[k][0], re, 2e-5);
      assert_float_equal(spectrum[k][1], im, 2e-5);
    }
    fourier_free(f);
  }
}

static void there_and_back(void **state) {
  (void)state;
  _Alignas(64) float x[30], y[30];
  _Alignas(64) fourier_bin spectrum[16];
  fourier *f = fourier_create(30);
  assert_non_null(f);
  for (int i = 0; i < 30; i++) x[i] = (float)cos(i * i);
  fourier_forward(f, x, spectrum);
  fourier_inverse(f, spectrum, y);
  for (int i = 0; i < 30; i++) {
    assert_float_equal(x[i], (float)cos(i * i), 0);
    assert_float_equal(y[i] / 30, x[i], 1e-6);
  }
  fourier_free(f);
}

static void good_lengths(void **state) {
  (void)state;
  assert_int_equal(fourier_good_length(1), 1);
  assert_int_equal(fourier_good_length(7), 8);
  assert_int_equal(fourier_good_length(13), 15);
  assert_int_equal(fourier_good_length(4399), 4500);
  assert_int_equal(fourier_good_length(16001), 16200);
}

static void no_memory_no_plan(void **state) {
  (void)state;
  for (unsigned long n = 1; n <= 3; n++) {
    memory_fail_at(n, 0);
    assert_null(fourier_create(16));
    memory_fail_at(0, 0);
  }
  fourier_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forward_is_the_sum),
      cmocka_unit_test(there_and_back),
      cmocka_unit_test(good_lengths),
      cmocka_unit_test(no_memory_no_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
