/* Intervals over speakers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "voice_deid/speaker_bootstrap.h"
#include <cmocka.h>
#include <math.h>

enum { SPEAKERS = 40 };

/* Mean of a number a speaker has: 0 for one half, 1 for the other. */
static double mean_of_halves(const void *context, const uint32_t *times) {
  (void)context;
  double sum = 0, n = 0;
  for (int i = 0; i < SPEAKERS; i++) {
    const double weight = times ? times[i] : 1;
    n += weight;
    sum += weight * (i % 2);
  }
  assert_float_equal(n, SPEAKERS, 0);
  return sum / n;
}

/* The mean of 40 coins has a standard deviation of 0.079: 95 % lie within 0.155. */
static void the_interval_is_as_wide_as_it_should_be(void **state) {
  (void)state;
  scrim_interval i, again;
  assert_int_equal(speaker_bootstrap(&i, SPEAKERS, mean_of_halves, NULL, 3, NULL), SCRIM_OK);
  assert_float_equal(i.value, 0.5, 0);
  assert_float_equal(i.low, 0.345, 0.05);
  assert_float_equal(i.high, 0.655, 0.05);
  assert_int_equal(speaker_bootstrap(&again, SPEAKERS, mean_of_halves, NULL, 3, NULL), SCRIM_OK);
  assert_memory_equal(&i, &again, sizeof i);
}

static double only_of_all(const void *context, const uint32_t *times) {
  return times ? NAN : *(const double *)context;
}

static void draws_without_a_figure_are_left_out(void **state) {
  (void)state;
  const double figure = 0.25;
  scrim_interval i;
  assert_int_equal(speaker_bootstrap(&i, 2, only_of_all, &figure, 3, NULL), SCRIM_OK);
  assert_float_equal(i.value, 0.25, 0);
  assert_float_equal(i.low, 0.25, 0);
  assert_float_equal(i.high, 0.25, 0);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n++) {
    scrim_interval i;
    memory_fail_at(n, 0);
    status = speaker_bootstrap(&i, SPEAKERS, mean_of_halves, NULL, 3, NULL);
    memory_fail_at(0, 0);
    assert_true(n < 20 && (status == SCRIM_OK || status == SCRIM_E_MEMORY));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_interval_is_as_wide_as_it_should_be),
      cmocka_unit_test(draws_without_a_figure_are_left_out),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
