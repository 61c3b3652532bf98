/* Coordinates, values, names and origins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "points_world.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void make_doubles(world_file *file, const double *xyz, size_t n) {
  char head[200];
  snprintf(head, sizeof head, "FIELDS x y z\nSIZE 8 8 8\nTYPE F F F\nWIDTH %zu\nDATA binary\n", n);
  file->n = 0;
  world_text(file, head);
  for (size_t i = 0; i < 3 * n; i++) world_f64(file, xyz[i]);
}

/* Map coordinates in float64 come less a whole number, which no single point shifts. */
static void map_coordinates_keep_their_centimetres(void **state) {
  (void)state;
  static const double xyz[] = {500000.01, 4320978.61, 3,          500000.02, 4320978.62, 4,          -1e300, NAN,
                               INFINITY,  500000.03,  4320978.63, 5,         500000.04,  4320978.64, 6};
  world_file file;
  scrim_points_reader *reader;
  double origin[3];
  float read[15];
  make_doubles(&file, xyz, 5);
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  scrim_points_get_origin(points, origin);
  assert_true(origin[0] == 500000 && origin[1] == 4320979 && origin[2] == 0);
  scrim_points_get_xyz(points, read);
  for (size_t i = 0; i < 15; i++) {
    if (i >= 6 && i < 9) continue;
    assert_true(fabs((double)read[i] + origin[i % 3] - xyz[i]) < 1e-6);
  }
  assert_true(read[6] == -INFINITY && isnan(read[7]) && read[8] == INFINITY);
  world_close(reader);
}

static void near_coordinates_have_no_origin(void **state) {
  (void)state;
  static const double near[] = {16384, -16384, 0}, nowhere[] = {NAN, NAN, NAN};
  world_file file;
  scrim_points_reader *reader;
  double origin[3];
  make_doubles(&file, near, 1);
  scrim_points_get_origin(world_read(&reader, &file, &points_pcd), origin);
  assert_true(origin[0] == 0 && origin[1] == 0 && origin[2] == 0);
  make_doubles(&file, nowhere, 1);
  scrim_points_reader_close(reader);
  scrim_points_get_origin(world_read(&reader, &file, &points_pcd), origin);
  assert_true(origin[0] == 0 && origin[1] == 0 && origin[2] == 0);
  world_close(reader);
  file.n = 0; /* float32 is as precise as it gets */
  for (int i = 0; i < 4; i++) world_f32(&file, 1e9f);
  scrim_points_get_origin(world_read(&reader, &file, &points_kitti), origin);
  assert_true(origin[0] == 0);
  world_close(reader);
}

static void fields_are_found_whatever_their_case(void **state) {
  (void)state;
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  world_text(&file, "FIELDS X Y Z Intensity\nSIZE 4 4 4 1\nTYPE F F F I\nWIDTH 1\nDATA binary\n123456789012\xfe");
  scrim_points *points = world_read(&reader, &file, &points_pcd);
  float value;
  assert_int_equal(scrim_points_find(points, "intensity"), 3);
  assert_int_equal(scrim_points_find(points, "x"), 0);
  assert_int_equal(scrim_points_find(points, "intens"), -1);
  assert_int_equal(scrim_points_find(points, ""), -1);
  scrim_points_get_values(points, 3, &value);
  assert_true(value == -2);
  assert_string_equal(scrim_points_get_field(points, 3)->name, "Intensity");
  assert_int_equal(scrim_points_get_info(points)->n_fields, 4);
  world_close(reader);
}

static void names_that_do_not_fit_are_refused(void **state) {
  (void)state;
  for (size_t n = 63; n < 65; n++) {
    world_file file = {.n = 0};
    world_text(&file, "FIELDS x y z ");
    for (size_t i = 0; i < n; i++) world_text(&file, "n");
    world_text(&file, "\nSIZE 4 4 4 1\nTYPE F F F I\nWIDTH 0\nDATA binary\n");
    if (n == 63)
      assert_int_equal(world_status(file.at, file.n, &points_pcd, NULL, NULL), SCRIM_OK);
    else
      world_expect_refused(&file, &points_pcd, "the name of field 4 has 64 bytes");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(map_coordinates_keep_their_centimetres),
      cmocka_unit_test(near_coordinates_have_no_origin),
      cmocka_unit_test(fields_are_found_whatever_their_case),
      cmocka_unit_test(names_that_do_not_fit_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
