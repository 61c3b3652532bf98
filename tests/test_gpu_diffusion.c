/* Diffusion on a GPU, where there is one: steps agree with the CPU's within the limits of device_diffusion_world.h, and
 * a cloud comes to the same bits each time. */
enum { MOST_POINTS = 20000 };
#include "device_diffusion_world.h"

#include "gpu_backend.h"
#include "tensor/device_functions.h"

static int setup(void **state) {
  (void)state;
  const backend *gpu = gpu_backend();
  if (gpu) device = gpu->functions->diffusion;
  return 0;
}

static void steps_are_those_of_the_cpu(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 40, 1024, MOST_POINTS};
  static const cloud_shape shapes[] = {CLOUD_UNIFORM, CLOUD_LIDAR, CLOUD_PLANE, CLOUD_LINE, CLOUD_CLUSTERED};
  if (!device) skip();
  prior_plan *plan = make_plan();
  device_diffusion *d = open_device(plan);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t j = 0; j < sizeof shapes / sizeof *shapes; j++) {
      make_cloud(sizes[i], shapes[j], 10 * i + j);
      compare(d, plan, sizes[i]);
    }
  device->close(d);
  prior_plan_free(plan);
}

static void ten_steps_give_the_same_bits(void **state) {
  (void)state;
  static float x[2][3 * MOST_POINTS];
  if (!device) skip();
  prior_plan *plan = make_plan();
  device_diffusion *d = open_device(plan);
  make_cloud(MOST_POINTS, CLOUD_LIDAR, 3);
  for (int run = 0; run < 2; run++) {
    const device_step step = {0.2, 0.99f, -0.01f, 1, 0.05f, noise};
    assert_int_equal(device->take(d, cloud, MOST_POINTS, NULL), SCRIM_OK);
    for (int i = 0; i < 10; i++) assert_int_equal(device->step(d, &step, NULL), SCRIM_OK);
    assert_int_equal(device->give(d, x[run], NULL), SCRIM_OK);
  }
  assert_memory_equal(x[0], x[1], sizeof x[0]);
  device->close(d);
  prior_plan_free(plan);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_those_of_the_cpu),
      cmocka_unit_test(ten_steps_give_the_same_bits),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
