/* PLY headers, each line hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "points_world.h"
#include <cmocka.h>
#include <string.h>

static const char *const lines[] = {"ply",
                                    "format ascii 1.0",
                                    "element vertex 1",
                                    "property float x",
                                    "property float y",
                                    "property float z",
                                    "element face 1",
                                    "property list uchar int i",
                                    "end_header"};
enum { LINES = sizeof lines / sizeof *lines };

static void make(world_file *file, size_t changed, const char *text) {
  file->n = 0;
  for (size_t i = 0; i < LINES; i++) {
    const char *line = i == changed ? text : lines[i];
    if (line == NULL) continue;
    world_text(file, line);
    world_text(file, "\n");
  }
  world_text(file, "1 2 3\n1 0\n");
}

static void hostile_lines_are_named(void **state) {
  (void)state;
  static const struct {
    size_t line;
    const char *text, *why;
  } cases[] = {
      {0, "plyer", "is no PLY file"},
      {0, "ply ply", "is no PLY file"},
      {0, NULL, "is no PLY file"},
      {1, NULL, "line 2: 'element vertex': expected 'format' in line 2"},
      {1, "format ascii 1.1", "line 2: 'format ascii'"},
      {1, "format ascii", "expected ascii, binary_little_endian"},
      {1, "format text 1.0", "expected ascii, binary_little_endian"},
      {2, NULL, "line 3: 'property float': expected an element before its properties"},
      {2, "element vertex", "line 3: 'element vertex': expected a name and a number"},
      {2, "element vertex -1", "expected a name and a number"},
      {2, "element vertex 68719476737", "expected a name and a number"},
      {2, "element vertex 99999999999999999999", "expected a name and a number"},
      {2, "element vertex 1 1", "expected a name and a number"},
      {2, "element vertices 1", "has no element vertex"},
      {3, "property float w", "has no field 'x'"},
      {3, "property int x", "field 'x' is int32"},
      {3, "property half x", "line 4: 'property half': expected a type and a name"},
      {3, "property float", "expected a type and a name"},
      {3, "property", "expected a type and a name"},
      {3, "property list uchar float x", "line 4: points with lists"},
      {3, "properties float x", "line 4: 'properties float': expected format, element"},
      {6, "element vertex 2", "expected one element vertex"},
      {7, "property list float int i", "expected a type and a name, or list"},
      {7, "property list uchar i", "expected a type and a name"},
      {8, "end_headers", "'end_headers '"},
      {8, NULL, "line 9: '1 2': expected format"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world_file file;
    make(&file, cases[i].line, cases[i].text);
    world_expect_refused(&file, &points_ply, cases[i].why);
  }
}

static void comments_and_carriage_returns_are_fine(void **state) {
  (void)state;
  world_file file = {.n = 0};
  world_text(&file, "ply\r\nformat ascii 1.0\r\ncomment a, b\r\nobj_info c\r\nelement vertex 1\r\nproperty float x\r\n"
                    "property float64 Y\r\nproperty float32 z\r\nend_header\r\n1 2 3\r\n");
  assert_int_equal(world_status(file.at, file.n, &points_ply, NULL, NULL), SCRIM_OK);
}

/* More elements and properties than there are places for. */
static void endless_headers_are_cut_short(void **state) {
  (void)state;
  world_file file = {.n = 0};
  world_text(&file, "ply\nformat ascii 1.0\n");
  for (int i = 0; i < 33; i++) world_text(&file, "element e 0\n");
  world_expect_refused(&file, &points_ply, "line 35: 'element e': expected at most 32 elements");
  file.n = 0;
  world_text(&file, "ply\nformat ascii 1.0\nelement e 0\n");
  for (int i = 0; i < 257; i++) world_text(&file, "property int p\n");
  world_expect_refused(&file, &points_ply, "at most 256 properties");
  file.n = 0;
  world_text(&file, "ply\nformat ascii 1.0\nelement vertex 0\n");
  for (int i = 0; i < 129; i++) world_text(&file, "property float p\n");
  world_expect_refused(&file, &points_ply, "more than 128 fields");
  static char many[POINTS_HEADER_MAX + 64];
  memset(many, '\n', sizeof many);
  memcpy(many, "ply\nformat ascii 1.0", 20);
  scrim_error error;
  assert_int_equal(world_status(many, sizeof many, &points_ply, NULL, &error), SCRIM_E_FORMAT);
  assert_non_null(strstr(error.message, "the PLY header is longer than 262144 bytes"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_lines_are_named),
      cmocka_unit_test(comments_and_carriage_returns_are_fine),
      cmocka_unit_test(endless_headers_are_cut_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
