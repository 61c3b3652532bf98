/* Each network learns two plain shapes, and does so in the same bits from the same seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "object_world.h"
#include "pointcloud_defense/objects.h"
#include "pointcloud_defense/victim.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdlib.h>

static const char *network; /* that is trained */

static scrim_status train(const char *path, const scrim_cloud_objects *objects, size_t epochs, uint64_t seed,
                          scrim_error *error) {
  const scrim_cloud_victim how = {.network = network, .objects = *objects, .epochs = epochs, .seed = seed};
  return scrim_cloud_victim_train(path, &how, error);
}

static const char *const networks[] = {"pointnet", "edge", "attention"};
enum { NETWORKS = 3 };

static void learns(void **state) {
  const char *path = files_path(*state, "v.safetensors");
  const scrim_cloud_objects objects = object_world(7);
  assert_int_equal(train(path, &objects, 8, 1, NULL), SCRIM_OK);
  victim v;
  tape *t;
  size_t right = 0;
  static float unit[3 * OBJECT_POINTS];
  const scrim_cloud_objects others = object_world(8);
  assert_int_equal(victim_open(&v, path, NULL), SCRIM_OK);
  assert_int_equal(tape_create(&t, &cpu_backend, NULL), SCRIM_OK);
  for (size_t i = 0; i < others.n; i++) {
    float logits[2];
    memcpy(unit, others.xyz + 3 * OBJECT_POINTS * i, sizeof unit);
    objects_to_unit_sphere(unit, OBJECT_POINTS);
    assert_int_equal(victim_ask(&v, t, unit, OBJECT_POINTS, logits, NULL), SCRIM_OK);
    right += victim_class(logits, 2) == others.labels[i];
  }
  assert_true(10 * right >= 9 * others.n);
  tape_free(t);
  victim_close(&v);
}

static void all_learn(void **state) {
  for (size_t i = 0; i < NETWORKS; i++) {
    network = networks[i];
    learns(state);
  }
}

static void the_seed_is_all(void **state) {
  const scrim_cloud_objects objects = object_world(7);
  for (size_t which = 0; which < NETWORKS; which++) {
    char *bytes[3];
    size_t n[3];
    network = networks[which];
    for (uint64_t i = 0; i < 3; i++) {
      const char *path = files_path(*state, "v.safetensors");
      assert_int_equal(train(path, &objects, 1, i / 2, NULL), SCRIM_OK);
      bytes[i] = files_read(path, &n[i]);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    assert_memory_not_equal(bytes[0], bytes[2], n[0]);
    for (size_t i = 0; i < 3; i++) free(bytes[i]);
  }
}

static void without_a_name_it_is_a_pointnet(void **state) {
  const scrim_cloud_objects objects = object_world(7);
  char *bytes[2];
  size_t n[2];
  for (size_t i = 0; i < 2; i++) {
    const char *path = files_path(*state, "v.safetensors");
    network = i == 0 ? NULL : "pointnet";
    assert_int_equal(train(path, &objects, 1, 3, NULL), SCRIM_OK);
    bytes[i] = files_read(path, &n[i]);
  }
  assert_int_equal(n[0], n[1]);
  assert_memory_equal(bytes[0], bytes[1], n[0]);
  for (size_t i = 0; i < 2; i++) free(bytes[i]);
}

static void bad_objects_are_named(void **state) {
  const char *path = files_path(*state, "v.safetensors");
  scrim_cloud_objects objects = object_world(7);
  scrim_error error;
  network = NULL;
  ((float *)objects.xyz)[3 * OBJECT_POINTS * 5 + 4] = NAN;
  assert_int_equal(train(path, &objects, 1, 0, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 5);
  objects = object_world(7);
  ((int32_t *)objects.labels)[3] = -1;
  assert_int_equal(train(path, &objects, 1, 0, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 3);
  objects = object_world(7);
  objects.n = 1;
  assert_int_equal(train(path, &objects, 1, 0, &error), SCRIM_E_DATA);
  objects.labels = NULL;
  assert_int_equal(train(path, &objects, 1, 0, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(train(NULL, &objects, 1, 0, &error), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_cloud_victim_train(path, NULL, &error), SCRIM_E_ARGUMENT);
  objects = object_world(7);
  assert_int_equal(train(path, &objects, 0, 0, &error), SCRIM_E_PARAM);
  network = "transformer";
  assert_int_equal(train(path, &objects, 1, 0, &error), SCRIM_E_PARAM);
  assert_non_null(strstr(error.message, "'transformer'"));
  assert_false(files_exists(path));
}

static void running_out_of_memory_is_an_error(void **state) {
  const char *path = files_path(*state, "v.safetensors");
  scrim_cloud_objects objects = object_world(7);
  objects.n = 2;
  for (size_t which = 0; which < NETWORKS; which++) {
    network = networks[which];
    memory_fail_at(1000000, 0);
    assert_int_equal(train(path, &objects, 1, 0, NULL), SCRIM_OK);
    const unsigned long requests = memory_requests();
    for (unsigned long at = 1; at <= requests; at += 1 + requests / 12) {
      memory_fail_at(at, 0);
      const scrim_status status = train(path, &objects, 1, 0, NULL);
      memory_fail_at(0, 0);
      assert_int_equal(status, SCRIM_E_MEMORY);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_learn, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(the_seed_is_all, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(without_a_name_it_is_a_pointnet, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(bad_objects_are_named, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(running_out_of_memory_is_an_error, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
