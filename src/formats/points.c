/* Which format a file is in, and its frames one after the other. */
#include "formats/points.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/path.h"
#include <string.h>

/* A longer extension stands before the one that it ends in. */
static const points_format *const formats[] = {&points_nuscenes, &points_kitti, &points_pcd,    &points_ply,
                                               &points_las,      &points_npy,   &points_stream, &points_ouster};
enum { N_FORMATS = sizeof formats / sizeof *formats };

const points_format *points_format_get(scrim_points_format id) {
  for (size_t i = 0; i < N_FORMATS; i++)
    if (formats[i]->id == id) return formats[i];
  return NULL;
}

const char *scrim_points_format_name(scrim_points_format format) {
  const points_format *found = points_format_get(format);
  return format == SCRIM_POINTS_AUTO ? "auto" : found != NULL ? found->name : NULL;
}

scrim_status scrim_points_format_parse(scrim_points_format *out, const char *name, scrim_error *error) {
  if (out == NULL || name == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_points_format_parse: a pointer is NULL");
  *out = SCRIM_POINTS_AUTO;
  if (strcmp(name, "auto") == 0) return SCRIM_OK;
  for (size_t i = 0; i < N_FORMATS; i++) {
    if (strcmp(name, formats[i]->name) != 0) continue;
    *out = formats[i]->id;
    return SCRIM_OK;
  }
  return fail(error, SCRIM_E_PARAM,
              "format '%.32s' is unknown: expected kitti, nuscenes, pcd, ply, las, npy, stream, ouster or auto", name);
}

/* Whether the path ends in the extension, whatever the case of ASCII letters. */
static int ends_in(const char *path, const char *extension) {
  size_t n = strlen(path), m = strlen(extension);
  if (n < m) return 0;
  for (path += n - m; *extension != '\0'; path++, extension++) {
    char c = *path >= 'A' && *path <= 'Z' ? (char)(*path + 32) : *path;
    if (c != *extension) return 0;
  }
  return 1;
}

const points_format *points_format_of_path(const char *path) {
  if (strcmp(path, "-") == 0) return &points_stream;
  for (size_t i = 0; i < N_FORMATS; i++)
    if (ends_in(path, formats[i]->extension)) return formats[i];
  return NULL;
}

/* ---- readers ---- */

static points_buffer *buffer_of(scrim_points *points, size_t i) {
  points_buffer *const buffers[] = {&points->head,   &points->records, &points->tail,  &points->packed,
                                    &points->starts, &points->values,  &points->marks, &points->spare};
  return i < sizeof buffers / sizeof *buffers ? buffers[i] : NULL;
}

/* An empty frame that keeps its memory. A writer may have turned it into another format. */
static scrim_status empty_frame(scrim_points *points, const points_format *format, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; buffer_of(points, i) != NULL && status == SCRIM_OK; i++) {
    buffer_of(points, i)->n = 0;
    status = points_buffer_reserve(buffer_of(points, i), 0, error);
  }
  points->format = format;
  points->info = (scrim_points_info){.format = format->id, .height = 1};
  points->big_endian = points->edited = points->marked_aside = 0;
  points->fixed_why = NULL;
  for (int a = 0; a < 3; a++) {
    points->axis[a] = a;
    points->scale[a] = 1;
    points->shift[a] = points->origin[a] = 0;
  }
  return status;
}

scrim_status points_open_bytes(scrim_points_reader **out, bytes_in *in, const points_format *format,
                               const scrim_points_options *options, scrim_error *error) {
  *out = NULL;
  scrim_points_reader *reader = memory_zalloc(1, sizeof *reader);
  if (reader == NULL) {
    bytes_in_close(in);
    return fail(error, SCRIM_E_MEMORY, "no memory for a reader of points");
  }
  reader->in = in;
  reader->format = format;
  reader->points.name = bytes_in_name(in);
  if (options != NULL) reader->options = *options;
  scrim_status status = format->open != NULL ? format->open(reader, error) : SCRIM_OK;
  if (status == SCRIM_OK)
    *out = reader;
  else
    scrim_points_reader_close(reader);
  return status;
}

scrim_status scrim_points_reader_open(scrim_points_reader **out, const char *path, const scrim_points_options *options,
                                      scrim_error *error) {
  if (out == NULL || path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_points_reader_open: a pointer is NULL");
  *out = NULL;
  scrim_points_format id = options != NULL ? options->format : SCRIM_POINTS_AUTO;
  const points_format *format = id == SCRIM_POINTS_AUTO ? points_format_of_path(path) : points_format_get(id);
  if (format == NULL)
    return fail(error, SCRIM_E_PARAM,
                "no format for '%s': the name must end in .bin, .pcd.bin, .pcd, .ply, .las, .npy, .scrimpts or .pcap, "
                "or say the format",
                path_shown(path));
  bytes_in *in;
  scrim_status status = bytes_in_open(&in, path, error);
  return status == SCRIM_OK ? points_open_bytes(out, in, format, options, error) : status;
}

scrim_status scrim_points_reader_next(scrim_points_reader *reader, scrim_points **out, scrim_error *error) {
  if (reader == NULL || out == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_points_reader_next: a pointer is NULL");
  *out = NULL;
  if (reader->failed)
    return fail(error, SCRIM_E_STATE, "'%s' cannot be read on after an error", bytes_in_name(reader->in));
  int found = 0;
  scrim_status status = empty_frame(&reader->points, reader->format, error);
  if (status == SCRIM_OK) status = reader->format->next(reader, &found, error);
  reader->failed = status != SCRIM_OK;
  if (status != SCRIM_OK || !found) return status;
  points_set_origin(&reader->points);
  reader->points.info.frame = reader->frame++;
  *out = &reader->points;
  return SCRIM_OK;
}

void scrim_points_reader_close(scrim_points_reader *reader) {
  if (reader == NULL) return;
  if (reader->format->close != NULL) reader->format->close(reader);
  for (size_t i = 0; buffer_of(&reader->points, i) != NULL; i++) points_buffer_free(buffer_of(&reader->points, i));
  bytes_in_close(reader->in);
  memory_free(reader);
}
