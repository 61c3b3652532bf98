/* Diffusion on the device, emulated, against the CPU: what neighbours tell, the network, steps, whole restorations. */
enum { MOST_POINTS = 200 };
#include "device_diffusion_world.h"

#include "cuda/cuda_functions.h"
#include "emulated_cuda.h"

static void steps_are_those_of_the_cpu(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 3, 9, 33, 64, 150};
  prior_plan *plan = make_plan();
  device_diffusion *d = open_device(plan);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
      if (shape == CLOUD_MIXED) continue; /* what is nowhere counts in the CPU's means */
      make_cloud(sizes[i], shape, 10 * i + shape);
      compare(d, plan, sizes[i]);
    }
  device->close(d);
  prior_plan_free(plan);
}

/* Copies move as their place does; what is nowhere stays there. */
static void copies_go_along(void **state) {
  (void)state;
  prior_plan *plan = make_plan();
  device_diffusion *d = open_device(plan);
  float x[3 * 40], epsilon[3 * 40];
  make_cloud(40, CLOUD_UNIFORM, 5);
  memcpy(cloud + 3 * 20, cloud + 3 * 7, 3 * sizeof *cloud);
  cloud[3 * 30] = NAN;
  const device_step step = {.level = 0.2, .part = 1, .outer = 1},
                    both = {.level = 0.2, .inner = 0.5f, .part = 2, .outer = 3};
  assert_int_equal(device->take(d, cloud, 40, NULL), SCRIM_OK);
  assert_int_equal(device->step(d, &step, NULL), SCRIM_OK);
  assert_int_equal(device->give(d, epsilon, NULL), SCRIM_OK);
  assert_memory_equal(epsilon + 3 * 20, epsilon + 3 * 7, 3 * sizeof *epsilon);
  assert_true(epsilon[0] != 0);
  assert_int_equal(device->take(d, cloud, 40, NULL), SCRIM_OK);
  assert_int_equal(device->step(d, &both, NULL), SCRIM_OK);
  assert_int_equal(device->give(d, x, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * 40; i++) assert_true(x[i] == 3 * (0.5f * cloud[i] + 2 * epsilon[i]) || i / 3 == 30);
  assert_true(isnan(x[3 * 30]) && x[3 * 30 + 1] == 1.5f * cloud[3 * 30 + 1]);
  device->close(d);
  prior_plan_free(plan);
}

static void noise_is_what_the_host_brings(void **state) {
  (void)state;
  prior_plan *plan = make_plan();
  device_diffusion *d = open_device(plan);
  float x[3 * 50], expected[3 * 50];
  make_cloud(50, CLOUD_UNIFORM, 5);
  memcpy(expected, cloud, sizeof expected);
  assert_int_equal(device->take(d, cloud, 50, NULL), SCRIM_OK);
  for (int round = 0; round < 4; round++) {
    const float spread = 0.25f * (float)(round + 1);
    assert_int_equal(device->forward(d, 0.5f, spread, noise, NULL), SCRIM_OK);
    for (size_t i = 0; i < 3 * 50; i++) expected[i] = 0.5f * expected[i] + spread * noise[i];
    for (size_t i = 0; i < 3 * 50; i++) noise[i] += 1; /* the caller's again, while the device may not have begun */
  }
  assert_int_equal(device->give(d, x, NULL), SCRIM_OK);
  assert_memory_equal(x, expected, sizeof x);
  device->close(d);
  prior_plan_free(plan);
}

/* ---- restoring, as a session does ---- */

enum { PASSES = 2 };

static void restore_one(restore *r, pool *p, size_t n, const restore_request *request, float *out, double told[3]) {
  static uint32_t first[MOST_POINTS];
  cloud_first(cloud, n, 3, first);
  memcpy(out, cloud, 3 * n * sizeof *out);
  assert_int_equal(restore_take(r, cloud, first, n, &told[0], NULL), SCRIM_OK);
  assert_int_equal(restore_gauge(r, p, &told[1], &told[2], NULL), SCRIM_OK);
  assert_int_equal(restore_run(r, p, request, NULL), SCRIM_OK);
  for (int pass = 1; pass < PASSES; pass++) {
    assert_true(restore_take_again(r) > 0);
    assert_int_equal(restore_run(r, p, request, NULL), SCRIM_OK);
  }
  restore_give(r, first, n, out);
}

/*
 * Noise is the same in every pass. Rounding decides who is a neighbour where two are as far, and a step then sees
 * another one: hence the wider limit for several steps.
 */
static void restorations_agree(void **state) {
  (void)state;
  static const restore_request requests[] = {{12, 2, 0.4}, {6, 0, 1}, {1, 1, 1}};
  static float here[3 * MOST_POINTS], there[3 * MOST_POINTS];
  static const unsigned char secret[SCRIM_KEY_BYTES] = {7};
  prior_plan *plan = make_plan();
  scrim_key *key;
  restore *r[2];
  pool *p;
  assert_int_equal(scrim_key_create(&key, secret, NULL), SCRIM_OK);
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  for (int i = 0; i < 2; i++) assert_int_equal(restore_create(&r[i], plan, key, 1, NULL), SCRIM_OK);
  assert_int_equal(restore_use(r[1], device, NULL), SCRIM_OK);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    double told[2][3];
    make_cloud(MOST_POINTS, i == 1 ? CLOUD_MIXED : CLOUD_UNIFORM, 40 + i);
    restore_one(r[0], p, MOST_POINTS, &requests[i], here, told[0]);
    restore_one(r[1], p, MOST_POINTS, &requests[i], there, told[1]);
    for (int j = 0; j < 3; j++) assert_true(fabs(told[0][j] - told[1][j]) <= 2e-6 * told[0][j]);
    for (size_t j = 0; j < 3 * MOST_POINTS; j++) assert_int_equal(!!isfinite(here[j]), !!isfinite(there[j]));
    for (size_t j = 0; j < 3 * MOST_POINTS; j++)
      here[j] = isfinite(here[j]) ? here[j] : 0, there[j] = isfinite(there[j]) ? there[j] : 0;
    assert_true(distance(there, here, 3 * MOST_POINTS) < 1e-5);
  }
  for (int i = 0; i < 2; i++) restore_free(r[i]);
  pool_free(p);
  scrim_key_free(key);
  prior_plan_free(plan);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

/* Whoever runs first: a kernel that answers otherwise in another order has a race. */
static void order_changes_nothing(void **state) {
  (void)state;
  static float x[EMULATED_ORDERS][3 * MOST_POINTS];
  prior_plan *plan = make_plan();
  device_diffusion *d = open_device(plan);
  make_cloud(MOST_POINTS, CLOUD_LIDAR, 3);
  for (int order = 0; order < EMULATED_ORDERS; order++) {
    const device_step step = {0.2, 0.99f, -0.1f, 1, 0.05f, noise};
    emulated_cuda_order((emulated_order)order);
    assert_int_equal(device->take(d, cloud, MOST_POINTS, NULL), SCRIM_OK);
    for (int i = 0; i < 2; i++) assert_int_equal(device->step(d, &step, NULL), SCRIM_OK);
    assert_int_equal(device->give(d, x[order], NULL), SCRIM_OK);
    assert_memory_equal(x[order], x[0], sizeof x[0]);
  }
  emulated_cuda_order(EMULATED_ASCENDING);
  device->close(d);
  prior_plan_free(plan);
}

/* ---- what may go wrong ---- */

static void failures_are_told(void **state) {
  (void)state;
  prior_plan *plan = make_plan();
  device_prior weights;
  scrim_error error;
  int failed = 0;
  float *block = prior_plan_unpack(plan, &weights), x[3 * 40];
  make_cloud(40, CLOUD_UNIFORM, 5);
  for (unsigned long at = 1; at < 120; at++) {
    const device_step step = {0.2, 0.99f, -0.1f, 1, 0.05f, noise};
    device_diffusion *d = NULL;
    emulated_cuda_fail_at(at);
    scrim_status status = device->open(&d, &weights, &error);
    if (status == SCRIM_OK) status = device->take(d, cloud, 40, &error);
    if (status == SCRIM_OK) status = device->step(d, &step, &error);
    if (status == SCRIM_OK) status = device->give(d, x, &error);
    emulated_cuda_fail_at(0);
    failed += status != SCRIM_OK;
    if (status != SCRIM_OK) assert_true(status == SCRIM_E_DEVICE || status == SCRIM_E_MEMORY);
    device->close(d);
  }
  assert_true(failed > 60);
  assert_int_equal(emulated_cuda_allocated(), 0);
  memory_free(block);
  prior_plan_free(plan);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  prior_plan *plan = make_plan();
  device_diffusion *d = open_device(plan), *none = NULL;
  device_prior weights;
  scrim_error error;
  float *block = prior_plan_unpack(plan, &weights), x[3];
  assert_int_equal(device->give(d, x, &error), SCRIM_E_STATE);
  assert_int_equal(device->take(d, x, 0, &error), SCRIM_E_DATA);
  weights.network.width[0] = 70;
  assert_int_equal(device->open(&none, &weights, &error), SCRIM_E_UNSUPPORTED);
  assert_string_equal(error.message, "a prior of 70 numbers and 11 ways; the device takes 77 and 11");
  device->close(d);
  memory_free(block);
  prior_plan_free(plan);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_those_of_the_cpu),    cmocka_unit_test(copies_go_along),
      cmocka_unit_test(noise_is_what_the_host_brings), cmocka_unit_test(restorations_agree),
      cmocka_unit_test(order_changes_nothing),         cmocka_unit_test(failures_are_told),
      cmocka_unit_test(nonsense_is_refused),
  };
  device = &cuda_diffusion_functions;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
