/* Frames to files and pipes: in their own format as they are, in another where that can hold them. */
#include "core/error.h"
#include "core/memory.h"
#include "core/path.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <stdio.h>
#include <string.h>

struct scrim_points_writer {
  const points_format *format; /* NULL: that of the first frame */
  bytes_out *out;
  bytes_out *marks; /* NULL: none have come */
  char *path;
  size_t frames; /* written so far */
  int failed;
};

static scrim_status destroy(scrim_points_writer *writer, int commit, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  /* The points come last: where they are, their marks are too. */
  if (writer->marks != NULL) status = bytes_out_close(writer->marks, commit, error);
  if (writer->out != NULL) {
    scrim_status closed = bytes_out_close(writer->out, commit && status == SCRIM_OK, status == SCRIM_OK ? error : NULL);
    if (status == SCRIM_OK) status = closed;
  }
  memory_free(writer->path);
  memory_free(writer);
  return status;
}

scrim_status scrim_points_writer_open(scrim_points_writer **out, const char *path, scrim_points_format format,
                                      scrim_error *error) {
  if (out == NULL || path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_points_writer_open: a pointer is NULL");
  *out = NULL;
  const points_format *chosen = points_format_get(format);
  if (format == SCRIM_POINTS_AUTO && strcmp(path, "-") != 0) chosen = points_format_of_path(path);
  if (chosen == &points_ouster || (chosen == NULL && format != SCRIM_POINTS_AUTO))
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s': packets cannot be written: choose another format", path_shown(path));
  scrim_points_writer *writer = memory_zalloc(1, sizeof *writer);
  char *copy = memory_strdup(path);
  if (writer == NULL || copy == NULL) {
    memory_free(writer);
    memory_free(copy);
    return fail(error, SCRIM_E_MEMORY, "no memory for a writer of points");
  }
  writer->format = chosen;
  writer->path = copy;
  scrim_status status = bytes_out_open(&writer->out, path, error);
  if (status == SCRIM_OK)
    *out = writer;
  else
    (void)destroy(writer, 0, NULL);
  return status;
}

/* ---- another format ---- */

static void turn_little_endian(scrim_points *points) {
  size_t n = points->info.n, record = points->info.record_bytes;
  for (size_t f = 0; f < points->info.n_fields; f++) {
    const scrim_points_field *field = &points->fields[f];
    size_t bytes = points_type_bytes(field->type);
    for (size_t i = 0; i < n; i++) {
      unsigned char *at = points->records.at + i * record + field->offset;
      for (size_t c = 0; c < field->count; c++, at += bytes)
        for (size_t b = 0; b < bytes / 2; b++) {
          unsigned char held = at[b];
          at[b] = at[bytes - 1 - b];
          at[bytes - 1 - b] = held;
        }
    }
  }
  points->big_endian = 0;
}

static scrim_status convert(scrim_points *points, const points_format *format, scrim_error *error) {
  const char *from = points->format->name;
  if (format->adopt == NULL)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s': %s cannot be written as %s", points->name, from, format->name);
  if (points->info.record_bytes == 0)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s': text cannot be written as %s", points->name, format->name);
  for (int a = 0; a < 3; a++) {
    scrim_points_type type = points->fields[points->axis[a]].type;
    if (type != SCRIM_POINTS_F32 && type != SCRIM_POINTS_F64)
      return fail(error, SCRIM_E_UNSUPPORTED, "'%s': %s with its whole coordinates cannot be written as %s",
                  points->name, from, format->name);
  }
  if (points->big_endian) turn_little_endian(points);
  scrim_status status = format->adopt(points, error);
  if (status != SCRIM_OK) return status;
  points->format = format;
  points->info.format = format->id;
  points->tail.n = points->packed.n = 0;
  points->fixed_why = NULL;
  if (!points->marked_aside || format->extend == NULL) return SCRIM_OK;
  points->marked_aside = 0;
  return scrim_points_mark(points, points->marks.at, error);
}

/* ---- writing ---- */

/* The frame's three parts. */
static scrim_status write_parts(scrim_points *points, bytes_out *out, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  int packed = points->packed.n > 0;
  if (packed && points->edited) status = points->format->pack(points, error);
  const points_buffer *body = packed ? &points->packed : &points->records;
  if (status == SCRIM_OK) status = bytes_out_write(out, points->head.at, points->head.n, error);
  if (status == SCRIM_OK) status = bytes_out_write(out, body->at, body->n, error);
  if (status == SCRIM_OK) status = bytes_out_write(out, points->tail.at, points->tail.n, error);
  return status;
}

static scrim_status write_marks(scrim_points_writer *writer, const scrim_points *points, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  if (bytes_out_is_stream(writer->out))
    return fail(error, SCRIM_E_UNSUPPORTED, "%s has no room for marks, and beside '%s' there can be no file for them",
                points->format->name, bytes_out_name(writer->out));
  if (writer->marks == NULL) {
    static const char suffix[] = ".mark";
    size_t n = strlen(writer->path);
    char *path = memory_alloc(n + sizeof suffix);
    if (path == NULL) return fail(error, SCRIM_E_MEMORY, "no memory for the name of a file of marks");
    memcpy(path, writer->path, n);
    memcpy(path + n, suffix, sizeof suffix);
    status = bytes_out_open(&writer->marks, path, error);
    memory_free(path);
  }
  return status == SCRIM_OK ? bytes_out_write(writer->marks, points->marks.at, points->marks.n, error) : status;
}

/* Only a stream, and the frames of one npy array, can follow a frame. */
static scrim_status check_place(const scrim_points_writer *writer, const scrim_points *points, scrim_error *error) {
  int continues = points->format == writer->format && points->info.frame > 0 && points->head.n == 0;
  if (writer->format == &points_stream || (writer->frames == 0 ? !continues : continues)) return SCRIM_OK;
  return fail(error, SCRIM_E_UNSUPPORTED, "'%s' takes one frame: %s has no place for frame %lld",
              bytes_out_name(writer->out), writer->format->name, (long long)points->info.frame);
}

static scrim_status write_frame(scrim_points_writer *writer, scrim_points *points, scrim_error *error) {
  if (writer->format == NULL) writer->format = points->format == &points_ouster ? &points_stream : points->format;
  scrim_status status = check_place(writer, points, error);
  if (status == SCRIM_OK && points->format != writer->format) status = convert(points, writer->format, error);
  if (status == SCRIM_OK && points->marked_aside) status = write_marks(writer, points, error);
  if (status == SCRIM_OK) status = write_parts(points, writer->out, error);
  /* Asking for the whole buffer empties it: a pipe's reader gets the frame now and not with the next. */
  char *room;
  if (status == SCRIM_OK && bytes_out_is_stream(writer->out))
    status = bytes_out_reserve(writer->out, BYTES_OUT_BUFFER, &room, error);
  return status;
}

scrim_status scrim_points_writer_write(scrim_points_writer *writer, scrim_points *points, scrim_error *error) {
  if (writer == NULL || points == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_points_writer_write: a pointer is NULL");
  if (writer->failed)
    return fail(error, SCRIM_E_STATE, "'%s' cannot be written on after an error", bytes_out_name(writer->out));
  scrim_status status = write_frame(writer, points, error);
  writer->failed = status != SCRIM_OK;
  writer->frames++;
  return status;
}

scrim_status scrim_points_writer_close(scrim_points_writer *writer, int commit, scrim_error *error) {
  if (writer == NULL) return SCRIM_OK;
  scrim_status status = SCRIM_OK;
  if (commit && writer->failed)
    status = fail(error, SCRIM_E_STATE, "'%s' is not kept: an earlier write failed", bytes_out_name(writer->out));
  scrim_status closed = destroy(writer, commit && status == SCRIM_OK, status == SCRIM_OK ? error : NULL);
  return status != SCRIM_OK ? status : closed;
}
