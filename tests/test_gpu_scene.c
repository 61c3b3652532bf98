/* Clouds on a GPU, where there is one, as large as frames are: the CPU's places, neighbours, planes and marks to the
 * bit. */
enum { MOST_POINTS = 60000 };
#include "device_scene_world.h"

#include "tensor/backend_open.h"
#include "tensor/device_functions.h"
#include <stdio.h>

static int setup(void **state) {
  const char *folder = getenv("BUILD");
  const backend *gpu;
  scrim_error error;
  (void)state;
  if (backend_open_in(&gpu, 0, folder ? folder : "build", &error) == SCRIM_OK)
    device = gpu->functions->scene;
  else
    printf("skipped: no device (%s)\n", error.message);
  return 0;
}

static void neighbours_are_those_of_the_cpu(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 2, 33, 2049, MOST_POINTS}, ks[] = {9, 1, 16, 32};
  if (!device) skip();
  neighbours *index = neighbours_create();
  device_scene *s;
  assert_non_null(index);
  assert_int_equal(device->open(&s, NULL, NULL), SCRIM_OK);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
      cloud_make(cloud, sizes[i], 3, shape, 10 * i + shape);
      compare_neighbours(s, index, sizes[i], ks[(i + shape) % (sizeof ks / sizeof *ks)]);
    }
  device->close(s);
  neighbours_free(index);
}

static void surveys_are_those_of_the_cpu(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 3, 700, MOST_POINTS}, ks[] = {9, 3, 16, 32};
  if (!device) skip();
  neighbours *index = neighbours_create();
  both_markers b[2];
  pool *p;
  assert_non_null(index);
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  for (int with = 0; with < 2; with++) open_markers(&b[with], with);
  for (size_t i = 0; i < MOST_POINTS; i++) intensity[i] = (float)(i % 13) / 7;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
      cloud_make(cloud, sizes[i], 3, shape, 10 * i + shape);
      compare_survey(&b[(i + shape) % 2], index, p, sizes[i], ks[(i + shape) % 4]);
    }
  for (int with = 0; with < 2; with++) close_markers(&b[with]);
  pool_free(p);
  neighbours_free(index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(neighbours_are_those_of_the_cpu),
      cmocka_unit_test(surveys_are_those_of_the_cpu),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
