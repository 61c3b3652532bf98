/*
 * Frames whose records are lines of text. A line stays as it is written; an edit replaces the words of the numbers
 * that it changes and nothing between them.
 */
#include "core/error.h"
#include "core/memory.h"
#include "formats/points.h"
#include "formats/points_token.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static uint64_t *starts_of(const scrim_points *points) {
  return (uint64_t *)(void *)points->starts.at;
}

static double *values_of(const scrim_points *points) {
  return (double *)(void *)points->values.at;
}

/* The column of an axis. */
static size_t column_of(const scrim_points *points, int axis) {
  return points->fields[points->axis[axis]].offset;
}

/* ---- reading ---- */

typedef struct text_place {
  const char *file;
  uint64_t line; /* from 1 */
  int64_t row;   /* from 0 */
} text_place;

/* The line's coordinates into xyz [3]. */
static scrim_status parse_line(const scrim_points *points, const bytes_line *line, size_t columns, text_place where,
                               double *xyz, scrim_error *error) {
  const char *at = line->text, *end = at + line->n;
  points_token token;
  size_t column = 0;
  for (; points_token_next(&at, end, &token); column++) {
    for (int a = 0; a < 3; a++) {
      char shown[POINTS_TOKEN_SHOWN];
      if (column == column_of(points, a) && !points_token_number(&token, &xyz[a]))
        return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' line %" PRIu64 ", column %zu: '%s' is not a number",
                        where.file, where.line, column + 1, points_token_show(&token, shown));
    }
  }
  if (column == columns) return SCRIM_OK;
  return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' line %" PRIu64 " has %zu columns, expected %zu", where.file,
                  where.line, column, columns);
}

/* Takes the line, empty ones included, onto the records. *empty: nothing but blanks. */
static scrim_status take_line(scrim_points_reader *reader, size_t columns, text_place where, int *empty,
                              scrim_error *error) {
  scrim_points *points = &reader->points;
  bytes_line line;
  double xyz[3] = {0};
  scrim_status status = bytes_in_line(reader->in, POINTS_LINE_MAX, &line, error);
  if (status != SCRIM_OK) return status;
  if (line.taken == 0)
    return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' is truncated: it ends at line %" PRIu64 ", point %" PRId64,
                    where.file, where.line, where.row);
  if (line.n > POINTS_LINE_MAX)
    return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' line %" PRIu64 " is longer than %d bytes", where.file,
                    where.line, POINTS_LINE_MAX);
  points_token first;
  const char *at = line.text;
  *empty = !points_token_next(&at, line.text + line.n, &first);
  if (!*empty) status = parse_line(points, &line, columns, where, xyz, error);
  if (status == SCRIM_OK && !*empty) status = points_buffer_append(&points->values, xyz, sizeof xyz, error);
  if (status == SCRIM_OK) status = points_buffer_append(&points->records, line.text, line.taken, error);
  if (status == SCRIM_OK) bytes_in_skip(reader->in, line.taken);
  return status;
}

scrim_status points_text_read(scrim_points_reader *reader, uint64_t n, size_t columns, uint64_t line,
                              scrim_error *error) {
  scrim_points *points = &reader->points;
  uint64_t start = 0;
  scrim_status status = SCRIM_OK;
  for (uint64_t i = 0; i < n && status == SCRIM_OK; i++) {
    int empty = 1;
    status = points_buffer_append(&points->starts, &start, sizeof start, error);
    /* Empty lines belong to the point that follows. */
    for (; status == SCRIM_OK && empty; line++)
      status = take_line(reader, columns, (text_place){points->name, line, (int64_t)i}, &empty, error);
    start = points->records.n;
  }
  if (status == SCRIM_OK) status = points_buffer_append(&points->starts, &start, sizeof start, error);
  points->info.record_bytes = 0;
  return status;
}

double points_text_value(const scrim_points *points, size_t i, size_t column) {
  const char *text = (const char *)points->records.at, *at = text + starts_of(points)[i];
  const char *end = text + starts_of(points)[i + 1];
  points_token token = {NULL, 0};
  double value;
  for (size_t c = 0; c <= column; c++)
    if (!points_token_next(&at, end, &token)) return NAN;
  return points_token_number(&token, &value) ? value : NAN;
}

/* ---- edits ---- */

