/* npy: [n, c] is one frame, [b, n, c] is b of them; the first three columns are x, y, z. */
#include "core/error.h"
#include "core/memory.h"
#include "formats/npy_header.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MIN = 3 };

typedef struct npy_state {
  scrim_table_info info;
  int64_t frames, n; /* of the array, and points of each */
} npy_state;

static scrim_status read_npy_head(scrim_points_reader *reader, scrim_table_info *info, scrim_error *error) {
  scrim_points *points = &reader->points;
  const char *bytes;
  size_t n, offset, length;
  scrim_status status = bytes_in_peek(reader->in, NPY_PREFIX_MAX, &bytes, &n, error);
  if (status == SCRIM_OK) status = npy_header_locate(bytes, n, &offset, &length, points->name, error);
  if (status == SCRIM_OK) status = points_read_head(reader, offset + length, "npy header", error);
  if (status == SCRIM_OK)
    status = npy_header_parse((const char *)points->head.at + offset, length, info, points->name, error);
  return status;
}

/* Whether the array holds frames, and the file the array. */
static scrim_status check_array(scrim_points_reader *reader, const npy_state *state, scrim_error *error) {
  const scrim_table_info *info = &state->info;
  const char *name = reader->points.name;
  if (info->dtype != SCRIM_F32 && info->dtype != SCRIM_F64)
    return fail(error, SCRIM_E_FORMAT, "'%s': points are float32 or float64", name);
  if (info->rank < 2 || info->rank > 3)
    return fail(error, SCRIM_E_FORMAT, "'%s' has %d dimensions, expected [n, c] or [b, n, c]", name, info->rank);
  if (info->columns < COLUMNS_MIN || info->columns > SCRIM_POINTS_FIELDS)
    return fail(error, SCRIM_E_FORMAT, "'%s' has %zu numbers a point, expected %d to %d", name, info->columns,
                COLUMNS_MIN, SCRIM_POINTS_FIELDS);
  int64_t left = bytes_in_left(reader->in), row = (int64_t)info->columns * (info->dtype == SCRIM_F64 ? 8 : 4);
  if (left < 0 || left <= info->rows * row) return SCRIM_OK; /* a short file is told of frame by frame */
  return fail(error, SCRIM_E_FORMAT, "'%s' has %" PRId64 " bytes after its %" PRId64 " points", name,
              left - info->rows * row, info->rows);
}

static scrim_status start(scrim_points_reader *reader, scrim_error *error) {
  npy_state *state = memory_zalloc(1, sizeof *state);
  if (state == NULL) return fail(error, SCRIM_E_MEMORY, "no memory to read '%s'", reader->points.name);
  reader->state = state;
  scrim_status status = read_npy_head(reader, &state->info, error);
  if (status == SCRIM_OK) status = check_array(reader, state, error);
  if (status != SCRIM_OK) return status;
  int cube = state->info.rank == 3;
  state->frames = cube ? state->info.shape[0] : 1;
  state->n = state->info.shape[cube];
  /* An array of no frames is handed on as one frame of no points, for its header must not get lost. */
  if (state->frames == 0) {
    state->frames = 1;
    state->n = 0;
  }
  return SCRIM_OK;
}

static scrim_status add_fields(scrim_points *points, const scrim_table_info *info, scrim_error *error) {
  scrim_points_type type = info->dtype == SCRIM_F64 ? SCRIM_POINTS_F64 : SCRIM_POINTS_F32;
  size_t bytes = points_type_bytes(type);
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < info->columns && status == SCRIM_OK; i++) {
    char name[24] = {(char)('x' + i), '\0'};
    if (i >= COLUMNS_MIN) snprintf(name, sizeof name, "f%02zu", i);
    status = points_add_field(points, name, strlen(name), type, i * bytes, 1, error);
  }
  points->info.record_bytes = info->columns * bytes;
  return status;
}

static scrim_status expect_end(scrim_points_reader *reader, scrim_error *error) {
  const char *bytes;
  size_t n;
  scrim_status status = bytes_in_peek(reader->in, 1, &bytes, &n, error);
  if (status != SCRIM_OK || n == 0) return status;
  return fail(error, SCRIM_E_FORMAT, "'%s' has bytes after its last point", reader->points.name);
}

static scrim_status npy_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  scrim_points *points = &reader->points;
  scrim_status status = reader->state == NULL ? start(reader, error) : SCRIM_OK;
  if (status != SCRIM_OK) return status;
  const npy_state *state = reader->state;
  if (reader->frame == state->frames) return SCRIM_OK;
  status = add_fields(points, &state->info, error);
  if (status == SCRIM_OK) status = points_read_records(reader, (uint64_t)state->n, error);
  if (status == SCRIM_OK && reader->frame + 1 == state->frames) status = expect_end(reader, error);
  if (status != SCRIM_OK) return status;
  points_set_count(points, (size_t)state->n);
  if (state->info.rank == 3) points->fixed_why = "all frames of an npy array have one length";
  *found = 1;
  return SCRIM_OK;
}

static void npy_close(scrim_points_reader *reader) {
  memory_free(reader->state);
}

/* The header of [n, columns], as numpy writes it, instead of the head. */
static scrim_status make_head(scrim_points *points, scrim_dtype type, size_t n, size_t columns, scrim_error *error) {
  scrim_table_info info = {.dtype = type, .rank = 2, .shape = {(int64_t)n, (int64_t)columns}};
  char text[NPY_WRITTEN_MAX];
  size_t bytes = npy_header_write(&info, text);
  scrim_status status = points_buffer_reserve(&points->head, bytes, error);
  if (status != SCRIM_OK) return status;
  memcpy(points->head.at, text, bytes);
  points->head.n = bytes;
  return SCRIM_OK;
}

static scrim_status npy_drop(scrim_points *points, const uint8_t *keep, size_t left, scrim_error *error) {
  (void)keep;
  scrim_dtype type = points->fields[0].type == SCRIM_POINTS_F64 ? SCRIM_F64 : SCRIM_F32;
  return make_head(points, type, left, points->info.n_fields, error);
}

/* Only x, y and z go along, in float64 where one of them is. */
static scrim_status npy_adopt(scrim_points *points, scrim_error *error) {
  size_t n = points->info.n;
  scrim_points_type type = SCRIM_POINTS_F32;
  for (int a = 0; a < 3; a++)
    if (points->fields[points->axis[a]].type == SCRIM_POINTS_F64) type = SCRIM_POINTS_F64;
  size_t bytes = points_type_bytes(type);
  scrim_status status = points_buffer_reserve(&points->spare, 3 * n * bytes, error);
  if (status == SCRIM_OK) status = make_head(points, type == SCRIM_POINTS_F64 ? SCRIM_F64 : SCRIM_F32, n, 3, error);
  if (status != SCRIM_OK) return status;
  for (size_t i = 0; i < 3 * n; i++)
    points_store(points->spare.at + i * bytes, type, 0, points_coordinate(points, i / 3, (int)(i % 3)));
  points->spare.n = 3 * n * bytes;
  points_buffer_swap(&points->records, &points->spare);
  const scrim_table_info info = {.dtype = type == SCRIM_POINTS_F64 ? SCRIM_F64 : SCRIM_F32, .columns = 3};
  points->info.n_fields = 0;
  for (int a = 0; a < 3; a++) points->axis[a] = a;
  return add_fields(points, &info, error);
}

const points_format points_npy = {.id = SCRIM_POINTS_NPY,
                                  .name = "npy",
                                  .extension = ".npy",
                                  .next = npy_next,
                                  .close = npy_close,
                                  .drop = npy_drop,
                                  .adopt = npy_adopt};
