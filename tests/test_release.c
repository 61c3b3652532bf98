/* Whatever the reformer says, the released row keeps its label, its sum and its grid. */
#include "purifier/release.h"

#include "core/random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MAX_K = 1000 };

static void random_row(random_source *r, float *row, size_t k) {
  const double sharpness = 1 + 12 * random_uniform(r);
  double sum = 0;
  for (size_t j = 0; j < k; j++) sum += row[j] = (float)pow(random_uniform(r), sharpness);
  for (size_t j = 0; j < k; j++) row[j] = (float)(row[j] / sum);
}

static void check_row(const float *row, size_t k, size_t label, int units) {
  double sum = 0;
  for (size_t j = 0; j < k; j++) {
    const double multiple = (double)row[j] * units;
    assert_true(row[j] >= 0 && fabs(multiple - nearbyint(multiple)) < 1e-6 * units);
    if (j != label) assert_true(row[j] < row[label]);
    sum += row[j];
  }
  assert_true(fabs(sum - 1) < 1e-6);
}

static void any_row_and_any_label_come_out_well_formed(void **state) {
  (void)state;
  static const struct {
    size_t k;
    int units;
  } grids[] = {{2, 10}, {2, 1000}, {3, 100}, {10, 100}, {26, 1000}, {100, 1000}, {1000, 10000}};
  random_source *r;
  static float row[MAX_K];
  assert_int_equal(random_source_from_seed(&r, 11, NULL), SCRIM_OK);
  assert_int_equal(random_begin(r, "rows", NULL, 0, NULL), SCRIM_OK);
  for (size_t g = 0; g < sizeof grids / sizeof *grids; g++) {
    for (int i = 0; i < 500; i++) {
      const size_t label = random_below(r, grids[g].k);
      random_row(r, row, grids[g].k);
      release_keep_label(row, grids[g].k, label, grids[g].units);
      release_round(row, grids[g].k, label, grids[g].units);
      check_row(row, grids[g].k, label, grids[g].units);
    }
  }
  random_source_free(r);
}

static void a_row_that_fits_is_left_alone(void **state) {
  (void)state;
  float row[4] = {0.125f, 0.5f, 0.25f, 0.125f};
  release_keep_label(row, 4, 1, 1000);
  release_round(row, 4, 1, 1000);
  const float expected[4] = {0.125f, 0.5f, 0.25f, 0.125f};
  for (int j = 0; j < 4; j++) assert_true(fabsf(row[j] - expected[j]) < 1e-6f);
}

static void a_doubtful_label_stays_doubtful(void **state) {
  (void)state;
  float row[4] = {0.9f, 0.0f, 0.1f, 0.0f}; /* the reformer prefers class 0, the classifier said 3 */
  release_keep_label(row, 4, 3, 1000);
  assert_true(row[3] < 0.26f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_row_and_any_label_come_out_well_formed),
      cmocka_unit_test(a_row_that_fits_is_left_alone),
      cmocka_unit_test(a_doubtful_label_stays_doubtful),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
