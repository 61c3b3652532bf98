/* Frames on the device, emulated: the same places, neighbours, planes and marks as on the CPU, in the same bits. */
enum { MOST_POINTS = 2060 }; /* more than a tile of the sort has */
#include "device_scene_world.h"

#include "core/memory.h"
#include "cuda/cuda_functions.h"
#include "emulated_cuda.h"

static void neighbours_are_those_of_the_cpu(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 2, 3, 31, 32, 33, 260}, ks[] = {1, 5, 9, 12, 16, 17, 32};
  neighbours *index = neighbours_create();
  device_scene *s;
  assert_non_null(index);
  assert_int_equal(device->open(&s, NULL, NULL), SCRIM_OK);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
      emulated_cuda_order((emulated_order)((i + shape) % EMULATED_ORDERS));
      cloud_make(cloud, sizes[i], 3, shape, 10 * i + shape);
      compare_neighbours(s, index, sizes[i], ks[(i + shape) % (sizeof ks / sizeof *ks)]);
    }
  emulated_cuda_order(EMULATED_ASCENDING);
  device->close(s);
  neighbours_free(index);
}

/* More than one tile of the sort, and more than one level of boxes. */
static void larger_clouds_too(void **state) {
  (void)state;
  static const cloud_shape shapes[] = {CLOUD_LIDAR, CLOUD_MIXED};
  neighbours *index = neighbours_create();
  device_scene *s;
  assert_non_null(index);
  assert_int_equal(device->open(&s, NULL, NULL), SCRIM_OK);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    cloud_make(cloud, MOST_POINTS, 3, shapes[i], 77 + i);
    compare_neighbours(s, index, MOST_POINTS, i == 0 ? 16 : 9);
  }
  device->close(s);
  neighbours_free(index);
}

/* Points in a row, each as far from the next: whose box is as far as what has been found must be looked into. */
static void ties_are_seen_across_leaves(void **state) {
  (void)state;
  neighbours *index = neighbours_create();
  device_scene *s;
  assert_non_null(index);
  assert_int_equal(device->open(&s, NULL, NULL), SCRIM_OK);
  for (int way = -1; way <= 1; way += 2) {
    for (int i = 0; i < 200; i++) cloud[3 * i] = (float)(way * i), cloud[3 * i + 1] = cloud[3 * i + 2] = 0;
    compare_neighbours(s, index, 200, 1);
  }
  device->close(s);
  neighbours_free(index);
}

static void nowhere_is_nowhere(void **state) {
  (void)state;
  size_t places;
  device_scene *s;
  uint32_t index[8];
  float squared[8], points[16];
  assert_int_equal(device->open(&s, NULL, NULL), SCRIM_OK);
  for (int i = 0; i < 12; i++) cloud[i] = i % 2 ? NAN : INFINITY;
  assert_int_equal(device->build(s, cloud, 4, first, &places, NULL), SCRIM_OK);
  assert_int_equal(places, 0);
  for (int i = 0; i < 4; i++) assert_int_equal(first[i], COPIES_NONE);
  assert_int_equal(device->find(s, 2, index, squared, NULL), SCRIM_OK);
  for (int i = 0; i < 8; i++) assert_int_equal(index[i], UINT32_MAX);
  assert_int_equal(device->survey(s, &(device_survey){.k = 2, .points = points}, NULL), SCRIM_OK);
  for (int i = 0; i < 16; i++) assert_true(points[i] == 0);
  device->close(s);
}

static void surveys_are_those_of_the_cpu(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 4, 33, 150};
  compare_surveys(sizes, sizeof sizes / sizeof *sizes);
}

/* ---- frames, as a session has them ---- */

static void compare_frames(cloud_frame *here, cloud_frame *there, const cloud_settings *settings, size_t n) {
  const scrim_view view = {.kind = SCRIM_POINTS, .data = cloud, .rows = n, .columns = 3};
  int capped[2];
  assert_int_equal(cloud_frame_survey(here, settings, &view, NULL), SCRIM_OK);
  assert_int_equal(cloud_frame_survey(there, settings, &view, NULL), SCRIM_OK);
  assert_memory_equal(&there->found, &here->found, sizeof here->found);
  assert_int_equal(cloud_frame_mark(here, settings, &capped[0]), cloud_frame_mark(there, settings, &capped[1]));
  assert_int_equal(capped[0], capped[1]);
  if (n > 0) assert_memory_equal(there->mark, here->mark, n);
  if (settings->mode != CLOUD_MOVE) return;
  assert_int_equal(cloud_frame_move(here, settings, NULL), SCRIM_OK);
  assert_int_equal(cloud_frame_move(there, settings, NULL), SCRIM_OK);
  for (size_t i = 0; i < 3 * n; i++) assert_true(here->xyz[i] == there->xyz[i] || isnan(here->xyz[i]));
}

static void frames_come_to_the_same(void **state) {
  (void)state;
  static const cloud_shape shapes[] = {CLOUD_LIDAR, CLOUD_MIXED, CLOUD_GRID};
  cloud_settings settings = {.k = 9, .iterations = 2, .cap = 0.3, .outlier = {OUTLIER_NEAR, -1, -1, -1}};
  outliers_fill_in(&settings.outlier);
  for (int with_marker = 0; with_marker < 2; with_marker++) {
    both_markers b;
    cloud_frame *here, *there;
    open_markers(&b, 0);
    assert_int_equal(cloud_frame_create(&here, 1, NULL), SCRIM_OK);
    assert_int_equal(cloud_frame_create(&there, 1, NULL), SCRIM_OK);
    if (with_marker) here->marker = there->marker = b.plan;
    assert_int_equal(cloud_frame_use(there, device, settings.k, NULL), SCRIM_OK);
    assert_non_null(there->scene);
    for (size_t i = 0; i < 3; i++) {
      settings.mode = i == 0 ? CLOUD_MARK : CLOUD_MOVE;
      cloud_make(cloud, 400, 3, shapes[i], 20 + i);
      compare_frames(here, there, &settings, i == 1 ? 401 : 400 * (i < 2));
    }
    cloud_frame_free(here);
    cloud_frame_free(there);
    close_markers(&b);
  }
}

