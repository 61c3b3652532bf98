/* What may be done to a frame: move, blank, keep, mark. An edit that fails has changed nothing. */
#include "core/error.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <math.h>
#include <string.h>

static scrim_status no_pointer(const char *function, scrim_error *error) {
  return fail(error, SCRIM_E_ARGUMENT, "%s: a pointer is NULL", function);
}

static const scrim_points_field *axis_field(const scrim_points *points, int axis) {
  return &points->fields[points->axis[axis]];
}

static int is_whole(scrim_points_type type) {
  return type != SCRIM_POINTS_F32 && type != SCRIM_POINTS_F64;
}

/* ---- coordinates ---- */

/* The number that stands for a coordinate in the record: itself, or scaled and rounded. */
static double number_of(const scrim_points *points, int axis, double value) {
  if (points->info.record_bytes == 0 || !is_whole(axis_field(points, axis)->type)) return value;
  return round((value - points->shift[axis]) / points->scale[axis]);
}

/* A points_change: `with` is float xyz [n, 3] less the origin. */
static int change_moved(const scrim_points *points, const void *with, size_t i, int axis, double *value) {
  float new = ((const float *)with)[3 * i + (size_t)axis], old = points_coordinate_float(points, i, axis);
  if (memcmp(&new, &old, sizeof new) == 0 || (isnan(new) && isnan(old))) return 0;
  *value = (double)new + points->origin[axis];
  return 1;
}

/* A points_change: `with` is uint8_t [n]. */
static int change_blanked(const scrim_points *points, const void *with, size_t i, int axis, double *value) {
  if (((const uint8_t *)with)[i] == 0 || isnan(points_coordinate(points, i, axis))) return 0;
  *value = NAN;
  return 1;
}

/* Whole coordinates (LAS) cannot be anything: looked at before the first is written. */
static scrim_status check_whole(const scrim_points *points, points_change change, const void *with,
                                scrim_error *error) {
  double value = 0;
  for (int a = 0; a < 3; a++) {
    if (!is_whole(axis_field(points, a)->type)) continue;
    for (size_t i = 0; i < points->info.n; i++) {
      if (!change(points, with, i, a, &value)) continue;
      double number = number_of(points, a, value);
      if (!(number >= INT32_MIN && number <= INT32_MAX))
        return fail_row(error, SCRIM_E_DATA, (int64_t)i,
                        "'%s', point %zu: %c = %.9g is beyond what the file can hold (%.9g in 32 bits)", points->name,
                        i, 'x' + a, value, points->scale[a]);
    }
  }
  return SCRIM_OK;
}

static void change_records(scrim_points *points, points_change change, const void *with) {
  size_t bytes = points->info.record_bytes;
  double value = 0;
  for (int a = 0; a < 3; a++) {
    const scrim_points_field *field = axis_field(points, a);
    unsigned char *at = points->records.at + field->offset;
    for (size_t i = 0; i < points->info.n; i++)
      if (change(points, with, i, a, &value))
        points_store(at + i * bytes, field->type, points->big_endian, number_of(points, a, value));
  }
}

static scrim_status change_coordinates(scrim_points *points, points_change change, const void *with, size_t *n_changed,
                                       scrim_error *error) {
  size_t count = 0;
  double value;
  for (size_t i = 0; i < points->info.n; i++)
    count +=
        change(points, with, i, 0, &value) || change(points, with, i, 1, &value) || change(points, with, i, 2, &value);
  if (n_changed != NULL) *n_changed = count;
  if (count == 0) return SCRIM_OK;
  scrim_status status = SCRIM_OK;
  if (points->info.record_bytes == 0)
    status = points_text_change(points, change, with, error);
  else if ((status = check_whole(points, change, with, error)) == SCRIM_OK)
    change_records(points, change, with);
  if (status != SCRIM_OK) return status;
  points->edited = 1;
  if (points->format->moved != NULL) points->format->moved(points);
  return SCRIM_OK;
}

scrim_status scrim_points_move(scrim_points *points, const float *xyz, size_t *moved, scrim_error *error) {
  if (points == NULL || (xyz == NULL && points->info.n > 0)) return no_pointer("scrim_points_move", error);
  return change_coordinates(points, change_moved, xyz, moved, error);
}

scrim_status scrim_points_blank(scrim_points *points, const uint8_t *which, scrim_error *error) {
  if (points == NULL || (which == NULL && points->info.n > 0)) return no_pointer("scrim_points_blank", error);
  for (int a = 0; a < 3; a++)
    if (points->info.record_bytes > 0 && is_whole(axis_field(points, a)->type))
      return fail(error, SCRIM_E_UNSUPPORTED, "'%s': %s coordinates are whole numbers, which cannot be not-a-number",
                  points->name, points->format->name);
  return change_coordinates(points, change_blanked, which, NULL, error);
}

/* ---- rows ---- */

/* Moves the items of `bytes` bytes that stay to the front. */
static void keep_items(unsigned char *items, size_t bytes, size_t n, const uint8_t *keep) {
  size_t left = 0;
  for (size_t i = 0; i < n; i++)
    if (keep[i]) memmove(items + left++ * bytes, items + i * bytes, bytes);
}

