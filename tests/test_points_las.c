/* LAS made field by field: versions, point formats, records before and behind the points, counts and bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/points_number.h"
#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const unsigned least[11] = {20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67};

/* Where things are, for tests that spoil them. */
enum {
  AT_MINOR = 25,
  AT_HEADER = 94,
  AT_POINTS = 96,
  AT_VLRS = 100,
  AT_FORMAT = 104,
  AT_RECORD = 105,
  AT_COUNT = 107,
  AT_SCALE = 131,
  AT_MAX_X = 179,
  AT_EVLR = 235,
  AT_EVLRS = 243,
  AT_COUNT_64 = 247
};

/* Three points with two extra bytes each; a record of 7 bytes before them; in 1.4 one of 5 behind them. */
static void make(world_file *file, unsigned minor, unsigned format) {
  unsigned bytes = minor < 3 ? 227 : minor == 3 ? 235 : 375, record = least[format] + 2;
  unsigned wide = format >= 6;
  memset(file->at, 0, sizeof file->at);
  memcpy(file->at, "LASF", 4);
  file->at[24] = 1;
  file->at[AT_MINOR] = (unsigned char)minor;
  points_store_u16(file->at + AT_HEADER, (uint16_t)bytes);
  points_store_u32(file->at + AT_POINTS, bytes + 54 + 7);
  points_store_u32(file->at + AT_VLRS, 1);
  file->at[AT_FORMAT] = (unsigned char)format;
  points_store_u16(file->at + AT_RECORD, (uint16_t)record);
  uint32_t returns[3] = {3, 2, 1};
  for (int i = 0; i < 3 && !wide; i++) points_store_u32(file->at + AT_COUNT + 4 * i, returns[i]);
  for (int i = 0; i < 3 && minor == 4; i++) points_store_u64(file->at + AT_COUNT_64 + 8 * i, returns[i]);
  for (int a = 0; a < 3; a++) {
    points_store(file->at + AT_SCALE + 8 * a, SCRIM_POINTS_F64, 0, 0.01);
    points_store(file->at + AT_SCALE + 24 + 8 * a, SCRIM_POINTS_F64, 0, a == 0 ? 600000 : 0);
    points_store(file->at + AT_MAX_X + 16 * a, SCRIM_POINTS_F64, 0, a == 0 ? 600000.04 : 0.2);
    points_store(file->at + AT_MAX_X + 16 * a + 8, SCRIM_POINTS_F64, 0, a == 0 ? 600000 : -0.2);
  }
  file->n = bytes;
  points_store_u16(file->at + bytes + 18, 7);
  file->n += 54 + 7;
  for (unsigned i = 0; i < 3; i++) {
    unsigned char *at = file->at + file->n;
    points_store(at, SCRIM_POINTS_I32, 0, i * 2);
    points_store(at + 4, SCRIM_POINTS_I32, 0, i * 10);
    points_store(at + 8, SCRIM_POINTS_I32, 0, -(double)i * 10);
    points_store_u16(at + 12, (uint16_t)(500 + i));
    at[14] = (unsigned char)(i == 2 ? 0x12 : 0x11); /* the third is a second return */
    at[15] = wide ? 0x40 : 0xe2;
    if (wide) at[16] = 66;
    memset(at + least[format], 0xab, 2);
    file->n += record;
  }
  if (minor < 4) return;
  points_store_u64(file->at + AT_EVLR, file->n);
  points_store_u32(file->at + AT_EVLRS, 1);
  points_store_u64(file->at + file->n + 20, 5);
  file->n += 60 + 5;
}