/* More neighbours than a device takes: the CPU goes on. */
static void the_cpu_does_what_the_device_cannot(void **state) {
  (void)state;
  cloud_frame *f;
  assert_int_equal(cloud_frame_create(&f, 1, NULL), SCRIM_OK);
  assert_int_equal(cloud_frame_use(f, device, 33, NULL), SCRIM_OK);
  assert_null(f->scene);
  cloud_frame_free(f);
}

/* ---- what may go wrong ---- */

static void too_much_is_refused(void **state) {
  (void)state;
  scrim_error error;
  size_t places;
  float w[1] = {0};
  device_scene *s = NULL;
  const device_network wide = {2, {12, 177, 1}, {w, w}, {w, w}}, odd = {1, {13, 1}, {w}, {w}};
  assert_int_equal(device->open(&s, &wide, &error), SCRIM_E_UNSUPPORTED);
  assert_string_equal(error.message, "a layer of width 177; the device takes 1 to 176");
  assert_int_equal(device->open(&s, &odd, &error), SCRIM_E_UNSUPPORTED);
  assert_string_equal(error.message, "a marker of 13 inputs and 1 outputs; the device takes 12 or 14, and 1");
  assert_int_equal(device->open(&s, NULL, &error), SCRIM_OK);
  assert_int_equal(device->build(s, cloud, ((size_t)1 << 30) + 1, first, &places, &error), SCRIM_E_DATA);
  cloud_make(cloud, 10, 3, CLOUD_UNIFORM, 1);
  assert_int_equal(device->build(s, cloud, 10, first, &places, &error), SCRIM_OK);
  assert_int_equal(device->find(s, 33, first, cloud, &error), SCRIM_E_UNSUPPORTED);
  assert_int_equal(device->survey(s, &(device_survey){.k = 3, .points = cloud, .likely = cloud}, &error),
                   SCRIM_E_ARGUMENT);
  device->close(s);
}

/* Every call that may fail fails once: an error, nothing kept, and the next frame is none the worse. */
static void failures_are_told(void **state) {
  (void)state;
  neighbours *index = neighbours_create();
  int failed = 0;
  device_scene *s;
  assert_non_null(index);
  assert_int_equal(device->open(&s, NULL, NULL), SCRIM_OK);
  for (unsigned long at = 1; at < 80; at++) {
    static float points[4 * MOST_POINTS];
    size_t places = 1;
    scrim_error error;
    cloud_make(cloud, 40 + at, 3, CLOUD_LIDAR, at);
    emulated_cuda_fail_at(at);
    scrim_status status = device->build(s, cloud, 40 + at, first, &places, &error);
    if (status != SCRIM_OK) assert_int_equal(places, 0);
    if (status == SCRIM_OK) status = device->survey(s, &(device_survey){.k = 9, .points = points}, &error);
    emulated_cuda_fail_at(0);
    failed += status != SCRIM_OK;
    if (status != SCRIM_OK) assert_true(status == SCRIM_E_DEVICE || status == SCRIM_E_MEMORY);
    if (at % 20 == 0) compare_neighbours(s, index, 40 + at, 9);
  }
  assert_true(failed > 30);
  device->close(s);
  neighbours_free(index);
  assert_int_equal(emulated_cuda_allocated(), 0);
}

static void nothing_is_allocated_once_warm(void **state) {
  (void)state;
  static float points[4 * MOST_POINTS];
  device_scene *s;
  size_t places;
  assert_int_equal(device->open(&s, NULL, NULL), SCRIM_OK);
  cloud_make(cloud, 500, 3, CLOUD_LIDAR, 3);
  assert_int_equal(device->build(s, cloud, 500, first, &places, NULL), SCRIM_OK);
  const unsigned long before = emulated_cuda_allocations();
  memory_fail_at(1, 1);
  for (size_t n = 500; n > 10; n /= 3) {
    assert_int_equal(device->build(s, cloud, n, first, &places, NULL), SCRIM_OK);
    assert_int_equal(device->survey(s, &(device_survey){.k = 32, .points = points}, NULL), SCRIM_OK);
  }
  assert_int_equal(memory_requests(), 0);
  memory_fail_at(0, 0);
  assert_int_equal(emulated_cuda_allocations(), before);
  device->close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(neighbours_are_those_of_the_cpu),
      cmocka_unit_test(larger_clouds_too),
      cmocka_unit_test(ties_are_seen_across_leaves),
      cmocka_unit_test(nowhere_is_nowhere),
      cmocka_unit_test(surveys_are_those_of_the_cpu),
      cmocka_unit_test(frames_come_to_the_same),
      cmocka_unit_test(the_cpu_does_what_the_device_cannot),
      cmocka_unit_test(too_much_is_refused),
      cmocka_unit_test(failures_are_told),
      cmocka_unit_test(nothing_is_allocated_once_warm),
  };
  device = &cuda_scene_functions;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
