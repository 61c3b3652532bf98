/* PCD headers: what may be missing, and each value hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "points_world.h"
#include <cmocka.h>
#include <string.h>

static const char *const lines[] = {"VERSION 0.7",   "FIELDS x y z i", "SIZE 4 4 4 2", "TYPE F F F U",
                                    "COUNT 1 1 1 1", "WIDTH 1",        "HEIGHT 1",     "VIEWPOINT 0 0 0 1 0 0 0",
                                    "POINTS 1",      "DATA ascii"};
enum { LINES = sizeof lines / sizeof *lines };

/* The header with line `changed` replaced by `text` (NULL: left out), and one point. */
static void make(world_file *file, size_t changed, const char *text) {
  file->n = 0;
  for (size_t i = 0; i < LINES; i++) {
    const char *line = i == changed ? text : lines[i];
    if (line == NULL) continue;
    world_text(file, line);
    world_text(file, "\n");
  }
  world_text(file, "1 2 3 4\n");
}

static void lines_that_have_a_default_may_be_missing(void **state) {
  (void)state;
  static const size_t optional[] = {0, 4, 5, 6, 7, 8};
  for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
    world_file file;
    make(&file, optional[i], NULL);
    assert_int_equal(world_status(file.at, file.n, &points_pcd, NULL, NULL), SCRIM_OK);
  }
  static const struct {
    size_t line;
    const char *why;
  } needed[] = {{1, "has no FIELDS"}, {2, "has no SIZE"}, {3, "has no TYPE"}, {9, "line 10: '1' is no keyword"}};
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
    world_file file;
    make(&file, needed[i].line, NULL);
    world_expect_refused(&file, &points_pcd, needed[i].why);
  }
}

static void hostile_values_are_named(void **state) {
  (void)state;
  static const struct {
    size_t line;
    const char *text, *why;
  } cases[] = {
      {0, "VERSION 0.8", "line 1: PCD version '0.8'"},
      {0, "VERSION 0.7 0.7", "PCD version"},
      {0, "# a comment", NULL},
      {0, "", NULL},
      {0, "DATA ascii", "has neither WIDTH nor POINTS"},
      {0, "WIDTH 1", "line 6: WIDTH stands in line 1 already"},
      {0, "NONSENSE 7", "line 1: 'NONSENSE' is no keyword"},
      {1, "FIELDS x y i", "more words than FIELDS"},
      {1, "FIELDS x y w i", "no field 'z'"},
      {1, "FIELDS x y z i j", "field 'j' has TYPE '' of SIZE ''"},
      {2, "SIZE 4 4 3 2", "field 'z' has TYPE 'F' of SIZE '3'"},
      {2, "SIZE 4 4 -4 2", "SIZE '-4'"},
      {2, "SIZE 4 4 18446744073709551620 2", "SIZE '18446744073709551620'"},
      {2, "SIZE 4 4 4 2 4", "line 3: SIZE has more words than FIELDS"},
      {3, "TYPE F F G U", "TYPE 'G'"},
      {3, "TYPE F F U U", "field 'z' is uint32 x 1"},
      {4, "COUNT 1 1 1 0", "COUNT '0'"},
      {4, "COUNT 1 1 1", "COUNT ''"},
      {4, "COUNT 1 1 1 2043", "COUNT '2043'"},
      {4, "COUNT 1 1 1 9223372036854775807", "COUNT '9223372036854775807'"},
      {4, "COUNT 1 1 2 1", "field 'z' is float32 x 2"},
      {5, "WIDTH", "WIDTH ''"},
      {5, "WIDTH 1 1", "WIDTH '1'"},
      {5, "WIDTH -1", "WIDTH '-1'"},
      {5, "WIDTH 1e3", "WIDTH '1e3'"},
      {5, "WIDTH 2", "line 9: POINTS 1, but WIDTH 2 times HEIGHT 1"},
      {5, "WIDTH 68719476737", "WIDTH '68719476737'"},
      {6, "HEIGHT 0", "POINTS 1, but WIDTH 1 times HEIGHT 0"},
      {6, "HEIGHT x", "HEIGHT 'x'"},
      {8, "POINTS 99999999999999999999", "POINTS '99999999999999999999'"},
      {9, "DATA ascii binary", "line 10: DATA 'ascii'"},
      {9, "DATA zip", "DATA 'zip'"},
      {9, "DATA", "DATA ''"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world_file file;
    make(&file, cases[i].line, cases[i].text);
    if (cases[i].why != NULL)
      world_expect_refused(&file, &points_pcd, cases[i].why);
    else
      assert_int_equal(world_status(file.at, file.n, &points_pcd, NULL, NULL), SCRIM_OK);
  }
}

static void a_product_beyond_all_files_is_refused(void **state) {
  (void)state;
  world_file file = {.n = 0};
  world_text(&file, "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 4294967296\nHEIGHT 4294967296\nDATA binary\n");
  world_expect_refused(&file, &points_pcd, "WIDTH 4294967296 times HEIGHT 4294967296");
  file.n = 0;
  world_text(&file, "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 65536\nHEIGHT 1048576\nDATA binary\n");
  world_expect_refused(&file, &points_pcd, "expected 68719476736 points of 12 bytes, found 0");
}

static void endless_headers_are_cut_short(void **state) {
  (void)state;
  static world_file file;
  file.n = 0;
  while (file.n < sizeof file.at) world_text(&file, "#");
  world_expect_refused(&file, &points_pcd, "ends at line 2 without DATA");
  static char many[POINTS_HEADER_MAX + 64];
  memset(many, '\n', sizeof many);
  scrim_error error;
  assert_int_equal(world_status(many, sizeof many, &points_pcd, NULL, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "the PCD header is longer than 262144 bytes"));
}

static void no_points_are_a_frame(void **state) {
  (void)state;
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  world_text(&file, "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 0\nHEIGHT 5\nDATA ascii\n");
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  assert_int_equal(points->info.n, 0);
  assert_int_equal(points->info.height, 1);
  scrim_points_get_xyz(points, NULL);
  assert_int_equal(scrim_points_move(points, NULL, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_mark(points, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_keep(points, NULL, NULL), SCRIM_OK);
  world_close(reader);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_that_have_a_default_may_be_missing),
      cmocka_unit_test(hostile_values_are_named),
      cmocka_unit_test(a_product_beyond_all_files_is_refused),
      cmocka_unit_test(endless_headers_are_cut_short),
      cmocka_unit_test(no_points_are_a_frame),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
