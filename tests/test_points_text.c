/* Lines of text as records: words replaced, everything between them kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

/* Separators of all kinds, empty lines, no end of line at the end. */
static const char head[] = "FIELDS i z x y\nSIZE 4 4 8 8\nTYPE U F F F\nWIDTH 3\nHEIGHT 1\nPOINTS 3\nDATA ascii\n";
static const char body[] = "\n \t\n7, 3,1.000,+2e0\r\n8\tnan\t4320978.61\t-5\n\n\n9 0.1   0 1";

static scrim_points *read_body(scrim_points_reader **reader) {
  world_file file = {.n = 0};
  world_text(&file, head);
  world_text(&file, body);
  return world_read(reader, &file, &points_pcd);
}

static void expect_body(const char *folder, scrim_points *points, const char *expected_head, const char *expected) {
  world_file file = {.n = 0};
  world_text(&file, expected_head);
  world_text(&file, expected);
  world_expect_written(folder, points, file.at, file.n);
}

static void numbers_are_read_and_lines_stay(void **state) {
  scrim_points_reader *reader;
  float xyz[9], i[3];
  scrim_points *points = read_body(&reader);
  scrim_points_get_xyz(points, xyz);
  scrim_points_get_values(points, 0, i);
  assert_true(xyz[0] == 1 && xyz[1] == 2 && xyz[2] == 3 && xyz[3] == 4320978.5f && isnan(xyz[5]) && xyz[8] == 0.1f);
  assert_true(i[0] == 7 && i[1] == 8 && i[2] == 9);
  expect_body(*state, points, head, body);
  world_close(reader);
}

static void only_changed_words_are_replaced(void **state) {
  scrim_points_reader *reader;
  float xyz[9];
  size_t moved;
  scrim_points *points = read_body(&reader);
  scrim_points_get_xyz(points, xyz);
  xyz[1] = -0.25f;
  xyz[5] = 6;
  xyz[6] = 1e-9f;
  xyz[8] = 100;
  assert_int_equal(scrim_points_move(points, xyz, &moved, NULL), SCRIM_OK);
  assert_int_equal(moved, 3);
  expect_body(*state, points, head, "\n \t\n7, 3,1.000,-0.25\r\n8\t6\t4320978.61\t-5\n\n\n9 100   1e-09 1");
  float again[9];
  scrim_points_get_xyz(points, again);
  assert_memory_equal(again, xyz, sizeof xyz);
  assert_int_equal(scrim_points_move(points, again, &moved, NULL), SCRIM_OK);
  assert_int_equal(moved, 0);
  world_close(reader);
}

static void dropped_lines_take_their_empty_ones_along(void **state) {
  scrim_points_reader *reader;
  float xyz[3];
  scrim_points *points = read_body(&reader);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 0, 1}, NULL), SCRIM_OK);
  expect_body(*state, points, "FIELDS i z x y\nSIZE 4 4 8 8\nTYPE U F F F\nWIDTH 1\nHEIGHT 1\nPOINTS 1\nDATA ascii\n",
              "\n\n9 0.1   0 1");
  scrim_points_get_xyz(points, xyz);
  assert_true(xyz[0] == 0 && xyz[1] == 1 && xyz[2] == 0.1f);
  world_close(reader);
}

static void marks_stand_behind_the_last_word(void **state) {
  scrim_points_reader *reader;
  float marks[3];
  scrim_points *points = read_body(&reader);
  static const char marked[] =
      "FIELDS i z x y mark\nSIZE 4 4 8 8 1\nTYPE U F F F U\nWIDTH 3\nHEIGHT 1\nPOINTS 3\nDATA ascii\n";
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){1, 0, 1}, NULL), SCRIM_OK);
  expect_body(*state, points, marked, "\n \t\n7, 3,1.000,+2e0 1\r\n8\tnan\t4320978.61\t-5 0\n\n\n9 0.1   0 1 1");
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 1, 1}, NULL), SCRIM_OK);
  expect_body(*state, points, marked, "\n \t\n7, 3,1.000,+2e0 0\r\n8\tnan\t4320978.61\t-5 1\n\n\n9 0.1   0 1 1");
  scrim_points_get_values(points, 4, marks);
  assert_true(marks[0] == 0 && marks[1] == 1 && marks[2] == 1);
  world_close(reader);
}

/* Map coordinates in text are moved to the millimetre, and those that stay keep their digits. */
static void map_coordinates_are_moved_about_their_origin(void **state) {
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  float xyz[6];
  static const char map[] = "FIELDS x y z\nSIZE 8 8 8\nTYPE F F F\nWIDTH 2\nDATA ascii\n";
  world_text(&file, map);
  world_text(&file, "289814.15 4320978.61 170.76\n289814.64 4320978.84 170.76\n");
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  scrim_points_get_xyz(points, xyz);
  xyz[0] += 0.5f;
  assert_int_equal(scrim_points_move(points, xyz, NULL, NULL), SCRIM_OK);
  assert_true(fabs(points_coordinate(points, 0, 0) - 289814.65) < 1e-6);
  expect_body(*state, points, map, "289814.64999997616 4320978.61 170.76\n289814.64 4320978.84 170.76\n");
  world_close(reader);
}

static void lines_without_end_are_refused(void **state) {
  (void)state;
  static char bytes[POINTS_LINE_MAX + 200];
  static const char start[] = "FIELDS x y z\nSIZE 8 8 8\nTYPE F F F\nWIDTH 1\nDATA ascii\n1 2 3";
  memset(bytes, ' ', sizeof bytes);
  memcpy(bytes, start, sizeof start - 1);
  scrim_error error;
  assert_int_equal(world_status(bytes, sizeof bytes, &points_pcd, NULL, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "line 6 is longer than 65536 bytes"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_read_and_lines_stay),
      cmocka_unit_test(only_changed_words_are_replaced),
      cmocka_unit_test(dropped_lines_take_their_empty_ones_along),
      cmocka_unit_test(marks_stand_behind_the_last_word),
      cmocka_unit_test(map_coordinates_are_moved_about_their_origin),
      cmocka_unit_test(lines_without_end_are_refused),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
