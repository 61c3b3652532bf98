/* Files of points made by code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "points_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- making ---- */

void world_put(world_file *file, const void *bytes, size_t n) {
  assert_true(n <= sizeof file->at - file->n);
  memcpy(file->at + file->n, bytes, n);
  file->n += n;
}

void world_text(world_file *file, const char *text) {
  world_put(file, text, strlen(text));
}

void world_u8(world_file *file, unsigned value) {
  world_put(file, &(uint8_t){(uint8_t)value}, 1);
}

void world_u16(world_file *file, unsigned value) {
  world_put(file, &(uint16_t){(uint16_t)value}, 2);
}

void world_u32(world_file *file, uint32_t value) {
  world_put(file, &value, 4);
}

void world_u64(world_file *file, uint64_t value) {
  world_put(file, &value, 8);
}

void world_f32(world_file *file, float value) {
  world_put(file, &value, 4);
}

void world_f64(world_file *file, double value) {
  world_put(file, &value, 8);
}

/* ---- reading ---- */

static unsigned char *copy; /* of the bytes of the one reader that is open */

static scrim_status open_copy(scrim_points_reader **out, const void *bytes, size_t n, const points_format *format,
                              const scrim_points_options *options, scrim_error *error) {
  bytes_in *in;
  free(copy);
  copy = malloc(n > 0 ? n : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, n);
  *out = NULL;
  scrim_status status = bytes_in_open_memory(&in, copy, n, error);
  return status == SCRIM_OK ? points_open_bytes(out, in, format, options, error) : status;
}

scrim_points_reader *world_open(const void *bytes, size_t n, const points_format *format,
                                const scrim_points_options *options) {
  scrim_points_reader *reader;
  scrim_error error = {.message = ""};
  if (open_copy(&reader, bytes, n, format, options, &error) != SCRIM_OK) fail_msg("%s", error.message);
  return reader;
}

scrim_points *world_next(scrim_points_reader *reader) {
  scrim_points *points;
  scrim_error error = {.message = ""};
  if (scrim_points_reader_next(reader, &points, &error) != SCRIM_OK) fail_msg("%s", error.message);
  assert_non_null(points);
  return points;
}

scrim_points *world_read(scrim_points_reader **reader, const world_file *file, const points_format *format) {
  *reader = world_open(file->at, file->n, format, NULL);
  return world_next(*reader);
}

void world_close(scrim_points_reader *reader) {
  scrim_points_reader_close(reader);
  free(copy);
  copy = NULL;
}

static scrim_status read_all(scrim_points_reader *reader, scrim_error *error) {
  scrim_points *points = NULL;
  scrim_status status;
  do status = scrim_points_reader_next(reader, &points, error);
  while (status == SCRIM_OK && points != NULL);
  assert_null(points);
  return status;
}

scrim_status world_status(const void *bytes, size_t n, const points_format *format, const scrim_points_options *options,
                          scrim_error *error) {
  scrim_points_reader *reader;
  scrim_status status = open_copy(&reader, bytes, n, format, options, error);
  if (status == SCRIM_OK) status = read_all(reader, error);
  world_close(reader);
  return status;
}

static scrim_status status_through_pipe(const void *bytes, size_t n, const points_format *format,
                                        const scrim_points_options *options, scrim_error *error) {
  scrim_points_reader *reader;
  bytes_in *in;
  int fd;
  scrim_status status = bytes_in_open(&in, files_pipe(bytes, n, &fd), error);
  if (status == SCRIM_OK) status = points_open_bytes(&reader, in, format, options, error);
  if (status == SCRIM_OK) {
    status = read_all(reader, error);
    scrim_points_reader_close(reader);
  }
  close(fd);
  return status;
}

void world_expect_refused(const world_file *file, const points_format *format, const char *why) {
  scrim_error error = {.message = ""};
  scrim_status status = world_status(file->at, file->n, format, NULL, &error);
  if (status == SCRIM_OK) fail_msg("read without an error, expected '%s'", why);
  if (strstr(error.message, why) == NULL) fail_msg("'%s' expected in: %s", why, error.message);
  if (strstr(error.message, "'memory'") == NULL) fail_msg("the file is not named in: %s", error.message);
}

void world_cut_anywhere(const world_file *file, const points_format *format, const scrim_points_options *options,
                        int pipes) {
  for (size_t n = 0; n <= file->n; n++) {
    scrim_status expected = n == file->n ? SCRIM_OK : SCRIM_E_FORMAT;
    scrim_error error = {.message = ""};
    scrim_status status = world_status(file->at, n, format, options, &error);
    if (status != expected) fail_msg("cut at %zu of %zu: status %d, '%s'", n, file->n, status, error.message);
    assert_true(status == SCRIM_OK || error.message[0] != '\0');
    if (pipes) assert_int_equal(status_through_pipe(file->at, n, format, options, &error), expected);
  }
}

/* ---- writing ---- */

unsigned char *world_write(const char *folder, scrim_points *points, size_t *n) {
  scrim_points_writer *writer;
  scrim_error error = {.message = ""};
  const char *path = files_path(folder, "written");
  assert_int_equal(scrim_points_writer_open(&writer, path, points->info.format, NULL), SCRIM_OK);
  if (scrim_points_writer_write(writer, points, &error) != SCRIM_OK) fail_msg("%s", error.message);
  assert_int_equal(scrim_points_writer_close(writer, 1, NULL), SCRIM_OK);
  return (unsigned char *)files_read(path, n);
}

void world_expect_written(const char *folder, scrim_points *points, const void *expected, size_t n) {
  size_t written;
  unsigned char *bytes = world_write(folder, points, &written);
  if (written != n || memcmp(bytes, expected, n) != 0)
    fail_msg("written %zu bytes '%.*s', expected %zu '%.*s'", written, (int)written, (const char *)bytes, n, (int)n,
             (const char *)expected);
  free(bytes);
}

/* ---- memory ---- */

static scrim_status edit_all(scrim_points *points, scrim_error *error) {
  size_t n = points->info.n;
  float *xyz = malloc(3 * n * sizeof *xyz);
  uint8_t *which = malloc(n);
  assert_true(n > 0 && xyz != NULL && which != NULL);
  scrim_points_get_xyz(points, xyz);
  xyz[0] += 1;
  for (size_t i = 0; i < n; i++) which[i] = i % 2 == 0;
  scrim_status status = scrim_points_move(points, xyz, NULL, error);
  if (status == SCRIM_OK) status = scrim_points_mark(points, which, error);
  if (status == SCRIM_OK && points->fixed_why == NULL) status = scrim_points_keep(points, which, error);
  if (status == SCRIM_OK && points->packed.n > 0) status = points->format->pack(points, error);
  free(xyz);
  free(which);
  return status;
}

void world_starve(const world_file *file, const points_format *format, const scrim_points_options *options) {
  scrim_status status = SCRIM_E_MEMORY;
  unsigned long n = 0;
  for (; status == SCRIM_E_MEMORY; n++) {
    scrim_points_reader *reader;
    scrim_points *points = NULL;
    scrim_error error = {.message = ""};
    memory_fail_at(n + 1, 0);
    status = open_copy(&reader, file->at, file->n, format, options, &error);
    if (status == SCRIM_OK) status = scrim_points_reader_next(reader, &points, &error);
    if (status == SCRIM_OK) status = edit_all(points, &error);
    memory_fail_at(0, 0);
    if (status != SCRIM_OK) assert_string_not_equal(error.message, "");
    world_close(reader);
  }
  assert_int_equal(status, SCRIM_OK);
  assert_true(n > 5);
}
