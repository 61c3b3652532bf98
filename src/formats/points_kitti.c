/* KITTI and nuScenes: float32 records without a header. */
#include "core/error.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <string.h>

enum { KITTI_FLOATS = 4, NUSCENES_FLOATS = 5, FLOATS_MIN = 3, FLOATS_MAX = 64 };

static scrim_status add_fields(scrim_points *points, size_t floats, scrim_error *error) {
  static const char *const names[] = {"x", "y", "z", "intensity", "ring"};
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < floats && status == SCRIM_OK; i++) {
    char name[] = "f00";
    name[1] = (char)('0' + i / 10);
    name[2] = (char)('0' + i % 10);
    const char *chosen = i < sizeof names / sizeof *names ? names[i] : name;
    status = points_add_field(points, chosen, strlen(chosen), SCRIM_POINTS_F32, i * sizeof(float), 1, error);
  }
  points->info.record_bytes = floats * sizeof(float);
  return status;
}

static scrim_status read_floats(scrim_points_reader *reader, size_t floats, int *found, scrim_error *error) {
  scrim_points *points = &reader->points;
  if (reader->frame > 0) return SCRIM_OK;
  scrim_status status = add_fields(points, floats, error);
  uint64_t n_bytes = 0, record = points->info.record_bytes;
  if (status == SCRIM_OK) status = points_buffer_read(&points->records, reader->in, UINT64_MAX, &n_bytes, error);
  if (status != SCRIM_OK) return status;
  if (n_bytes % record != 0)
    return fail_row(error, SCRIM_E_FORMAT, (int64_t)(n_bytes / record),
                    "'%s' has %" PRIu64 " bytes, which are no whole number of points of %zu float32 (%" PRIu64
                    " bytes)",
                    points->name, n_bytes, floats, record);
  /* The widths in use, 4 and 5, both fit a fifth of all files: which it is cannot be guessed. */
  if (reader->options.format == SCRIM_POINTS_AUTO && reader->options.bin_floats == 0 && n_bytes > 0 &&
      floats == KITTI_FLOATS && n_bytes % (NUSCENES_FLOATS * sizeof(float)) == 0)
    return fail(error, SCRIM_E_FORMAT,
                "'%s' has %" PRIu64 " bytes, whole points of 4 float32 (kitti) and of 5 (nuscenes): say which",
                points->name, n_bytes);
  points_set_count(points, (size_t)(n_bytes / record));
  *found = 1;
  return SCRIM_OK;
}

static scrim_status kitti_open(scrim_points_reader *reader, scrim_error *error) {
  int floats = reader->options.bin_floats;
  if (floats == 0 || (floats >= FLOATS_MIN && floats <= FLOATS_MAX)) return SCRIM_OK;
  return fail(error, SCRIM_E_PARAM, "%d float32 a point: expected %d to %d", floats, FLOATS_MIN, FLOATS_MAX);
}

static scrim_status kitti_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  int floats = reader->options.bin_floats;
  return read_floats(reader, floats == 0 ? KITTI_FLOATS : (size_t)floats, found, error);
}

static scrim_status nuscenes_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  return read_floats(reader, NUSCENES_FLOATS, found, error);
}

/* x, y, z and the strength of the echo, by whichever of its names. */
static scrim_status kitti_adopt(scrim_points *points, scrim_error *error) {
  static const char *const names[] = {"intensity", "reflectance", "reflectivity"};
  size_t n = points->info.n, record = points->info.record_bytes;
  int fields[KITTI_FLOATS] = {points->axis[0], points->axis[1], points->axis[2], -1};
  for (size_t i = 0; i < sizeof names / sizeof *names && fields[3] < 0; i++)
    fields[3] = scrim_points_find(points, names[i]);
  if (fields[3] < 0)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' has no field intensity, reflectance or reflectivity, as kitti has",
                points->name);
  for (int i = 0; i < 3; i++)
    if (points->fields[fields[i]].type != SCRIM_POINTS_F32)
      return fail(error, SCRIM_E_UNSUPPORTED, "'%s' has coordinates in float64, kitti in float32", points->name);
  scrim_status status = points_buffer_reserve(&points->spare, n * KITTI_FLOATS * sizeof(float), error);
  if (status != SCRIM_OK) return status;
  for (size_t i = 0; i < KITTI_FLOATS; i++) {
    const scrim_points_field *field = &points->fields[fields[i]];
    for (size_t p = 0; p < n; p++)
      points_store(points->spare.at + (p * KITTI_FLOATS + i) * sizeof(float), SCRIM_POINTS_F32, 0,
                   points_load(points->records.at + p * record + field->offset, field->type, 0));
  }
  points->spare.n = n * KITTI_FLOATS * sizeof(float);
  points_buffer_swap(&points->records, &points->spare);
  points->head.n = points->info.n_fields = 0;
  for (int a = 0; a < 3; a++) points->axis[a] = a;
  return add_fields(points, KITTI_FLOATS, error);
}

const points_format points_kitti = {.id = SCRIM_POINTS_KITTI,
                                    .name = "kitti",
                                    .extension = ".bin",
                                    .open = kitti_open,
                                    .next = kitti_next,
                                    .adopt = kitti_adopt};
const points_format points_nuscenes = {
    .id = SCRIM_POINTS_NUSCENES, .name = "nuscenes", .extension = ".pcd.bin", .next = nuscenes_next};
