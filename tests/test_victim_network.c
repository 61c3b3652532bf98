/* Networks of our own: what they answer for sets, whatever the order; files that are none; too little memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "object_world.h"
#include "pointcloud_defense/victim_network.h"
#include "support/files.h"
#include <cmocka.h>

enum { POINTS = 60 };
static const victim_network *const loaded[] = {&victim_edge, &victim_attention};
enum { LOADED = 2 };

static const char *trained(void *folder, const victim_network *network, size_t epochs) {
  const char *path = files_path(folder, "v.safetensors");
  const scrim_cloud_victim how = {.network = network->name, .objects = object_world(7), .epochs = epochs};
  assert_int_equal(scrim_cloud_victim_train(path, &how, NULL), SCRIM_OK);
  return path;
}

static void a_name_is_that_of_one_network(void **state) {
  (void)state;
  assert_ptr_equal(victim_network_named("edge"), &victim_edge);
  assert_ptr_equal(victim_network_named("attention"), &victim_attention);
  assert_ptr_equal(victim_network_named("pointnet"), &victim_pointnet);
  assert_null(victim_network_named("Edge"));
}

static void draw_points(float xyz[3 * POINTS], uint64_t seed) {
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, seed, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * POINTS; i++) xyz[i] = (float)(2 * random_uniform(r) - 1);
  random_source_free(r);
}

/* Sets are asked side by side as they are alone, and in whatever order their points come. */
static void answers_are_those_of_a_set(void **state) {
  float xyz[2][3 * POINTS], turned[3 * POINTS], alone[2], other[2];
  draw_points(xyz[0], 1);
  draw_points(xyz[1], 2);
  for (size_t i = 0; i < POINTS; i++) memcpy(turned + 3 * i, xyz[0] + 3 * (POINTS - 1 - i), 3 * sizeof *turned);
  for (size_t i = 0; i < LOADED; i++) {
    const char *path = trained(*state, loaded[i], 2);
    victim v;
    tape *t;
    assert_int_equal(victim_open(&v, path, NULL), SCRIM_OK);
    assert_int_equal(v.classes, 2);
    assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
    assert_int_equal(victim_ask(&v, t, xyz[0], POINTS, alone, NULL), SCRIM_OK);
    assert_int_equal(victim_ask(&v, t, turned, POINTS, other, NULL), SCRIM_OK);
    for (size_t c = 0; c < 2; c++) assert_float_equal(alone[c], other[c], 1e-4);
    tape_reset(t);
    const tensor *both = v.logits(t, v.model, tape_input(t, xyz[0], 3, (int[]){2, POINTS, 3}));
    for (size_t c = 0; c < 2; c++) assert_float_equal(both->data[c], alone[c], 1e-4);
    assert_true(fabsf(both->data[2] - both->data[0]) > 1e-4f);
    assert_int_equal(victim_ask(&v, t, xyz[0], 1, alone, NULL), SCRIM_OK);
    assert_true(isfinite(alone[0]) && isfinite(alone[1]));
    tape_free(t);
    victim_close(&v);
  }
}

/* Down to the points: as the margin rises along the gradient, so it does in small steps. */
static void gradients_reach_the_points(void **state) {
  float xyz[3 * POINTS], moved[3 * POINTS], before[2], after[2];
  draw_points(xyz, 3);
  for (size_t i = 0; i < LOADED; i++) {
    victim v;
    tape *t;
    double squared = 0;
    assert_int_equal(victim_open(&v, trained(*state, loaded[i], 2), NULL), SCRIM_OK);
    assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
    assert_int_equal(victim_ask(&v, t, xyz, POINTS, before, NULL), SCRIM_OK);
    tape_reset(t);
    tensor *x = tape_variable(t, xyz, 3, (int[]){1, POINTS, 3});
    tensor *root = op_sum(t, op_slice(t, v.logits(t, v.model, x), 1, 1, 1));
    assert_int_equal(tape_backward(t, root, NULL), SCRIM_OK);
    for (size_t j = 0; j < 3 * POINTS; j++) squared += (double)x->grad[j] * x->grad[j];
    assert_true(squared > 0);
    const double step = 1e-3 / sqrt(squared);
    for (size_t j = 0; j < 3 * POINTS; j++) moved[j] = (float)(xyz[j] + step * x->grad[j]);
    assert_int_equal(victim_ask(&v, t, moved, POINTS, after, NULL), SCRIM_OK);
    assert_float_equal((after[1] - before[1]) / (1e-3 * sqrt(squared)), 1, 0.2);
    tape_free(t);
    victim_close(&v);
  }
}

/* The same tensors under another network's name, and a name that nobody has. */
static void other_files_are_refused(void **state) {
  const char *path = trained(*state, &victim_edge, 1), *marked = files_path(*state, "marked.safetensors");
  static const char *const names[] = {"attention", "pointnet", "transformer"};
  for (size_t i = 0; i < 3; i++) {
    tensorfile *file;
    tensorfile_writer *w;
    nn_params *p = nn_params_create();
    char layers[4096];
    assert_true(victim_edge.bytes <= sizeof layers && victim_edge.build(layers, p, 2, NULL));
    assert_int_equal(tensorfile_open(&file, path, NULL), SCRIM_OK);
    assert_int_equal(nn_params_get(p, "", file, NULL), SCRIM_OK);
    tensorfile_close(file);
    assert_int_equal(tensorfile_writer_create(&w, NULL), SCRIM_OK);
    assert_int_equal(nn_params_put(p, "", w, NULL), SCRIM_OK);
    assert_int_equal(tensorfile_put_meta(w, "network", names[i], NULL), SCRIM_OK);
    assert_int_equal(tensorfile_save(w, marked, NULL), SCRIM_OK);
    tensorfile_writer_free(w);
    nn_params_free(p);
    victim v;
    scrim_error error;
    assert_int_equal(victim_open(&v, marked, &error), SCRIM_E_FORMAT);
    assert_null(v.model);
    if (i == 2) assert_non_null(strstr(error.message, "'transformer'"));
  }
}

static void running_out_of_memory_is_an_error(void **state) {
  for (size_t i = 0; i < LOADED; i++) {
    const char *path = trained(*state, loaded[i], 1);
    scrim_status status = SCRIM_E_MEMORY;
    for (unsigned long at = 1; status != SCRIM_OK; at += 3) {
      victim v;
      memory_fail_at(at, 0);
      status = victim_open(&v, path, NULL);
      memory_fail_at(0, 0);
      if (status != SCRIM_OK) assert_int_equal(status, SCRIM_E_MEMORY);
      victim_close(&v);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_name_is_that_of_one_network),
      cmocka_unit_test_setup_teardown(answers_are_those_of_a_set, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(gradients_reach_the_points, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(other_files_are_refused, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(running_out_of_memory_is_an_error, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
