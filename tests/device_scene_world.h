/* A device's looks at clouds against the CPU's, bit for bit. Whoever includes this says what the device is. */
#ifndef DEVICE_SCENE_WORLD_H
#define DEVICE_SCENE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "cloud_world.h"
#include "pointcloud_defense/cloud_frame.h"
#include <cmocka.h>

enum { MARKER_WIDTH = 20 };

static const device_scene_functions *device;
static float cloud[3 * MOST_POINTS], intensity[MOST_POINTS];
static uint32_t first[MOST_POINTS];

/* ---- places and neighbours ---- */

static inline void compare_neighbours(device_scene *s, neighbours *index, size_t n, size_t k) {
  static uint32_t found[MOST_POINTS * DEVICE_SCENE_NEIGHBOURS];
  static float squared[MOST_POINTS * DEVICE_SCENE_NEIGHBOURS];
  static neighbours_block block;
  size_t places;
  assert_int_equal(neighbours_build(index, cloud, n, 3, NULL), SCRIM_OK);
  assert_int_equal(device->build(s, cloud, n, first, &places, NULL), SCRIM_OK);
  assert_int_equal(places, neighbours_places(index));
  if (n == 0) return;
  assert_memory_equal(first, neighbours_first(index), n * sizeof *first);
  assert_int_equal(device->find(s, k, found, squared, NULL), SCRIM_OK);
  for (size_t b = 0; b < neighbours_blocks(index); b++) {
    neighbours_find(index, b, k, &block);
    for (size_t i = 0; i < block.n; i++) {
      const size_t at = block.point[i] * k;
      assert_memory_equal(found + at, block.index[i], block.count * sizeof *found);
      assert_memory_equal(squared + at, block.squared[i], block.count * sizeof *squared);
      for (size_t j = block.count; j < k; j++) assert_int_equal(found[at + j], UINT32_MAX);
    }
  }
}

/* ---- surveys ---- */

typedef struct seen {
  const marker_plan *plan;
  float *likely;
} seen;

static void see(void *context, const neighbours_block *block, const survey_point *point, const plane_lanes *planes) {
  const seen *to = context;
  const marker_view view = {cloud, marker_plan_intensity(to->plan) ? intensity : NULL};
  float features[NEIGHBOURS_LANES * MARKER_FEATURES], likely[NEIGHBOURS_LANES];
  marker_describe(&view, block, point, planes, features);
  marker_plan_run(to->plan, features, block->n, likely);
  for (size_t i = 0; i < block->n; i++) to->likely[block->point[i]] = likely[i];
}

/* A marker with random weights, as a plan for the CPU and as the device has it. */
typedef struct both_markers {
  marker m;
  marker_plan *plan;
  device_scene *scene;
} both_markers;

static inline void open_markers(both_markers *b, int with_intensity) {
  const marker_shape shape = {MARKER_WIDTH, with_intensity};
  random_source *r;
  assert_int_equal(random_source_from_seed(&r, 4, NULL), SCRIM_OK);
  assert_int_equal(marker_create(&b->m, &shape, r, NULL), SCRIM_OK);
  for (size_t i = 0; i < MARKER_FEATURES; i++) {
    b->m.mean[i] = (float)random_normal(r);
    b->m.scale[i] = (float)(0.5 + random_uniform(r));
  }
  random_source_free(r);
  b->m.rule[MARKER_K] = 9;
  assert_int_equal(marker_plan_create(&b->plan, &b->m, NULL), SCRIM_OK);
  assert_int_equal(device->open(&b->scene, marker_plan_network(b->plan), NULL), SCRIM_OK);
}

static inline void close_markers(both_markers *b) {
  device->close(b->scene);
  marker_plan_free(b->plan);
  marker_free(&b->m);
}

static inline void compare_survey(both_markers *b, neighbours *index, pool *p, size_t n, size_t k) {
  static survey_point points[MOST_POINTS], expected[MOST_POINTS];
  static float moved[3 * MOST_POINTS], expected_moved[3 * MOST_POINTS], likely[MOST_POINTS],
      expected_likely[MOST_POINTS];
  size_t places;
  seen to = {b->plan, expected_likely};
  memset(expected_likely, 0, sizeof expected_likely);
  assert_int_equal(neighbours_build(index, cloud, n, 3, NULL), SCRIM_OK);
  survey_run(&(survey_request){index, cloud, n, k, p, 1, see, &to}, expected, expected_moved);
  assert_int_equal(device->build(b->scene, cloud, n, first, &places, NULL), SCRIM_OK);
  const device_survey request = {k, intensity, &points[0].plane, moved, likely};
  assert_int_equal(device->survey(b->scene, &request, NULL), SCRIM_OK);
  assert_memory_equal(points, expected, n * sizeof *points);
  assert_memory_equal(moved, expected_moved, 3 * n * sizeof *moved);
  assert_memory_equal(likely, expected_likely, n * sizeof *likely);
}

/* Surveys with either marker, of clouds of each shape. */
static inline void compare_surveys(const size_t *sizes, size_t n_sizes) {
  static const size_t ks[] = {9, 3, 16, 32};
  neighbours *index = neighbours_create();
  both_markers b[2];
  pool *p;
  assert_non_null(index);
  assert_int_equal(pool_create(&p, 1, NULL), SCRIM_OK);
  for (int with = 0; with < 2; with++) open_markers(&b[with], with);
  for (size_t i = 0; i < MOST_POINTS; i++) intensity[i] = (float)(i % 13) / 7;
  for (size_t i = 0; i < n_sizes; i++)
    for (cloud_shape shape = 0; shape < CLOUD_SHAPES; shape++) {
      cloud_make(cloud, sizes[i], 3, shape, 10 * i + shape);
      compare_survey(&b[(i + shape) % 2], index, p, sizes[i], ks[(i + shape) % 4]);
    }
  for (int with = 0; with < 2; with++) close_markers(&b[with]);
  pool_free(p);
  neighbours_free(index);
}

#endif
