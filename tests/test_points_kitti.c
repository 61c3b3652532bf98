/* Records of float32 without a header, of any said width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void make(world_file *file, size_t n, size_t floats) {
  file->n = 0;
  for (size_t i = 0; i < n * floats; i++) world_f32(file, i == 1 ? NAN : (float)i * 0.5f);
}

static void both_widths_are_read_edited_and_written(void **state) {
  const points_format *const formats[] = {&points_kitti, &points_nuscenes};
  for (size_t k = 0; k < 2; k++) {
    world_file file, expected = {.n = 0};
    scrim_points_reader *reader;
    float xyz[9], intensity[3];
    size_t floats = 4 + k, moved;
    make(&file, 3, floats);
    scrim_points *points = world_read(&reader, &file, formats[k]);
    assert_int_equal(points->info.n, 3);
    assert_int_equal(points->info.n_fields, floats);
    scrim_points_get_xyz(points, xyz);
    assert_true(isnan(xyz[1]) && xyz[3] == (float)floats * 0.5f);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "intensity"), intensity);
    assert_true(intensity[2] == (float)(2 * floats + 3) * 0.5f);
    world_expect_written(*state, points, file.at, file.n);
    xyz[8] = -1;
    assert_int_equal(scrim_points_move(points, xyz, &moved, NULL), SCRIM_OK);
    assert_int_equal(moved, 1);
    assert_int_equal(scrim_points_keep(points, (const uint8_t[]){1, 0, 1}, NULL), SCRIM_OK);
    world_put(&expected, file.at, 4 * floats);
    world_put(&expected, file.at + 8 * floats, 4 * floats);
    memcpy(expected.at + 4 * floats + 8, &(float){-1}, 4);
    world_expect_written(*state, points, expected.at, expected.n);
    world_close(reader);
  }
}

static void other_widths_must_be_said(void **state) {
  (void)state;
  world_file file;
  scrim_error error;
  make(&file, 3, 6);
  world_expect_refused(&file, &points_kitti, "has 72 bytes, which are no whole number of points of 4 float32");
  assert_int_equal(world_status(file.at, file.n, &points_kitti, &(scrim_points_options){.bin_floats = 6}, NULL),
                   SCRIM_OK);
  for (int floats = -1; floats < 66; floats++) {
    int fits = floats == 0 || (floats >= 3 && floats <= 64);
    scrim_status status =
        world_status(file.at, 0, &points_kitti, &(scrim_points_options){.bin_floats = floats}, &error);
    assert_int_equal(status, fits ? SCRIM_OK : SCRIM_E_PARAM);
  }
}

static void a_size_that_fits_two_widths_is_refused_unless_one_is_said(void **state) {
  (void)state;
  world_file file;
  make(&file, 5, 4);
  world_expect_refused(&file, &points_kitti, "80 bytes, whole points of 4 float32 (kitti) and of 5 (nuscenes)");
  const scrim_points_options said[] = {{.format = SCRIM_POINTS_KITTI}, {.bin_floats = 4}, {.bin_floats = 5}};
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(world_status(file.at, file.n, &points_kitti, &said[i], NULL), SCRIM_OK);
  assert_int_equal(world_status(file.at, file.n, &points_nuscenes, NULL, NULL), SCRIM_OK);
}

static void files_cut_within_a_point_are_refused(void **state) {
  (void)state;
  world_file file;
  scrim_error error;
  make(&file, 3, 5);
  for (size_t n = 0; n <= file.n; n++) {
    scrim_status status = world_status(file.at, n, &points_nuscenes, NULL, &error);
    assert_int_equal(status, n % 20 == 0 ? SCRIM_OK : SCRIM_E_FORMAT);
    if (status != SCRIM_OK) assert_int_equal(error.row, n / 20);
  }
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  world_file file;
  make(&file, 3, 4);
  world_starve(&file, &points_kitti, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_widths_are_read_edited_and_written),
      cmocka_unit_test(other_widths_must_be_said),
      cmocka_unit_test(a_size_that_fits_two_widths_is_refused_unless_one_is_said),
      cmocka_unit_test(files_cut_within_a_point_are_refused),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