/* Onto points->spare, which has room: the line of point i with the words of changed coordinates replaced. */
static void append_changed(scrim_points *points, const char *from, const char *end, const int changed[3],
                           const double new[3]) {
  points_buffer *to = &points->spare;
  const char *at = from;
  points_token token;
  for (size_t column = 0; points_token_next(&at, end, &token); column++) {
    for (int a = 0; a < 3; a++) {
      if (!changed[a] || column != column_of(points, a)) continue;
      memcpy(to->at + to->n, from, (size_t)(token.text - from));
      to->n += (size_t)(token.text - from);
      /* Less an origin, float32 is finer than it is for the coordinate itself. */
      to->n += points_token_print(new[a], points->origin[a] == 0, (char *)to->at + to->n);
      from = token.text + token.n;
    }
  }
  memcpy(to->at + to->n, from, (size_t)(end - from));
  to->n += (size_t)(end - from);
}

scrim_status points_text_change(scrim_points *points, points_change change, const void *with, scrim_error *error) {
  size_t n = points->info.n, n_changed = 0;
  double new[3];
  for (size_t i = 0; i < n; i++)
    for (int a = 0; a < 3; a++) n_changed += (size_t)change(points, with, i, a, &new[a]);
  if (n_changed == 0) return SCRIM_OK;
  scrim_status status = points_buffer_reserve(&points->spare, points->records.n + n_changed * NUMBER_TEXT, error);
  if (status != SCRIM_OK) return status;
  points->spare.n = 0;
  uint64_t *starts = starts_of(points), from = starts[0];
  for (size_t i = 0; i < n; i++) {
    int changed[3];
    for (int a = 0; a < 3; a++) changed[a] = change(points, with, i, a, &new[a]);
    starts[i] = points->spare.n;
    append_changed(points, (const char *)points->records.at + from, (const char *)points->records.at + starts[i + 1],
                   changed, new);
    for (int a = 0; a < 3; a++)
      if (changed[a]) values_of(points)[3 * i + (size_t)a] = new[a];
    from = starts[i + 1];
  }
  starts[n] = points->spare.n;
  points_buffer_swap(&points->records, &points->spare);
  return SCRIM_OK;
}

void points_text_keep(scrim_points *points, const uint8_t *keep) {
  uint64_t *starts = starts_of(points), end = 0;
  unsigned char *text = points->records.at;
  double *values = values_of(points);
  size_t left = 0;
  for (size_t i = 0; i < points->info.n; i++) {
    uint64_t from = starts[i], n = starts[i + 1] - from;
    if (!keep[i]) continue;
    memmove(text + end, text + from, n);
    memmove(values + 3 * left, values + 3 * i, 3 * sizeof *values);
    starts[left++] = end;
    end += n;
  }
  starts[left] = end;
  points->records.n = end;
}

/* Where the mark of a line goes: over the word in `column`, or behind the last word (column -1). */
static points_token mark_place(const char *at, const char *end, int column) {
  points_token token, place = {at, 0};
  for (int c = 0; points_token_next(&at, end, &token); c++) {
    if (c == column) return token;
    place.text = token.text + token.n;
  }
  return place;
}

scrim_status points_text_mark(scrim_points *points, const uint8_t *mark, int column, scrim_error *error) {
  size_t n = points->info.n;
  scrim_status status = points_buffer_reserve(&points->spare, points->records.n + 2 * n, error);
  if (status != SCRIM_OK) return status;
  unsigned char *to = points->spare.at;
  uint64_t *starts = starts_of(points), from = 0;
  for (size_t i = 0; i < n; i++) {
    const char *line = (const char *)points->records.at + from, *end = (const char *)points->records.at + starts[i + 1];
    points_token place = mark_place(line, end, column);
    size_t before = (size_t)(place.text - line), after = (size_t)(end - place.text) - place.n;
    from = starts[i + 1];
    starts[i] = (uint64_t)(to - points->spare.at);
    memcpy(to, line, before);
    to += before;
    if (column < 0) *to++ = ' ';
    *to++ = mark[i] ? '1' : '0';
    memcpy(to, place.text + place.n, after);
    to += after;
  }
  points->spare.n = starts[n] = (uint64_t)(to - points->spare.at);
  points_buffer_swap(&points->records, &points->spare);
  return SCRIM_OK;
}
