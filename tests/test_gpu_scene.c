/* Clouds on a GPU, where there is one, as large as frames are: the CPU's places, neighbours, planes and marks to the
 * bit. */
enum { MOST_POINTS = 60000 };
#include "device_scene_world.h"

#include "gpu_backend.h"
#include "tensor/device_functions.h"

static int setup(void **state) {
  (void)state;
  const backend *gpu = gpu_backend();
  if (gpu) device = gpu->functions->scene;
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
  static const size_t sizes[] = {1, 3, 700, MOST_POINTS};
  if (!device) skip();
  compare_surveys(sizes, sizeof sizes / sizeof *sizes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(neighbours_are_those_of_the_cpu),
      cmocka_unit_test(surveys_are_those_of_the_cpu),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
