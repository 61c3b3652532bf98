/* What a frame tells: fields, coordinates, values. */
#include "core/error.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const scrim_points_info *scrim_points_get_info(const scrim_points *points) {
  return &points->info;
}

const scrim_points_field *scrim_points_get_field(const scrim_points *points, size_t i) {
  return &points->fields[i];
}

/* Whether two names are the same but for the case of ASCII letters, in every locale. */
static int same_name(const char *a, const char *b) {
  for (; *a != '\0' || *b != '\0'; a++, b++) {
    int low_a = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a, low_b = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;
    if (low_a != low_b) return 0;
  }
  return 1;
}

int scrim_points_find(const scrim_points *points, const char *name) {
  for (size_t i = 0; i < points->info.n_fields; i++)
    if (same_name(points->fields[i].name, name)) return (int)i;
  return -1;
}

void scrim_points_get_origin(const scrim_points *points, double origin[3]) {
  memcpy(origin, points->origin, sizeof points->origin);
}

/* ---- coordinates ---- */

static int is_float(scrim_points_type type) {
  return type == SCRIM_POINTS_F32 || type == SCRIM_POINTS_F64;
}

double points_coordinate(const scrim_points *points, size_t i, int axis) {
  if (points->info.record_bytes == 0) {
    double value;
    memcpy(&value, points->values.at + (3 * i + (size_t)axis) * sizeof value, sizeof value);
    return value;
  }
  const scrim_points_field *field = &points->fields[points->axis[axis]];
  double number =
      points_load(points->records.at + i * points->info.record_bytes + field->offset, field->type, points->big_endian);
  return is_float(field->type) ? number : number * points->scale[axis] + points->shift[axis];
}

float points_coordinate_float(const scrim_points *points, size_t i, int axis) {
  return (float)(points_coordinate(points, i, axis) - points->origin[axis]);
}

/* A float32 as it lies in the file needs no arithmetic. */
static int is_plain(const scrim_points *points, int axis) {
  return points->info.record_bytes > 0 && !points->big_endian &&
         points->fields[points->axis[axis]].type == SCRIM_POINTS_F32;
}

void scrim_points_get_xyz(const scrim_points *points, float *xyz) {
  size_t n = points->info.n, bytes = points->info.record_bytes;
  for (int a = 0; a < 3; a++) {
    const unsigned char *at = points->records.at + points->fields[points->axis[a]].offset;
    if (is_plain(points, a))
      for (size_t i = 0; i < n; i++) memcpy(&xyz[3 * i + (size_t)a], at + i * bytes, sizeof *xyz);
    else
      for (size_t i = 0; i < n; i++) xyz[3 * i + (size_t)a] = points_coordinate_float(points, i, a);
  }
}

void scrim_points_get_values(const scrim_points *points, size_t i, float *values) {
  const scrim_points_field *field = &points->fields[i];
  size_t bytes = points->info.record_bytes;
  const unsigned char *at = points->records.at + (bytes > 0 ? field->offset : 0);
  for (size_t p = 0; p < points->info.n; p++)
    values[p] = (float)(bytes > 0 ? points_load(at + p * bytes, field->type, points->big_endian)
                                  : points_text_value(points, p, field->offset));
}

/* ---- the origin ---- */

enum { ORIGIN_SAMPLES = 1023, ORIGIN_BEYOND = 16384 };

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of up to ORIGIN_SAMPLES finite coordinates spread over the frame: no single point can shift it far. */
static double median_coordinate(const scrim_points *points, int axis) {
  double samples[ORIGIN_SAMPLES];
  size_t n = points->info.n, step = n / ORIGIN_SAMPLES + 1, taken = 0;
  for (size_t i = 0; i < n; i += step) {
    double value = points_coordinate(points, i, axis);
    if (isfinite(value)) samples[taken++] = value;
  }
  if (taken == 0) return 0;
  qsort(samples, taken, sizeof *samples, compare_doubles);
  return samples[taken / 2];
}

