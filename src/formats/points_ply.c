/* PLY: the element vertex is the frame; elements before it belong to the head, those behind it to the tail. */
#include "formats/points_ply.h"
#include "core/error.h"
#include "formats/points_number.h"
#include "formats/points_token.h"
#include <inttypes.h>
#include <string.h>

/* Where an element is read to, and how far it has got, for messages. */
typedef struct ply_place {
  scrim_points_reader *reader;
  points_buffer *to;
  size_t element;
  uint64_t row;
} ply_place;

static scrim_status take(const ply_place *place, uint64_t n, scrim_error *error) {
  int64_t left = bytes_in_left(place->reader->in);
  uint64_t found = 0;
  scrim_status status = SCRIM_OK;
  if (left < 0 || (uint64_t)left >= n) status = points_buffer_read(place->to, place->reader->in, n, &found, error);
  if (status != SCRIM_OK || found == n) return status;
  return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: it ends in row %" PRIu64 " of element %zu",
              place->reader->points.name, place->row, place->element + 1);
}

/* One row of an element that has lists. */
static scrim_status take_row(const ply_place *place, const ply_header *header, scrim_error *error) {
  const ply_element *element = &header->elements[place->element];
  int big_endian = header->data == PLY_BIG_ENDIAN;
  scrim_status status = SCRIM_OK;
  for (size_t i = element->first_property; i < element->end && status == SCRIM_OK; i++) {
    const ply_property *property = &header->properties[i];
    size_t bytes = points_type_bytes(property->type), count_bytes = points_type_bytes(property->count_type);
    double count = 1;
    if (count_bytes > 0) {
      status = take(place, count_bytes, error);
      if (status == SCRIM_OK)
        count = points_load(place->to->at + place->to->n - count_bytes, property->count_type, big_endian);
    }
    if (count < 0)
      return fail(error, SCRIM_E_FORMAT, "'%s': row %" PRIu64 " of element %zu has a list of %.0f numbers",
                  place->reader->points.name, place->row, place->element + 1, count);
    if (status == SCRIM_OK) status = take(place, (uint64_t)count * bytes, error);
  }
  return status;
}

static scrim_status take_lines(ply_place *place, uint64_t count, scrim_error *error) {
  while (place->row < count) {
    bytes_line line;
    points_token word;
    scrim_status status = bytes_in_line(place->reader->in, POINTS_HEADER_MAX, &line, error);
    if (status != SCRIM_OK) return status;
    if (line.taken == 0) return take(place, 1, error);
    if (line.n > POINTS_HEADER_MAX)
      return fail(error, SCRIM_E_FORMAT, "'%s': row %" PRIu64 " of element %zu is longer than %d bytes",
                  place->reader->points.name, place->row, place->element + 1, POINTS_HEADER_MAX);
    const char *at = line.text;
    place->row += (uint64_t)points_token_next(&at, line.text + line.n, &word);
    status = points_buffer_append(place->to, line.text, line.taken, error);
    if (status != SCRIM_OK) return status;
    bytes_in_skip(place->reader->in, line.taken);
  }
  return SCRIM_OK;
}

/* An element that is not the points, whole, onto the head or the tail. */
static scrim_status take_element(scrim_points_reader *reader, const ply_header *header, size_t i, scrim_error *error) {
  const ply_element *element = &header->elements[i];
  scrim_points *points = &reader->points;
  ply_place place = {reader, i < header->vertex ? &points->head : &points->tail, i, 0};
  scrim_status status = SCRIM_OK;
  if (element->count > 0) points->fixed_why = "other elements may name points by their number";
  if (element->end == element->first_property) return SCRIM_OK;
  if (header->data == PLY_ASCII) return take_lines(&place, element->count, error);
  if (!element->lists) return take(&place, element->count * element->bytes, error);
  for (; place.row < element->count && status == SCRIM_OK; place.row++) status = take_row(&place, header, error);
  return status;
}

/* The lines of text that come before the first point. */
static uint64_t lines_of(const points_buffer *head) {
  uint64_t lines = 0;
  for (size_t i = 0; i < head->n; i++) lines += head->at[i] == '\n';
  return lines;
}

static scrim_status take_points(scrim_points_reader *reader, const ply_header *header, scrim_error *error) {
  scrim_points *points = &reader->points;
  uint64_t n = header->elements[header->vertex].count;
  scrim_status status = header->data == PLY_ASCII
                            ? points_text_read(reader, n, points->info.n_fields, lines_of(&points->head) + 1, error)
                            : points_read_records(reader, n, error);
  if (status == SCRIM_OK) points_set_count(points, (size_t)n);
  return status;
}

/* Behind the last element: nothing but the ends of lines. */
static scrim_status take_rest(scrim_points_reader *reader, scrim_error *error) {
  scrim_points *points = &reader->points;
  size_t from = points->tail.n;
  uint64_t found;
  scrim_status status = points_buffer_read(&points->tail, reader->in, UINT64_MAX, &found, error);
  for (size_t i = from; status == SCRIM_OK && i < points->tail.n; i++)
    if (memchr(" \t\r\n", points->tail.at[i], 4) == NULL)
      return fail(error, SCRIM_E_FORMAT, "'%s' has %" PRIu64 " bytes after its last element", points->name, found);
  return status;
}

static scrim_status ply_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  ply_header header;
  if (reader->frame > 0) return SCRIM_OK;
  scrim_status status = ply_header_read(reader, &header, error);
  for (size_t i = 0; status == SCRIM_OK && i < header.n_elements; i++)
    status = i == header.vertex ? take_points(reader, &header, error) : take_element(reader, &header, i, error);
  if (status == SCRIM_OK) status = take_rest(reader, error);
  *found = status == SCRIM_OK;
  return status;
}

static scrim_status ply_drop(scrim_points *points, const uint8_t *keep, size_t left, scrim_error *error) {
  (void)keep;
  return ply_header_recount(points, left, error);
}

const points_format points_ply = {.id = SCRIM_POINTS_PLY,
                                  .name = "ply",
                                  .extension = ".ply",
                                  .next = ply_next,
                                  .drop = ply_drop,
                                  .extend = ply_header_extend};
