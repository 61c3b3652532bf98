/* Eigenvalues by hand, and what eigenvectors must do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "voice_deid/symmetric_eigen.h"
#include "voice_world.h"
#include <cmocka.h>

static void by_hand(void **state) {
  (void)state;
  double a[] = {2, 1, 1, 2}, value[2], vector[4];
  symmetric_eigen(a, 2, value, vector);
  assert_float_equal(value[0], 3, 1e-12);
  assert_float_equal(value[1], 1, 1e-12);
  assert_float_equal(fabs(vector[0]), sqrt(0.5), 1e-12);
  assert_float_equal(vector[0], vector[1], 1e-12);
  assert_float_equal(vector[2], -vector[3], 1e-12);
  double one[] = {-4};
  symmetric_eigen(one, 1, value, vector);
  assert_float_equal(value[0], -4, 0);
  assert_float_equal(vector[0], 1, 0);
}

static void vectors_are_the_axes(void **state) {
  (void)state;
  enum { N = 30 };
  double a[N * N], kept[N * N], value[N], vector[N * N];
  uint64_t random = 6;
  for (int i = 0; i < N; i++)
    for (int j = 0; j <= i; j++) a[i * N + j] = a[j * N + i] = voice_noise(&random);
  for (int i = 0; i < N * N; i++) kept[i] = a[i];
  symmetric_eigen(a, N, value, vector);
  for (int i = 0; i < N; i++) {
    if (i > 0) assert_true(value[i] <= value[i - 1]);
    for (int j = 0; j < N; j++) {
      double product = 0, turned = 0;
      for (int k = 0; k < N; k++) {
        product += vector[i * N + k] * vector[j * N + k];
        turned += kept[j * N + k] * vector[i * N + k];
      }
      assert_float_equal(product, i == j, 1e-12);
      assert_float_equal(turned, value[i] * vector[i * N + j], 1e-12);
    }
  }
}

static void equal_values_are_no_trouble(void **state) {
  (void)state;
  double a[16] = {0}, value[4], vector[16];
  symmetric_eigen(a, 4, value, vector);
  for (int i = 0; i < 4; i++) {
    assert_float_equal(value[i], 0, 0);
    assert_float_equal(vector[5 * i], 1, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_hand),
      cmocka_unit_test(vectors_are_the_axes),
      cmocka_unit_test(equal_values_are_no_trouble),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