static void every_version_and_format_is_read_and_written_back(void **state) {
  for (unsigned format = 0; format < 11; format++) {
    for (unsigned minor = format < 6 ? 0 : 4; minor <= 4; minor++) {
      world_file file;
      scrim_points_reader *reader;
      float xyz[9], values[3];
      double origin[3];
      make(&file, minor, format);
      scrim_points *points = world_read(&reader, &file, &points_las);
      assert_int_equal(points->info.n, 3);
      scrim_points_get_xyz(points, xyz);
      scrim_points_get_origin(points, origin);
      assert_true(origin[0] == 600000 && origin[1] == 0 && origin[2] == 0);
      assert_true(fabsf(xyz[3] - 0.02f) < 1e-6f && xyz[7] == 0.2f && xyz[8] == -0.2f);
      scrim_points_get_values(points, (size_t)scrim_points_find(points, "classification"), values);
      assert_true(values[0] == (format < 6 ? 0xe2 : 66));
      scrim_points_get_values(points, (size_t)scrim_points_find(points, "Intensity"), values);
      assert_true(values[2] == 502);
      for (size_t i = 0; i < points->info.n_fields; i++) {
        const scrim_points_field *f = &points->fields[i];
        assert_true(f->offset + f->count * points_type_bytes(f->type) <= least[format]);
      }
      world_expect_written(*state, points, file.at, file.n);
      world_close(reader);
    }
  }
}

static void marked_points_are_noise_and_keep_their_flags(void **state) {
  for (unsigned format = 0; format < 11; format += 6) {
    world_file file;
    scrim_points_reader *reader;
    make(&file, 4, format);
    scrim_points *points = world_read(&reader, &file, &points_las);
    assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 1, 0}, NULL), SCRIM_OK);
    size_t second = 375 + 61 + least[format] + 2;
    file.at[second + (format < 6 ? 15 : 16)] = format < 6 ? 0xe7 : 7;
    world_expect_written(*state, points, file.at, file.n);
    world_close(reader);
  }
}

static void dropping_points_corrects_counts_and_places(void **state) {
  world_file file, expected;
  scrim_points_reader *reader;
  make(&file, 4, 1);
  scrim_points *points = world_read(&reader, &file, &points_las);
  assert_int_equal(scrim_points_keep(points, (const uint8_t[]){0, 1, 0}, NULL), SCRIM_OK);
  size_t first = 375 + 61, record = least[1] + 2;
  expected = file;
  memmove(expected.at + first, file.at + first + record, record);
  memmove(expected.at + first + record, file.at + first + 3 * record, 65);
  expected.n -= 2 * record;
  points_store_u32(expected.at + AT_COUNT, 1);
  points_store_u32(expected.at + AT_COUNT + 4, 1);
  points_store_u32(expected.at + AT_COUNT + 8, 0);
  points_store_u64(expected.at + AT_COUNT_64, 1);
  points_store_u64(expected.at + AT_COUNT_64 + 8, 1);
  points_store_u64(expected.at + AT_COUNT_64 + 16, 0);
  points_store_u64(expected.at + AT_EVLR, first + record);
  world_expect_written(*state, points, expected.at, expected.n);
  world_close(reader);
}

static void moving_a_point_rounds_it_and_widens_the_bounds(void **state) {
  world_file file;
  scrim_points_reader *reader;
  float xyz[9];
  size_t moved;
  make(&file, 2, 0);
  scrim_points *points = world_read(&reader, &file, &points_las);
  scrim_points_get_xyz(points, xyz);
  xyz[3] = 1.234f; /* 123.4 units */
  xyz[4] = -0.5f;
  assert_int_equal(scrim_points_move(points, xyz, &moved, NULL), SCRIM_OK);
  assert_int_equal(moved, 1);
  size_t second = 227 + 61 + 22;
  points_store(file.at + second, SCRIM_POINTS_I32, 0, 123);
  points_store(file.at + second + 4, SCRIM_POINTS_I32, 0, -50);
  points_store(file.at + AT_MAX_X, SCRIM_POINTS_F64, 0, 123 * 0.01 + 600000);
  points_store(file.at + AT_MAX_X + 24, SCRIM_POINTS_F64, 0, -0.5);
  world_expect_written(*state, points, file.at, file.n);
  scrim_error error;
  xyz[2] = 3e7f;
  xyz[1] = 5;
  assert_int_equal(scrim_points_move(points, xyz, NULL, &error), SCRIM_E_DATA);
  assert_int_equal(error.row, 0);
  assert_non_null(strstr(error.message, "point 0: z = 30000000 is beyond"));
  xyz[2] = NAN;
  assert_int_equal(scrim_points_move(points, xyz, NULL, NULL), SCRIM_E_DATA);
  assert_int_equal(scrim_points_blank(points, (const uint8_t[]){1, 0, 0}, NULL), SCRIM_E_UNSUPPORTED);
  world_expect_written(*state, points, file.at, file.n);
  world_close(reader);
}

