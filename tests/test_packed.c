/* Every kernel gives the bits of the plain C reference, and a row's bits do not depend on its batch. */
#include "tensor/packed_kernel.h"

#include "core/memory.h"
#include "core/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_ROWS = 29, MAX_WIDTH = 140 };

static float x[MAX_ROWS * MAX_WIDTH], w[MAX_WIDTH * MAX_WIDTH], b[MAX_WIDTH], other[MAX_WIDTH];
static float expected[MAX_ROWS * MAX_WIDTH], found[MAX_ROWS * MAX_WIDTH];

static int fill(void **state) {
  (void)state;
  random_source *r;
  if (random_source_from_seed(&r, 7, NULL) != SCRIM_OK || random_begin(r, "packed", NULL, 0, NULL) != SCRIM_OK)
    return -1;
  for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)random_normal(r);
  for (size_t i = 0; i < sizeof w / sizeof *w; i++) w[i] = (float)random_normal(r);
  for (size_t i = 0; i < MAX_WIDTH; i++) b[i] = (float)random_normal(r), other[i] = (float)random_normal(r);
  random_source_free(r);
  return 0;
}

/* Runs one shape through `kernel`; rows take turns between the bias and `other` as their start. */
static void run(const packed_kernel *kernel, int in, int out, packed_activation activation, size_t n, float *y) {
  packed_linear *l = packed_linear_create(w, b, in, out, activation);
  assert_non_null(l);
  l->kernel = kernel;
  const float *start[MAX_ROWS];
  for (size_t i = 0; i < n; i++) start[i] = i % 2 ? other : b;
  memset(y, 0x55, MAX_ROWS * MAX_WIDTH * sizeof *y);
  packed_linear_run(l, x, MAX_WIDTH, start, y, MAX_WIDTH, n);
  packed_linear_free(l);
}

static void kernels_give_the_same_bits(void **state) {
  (void)state;
  const int widths[] = {1, 2, 15, 16, 17, 31, 33, 48, 64, 65, 100, 139};
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
    for (size_t n = 1; n <= MAX_ROWS; n += n < 8 ? 1 : 7) {
      const int in = widths[(i * 5 + n) % (sizeof widths / sizeof *widths)], out = widths[i];
      const packed_activation activation = n % 2 ? PACKED_RELU : PACKED_IDENTITY;
      run(&packed_reference, in, out, activation, n, expected);
      for (size_t k = 0; packed_kernels[k] != NULL; k++) {
        if (!packed_kernels[k]->supported()) continue;
        run(packed_kernels[k], in, out, activation, n, found);
        assert_memory_equal(found, expected, sizeof expected); /* nothing beyond n rows and `out` columns is touched */
      }
    }
  }
}

static void a_row_does_not_depend_on_its_batch(void **state) {
  (void)state;
  packed_linear *l = packed_linear_create(w, b, 100, 70, PACKED_RELU);
  assert_non_null(l);
  packed_linear_run(l, x, MAX_WIDTH, NULL, expected, MAX_WIDTH, MAX_ROWS);
  for (size_t i = 0; i < MAX_ROWS; i++) {
    packed_linear_run(l, x + i * MAX_WIDTH, MAX_WIDTH, NULL, found, MAX_WIDTH, 1);
    assert_memory_equal(found, expected + i * MAX_WIDTH, 70 * sizeof *found);
  }
  packed_linear_free(l);
}

static void running_out_of_memory_gives_null(void **state) {
  (void)state;
  for (unsigned long n = 1; n <= 3; n++) {
    memory_fail_at(n, 0);
    assert_null(packed_linear_create(w, b, 8, 8, PACKED_RELU));
  }
  memory_fail_at(0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_give_the_same_bits),
      cmocka_unit_test(a_row_does_not_depend_on_its_batch),
      cmocka_unit_test(running_out_of_memory_gives_null),
  };
  return cmocka_run_group_tests(tests, fill, NULL);
}