void points_set_origin(scrim_points *points) {
  for (int a = 0; a < 3; a++) {
    int exact = points->info.record_bytes > 0 && points->fields[points->axis[a]].type == SCRIM_POINTS_F32;
    double median = exact ? 0 : median_coordinate(points, a);
    points->origin[a] = fabs(median) > ORIGIN_BEYOND ? round(median) : 0;
  }
}

/* ---- for readers ---- */

void points_set_count(scrim_points *points, size_t n) {
  points->info.n = points->info.width = n;
  points->info.height = 1;
}

scrim_status points_add_field(scrim_points *points, const char *name, size_t name_bytes, scrim_points_type type,
                              size_t offset, size_t count, scrim_error *error) {
  if (points->info.n_fields == SCRIM_POINTS_FIELDS)
    return fail(error, SCRIM_E_FORMAT, "'%s' has more than %d fields", points->name, SCRIM_POINTS_FIELDS);
  if (name_bytes == 0 || name_bytes >= SCRIM_POINTS_NAME || memchr(name, '\0', name_bytes) != NULL)
    return fail(error, SCRIM_E_FORMAT, "'%s': the name of field %zu has %zu bytes, expected 1 to %d and no NUL",
                points->name, points->info.n_fields + 1, name_bytes, SCRIM_POINTS_NAME - 1);
  scrim_points_field *field = &points->fields[points->info.n_fields++];
  memset(field, 0, sizeof *field);
  memcpy(field->name, name, name_bytes);
  field->type = type;
  field->offset = offset;
  field->count = count;
  return SCRIM_OK;
}

scrim_status points_find_axes(scrim_points *points, scrim_error *error) {
  for (int a = 0; a < 3; a++) {
    const char name[2] = {(char)('x' + a), '\0'};
    points->axis[a] = scrim_points_find(points, name);
    if (points->axis[a] < 0)
      return fail(error, SCRIM_E_FORMAT, "'%s' has no field '%s' among its %zu fields", points->name, name,
                  points->info.n_fields);
    const scrim_points_field *field = &points->fields[points->axis[a]];
    if (!is_float(field->type) || field->count != 1)
      return fail(error, SCRIM_E_FORMAT, "'%s': field '%s' is %s x %zu, expected one float32 or float64", points->name,
                  field->name, points_type_name(field->type), field->count);
  }
  return SCRIM_OK;
}

scrim_status points_read_records(scrim_points_reader *reader, uint64_t n, scrim_error *error) {
  scrim_points *points = &reader->points;
  uint64_t bytes = points->info.record_bytes, found = 0;
  if (n > POINTS_COUNT_MAX)
    return fail(error, SCRIM_E_FORMAT, "'%s' declares %" PRIu64 " points, the limit is %" PRIu64, points->name, n,
                POINTS_COUNT_MAX);
  int64_t left = bytes_in_left(reader->in);
  scrim_status status = SCRIM_OK;
  if (left >= 0 && (uint64_t)left < n * bytes)
    found = (uint64_t)left;
  else
    status = points_buffer_read(&points->records, reader->in, n * bytes, &found, error);
  if (status != SCRIM_OK || found == n * bytes) return status;
  return fail_row(error, SCRIM_E_FORMAT, (int64_t)(found / bytes),
                  "'%s' is truncated: expected %" PRIu64 " points of %" PRIu64 " bytes, found %" PRIu64 " bytes",
                  points->name, n, bytes, found);
}

scrim_status points_read_head(scrim_points_reader *reader, size_t n, const char *what, scrim_error *error) {
  uint64_t found;
  scrim_status status = points_buffer_read(&reader->points.head, reader->in, n, &found, error);
  if (status != SCRIM_OK || found == n) return status;
  return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: expected %zu bytes of %s, found %" PRIu64, reader->points.name,
              n, what, found);
}
