/* PLY: text and both byte orders, other elements carried along. */
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

static const char text[] =
    "ply \nformat ascii 1.0\ncomment element vertex 9\nelement camera 1\nproperty float fov\n"
    "element vertex 3\nproperty float x\nproperty uchar red\nproperty float y\nproperty double z\n"
    "element face 2\nproperty list uchar int vertex_indices\nend_header\n45.5\n\n 1 200  2 3 \n"
    "-1 7 0 0.125\n1e1 8 nan 5\n3 0 1 2\n3 2 1 0\n";

static void text_is_read_and_written_back(void **state) {
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  float xyz[9], red[3];
  world_text(&file, text);
  scrim_points *points = world_read(&reader, &file, &points_ply);
  assert_int_equal(points->info.n, 3);
  scrim_points_get_xyz(points, xyz);
  scrim_points_get_values(points, 1, red);
  assert_true(xyz[0] == 1 && xyz[1] == 2 && xyz[2] == 3 && xyz[5] == 0.125f && xyz[6] == 10 && isnan(xyz[7]));
  assert_true(red[0] == 200 && red[1] == 7 && red[2] == 8);
  world_expect_written(*state, points, file.at, file.n);
  world_close(reader);
}

static void marks_and_moves_leave_faces_alone(void **state) {
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  float xyz[9];
  world_text(&file, text);
  scrim_points *points = world_read(&reader, &file, &points_ply);
  scrim_points_get_xyz(points, xyz);
  xyz[2] = 4;
  assert_int_equal(scrim_points_move(points, xyz, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){1, 0, 1}, NULL), SCRIM_OK);
  static const char expected[] =
      "ply \nformat ascii 1.0\ncomment element vertex 9\nelement camera 1\nproperty float fov\n"
      "element vertex 3\nproperty float x\nproperty uchar red\nproperty float y\nproperty double z\n"
      "property uchar mark\nelement face 2\nproperty list uchar int vertex_indices\nend_header\n45.5\n\n 1 200  2 4 1 "
      "\n"
      "-1 7 0 0.125 0\n1e1 8 nan 5 1\n3 0 1 2\n3 2 1 0\n";
  world_expect_written(*state, points, expected, sizeof expected - 1);
  scrim_error error;
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){1, 0, 1}, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "name points by their number"));
  world_expect_written(*state, points, expected, sizeof expected - 1);
  world_close(reader);
}

/* ---- binary ---- */

static void put_turned(world_file *file, const void *number, size_t bytes, int big_endian) {
  for (size_t i = 0; i < bytes; i++) world_put(file, (const char *)number + (big_endian ? bytes - 1 - i : i), 1);
}

static void put_float(world_file *file, float value, int big_endian) {
  put_turned(file, &value, sizeof value, big_endian);
}

static void put_point(world_file *file, float value, int big_endian) {
  put_float(file, value, big_endian);
  put_turned(file, &(double){value + 0.5}, 8, big_endian);
  put_float(file, -value, big_endian);
  put_turned(file, &(uint16_t){0x1234}, 2, big_endian);
}

static void put_list(world_file *file, uint16_t n, int big_endian) {
  put_turned(file, &n, 2, big_endian);
  for (uint16_t i = 0; i < n; i++) put_turned(file, &(int32_t){i}, 4, big_endian);
  world_u8(file, 99);
}

/* Points amid lists when `lists`, else alone. */
static void make_binary(world_file *file, int big_endian, int lists) {
  file->n = 0;
  world_text(file, big_endian ? "ply\nformat binary_big_endian 1.0\n" : "ply\nformat binary_little_endian 1.0\n");
  if (lists) world_text(file, "element strip 2\nproperty list ushort int i\nproperty uchar kind\n");
  world_text(file, "element vertex 2\nproperty float x\nproperty double y\nproperty float z\nproperty ushort tag\n");
  if (lists) world_text(file, "element face 1\nproperty list ushort int i\nproperty uchar kind\n");
  world_text(file, "end_header\n");
  if (lists) put_list(file, 3, big_endian);
  if (lists) put_list(file, 0, big_endian);
  put_point(file, 1, big_endian);
  put_point(file, 2, big_endian);
  if (lists) put_list(file, 1, big_endian);
}

