/* Frames written: as they are, in other formats, to files and to pipes, and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "ouster_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A frame in big-endian PLY: what is converted must be turned. */
static void make_ply(world_file *file) {
  static const unsigned char records[] = {0x3f, 0x80, 0, 0, 0, 7, 0x40, 0, 0, 0, 0x40, 0x40, 0, 0, 9,
                                          0xbf, 0x80, 0, 0, 1, 7, 0xc0, 0, 0, 0, 0xc0, 0x40, 0, 0, 8};
  file->n = 0;
  world_text(file, "ply\nformat binary_big_endian 1.0\nelement vertex 2\nproperty float x\nproperty ushort intensity\n"
                   "property float y\nproperty float z\nproperty uchar c\nend_header\n");
  world_put(file, records, sizeof records);
}

/* Writes the PLY frame to `name`, marked if `mark`. */
static scrim_status write_as(const char *folder, const char *name, const world_file *file, const points_format *format,
                             int mark, scrim_error *error) {
  scrim_points_reader *reader;
  scrim_points_writer *writer;
  scrim_points *points = world_read(&reader, file, format);
  if (mark) assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 1}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_writer_open(&writer, files_path(folder, name), SCRIM_POINTS_AUTO, NULL), SCRIM_OK);
  scrim_status status = scrim_points_writer_write(writer, points, error);
  scrim_status closed = scrim_points_writer_close(writer, status == SCRIM_OK, NULL);
  assert_int_equal(closed, SCRIM_OK);
  world_close(reader);
  return status;
}

static void frames_are_turned_into_other_formats(void **state) {
  static const struct {
    const char *name;
    size_t fields;
  } cases[] = {{"a.pcd", 5}, {"a.scrimpts", 5}, {"a.bin", 4}, {"a.npy", 3}};
  world_file file;
  make_ply(&file);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scrim_points_reader *reader;
    float xyz[6], intensity[2];
    assert_int_equal(write_as(*state, cases[i].name, &file, &points_ply, 0, NULL), SCRIM_OK);
    assert_int_equal(scrim_points_reader_open(&reader, files_path(*state, cases[i].name), NULL, NULL), SCRIM_OK);
    scrim_points *points = world_next(reader);
    assert_int_equal(points->info.n, 2);
    assert_int_equal(points->info.n_fields, cases[i].fields);
    scrim_points_get_xyz(points, xyz);
    assert_memory_equal(xyz, ((const float[]){1, 2, 3, -1, -2, -3}), sizeof xyz);
    int found = scrim_points_find(points, "intensity");
    if (cases[i].fields > 3) {
      scrim_points_get_values(points, (size_t)found, intensity);
      assert_true(intensity[0] == 7 && intensity[1] == 263);
    }
    scrim_points_reader_close(reader);
  }
}

static void formats_that_cannot_hold_a_frame_say_why(void **state) {
  world_file file;
  scrim_error error;
  make_ply(&file);
  assert_int_equal(write_as(*state, "b.las", &file, &points_ply, 0, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "ply cannot be written as las"));
  assert_int_equal(write_as(*state, "b.pcd.bin", &file, &points_ply, 0, &error), SCRIM_E_UNSUPPORTED);
  file.n = 0;
  world_text(&file, "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 2\nDATA ascii\n1 2 3\n4 5 6\n");
  assert_int_equal(write_as(*state, "b.npy", &file, &points_pcd, 0, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "text cannot be written as npy"));
  file.n = 0;
  world_text(&file, "FIELDS x y z\nSIZE 8 4 4\nTYPE F F F\nWIDTH 1\nDATA binary\n1234567890123456");
  assert_int_equal(write_as(*state, "b.bin", &file, &points_pcd, 0, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "no field intensity"));
  assert_int_equal(write_as(*state, "b.npy", &file, &points_pcd, 0, NULL), SCRIM_OK);
  scrim_points_writer *writer;
  assert_int_equal(scrim_points_writer_open(&writer, files_path(*state, "b.pcap"), SCRIM_POINTS_AUTO, NULL),
                   SCRIM_E_UNSUPPORTED);
  assert_false(files_exists(files_path(*state, "b.las")));
  assert_false(files_exists(files_path(*state, "b.pcap")));
}

