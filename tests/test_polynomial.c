/* Roots there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "voice_deid/polynomial.h"
#include "voice_world.h"
#include <cmocka.h>

/* Distance from `wanted` to the nearest of roots [n]. */
static double nearest(const double complex *roots, int n, double complex wanted) {
  double best = INFINITY;
  for (int i = 0; i < n; i++) best = fmin(best, cabs(roots[i] - wanted));
  return best;
}

static void roots_by_hand(void **state) {
  (void)state;
  double complex roots[3];
  polynomial_roots((double[]){1, -6, 11, -6}, 3, roots);
  for (int i = 1; i <= 3; i++) assert_float_equal(nearest(roots, 3, i), 0, 1e-10);
  polynomial_roots((double[]){1, 0, 4}, 2, roots);
  assert_float_equal(nearest(roots, 2, 2 * I), 0, 1e-12);
  assert_float_equal(nearest(roots, 2, -2 * I), 0, 1e-12);
  polynomial_roots((double[]){1, -0.5}, 1, roots);
  assert_float_equal(nearest(roots, 1, 0.5), 0, 1e-12);
}

/* Twenty poles as speech has them: inside the unit circle, most of them in pairs. */
static void there_and_back(void **state) {
  (void)state;
  uint64_t random = 4;
  for (int round = 0; round < 50; round++) {
    double complex roots[20], found[20];
    double a[21], again[21];
    for (int i = 0; i < 18; i += 2) {
      const double radius = 0.7 + 0.29 * (voice_noise(&random) + 0.5), angle = 3.14 * (voice_noise(&random) + 0.5);
      roots[i] = radius * cexp(I * angle);
      roots[i + 1] = conj(roots[i]);
    }
    roots[18] = -0.9;
    roots[19] = 0.3;
    polynomial_from_roots(roots, 20, a);
    assert_float_equal(a[0], 1, 0);
    polynomial_roots(a, 20, found);
    for (int i = 0; i < 20; i++) assert_true(nearest(found, 20, roots[i]) < 1e-4);
    polynomial_from_roots(found, 20, again);
    for (int i = 0; i <= 20; i++) assert_true(fabs(again[i] - a[i]) < 1e-9 * (1 + fabs(a[i])));
  }
}

static void roots_at_zero(void **state) {
  (void)state;
  const double a[5] = {1};
  double complex roots[4];
  polynomial_roots(a, 4, roots);
  for (int i = 0; i < 4; i++) assert_true(cabs(roots[i]) < 1e-2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(roots_by_hand),
      cmocka_unit_test(there_and_back),
      cmocka_unit_test(roots_at_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
