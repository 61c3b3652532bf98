/* npy arrays as frames: one or many, in float32 and float64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/npy_header.h"
#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values 0, 0.5, 1, ... in the shape. */
static void make(world_file *file, scrim_dtype type, int rank, int64_t a, int64_t b, int64_t c) {
  scrim_table_info info = {.dtype = type, .rank = rank, .shape = {a, b, c}};
  char text[NPY_WRITTEN_MAX];
  file->n = 0;
  world_put(file, text, npy_header_write(&info, text));
  for (int64_t i = 0; i < a * b * (rank > 2 ? c : 1); i++)
    type == SCRIM_F64 ? world_f64(file, (double)i * 0.5) : world_f32(file, (float)i * 0.5f);
}

static void one_frame_is_read_edited_and_written(void **state) {
  const scrim_dtype types[] = {SCRIM_F32, SCRIM_F64};
  for (size_t k = 0; k < 2; k++) {
    world_file file, expected;
    scrim_points_reader *reader;
    float xyz[9];
    make(&file, types[k], 2, 3, 4, 0);
    scrim_points *points = world_read(&reader, &file, &points_npy);
    scrim_points_get_xyz(points, xyz);
    for (size_t i = 0; i < 9; i++) assert_true(xyz[i] == (float)(i / 3 * 4 + i % 3) * 0.5f);
    assert_int_equal(scrim_points_find(points, "f03"), 3);
    world_expect_written(*state, points, file.at, file.n);
    assert_int_equal(scrim_points_keep(points, (const uint8_t[]){1, 1, 0}, NULL), SCRIM_OK);
    make(&expected, types[k], 2, 2, 4, 0);
    world_expect_written(*state, points, expected.at, expected.n);
    world_close(reader);
  }
}

static void a_cube_is_as_many_frames(void **state) {
  world_file file;
  make(&file, SCRIM_F32, 3, 2, 2, 3);
  scrim_points_reader *reader = world_open(file.at, file.n, &points_npy, NULL);
  scrim_points_writer *writer;
  scrim_points *points;
  scrim_error error;
  const char *path = files_path(*state, "cube.npy");
  assert_int_equal(scrim_points_writer_open(&writer, path, SCRIM_POINTS_AUTO, NULL), SCRIM_OK);
  for (int64_t frame = 0; frame < 2; frame++) {
    float xyz[6];
    points = world_next(reader);
    assert_int_equal(points->info.frame, frame);
    scrim_points_get_xyz(points, xyz);
    assert_true(xyz[0] == (float)frame * 3);
    assert_int_equal(scrim_points_keep(points, (const uint8_t[]){1, 0}, &error), SCRIM_E_UNSUPPORTED);
    assert_non_null(strstr(error.message, "have one length"));
    assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 1}, NULL), SCRIM_OK);
    assert_int_equal(scrim_points_writer_write(writer, points, NULL), SCRIM_OK);
  }
  assert_int_equal(scrim_points_reader_next(reader, &points, NULL), SCRIM_OK);
  assert_null(points);
  assert_int_equal(scrim_points_writer_close(writer, 1, NULL), SCRIM_OK);
  size_t n;
  char *bytes = files_read(path, &n);
  assert_int_equal(n, file.n);
  assert_memory_equal(bytes, file.at, n);
  free(bytes);
  bytes = files_read(files_path(*state, "cube.npy.mark"), &n);
  assert_int_equal(n, 4);
  assert_memory_equal(bytes, "\0\1\0\1", 4);
  free(bytes);
  world_close(reader);
}

static void arrays_without_points_keep_their_header(void **state) {
  world_file file;
  scrim_points_reader *reader;
  for (int rank = 2; rank < 4; rank++) {
    make(&file, SCRIM_F32, rank, 0, 3, 3);
    scrim_points *points = world_read(&reader, &file, &points_npy), *none;
    assert_int_equal(points->info.n, 0);
    world_expect_written(*state, points, file.at, file.n);
    assert_int_equal(scrim_points_reader_next(reader, &none, NULL), SCRIM_OK);
    assert_null(none);
    world_close(reader);
  }
}

static void other_arrays_are_refused(void **state) {
  (void)state;
  world_file file;
  make(&file, SCRIM_F32, 2, 3, 2, 0);
  world_expect_refused(&file, &points_npy, "has 2 numbers a point");
  make(&file, SCRIM_F32, 2, 1, 129, 0);
  world_expect_refused(&file, &points_npy, "has 129 numbers a point");
  make(&file, SCRIM_F32, 1, 3, 1, 0);
  world_expect_refused(&file, &points_npy, "has 1 dimensions");
  make(&file, SCRIM_I32, 2, 1, 3, 0);
  world_expect_refused(&file, &points_npy, "points are float32 or float64");
  make(&file, SCRIM_F32, 2, 2, 3, 0);
  world_u8(&file, 0);
  world_expect_refused(&file, &points_npy, "1 bytes after its 2 points");
}

static void files_cut_anywhere_are_refused(void **state) {
  (void)state;
  world_file file;
  make(&file, SCRIM_F64, 3, 2, 2, 3);
  world_cut_anywhere(&file, &points_npy, NULL, 1);
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  world_file file;
  make(&file, SCRIM_F64, 2, 3, 3, 0);
  world_starve(&file, &points_npy, NULL);
  make(&file, SCRIM_F32, 3, 2, 2, 3);
  world_starve(&file, &points_npy, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_frame_is_read_edited_and_written),    cmocka_unit_test(a_cube_is_as_many_frames),
      cmocka_unit_test(arrays_without_points_keep_their_header), cmocka_unit_test(other_arrays_are_refused),
      cmocka_unit_test(files_cut_anywhere_are_refused),          cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