/* Marks of a format without room go into the field of one that has it, and else into a file of their own. */
static void marks_go_along(void **state) {
  world_file file;
  scrim_points_reader *reader;
  float mark[2];
  size_t n;
  file.n = 0;
  for (int i = 0; i < 8; i++) world_f32(&file, (float)i);
  assert_int_equal(write_as(*state, "c.pcd", &file, &points_kitti, 1, NULL), SCRIM_OK);
  assert_false(files_exists(files_path(*state, "c.pcd.mark")));
  assert_int_equal(scrim_points_reader_open(&reader, files_path(*state, "c.pcd"), NULL, NULL), SCRIM_OK);
  scrim_points *points = world_next(reader);
  scrim_points_get_values(points, (size_t)scrim_points_find(points, "mark"), mark);
  assert_true(mark[0] == 0 && mark[1] == 1);
  scrim_points_reader_close(reader);
  assert_int_equal(write_as(*state, "c.bin", &file, &points_kitti, 1, NULL), SCRIM_OK);
  char *marks = files_read(files_path(*state, "c.bin.mark"), &n);
  assert_true(n == 2 && marks[0] == 0 && marks[1] == 1);
  free(marks);
}

static void pipes_take_no_marks_aside(void **state) {
  (void)state;
  world_file file = {.n = 0};
  scrim_points_reader *reader;
  scrim_points_writer *writer;
  scrim_error error;
  for (int i = 0; i < 8; i++) world_f32(&file, (float)i);
  scrim_points *points = world_read(&reader, &file, &points_kitti);
  assert_int_equal(scrim_points_mark(points, (const uint8_t[]){0, 1}, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_writer_open(&writer, "/dev/null", SCRIM_POINTS_AUTO, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_writer_write(writer, points, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "kitti has no room for marks"));
  assert_int_equal(scrim_points_writer_write(writer, points, &error), SCRIM_E_STATE);
  assert_int_equal(scrim_points_writer_close(writer, 1, NULL), SCRIM_E_STATE);
  world_close(reader);
}

static void a_second_frame_is_refused_where_there_is_no_place(void **state) {
  world_file file;
  scrim_points_reader *reader;
  scrim_points_writer *writer;
  scrim_error error;
  make_ply(&file);
  scrim_points *points = world_read(&reader, &file, &points_ply);
  const char *path = files_path(*state, "d.ply");
  assert_int_equal(scrim_points_writer_open(&writer, path, SCRIM_POINTS_AUTO, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_writer_write(writer, points, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_writer_write(writer, points, &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "takes one frame"));
  assert_int_equal(scrim_points_writer_close(writer, 1, NULL), SCRIM_E_STATE);
  assert_false(files_exists(path));
  world_close(reader);
}

/* A stream of frames from a sensor's capture, and a picture of one frame. */
static void packets_become_streams_and_images(void **state) {
  unsigned char packet[256];
  char text[2048];
  world_file file;
  const char *metadata = files_path(*state, "metadata.json"), *path = files_path(*state, "e.out");
  snprintf(text, sizeof text, ouster_flat_metadata, "");
  files_write(metadata, text, strlen(text));
  ouster_capture(&file);
  for (unsigned frame = 0; frame < 2; frame++)
    for (unsigned first = 0; first < 4; first += 2) ouster_packet(&file, packet, ouster_legacy(packet, frame, first));
  scrim_points_reader *reader =
      world_open(file.at, file.n, &points_ouster, &(scrim_points_options){.metadata = metadata});
  scrim_points_writer *writer;
  float xyz[2][24];
  assert_int_equal(scrim_points_writer_open(&writer, path, SCRIM_POINTS_AUTO, NULL), SCRIM_OK);
  for (int frame = 0; frame < 2; frame++) {
    scrim_points *points = world_next(reader);
    scrim_points_get_xyz(points, xyz[frame]);
    if (frame == 1) assert_int_equal(scrim_points_mark(points, (const uint8_t[8]){1}, NULL), SCRIM_OK);
    assert_int_equal(scrim_points_writer_write(writer, points, NULL), SCRIM_OK);
  }
  assert_int_equal(scrim_points_writer_close(writer, 1, NULL), SCRIM_OK);
  world_close(reader);
  assert_int_equal(
      scrim_points_reader_open(&reader, path, &(scrim_points_options){.format = SCRIM_POINTS_STREAM}, NULL), SCRIM_OK);
  for (int frame = 0; frame < 2; frame++) {
    scrim_points *points = world_next(reader);
    float again[24];
    scrim_points_get_xyz(points, again);
    assert_memory_equal(again, xyz[frame], sizeof again);
    assert_true(points->info.height == 2 && points->info.width == 4);
    assert_int_equal(points->info.stamp_ns, 5000 + 100 * frame);
    assert_int_equal(scrim_points_find(points, "mark") >= 0, frame == 1);
  }
  scrim_points_reader_close(reader);
}

static void nothing_stays_of_what_is_not_committed(void **state) {
  world_file file;
  scrim_points_reader *reader;
  scrim_points_writer *writer;
  make_ply(&file);
  scrim_points *points = world_read(&reader, &file, &points_ply);
  const char *path = files_path(*state, "f.ply");
  size_t before = files_count(*state);
  assert_int_equal(scrim_points_writer_open(&writer, path, SCRIM_POINTS_AUTO, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_writer_write(writer, points, NULL), SCRIM_OK);
  assert_int_equal(scrim_points_writer_close(writer, 0, NULL), SCRIM_OK);
  assert_int_equal(files_count(*state), before);
  assert_int_equal(scrim_points_writer_open(&writer, files_path(*state, "no/f.ply"), SCRIM_POINTS_AUTO, NULL),
                   SCRIM_E_IO);
  assert_null(writer);
  assert_int_equal(scrim_points_writer_open(&writer, path, (scrim_points_format)99, NULL), SCRIM_E_UNSUPPORTED);
  assert_int_equal(scrim_points_writer_open(&writer, NULL, SCRIM_POINTS_AUTO, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_writer_write(NULL, points, NULL), SCRIM_E_ARGUMENT);
  assert_int_equal(scrim_points_writer_close(NULL, 1, NULL), SCRIM_OK);
  world_close(reader);
}

static void memory_may_run_out_anywhere(void **state) {
  static const char *const names[] = {"g.ply", "g.pcd", "g.scrimpts", "g.bin", "g.npy"};
  world_file file;
  make_ply(&file);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    scrim_status status = SCRIM_E_MEMORY;
    for (unsigned long k = 1; status == SCRIM_E_MEMORY; k++) {
      scrim_points_reader *reader;
      scrim_points_writer *writer;
      scrim_points *points = world_read(&reader, &file, &points_ply);
      points_buffer_free(&points->spare);
      memory_fail_at(k, 0);
      status = scrim_points_writer_open(&writer, files_path(*state, names[i]), SCRIM_POINTS_AUTO, NULL);
      if (status == SCRIM_OK) {
        status = scrim_points_writer_write(writer, points, NULL);
        scrim_status closed = scrim_points_writer_close(writer, status == SCRIM_OK, NULL);
        if (status == SCRIM_OK) status = closed;
      }
      memory_fail_at(0, 0);
      assert_int_equal(files_exists(files_path(*state, names[i])), status == SCRIM_OK);
      world_close(reader);
    }
    assert_int_equal(status, SCRIM_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_are_turned_into_other_formats),
      cmocka_unit_test(formats_that_cannot_hold_a_frame_say_why),
      cmocka_unit_test(marks_go_along),
      cmocka_unit_test(pipes_take_no_marks_aside),
      cmocka_unit_test(a_second_frame_is_refused_where_there_is_no_place),
      cmocka_unit_test(packets_become_streams_and_images),
      cmocka_unit_test(nothing_stays_of_what_is_not_committed),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
