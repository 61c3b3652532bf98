/* Asking a classifier, whatever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "victim_world.h"
#include <cmocka.h>

static void the_first_of_equal_classes_wins(void **state) {
  (void)state;
  assert_int_equal(victim_class((const float[]){1, 3, 3, 2}, 4), 1);
  assert_int_equal(victim_class((const float[]){0, 0}, 2), 0);
}

static void a_linear_one_answers_by_the_mean(void **state) {
  (void)state;
  static float xyz[3 * 50];
  linear_world world;
  const victim v = linear_victim(&world, 2, 0.25);
  float logits[2];
  tape *t;
  ball_of_points(xyz, 50, 1);
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  assert_int_equal(victim_ask(&v, t, xyz, 50, logits, NULL), SCRIM_OK);
  assert_float_equal(logits[1] - logits[0], linear_margin(&world, xyz, 50), 1e-5);
  tape_free(t);
}

static void what_is_not_there_is_an_error(void **state) {
  (void)state;
  victim v;
  scrim_error error;
  assert_int_equal(victim_open(&v, "/nonexistent/victim", &error), SCRIM_E_IO);
  assert_null(v.logits);
  victim_close(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_of_equal_classes_wins),
      cmocka_unit_test(a_linear_one_answers_by_the_mean),
      cmocka_unit_test(what_is_not_there_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
