/* Members whose confidence is higher leak at strength 0 and not at 1; the choice stops where the leak is small enough. */
#include "purifier/strength.h"

#include "core/memory.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 400, K = 2 };

static float reformed[N * K], storage[(SATURATION_STEPS + 1) * (1 + K) + K * K];
static float others_confidence[N], members_confidence[N];
static unsigned char right[N];
static saturation table;
static const strength_rows members = {members_confidence, right, N}, others = {others_confidence, right, N};

/* Others are spread over 1/2..1; members share the upper half of that range. Nine in ten are right. */
static int fit(void **state) {
  (void)state;
  int32_t labels[N];
  for (int i = 0; i < N; i++) {
    others_confidence[i] = 0.5f + 0.5f * (float)i / N;
    members_confidence[i] = 0.75f + 0.25f * (float)i / N;
    right[i] = i % 10 != 0;
    labels[i] = 0;
    reformed[i * K] = others_confidence[i];
    reformed[i * K + 1] = 1 - others_confidence[i];
  }
  return saturation_fit(&table, storage, reformed, labels, NULL, N, N, K, NULL) == SCRIM_OK ? 0 : -1;
}

static double leak_at(int step) {
  double leak = -1;
  assert_int_equal(strength_leak(&leak, &table, step, &members, &others, NULL), SCRIM_OK);
  return leak;
}

static void leak_falls_to_nothing_at_full_strength(void **state) {
  (void)state;
  assert_true(leak_at(0) > 0.15);
  assert_true(fabs(leak_at(SATURATION_STEPS)) < 1e-12);
}

static void the_choice_is_the_smallest_that_holds(void **state) {
  (void)state;
  double strength, leak;
  assert_int_equal(strength_choose(&strength, &leak, &table, 0.05, &members, &others, NULL), SCRIM_OK);
  assert_true(leak <= 0.05 && strength > 0.5 && strength < 1);
  assert_true(leak_at(saturation_step(strength) - 1) > 0.05);
}

static void a_leak_that_is_allowed_needs_no_strength(void **state) {
  (void)state;
  double strength, leak;
  assert_int_equal(strength_choose(&strength, &leak, &table, 0.5, &members, &others, NULL), SCRIM_OK);
  assert_true(strength == 0);
}

static void running_out_of_memory_is_an_error(void **state) {
  (void)state;
  double leak;
  for (unsigned long n = 1; n <= 2; n++) {
    memory_fail_at(n, 0);
    assert_int_equal(strength_leak(&leak, &table, 0, &members, &others, NULL), SCRIM_E_MEMORY);
  }
  memory_fail_at(0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leak_falls_to_nothing_at_full_strength),
      cmocka_unit_test(the_choice_is_the_smallest_that_holds),
      cmocka_unit_test(a_leak_that_is_allowed_needs_no_strength),
      cmocka_unit_test(running_out_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, fit, NULL);
}
