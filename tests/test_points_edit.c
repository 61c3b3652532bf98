/* Edits: only what is meant changes, and an edit that fails changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void make_kitti(world_file *file) {
  file->n = 0;
  for (int i = 0; i < 16; i++) world_f32(file, i == 4 ? NAN : i == 5 ? -0.0f : (float)i);
}

static void only_points_that_differ_are_written(void **state) {
  world_file file;
  scrim_points_reader *reader;
  float xyz[12];
  size_t moved = 99;
  make_kitti(&file);
  memcpy(file.at + 16, "\x34\x12\xc0\xff", 4); /* a not-a-number of its own kind stays as it is */
  scrim_points *points = world_read(&reader, &file, &points_kitti);
  scrim_points_get_xyz(points, xyz);
  xyz[3] = NAN;
  assert_int_equal(scrim_points_move(points, xyz, &moved, NULL), SCRIM_OK);
  assert_int_equal(moved, 0);
  assert_int_equal(points->edited, 0);
  world_expect_written(*state, points, file.at, file.n);
  xyz[3] = 7;
  xyz[4] = 0.0f; /* not the -0 that stands there */
  xyz[11] = NAN;
  assert_int_equal(scrim_points_move(points, xyz, &moved, NULL), SCRIM_OK);
  assert_int_equal(moved, 2);
  memcpy(file.at + 16, &xyz[3], 8);
  memcpy(file.at + 48 + 8, &xyz[11], 4);
  world_expect_written(*state, points, file.at, file.n);
  world_close(reader);
}

static void blanked_points_are_not_numbers(void **state) {
  world_file file;
  scrim_points_reader *reader;
  float xyz[12], kept[12];
  make_kitti(&file);
  scrim_points *points = world_read(&reader, &file, &points_kitti);
  scrim_points_get_xyz(points, kept);
  assert_int_equal(scrim_points_blank(points, (const uint8_t[]){0, 0, 5, 0}, NULL), SCRIM_OK);
  scrim_points_get_xyz(points, xyz);
  assert_true(isnan(xyz[6]) && isnan(xyz[7]) && isnan(xyz[8]));
  assert_memory_equal(xyz, kept, 24);
  assert_memory_equal(xyz + 9, kept + 9, 12);
  size_t n;
  unsigned char *bytes = world_write(*state, points, &n);
  assert_memory_equal(bytes + 32 + 12, file.at + 32 + 12, 4);
  free(bytes);
  world_close(reader);
}

/* Marks that have no room follow the points that stay. */
static void marks_aside_follow_their_points(void **state) {
  world_file file;
  scrim_points_reader *reader;
  size_t n;
  make_kitti(&file);
  scrim_points *points = world_read(&reader, &file, &points_kitti);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 3, 0, 1}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 1, 1, 1}, NULL), SCRIM_OK);
  free(world_write(*state, points, &n));
  char *marks = files_read(files_path(*state, "written.mark"), &n);
  assert_int_equal(n, 3);
  assert_memory_equal(marks, "\1\0\1", 3);
  free(marks);
  world_close(reader);
}

static void keeping_all_keeps_an_image_an_image(void **state) {
  (void)state;
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  world_text(&file, "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 1\nHEIGHT 2\nDATA ascii\n1 2 3\n4 5 6\n");
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){1, 2}, NULL), SCRIM_OK);
  assert_int_equal(points->info.height, 2);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 0}, NULL), SCRIM_OK);
  assert_true(points->info.n == 0 && points->info.height == 1);
  world_close(reader);
}

static void a_field_called_mark_must_be_one_byte(void **state) {
  (void)state;
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  scrim_error error;
  world_text(&file, "FIELDS x y z mark\nSIZE 4 4 4 2\nTYPE F F F U\nWIDTH 1\nDATA binary\n12345678901234");
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){1}, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "a field 'mark' of uint16 x 1"));
  world_close(reader);
}

/* A record or a list of fields that is full takes no more. */
static void full_records_take_no_mark(void **state) {
  (void)state;
  for (int bytes = 0; bytes < 2; bytes++) {
    world_file file = {.n = 0};
    scrim_points_reader *reader;
    int n = bytes ? 1 : 125;
    world_text(&file, "FIELDS x y z");
    for (int i = 0; i < n; i++) world_text(&file, " f");
    world_text(&file, "\nSIZE 4 4 4");
    for (int i = 0; i < n; i++) world_text(&file, " 1");
    world_text(&file, "\nTYPE F F F");
    for (int i = 0; i < n; i++) world_text(&file, " U");
    if (bytes) world_text(&file, "\nCOUNT 1 1 1 4084");
    world_text(&file, "\nWIDTH 0\nDATA binary\n");
    scrim_points *points = world_read(&reader, &file, &points_pcd);
    assert_int_equal(scrim_points_mark(points, NULL, NULL), SCRIM_E_UNSUPPORTED);
    world_close(reader);
  }
}

static const char text[] =
    "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA ascii\n1 2 3\n4 5 6\n";
static const char binary[] = "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 2\nDATA binary\n123456789012345678901234";

/* Without memory the frame is what it was, byte for byte. */
static void an_edit_that_fails_changes_nothing(void **state) {
  const char *const files[] = {text, binary};
  for (int edit = 0; edit < 6; edit++) {
    world_file file = {.n = 0};
    scrim_points_reader *reader;
    float xyz[6];
    scrim_status status = SCRIM_E_MEMORY;
    world_text(&file, files[edit % 2]);
    scrim_points *points = world_read(&reader, &file, &points_pcd);
    /* Buffers of the frame are made too small for anything new. */
    for (unsigned long k = 1; status == SCRIM_E_MEMORY; k++) {
      points_buffer_free(&points->spare);
      scrim_points_get_xyz(points, xyz);
      xyz[1] += 1;
      memory_fail_at(k, 0);
      if (edit < 2) status = scrim_points_move(points, xyz, NULL, NULL);
      if (edit / 2 == 1) status = scrim_points_keep(points, (const uint8_t[]){0, 1}, NULL);
      if (edit / 2 == 2) status = scrim_points_mark(points, (const uint8_t[]){0, 1}, NULL);
      memory_fail_at(0, 0);
      if (status == SCRIM_E_MEMORY) world_expect_written(*state, points, file.at, file.n);
    }
    assert_int_equal(status, SCRIM_OK);
    world_close(reader);
  }
}

static void missing_pointers_are_refused(void **state) {
  (void)state;
  world_file file;
  scrim_points_reader *reader;
  make_kitti(&file);
  scrim_points *points = world_read(&reader, &file, &points_kitti);
  assert_int_equal(scrim_points_move(NULL, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_move(points, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_blank(points, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_keep(points, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_mark(points, NULL, NULL), SCRIM_E_ARGUMENT);
  world_close(reader);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_points_that_differ_are_written),  cmocka_unit_test(blanked_points_are_not_numbers),
      cmocka_unit_test(marks_aside_follow_their_points),      cmocka_unit_test(keeping_all_keeps_an_image_an_image),
      cmocka_unit_test(a_field_called_mark_must_be_one_byte), cmocka_unit_test(full_records_take_no_mark),
      cmocka_unit_test(an_edit_that_fails_changes_nothing),   cmocka_unit_test(missing_pointers_are_refused),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
