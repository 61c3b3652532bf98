/* Sums over shadows, by hand, with one taken out. */
#include "attack_world.h"
#include "core/memory.h"
#include "purifier/attack_reference.h"
#include "purifier/attack_statistic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Three shadows, one row, two classes: confidences 0.2 OUT, 0.6 OUT, 0.9 IN. */
static const float shadows[3][2] = {{0.2f, 0.8f}, {0.6f, 0.4f}, {0.9f, 0.1f}};
static const unsigned char in[3] = {0, 0, 1};
static const int32_t label = 0;
static const attack_view view = {
    .classes = 2, .rows = 1, .labels = &label, .n_shadows = 3, .shadows = &shadows[0][0], .shadow_in = in};

static void test_sums_and_leaving_out(void **unused) {
  (void)unused;
  reference r;
  assert_int_equal(reference_make(&r, &view, STATISTIC_PROBABILITY, NULL), SCRIM_OK);
  reference_sum out = reference_without(&r, 0, 0, -1);
  assert_true(out.n == 2 && fabs(reference_mean(&out) - 0.4) < 1e-7);
  assert_true(fabs(reference_squares(&out) - 0.08) < 1e-7); /* (0.2)^2 twice */
  out = reference_without(&r, 0, 0, 1);
  assert_true(out.n == 1 && fabs(reference_mean(&out) - 0.2) < 1e-7);
  out = reference_without(&r, 0, 0, 2); /* an IN shadow changes nothing here */
  assert_true(out.n == 2);
  reference_sum none = reference_without(&r, 0, 1, 2);
  assert_true(none.n == 0);
  assert_true(r.total[1].n == 1 && fabs(r.total[1].sum - 0.9) < 1e-7);
  reference_free(&r);
}

static void test_memory_failures(void **unused) {
  (void)unused;
  scrim_status status = SCRIM_E_MEMORY;
  unsigned long n = 0;
  while (status != SCRIM_OK) {
    reference r;
    memory_fail_at(++n, 0);
    status = reference_make(&r, &view, STATISTIC_TRUE_CONFIDENCE | STATISTIC_RANKED, NULL);
    memory_fail_at(0, 0);
    reference_free(&r);
    assert_true(status == SCRIM_OK || status == SCRIM_E_MEMORY);
  }
  assert_int_equal(n, 6); /* values, rows, and ranks of three shadows */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums_and_leaving_out),
                                     cmocka_unit_test(test_memory_failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
