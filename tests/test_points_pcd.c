/* PCD in its three encodings: known bytes, round trip, edits, and what is refused. */
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

/* Padding between the fields, a ring, a field of three numbers, z before x. */
static const char head[] =
    "# made by hand\nVERSION 0.7\nFIELDS z _ Y x ring normal\nSIZE 4 1 4 4 2 4\n"
    "TYPE F U F F U F\nCOUNT 1 3 1 1 1 3\nWIDTH 2\nHEIGHT 2\nVIEWPOINT 1 2 3 0 1 0 0\nPOINTS 4\n";

enum { RECORD = 4 + 3 + 4 + 4 + 2 + 12 };

static void put_record(world_file *file, unsigned i) {
  world_f32(file, i == 2 ? NAN : 100.0f + (float)i);
  world_put(file, "\x01\x02\x03", 3);
  world_f32(file, -1.5f * (float)i);
  world_f32(file, 0.25f * (float)i);
  world_u16(file, 1000 + i);
  for (unsigned k = 0; k < 3; k++) world_f32(file, (float)(i * 10 + k));
}

static void make_binary(world_file *file) {
  file->n = 0;
  world_text(file, head);
  world_text(file, "DATA binary\n");
  for (unsigned i = 0; i < 4; i++) put_record(file, i);
}

static const char text[] =
    "VERSION .7\r\nFIELDS x y z label\r\nSIZE 4 4 4 4\r\nTYPE F F F U\r\nCOUNT 1 1 1 1\r\nWIDTH 3\r\n"
    "HEIGHT 1\r\nPOINTS 3\r\nDATA ascii\r\n1.50  2 3\t7\r\n\r\n nan nan nan 8 \r\n-1e-2 0 5 9";

static void make_text(world_file *file) {
  file->n = 0;
  world_text(file, text);
}

/* As PCL writes it: sizes, then one literal run a 32 bytes. */
static void make_compressed(world_file *file, int padding) {
  unsigned char arrays[4 * RECORD];
  world_file binary;
  make_binary(&binary);
  const unsigned char *records = binary.at + binary.n - 4 * RECORD;
  static const size_t offsets[] = {0, 4, 7, 11, 15, 17, 29};
  size_t n = 0;
  for (size_t f = 0; f < 6; f++) {
    if (f == 1 && !padding) continue;
    for (size_t i = 0; i < 4; i++, n += offsets[f + 1] - offsets[f])
      memcpy(arrays + n, records + i * RECORD + offsets[f], offsets[f + 1] - offsets[f]);
  }
  file->n = 0;
  world_text(file, head);
  world_text(file, "DATA binary_compressed\n");
  world_u32(file, (uint32_t)(n + (n + 31) / 32));
  world_u32(file, (uint32_t)n);
  for (size_t at = 0; at < n; at += 32) {
    size_t run = n - at < 32 ? n - at : 32;
    world_u8(file, (unsigned)run - 1);
    world_put(file, arrays + at, run);
  }
}

static void expect_values(scrim_points *points) {
  float xyz[12], ring[4];
  assert_int_equal(points->info.n, 4);
  assert_int_equal(points->info.width, 2);
  assert_int_equal(points->info.height, 2);
  scrim_points_get_xyz(points, xyz);
  for (size_t i = 0; i < 4; i++) {
    assert_true(xyz[3 * i] == 0.25f * (float)i && xyz[3 * i + 1] == -1.5f * (float)i);
    assert_true(i == 2 ? isnan(xyz[3 * i + 2]) : xyz[3 * i + 2] == 100.0f + (float)i);
  }
  assert_int_equal(scrim_points_find(points, "RING"), (int)points->info.n_fields - 2);
  scrim_points_get_values(points, points->info.n_fields - 2, ring);
  for (size_t i = 0; i < 4; i++) assert_true(ring[i] == 1000.0f + (float)i);
}

static void binary_records_are_read_and_written_back(void **state) {
  world_file file;
  scrim_points_reader *reader;
  make_binary(&file);
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  assert_int_equal(points->info.record_bytes, RECORD);
  expect_values(points);
  world_expect_written(*state, points, file.at, file.n);
  scrim_points *none;
  assert_int_equal(scrim_points_reader_next(reader, &none, NULL), SCRIM_OK);
  assert_null(none);
  world_close(reader);
}

