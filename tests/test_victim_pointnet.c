/* A network whose answer is known by hand, files that are none, and too little memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "support/files.h"
#include "victim_world.h"
#include <cmocka.h>

static const float cloud[] = {0.25f, -1, 0.5f, -0.5f, 0.75f, 9, 0.125f, 0.5f, -9};

static void answers_are_those_of_the_figure(void **state) {
  const char *path = files_path(*state, "plain.safetensors");
  victim v;
  tape *t;
  float logits[2];
  assert_int_equal(pointnet_write(path, SPOIL_NOTHING), SCRIM_OK);
  assert_int_equal(victim_open(&v, path, NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  assert_int_equal(v.classes, 2);
  assert_int_equal(victim_ask(&v, t, cloud, 3, logits, NULL), SCRIM_OK);
  assert_float_equal(logits[0], 0.75, 1e-5);
  assert_float_equal(logits[1], 1.25, 1e-5);
  assert_int_equal(victim_ask(&v, t, cloud, 1, logits, NULL), SCRIM_OK);
  assert_float_equal(logits[0], 0.75, 1e-5);
  assert_float_equal(logits[1], 0.5, 1e-5);
  tape_free(t);
  victim_close(&v);
}

/* The largest x and y are those of points 0 and 1, and nothing else has a gradient. */
static void gradients_reach_the_points(void **state) {
  const char *path = files_path(*state, "plain.safetensors");
  victim v;
  tape *t;
  assert_int_equal(pointnet_write(path, SPOIL_NOTHING), SCRIM_OK);
  assert_int_equal(victim_open(&v, path, NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  tensor *xyz = tape_variable(t, cloud, 3, (int[]){1, 3, 3});
  assert_int_equal(tape_backward(t, op_sum(t, v.logits(t, v.model, xyz)), NULL), SCRIM_OK);
  for (size_t i = 0; i < 9; i++) assert_float_equal(xyz->grad[i], i == 0 || i == 4, 1e-5);
  tape_free(t);
  victim_close(&v);
}

static void other_files_are_refused(void **state) {
  static const struct {
    pointnet_spoil spoil;
    const char *names;
  } cases[] = {{SPOIL_VARIANCE, "bn2.running_var"}, {SPOIL_WIDTH, "conv5.weight"}, {SPOIL_MISSING, "linear3.weight"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *path = files_path(*state, "spoilt.safetensors");
    victim v;
    scrim_error error;
    assert_int_equal(pointnet_write(path, cases[i].spoil), SCRIM_OK);
    assert_int_equal(victim_open(&v, path, &error), SCRIM_E_FORMAT);
    assert_non_null(strstr(error.message, cases[i].names));
    assert_non_null(strstr(error.message, "spoilt.safetensors"));
    assert_null(v.model);
  }
}

static void running_out_of_memory_is_an_error(void **state) {
  const char *path = files_path(*state, "plain.safetensors");
  assert_int_equal(pointnet_write(path, SPOIL_NOTHING), SCRIM_OK);
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    victim v;
    memory_fail_at(at, 0);
    status = victim_open(&v, path, NULL);
    memory_fail_at(0, 0);
    if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
    victim_close(&v);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(answers_are_those_of_the_figure, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(gradients_reach_the_points, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(other_files_are_refused, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(running_out_of_memory_is_an_error, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
