/* Clocks and the minimum rate. */
#include "serve/deadline.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void test_clocks(void **state) {
  (void)state;
  double before = deadline_now(), after = deadline_now();
  assert_true(before > 0 && after >= before && after < before + 10);
  double calendar = deadline_calendar();
  assert_true(calendar > (double)time(NULL) - 10 && calendar < (double)time(NULL) + 10);
}

static void test_rate(void **state) {
  (void)state;
  assert_false(deadline_too_slow(100, 101, 0, 1000)); /* the first second is free */
  assert_true(deadline_too_slow(100, 101.01, 0, 1000));
  assert_false(deadline_too_slow(100, 103, 2000, 1000));
  assert_true(deadline_too_slow(100, 103, 1999, 1000));
  assert_false(deadline_too_slow(100, 1e6, 0, 0)); /* no rate is asked for */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_clocks), cmocka_unit_test(test_rate)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
