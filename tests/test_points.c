/* Which format a file is taken for, and readers that are used wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void extensions_say_the_format(void **state) {
  (void)state;
  static const struct {
    const char *path;
    scrim_points_format format; /* AUTO: none */
  } cases[] = {
      {"a.bin", SCRIM_POINTS_KITTI},       {"/x/a.pcd.bin", SCRIM_POINTS_NUSCENES},
      {"a.pcd", SCRIM_POINTS_PCD},         {"A.PLY", SCRIM_POINTS_PLY},
      {"a.Las", SCRIM_POINTS_LAS},         {"a.npy", SCRIM_POINTS_NPY},
      {"a.scrimpts", SCRIM_POINTS_STREAM}, {"-", SCRIM_POINTS_STREAM},
      {"a.pcap", SCRIM_POINTS_OUSTER},     {"a.laz", SCRIM_POINTS_AUTO},
      {"pcd", SCRIM_POINTS_AUTO},          {"", SCRIM_POINTS_AUTO},
      {"a.pcd/b", SCRIM_POINTS_AUTO},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const points_format *format = points_format_of_path(cases[i].path);
    assert_int_equal(format != NULL ? format->id : SCRIM_POINTS_AUTO, cases[i].format);
  }
}

static void names_and_formats_belong_together(void **state) {
  (void)state;
  scrim_points_format format;
  scrim_error error;
  for (int id = SCRIM_POINTS_AUTO; id <= SCRIM_POINTS_OUSTER; id++) {
    const char *name = scrim_points_format_name((scrim_points_format)id);
    assert_int_equal(scrim_points_format_parse(&format, name, NULL), SCRIM_OK);
    assert_int_equal(format, id);
  }
  assert_null(scrim_points_format_name((scrim_points_format)99));
  assert_int_equal(scrim_points_format_parse(&format, "laz", &error), SCRIM_E_PARAM);
  assert_non_null(strstr(error.message, "'laz' is unknown: expected kitti,"));
  assert_int_equal(scrim_points_format_parse(&format, NULL, NULL), SCRIM_E_ARGUMENT);
}

static void files_are_opened_by_name_or_by_format(void **state) {
  scrim_points_reader *reader;
  scrim_points *points;
  scrim_error error;
  float xyz[] = {1, 2, 3, 4};
  const char *named = files_path(*state, "a.bin"), *unnamed = files_path(*state, "a.dat");
  files_write(named, xyz, sizeof xyz);
  files_write(unnamed, xyz, sizeof xyz);
  assert_int_equal(scrim_points_reader_open(&reader, named, NULL, NULL), SCRIM_OK);
  assert_int_equal(world_next(reader)->info.n, 1);
  scrim_points_reader_close(reader);
  assert_int_equal(scrim_points_reader_open(&reader, unnamed, NULL, &error), SCRIM_E_PARAM);
  assert_null(reader);
  assert_non_null(strstr(error.message, "a.dat': the name must end in"));
  scrim_points_options options = {.format = SCRIM_POINTS_KITTI};
  assert_int_equal(scrim_points_reader_open(&reader, unnamed, &options, NULL), SCRIM_OK);
  assert_int_equal(world_next(reader)->info.n, 1);
  scrim_points_reader_close(reader);
  options.format = (scrim_points_format)99;
  assert_int_equal(scrim_points_reader_open(&reader, unnamed, &options, NULL), SCRIM_E_PARAM);
  assert_int_equal(scrim_points_reader_open(&reader, files_path(*state, "none.pcd"), NULL, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "none.pcd"));
  assert_int_equal(scrim_points_reader_open(&reader, NULL, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_reader_open(NULL, named, NULL, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_reader_next(NULL, &points, NULL), SCRIM_E_ARGUMENT);
  scrim_points_reader_close(NULL);
}

static void after_an_error_nothing_is_read(void **state) {
  (void)state;
  world_file file = {.n = 0};
  scrim_points *points;
  world_text(&file, "nothing of the kind");
  scrim_points_reader *reader = world_open(file.at, file.n, &points_pcd, NULL);
  assert_int_equal(scrim_points_reader_next(reader, &points, NULL), SCRIM_E_FORMAT);
  assert_null(points);
  assert_int_equal(scrim_points_reader_next(reader, &points, NULL), SCRIM_E_STATE);
  assert_null(points);
  world_close(reader);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(extensions_say_the_format),
      cmocka_unit_test(names_and_formats_belong_together),
      cmocka_unit_test(files_are_opened_by_name_or_by_format),
      cmocka_unit_test(after_an_error_nothing_is_read),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
