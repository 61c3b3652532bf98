/* Frames in a pipe: the layout of docs/POINT_STREAM.md byte by byte, hostile headers, cuts, one frame at a time. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD = 22, HEAD = 48 + 4 * 32 + 5 };

static void put_field(world_file *file, const char *name, uint32_t offset, uint32_t count, uint32_t type) {
  char padded[20] = {0};
  memcpy(padded, name, strlen(name));
  world_put(file, padded, sizeof padded);
  world_u32(file, offset);
  world_u32(file, count);
  world_u32(file, type);
}

static void put_record(world_file *file, unsigned i) {
  world_f32(file, (float)i);
  world_f32(file, 2);
  world_u16(file, 0xabcd); /* padding */
  world_f32(file, -1);
  for (unsigned k = 0; k < 4; k++) world_u16(file, 100 * i + k);
}

/* Appends a frame of n points in rows of two with five extra bytes behind the fields. */
static void put_frame(world_file *file, unsigned n, uint64_t stamp) {
  world_text(file, "SCRIMPTS");
  world_u16(file, 1);
  world_u16(file, 4);
  world_u32(file, HEAD);
  world_u32(file, RECORD);
  world_u32(file, n > 0 ? n / 2 : 1);
  world_u64(file, n);
  world_u64(file, stamp);
  world_u64(file, 0);
  put_field(file, "x", 0, 1, SCRIM_POINTS_F32);
  put_field(file, "y", 4, 1, SCRIM_POINTS_F32);
  put_field(file, "z", 10, 1, SCRIM_POINTS_F32);
  put_field(file, "twenty_letters_long_", 14, 4, SCRIM_POINTS_U16);
  world_text(file, "lidar");
  for (unsigned i = 0; i < n; i++) put_record(file, i);
}

static void frames_are_read_one_after_the_other(void **state) {
  world_file file = {.n = 0};
  put_frame(&file, 4, 17);
  size_t first = file.n;
  put_frame(&file, 0, 0);
  put_frame(&file, 2, 19);
  scrim_points_reader *reader = world_open(file.at, file.n, &points_stream, NULL);
  scrim_points *points = world_next(reader);
  float xyz[12];
  assert_int_equal(points->info.n, 4);
  assert_int_equal(points->info.height, 2);
  assert_int_equal(points->info.stamp_ns, 17);
  assert_int_equal(points->info.frame, 0);
  assert_string_equal(points->fields[3].name, "twenty_letters_long_");
  scrim_points_get_xyz(points, xyz);
  assert_true(xyz[9] == 3 && xyz[10] == 2 && xyz[11] == -1);
  world_expect_written(*state, points, file.at, first);
  assert_int_equal(world_next(reader)->info.n, 0);
  points = world_next(reader);
  assert_int_equal(points->info.n, 2);
  assert_int_equal(points->info.frame, 2);
  assert_int_equal(scrim_points_reader_next(reader, &points, NULL), SCRIM_OK);
  assert_null(points);
  world_close(reader);
}

static void dropped_and_marked_frames_have_new_headers(void **state) {
  world_file file = {.n = 0}, expected = {.n = 0};
  scrim_points_reader *reader;
  put_frame(&file, 4, 1);
  scrim_points *points = world_read(&reader, &file, &points_stream);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 1, 1, 1}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 0, 2}, NULL), SCRIM_OK);
  put_frame(&expected, 0, 1);
  expected.n -= 5;
  put_field(&expected, "mark", RECORD, 1, SCRIM_POINTS_U8);
  world_text(&expected, "lidar");
  memcpy(expected.at + 10, &(uint16_t){5}, 2);
  memcpy(expected.at + 12, (const uint32_t[]){HEAD + 32, RECORD + 1, 1, 3}, 16);
  for (unsigned i = 1; i < 4; i++) {
    put_record(&expected, i);
    world_u8(&expected, i == 3);
  }
  world_expect_written(*state, points, expected.at, expected.n);
  world_close(reader);
}