static void both_byte_orders_are_read_moved_and_written_back(void **state) {
  for (int big_endian = 0; big_endian < 2; big_endian++) {
    world_file file, expected;
    scrim_points_reader *reader;
    float xyz[6], tag[2];
    make_binary(&file, big_endian, 1);
    scrim_points *points = world_read(&reader, &file, &points_ply);
    scrim_points_get_xyz(points, xyz);
    scrim_points_get_values(points, 3, tag);
    assert_true(xyz[0] == 1 && xyz[1] == 1.5f && xyz[2] == -1 && xyz[3] == 2 && xyz[4] == 2.5f && tag[0] == 0x1234);
    world_expect_written(*state, points, file.at, file.n);
    xyz[3] = 9;
    xyz[4] = 9.5f;
    xyz[5] = -9;
    assert_int_equal(scrim_points_move(points, xyz, NULL, NULL), SCRIM_OK);
    expected = file;
    expected.n -= 18 + 2 + 4 + 1;
    put_point(&expected, 9, big_endian);
    put_list(&expected, 1, big_endian);
    world_expect_written(*state, points, expected.at, expected.n);
    world_close(reader);
  }
}

static void points_without_faces_may_be_dropped(void **state) {
  world_file file, expected = {.n = 0};
  scrim_points_reader *reader;
  make_binary(&file, 0, 0);
  scrim_points *points = world_read(&reader, &file, &points_ply);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 1}, NULL), SCRIM_OK);
  world_text(&expected, "ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\nproperty double y\n"
                        "property float z\nproperty ushort tag\nend_header\n");
  put_point(&expected, 2, 0);
  world_expect_written(*state, points, expected.at, expected.n);
  world_close(reader);
}

static void lists_longer_than_the_file_are_refused(void **state) {
  (void)state;
  world_file file = {.n = 0};
  world_text(&file, "ply\nformat binary_little_endian 1.0\nelement strip 1\nproperty list uint double i\n"
                    "element vertex 0\nproperty float x\nproperty float y\nproperty float z\nend_header\n");
  world_u32(&file, UINT32_MAX);
  world_expect_refused(&file, &points_ply, "is truncated: it ends in row 0 of element 1");
  file.n = 0;
  world_text(&file, "ply\nformat binary_little_endian 1.0\nelement strip 1\nproperty list char uchar i\n"
                    "element vertex 0\nproperty float x\nproperty float y\nproperty float z\nend_header\n\xff");
  world_expect_refused(&file, &points_ply, "row 0 of element 1 has a list of -1 numbers");
}

static void bytes_behind_the_last_element_are_refused(void **state) {
  (void)state;
  world_file file;
  make_binary(&file, 0, 1);
  world_text(&file, "\n");
  assert_int_equal(world_status(file.at, file.n, &points_ply, NULL, NULL), SCRIM_OK);
  world_text(&file, "4");
  world_expect_refused(&file, &points_ply, "2 bytes after its last element");
}

static void files_cut_anywhere_are_refused(void **state) {
  (void)state;
  world_file file;
  for (int kind = 0; kind < 4; kind++) {
    make_binary(&file, kind & 1, kind >> 1);
    world_cut_anywhere(&file, &points_ply, NULL, 1);
  }
  file.n = 0;
  world_text(&file, "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
                    "end_header\n1 2 3");
  world_cut_anywhere(&file, &points_ply, NULL, 1);
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  world_file file;
  make_binary(&file, 1, 1);
  world_starve(&file, &points_ply, NULL);
  make_binary(&file, 0, 0);
  world_starve(&file, &points_ply, NULL);
  file.n = 0;
  world_text(&file, text);
  world_starve(&file, &points_ply, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_read_and_written_back),
      cmocka_unit_test(marks_and_moves_leave_faces_alone),
      cmocka_unit_test(both_byte_orders_are_read_moved_and_written_back),
      cmocka_unit_test(points_without_faces_may_be_dropped),
      cmocka_unit_test(lists_longer_than_the_file_are_refused),
      cmocka_unit_test(bytes_behind_the_last_element_are_refused),
      cmocka_unit_test(files_cut_anywhere_are_refused),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