static void compressed_records_are_the_same_with_and_without_padding(void **state) {
  for (int padding = 0; padding < 2; padding++) {
    world_file file;
    scrim_points_reader *reader;
    make_compressed(&file, padding);
    world_text(&file, "\x01\x02rest of a page");
    scrim_points *points = world_read(&reader, &file, &points_pcd);
    assert_int_equal(points->info.n_fields, 5 + padding);
    expect_values(points);
    world_expect_written(*state, points, file.at, file.n);
    world_close(reader);
  }
}

/* Edits of compressed frames are packed anew: what is written reads as what was meant. */
static void edited_compressed_frames_are_packed_again(void **state) {
  world_file file;
  scrim_points_reader *reader;
  for (int padding = 0; padding < 2; padding++) {
    make_compressed(&file, padding);
    scrim_points *points = world_read(&reader, &file, &points_pcd);
    float xyz[12];
    scrim_points_get_xyz(points, xyz);
    xyz[4] = 77;
    assert_int_equal(scrim_points_move(points, xyz, NULL, NULL), SCRIM_OK);
    assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 1, 1, 0}, NULL), SCRIM_OK);
    assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 1, 1, 1}, NULL), SCRIM_OK);
    size_t n;
    unsigned char *bytes = world_write(*state, points, &n);
    world_close(reader);
    reader = world_open(bytes, n, &points_pcd, NULL);
    points = world_next(reader);
    float mark[3], ring[3];
    assert_int_equal(points->info.n, 3);
    assert_int_equal(points->info.height, 1);
    scrim_points_get_xyz(points, xyz);
    assert_true(xyz[0] == 0.25f && xyz[1] == 77 && xyz[2] == 101 && isnan(xyz[5]) && xyz[6] == 0.75f);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "mark"), mark);
    scrim_points_get_values(points, (size_t)scrim_points_find(points, "ring"), ring);
    assert_true(mark[0] == 1 && mark[1] == 1 && mark[2] == 0 && ring[0] == 1001 && ring[2] == 1003);
    assert_non_null(strstr((char *)bytes, "VIEWPOINT 1 2 3 0 1 0 0\n"));
    free(bytes);
    world_close(reader);
  }
}

static void text_is_kept_but_for_the_words_that_change(void **state) {
  world_file file;
  scrim_points_reader *reader;
  float xyz[9], label[3];
  make_text(&file);
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  assert_int_equal(points->info.record_bytes, 0);
  scrim_points_get_xyz(points, xyz);
  assert_true(xyz[0] == 1.5f && xyz[2] == 3 && isnan(xyz[4]) && xyz[6] == -0.01f && xyz[8] == 5);
  scrim_points_get_values(points, 3, label);
  assert_true(label[0] == 7 && label[1] == 8 && label[2] == 9);
  world_expect_written(*state, points, file.at, file.n);
  size_t moved;
  xyz[1] = 0.1f;
  xyz[8] = -2;
  assert_int_equal(scrim_points_move(points, xyz, &moved, NULL), SCRIM_OK);
  assert_int_equal(moved, 2);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){1, 0, 1}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){1, 0, 0}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){1, 0, 1}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_blank(points, (const uint8_t[]){0, 1}, NULL), SCRIM_OK);
  static const char expected[] =
      "VERSION .7\r\nFIELDS x y z label mark\r\nSIZE 4 4 4 4 1\r\nTYPE F F F U U\r\nCOUNT 1 1 1 1 1\r\nWIDTH 2\r\n"
      "HEIGHT 1\r\nPOINTS 2\r\nDATA ascii\r\n1.50  0.1 3\t7 1\r\nnan nan nan 9 0";
  world_expect_written(*state, points, expected, sizeof expected - 1);
  world_close(reader);
}