static void hostile_headers_are_named(void **state) {
  (void)state;
  static const struct {
    size_t at, bytes;
    uint64_t value;
    const char *why;
  } cases[] = {
      {0, 1, 's', "frame 1 does not start with SCRIMPTS"},
      {8, 2, 2, "the version is 2"},
      {10, 2, 0, "the number of fields is 0"},
      {10, 2, 129, "the number of fields is 129"},
      {10, 2, 5, "the length of the header is 181"},
      {10, 2, 3, NULL},
      {12, 4, 175, "the length of the header is 175"},
      {12, 4, UINT32_MAX, "the length of the header is 4294967295"},
      {12, 4, 262144, "bytes of frame header, found"},
      {16, 4, 0, "the length of a record is 0"},
      {16, 4, 4097, "the length of a record is 4097"},
      {16, 4, 21, "the offset of a field is 14"},
      {20, 4, 0, "the number of rows is 0"},
      {20, 4, 3, "the number of rows is 3"},
      {24, 8, UINT64_MAX, "the number of points is 18446744073709551615"},
      {24, 8, (uint64_t)1 << 36, "expected 68719476736 points of 22 bytes, found"},
      {40, 8, 1, "the reserved word is 1"},
      {48, 1, 'w', "no field 'x'"},
      {48, 1, 0, "the name of field 1 has 0 bytes"},
      {68, 4, 1, "the offset of a field is 4"},
      {72, 4, 0, "the count of a field is 0"},
      {72, 4, 2, "the offset of a field is 4"},
      {72, 4, UINT32_MAX, "the count of a field is 4294967295"},
      {76, 4, 11, "the type of a field is 11"},
      {76, 4, 0, "the type of a field is 0"},
      {76, 4, 6, "field 'x' is uint32"},
      {48 + 3 * 32 + 20, 4, UINT32_MAX, "the offset of a field is 4294967295"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world_file file = {.n = 0};
    put_frame(&file, 2, 0);
    size_t second = file.n;
    put_frame(&file, 2, 0);
    memcpy(file.at + second + cases[i].at, &cases[i].value, cases[i].bytes);
    if (cases[i].why != NULL)
      world_expect_refused(&file, &points_stream, cases[i].why);
    else
      assert_int_equal(world_status(file.at, file.n, &points_stream, NULL, NULL), SCRIM_OK);
  }
}

/* Cut in the second frame: the first is given out, then an error, and no more after that. */
static void a_stream_cut_within_a_frame_gives_those_before(void **state) {
  (void)state;
  world_file file = {.n = 0};
  put_frame(&file, 2, 0);
  size_t first = file.n;
  put_frame(&file, 2, 0);
  for (size_t n = first; n <= file.n; n++) {
    scrim_points_reader *reader = world_open(file.at, n, &points_stream, NULL);
    scrim_points *points;
    int whole = n == first || n == file.n;
    assert_int_equal(world_next(reader)->info.n, 2);
    assert_int_equal(scrim_points_reader_next(reader, &points, NULL), whole ? SCRIM_OK : SCRIM_E_FORMAT);
    assert_int_equal(points != NULL, n == file.n);
    assert_int_equal(scrim_points_reader_next(reader, &points, NULL), whole ? SCRIM_OK : SCRIM_E_STATE);
    assert_null(points);
    world_close(reader);
  }
  for (size_t n = 1; n < first; n++)
    assert_int_equal(world_status(file.at, n, &points_stream, NULL, NULL), SCRIM_E_FORMAT);
}

/* In and out through pipes: each frame comes out before the next goes in. */
static void a_frame_leaves_before_the_next_is_read(void **state) {
  int in[2], out[2];
  char in_path[32], out_path[32];
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  scrim_points_writer *writer;
  put_frame(&file, 4, 0);
  assert_int_equal(pipe(in), 0);
  assert_int_equal(pipe(out), 0);
  snprintf(in_path, sizeof in_path, "/dev/fd/%d", in[0]);
  snprintf(out_path, sizeof out_path, "/dev/fd/%d", out[1]);
  assert_int_equal(
      scrim_points_reader_open(&reader, in_path, &(scrim_points_options){.format = SCRIM_POINTS_STREAM}, NULL),
      SCRIM_OK);
  assert_int_equal(scrim_points_writer_open(&writer, out_path, SCRIM_POINTS_STREAM, NULL), SCRIM_OK);
  for (int frame = 0; frame < 3; frame++) {
    unsigned char back[sizeof file.at];
    assert_int_equal(write(in[1], file.at, file.n), file.n);
    assert_int_equal(scrim_points_writer_write(writer, world_next(reader), NULL), SCRIM_OK);
    assert_int_equal(poll(&(struct pollfd){.fd = out[0], .events = POLLIN}, 1, 0), 1);
    assert_int_equal(read(out[0], back, sizeof back), file.n);
    assert_memory_equal(back, file.at, file.n);
  }
  assert_int_equal(scrim_points_writer_close(writer, 1, NULL), SCRIM_OK);
  scrim_points_reader_close(reader);
  for (int i = 0; i < 2; i++) {
    close(in[i]);
    close(out[i]);
  }
  (void)state;
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  world_file file = {.n = 0};
  put_frame(&file, 4, 0);
  world_starve(&file, &points_stream, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_are_read_one_after_the_other),
      cmocka_unit_test(dropped_and_marked_frames_have_new_headers),
      cmocka_unit_test(hostile_headers_are_named),
      cmocka_unit_test(a_stream_cut_within_a_frame_gives_those_before),
      cmocka_unit_test(a_frame_leaves_before_the_next_is_read),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