typedef struct spoil {
  size_t at, bytes;
  uint64_t value;
  const char *why;
} spoil;

static void expect_spoilt(const world_file *file, const spoil *s) {
  world_file spoilt = *file;
  memcpy(spoilt.at + s->at, &s->value, s->bytes);
  world_expect_refused(&spoilt, &points_las, s->why);
}

static void hostile_fields_are_named(void **state) {
  (void)state;
  static const spoil cases[] = {
      {0, 1, 'K', "does not start with LASF"},
      {24, 1, 2, "is LAS 2.4"},
      {AT_MINOR, 1, 5, "is LAS 1.5"},
      {AT_HEADER, 2, 374, "a header of 374 bytes"},
      {AT_HEADER, 2, 60000, "a header of 60000 bytes and points from byte 436"},
      {AT_POINTS, 4, 10, "points from byte 10"},
      {AT_POINTS, 4, UINT32_MAX, "header and variable-length records, found"},
      {AT_VLRS, 4, 2, "variable-length record 2 of 2 at byte 436"},
      {AT_VLRS, 4, UINT32_MAX, "variable-length record 2 of 4294967295"},
      {375 + 18, 2, 8, "variable-length record 1 of 1 at byte 375"},
      {AT_FORMAT, 1, 11, "point format 11 is unknown"},
      {AT_FORMAT, 1, 0x81, "is compressed (LAZ"},
      {AT_RECORD, 2, 19, "19 bytes a point"},
      {AT_RECORD, 2, 5000, "5000 bytes a point"},
      {AT_COUNT, 4, 4, "4 points by its old count, 3 by its new"},
      {AT_COUNT_64, 8, UINT64_MAX, "by its new one"},
      {AT_SCALE, 8, 0, "scale 0 and offset 600000 of x"},
      {AT_SCALE + 8, 8, 0x7ff0000000000000, "scale inf"},
      {AT_SCALE + 32, 8, 0x7ff8000000000000, "offset nan of y"},
      {AT_EVLR, 8, 1, "extended record 1 of 1 at byte 1"},
      {AT_EVLR, 8, UINT64_MAX, "does not lie between"},
      {AT_EVLRS, 4, 2, "extended record 2 of 2"},
  };
  world_file file;
  make(&file, 4, 1);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) expect_spoilt(&file, &cases[i]);
  expect_spoilt(&file, &(spoil){file.n - 45, 8, 6, "extended record 1 of 1"});
  expect_spoilt(&file, &(spoil){file.n - 45, 8, UINT64_MAX, "extended record 1 of 1"});
  make(&file, 2, 1);
  expect_spoilt(&file, &(spoil){AT_COUNT, 4, UINT32_MAX, "expected 4294967295 points of 30 bytes, found 90"});
  make(&file, 4, 6);
  expect_spoilt(&file, &(spoil){AT_COUNT_64, 8, (uint64_t)1 << 60, "declares 1152921504606846976 points"});
  expect_spoilt(&file, &(spoil){AT_COUNT_64, 8, (uint64_t)1 << 36, "expected 68719476736 points of 32 bytes"});
}

static void files_cut_anywhere_are_refused(void **state) {
  (void)state;
  world_file file;
  make(&file, 4, 7);
  world_cut_anywhere(&file, &points_las, NULL, 1);
  make(&file, 2, 3);
  world_cut_anywhere(&file, &points_las, NULL, 1);
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  static world_file file;
  make(&file, 4, 7);
  world_starve(&file, &points_las, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_version_and_format_is_read_and_written_back),
      cmocka_unit_test(marked_points_are_noise_and_keep_their_flags),
      cmocka_unit_test(dropping_points_corrects_counts_and_places),
      cmocka_unit_test(moving_a_point_rounds_it_and_widens_the_bounds),
      cmocka_unit_test(hostile_fields_are_named),
      cmocka_unit_test(files_cut_anywhere_are_refused),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