scrim_status scrim_points_keep(scrim_points *points, const uint8_t *keep, scrim_error *error) {
  if (points == NULL || (keep == NULL && points->info.n > 0)) return no_pointer("scrim_points_keep", error);
  size_t n = points->info.n, left = 0, bytes = points->info.record_bytes;
  for (size_t i = 0; i < n; i++) left += keep[i] != 0;
  if (left == n) return SCRIM_OK;
  if (points->fixed_why != NULL)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s': %zu of %zu points cannot be dropped: %s", points->name, n - left, n,
                points->fixed_why);
  scrim_status status = points->format->drop != NULL ? points->format->drop(points, keep, left, error) : SCRIM_OK;
  if (status != SCRIM_OK) return status;
  if (points->marked_aside) keep_items(points->marks.at, 1, n, keep);
  points->marks.n = points->marked_aside ? left : 0;
  if (bytes == 0)
    points_text_keep(points, keep);
  else {
    keep_items(points->records.at, bytes, n, keep);
    points->records.n = left * bytes;
  }
  points_set_count(points, left);
  points->edited = 1;
  return SCRIM_OK;
}

/* ---- marks ---- */

static scrim_status mark_aside(scrim_points *points, const uint8_t *mark, scrim_error *error) {
  size_t n = points->info.n;
  scrim_status status = points_buffer_reserve(&points->marks, n, error);
  if (status != SCRIM_OK) return status;
  for (size_t i = 0; i < n; i++) points->marks.at[i] = mark[i] != 0;
  points->marks.n = n;
  points->marked_aside = 1;
  return SCRIM_OK;
}

/* Into a field that is there. */
static scrim_status mark_field(scrim_points *points, const uint8_t *mark, int i, scrim_error *error) {
  const scrim_points_field *field = &points->fields[i];
  if (points->info.record_bytes == 0) return points_text_mark(points, mark, (int)field->offset, error);
  if (points_type_bytes(field->type) != 1 || field->count != 1)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' has a field '%s' of %s x %zu: marks take one uint8", points->name,
                field->name, points_type_name(field->type), field->count);
  unsigned char *at = points->records.at + field->offset;
  for (size_t p = 0; p < points->info.n; p++, at += points->info.record_bytes) *at = mark[p] != 0;
  return SCRIM_OK;
}

/* Records with one more byte, into points->spare once the head has been taken out of it. */
static scrim_status widen(scrim_points *points, const uint8_t *mark, scrim_error *error) {
  size_t n = points->info.n, bytes = points->info.record_bytes;
  scrim_status status = points_buffer_reserve(&points->spare, n * (bytes + 1), error);
  if (status != SCRIM_OK) return status;
  unsigned char *to = points->spare.at;
  for (size_t i = 0; i < n; i++, to += bytes + 1) {
    memcpy(to, points->records.at + i * bytes, bytes);
    to[bytes] = mark[i] != 0;
  }
  points->spare.n = n * (bytes + 1);
  points_buffer_swap(&points->records, &points->spare);
  points->info.record_bytes++;
  return SCRIM_OK;
}

/* Columns or bytes that the record has now: where the new field goes. */
static size_t record_end(const scrim_points *points) {
  const scrim_points_field *last = &points->fields[points->info.n_fields - 1];
  return points->info.record_bytes > 0 ? points->info.record_bytes : last->offset + last->count;
}

static scrim_status mark_new_field(scrim_points *points, const uint8_t *mark, scrim_error *error) {
  size_t end = record_end(points);
  if (points->info.n_fields == SCRIM_POINTS_FIELDS || points->info.record_bytes == SCRIM_POINTS_RECORD)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s': no room for one more field in its records of %zu fields, %zu bytes",
                points->name, points->info.n_fields, points->info.record_bytes);
  points_buffer head = {NULL, 0, 0};
  scrim_status status = points->format->extend(points, &head, error);
  if (status == SCRIM_OK && head.n > POINTS_HEADER_MAX)
    status = fail(error, SCRIM_E_UNSUPPORTED, "'%s': no room for one more field in its header of %zu bytes",
                  points->name, points->head.n);
  if (status == SCRIM_OK)
    status = points->info.record_bytes > 0 ? widen(points, mark, error) : points_text_mark(points, mark, -1, error);
  if (status == SCRIM_OK) {
    points_buffer_swap(&points->head, &head);
    status = points_add_field(points, "mark", 4, SCRIM_POINTS_U8, end, 1, error);
  }
  points_buffer_free(&head);
  return status;
}

scrim_status scrim_points_mark(scrim_points *points, const uint8_t *mark, scrim_error *error) {
  if (points == NULL || (mark == NULL && points->info.n > 0)) return no_pointer("scrim_points_mark", error);
  int i = scrim_points_find(points, "mark");
  scrim_status status = SCRIM_OK;
  if (points->format->mark != NULL)
    points->format->mark(points, mark);
  else if (points->format->extend == NULL)
    return mark_aside(points, mark, error);
  else
    status = i >= 0 ? mark_field(points, mark, i, error) : mark_new_field(points, mark, error);
  if (status == SCRIM_OK) points->edited = 1;
  return status;
}