static void dropped_and_marked_binary_records_are_otherwise_unchanged(void **state) {
  world_file file, expected = {.n = 0};
  scrim_points_reader *reader;
  make_binary(&file);
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 1, 0, 1}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){1, 0}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 9}, NULL), SCRIM_OK);
  world_text(&expected,
             "# made by hand\nVERSION 0.7\nFIELDS z _ Y x ring normal mark\nSIZE 4 1 4 4 2 4 1\n"
             "TYPE F U F F U F U\nCOUNT 1 3 1 1 1 3 1\nWIDTH 2\nHEIGHT 1\nVIEWPOINT 1 2 3 0 1 0 0\nPOINTS 2\n"
             "DATA binary\n");
  put_record(&expected, 1);
  world_u8(&expected, 0);
  put_record(&expected, 3);
  world_u8(&expected, 1);
  world_expect_written(*state, points, expected.at, expected.n);
  world_close(reader);
}

static void bytes_behind_the_points_are_refused(void **state) {
  (void)state;
  world_file file;
  make_binary(&file);
  world_text(&file, "\n");
  assert_int_equal(world_status(file.at, file.n, &points_pcd, NULL, NULL), SCRIM_OK);
  world_text(&file, "x");
  world_expect_refused(&file, &points_pcd, "has 2 bytes after its 4 points");
  make_text(&file);
  world_text(&file, "\n1 2 3 4\n");
  world_expect_refused(&file, &points_pcd, "bytes after its 3 points");
}

static void bad_lines_are_named(void **state) {
  (void)state;
  static const struct {
    const char *from, *to, *why;
  } cases[] = {{"1.50  2", "1.50  two", "line 10, column 2: 'two' is not a number"},
               {"1.50  2 3", "1.50  2", "line 10 has 3 columns, expected 4"},
               {"5 9", "5 9 9", "line 13 has 5 columns, expected 4"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world_file file = {.n = 0};
    const char *at = strstr(text, cases[i].from);
    world_put(&file, text, (size_t)(at - text));
    world_text(&file, cases[i].to);
    world_text(&file, at + strlen(cases[i].from));
    world_expect_refused(&file, &points_pcd, cases[i].why);
  }
}

static void compressed_sizes_are_not_believed(void **state) {
  (void)state;
  world_file file;
  make_compressed(&file, 1);
  size_t sizes = (size_t)(strstr((char *)file.at, "compressed\n") + 11 - (char *)file.at);
  world_file hostile = file;
  memset(hostile.at + sizes, 0xff, 4);
  world_expect_refused(&hostile, &points_pcd, "expected 4294967295 compressed bytes");
  hostile = file;
  memset(hostile.at + sizes + 4, 0xff, 4);
  world_expect_refused(&hostile, &points_pcd, "cannot expand to 4294967295");
  hostile = file;
  hostile.at[sizes + 4]++;
  world_expect_refused(&hostile, &points_pcd, "4 points of 29 bytes");
  hostile = file;
  hostile.at[sizes + 8] = 0x20;
  world_expect_refused(&hostile, &points_pcd, "a copy from before the start");
}

static void files_cut_anywhere_are_refused(void **state) {
  (void)state;
  world_file file;
  make_binary(&file);
  world_cut_anywhere(&file, &points_pcd, NULL, 1);
  make_compressed(&file, 1);
  world_cut_anywhere(&file, &points_pcd, NULL, 1);
  make_text(&file);
  file.n -= 1; /* the last word has one character: each cut takes the whole of it */
  world_text(&file, "9");
  world_cut_anywhere(&file, &points_pcd, NULL, 1);
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  world_file file;
  make_binary(&file);
  world_starve(&file, &points_pcd, NULL);
  make_compressed(&file, 0);
  world_starve(&file, &points_pcd, NULL);
  make_text(&file);
  world_starve(&file, &points_pcd, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(binary_records_are_read_and_written_back),
      cmocka_unit_test(compressed_records_are_the_same_with_and_without_padding),
      cmocka_unit_test(edited_compressed_frames_are_packed_again),
      cmocka_unit_test(text_is_kept_but_for_the_words_that_change),
      cmocka_unit_test(dropped_and_marked_binary_records_are_otherwise_unchanged),
      cmocka_unit_test(bytes_behind_the_points_are_refused),
      cmocka_unit_test(bad_lines_are_named),
      cmocka_unit_test(compressed_sizes_are_not_believed),
      cmocka_unit_test(files_cut_anywhere_are_refused),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
