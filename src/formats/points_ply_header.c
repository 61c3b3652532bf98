/* PLY headers. */
#include "core/error.h"
#include "formats/points_number.h"
#include "formats/points_ply.h"
#include "formats/points_token.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

enum { WORDS = 5 };

/* A line of the header in words, as far as they matter. */
typedef struct ply_line {
  points_token words[WORDS];
  size_t n; /* words; WORDS where there may be more */
  uint64_t number;
} ply_line;

static scrim_status malformed(const scrim_points *points, const ply_line *line, const char *expected,
                              scrim_error *error) {
  char first[POINTS_TOKEN_SHOWN], second[POINTS_TOKEN_SHOWN] = "";
  if (line->n > 1) points_token_show(&line->words[1], second);
  return fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": '%s %s': expected %s", points->name, line->number,
              points_token_show(&line->words[0], first), second, expected);
}

static scrim_points_type type_of(const points_token *word) {
  static const struct {
    const char *names[2];
    scrim_points_type type;
  } types[] = {{{"char", "int8"}, SCRIM_POINTS_I8},      {{"uchar", "uint8"}, SCRIM_POINTS_U8},
               {{"short", "int16"}, SCRIM_POINTS_I16},   {{"ushort", "uint16"}, SCRIM_POINTS_U16},
               {{"int", "int32"}, SCRIM_POINTS_I32},     {{"uint", "uint32"}, SCRIM_POINTS_U32},
               {{"float", "float32"}, SCRIM_POINTS_F32}, {{"double", "float64"}, SCRIM_POINTS_F64}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (points_token_is(word, types[i].names[0]) || points_token_is(word, types[i].names[1])) return types[i].type;
  return (scrim_points_type)0;
}

static scrim_status parse_format(scrim_points *points, const ply_line *line, ply_header *header, scrim_error *error) {
  static const char *const names[] = {"ascii", "binary_little_endian", "binary_big_endian"};
  for (int i = 0; i < 3; i++) {
    if (line->n != 3 || !points_token_is(&line->words[1], names[i]) || !points_token_is(&line->words[2], "1.0"))
      continue;
    header->data = (ply_data)i;
    points->big_endian = i == PLY_BIG_ENDIAN;
    return SCRIM_OK;
  }
  return malformed(points, line, "ascii, binary_little_endian or binary_big_endian, and 1.0", error);
}

static scrim_status parse_element(const scrim_points *points, const ply_line *line, ply_header *header,
                                  scrim_error *error) {
  if (header->n_elements == PLY_ELEMENTS) return malformed(points, line, "at most 32 elements", error);
  ply_element *element = &header->elements[header->n_elements];
  if (line->n != 3 || !points_token_count(&line->words[2], &element->count) || element->count > POINTS_COUNT_MAX)
    return malformed(points, line, "a name and a number up to 2^36", error);
  element->first_property = element->end = header->n_properties;
  if (points_token_is(&line->words[1], "vertex")) {
    if (header->vertex != PLY_ELEMENTS) return malformed(points, line, "one element vertex", error);
    header->vertex = header->n_elements;
  }
  header->n_elements++;
  return SCRIM_OK;
}

/* A property of the points is a field of the frame. */
static scrim_status add_field(scrim_points *points, const ply_line *line, const ply_header *header,
                              const ply_element *element, const ply_property *property, scrim_error *error) {
  if (property->count_type != 0)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' line %" PRIu64 ": points with lists of numbers cannot be read",
                points->name, line->number);
  if (element->bytes + points_type_bytes(property->type) > SCRIM_POINTS_RECORD)
    return malformed(points, line, "at most 4096 bytes a point", error);
  size_t offset = header->data == PLY_ASCII ? points->info.n_fields : element->bytes;
  return points_add_field(points, line->words[2].text, line->words[2].n, property->type, offset, 1, error);
}

static scrim_status parse_property(scrim_points *points, const ply_line *line, ply_header *header, scrim_error *error) {
  int list = line->n == 5 && points_token_is(&line->words[1], "list");
  if (header->n_elements == 0) return malformed(points, line, "an element before its properties", error);
  ply_element *element = &header->elements[header->n_elements - 1];
  if (header->n_properties == PLY_PROPERTIES) return malformed(points, line, "at most 256 properties", error);
  ply_property property = {.type = line->n >= 3 ? type_of(&line->words[list ? 3 : 1]) : 0};
  if (list) property.count_type = type_of(&line->words[2]);
  int whole = property.count_type != SCRIM_POINTS_F32 && property.count_type != SCRIM_POINTS_F64;
  if (property.type == 0 || (list && (property.count_type == 0 || !whole)) || (!list && line->n != 3))
    return malformed(points, line, "a type and a name, or list, two types and a name", error);
  scrim_status status = SCRIM_OK;
  if (header->n_elements - 1 == header->vertex) status = add_field(points, line, header, element, &property, error);
  if (status != SCRIM_OK) return status;
  header->properties[header->n_properties++] = property;
  element->end = header->n_properties;
  element->lists |= list;
  if (!list) element->bytes += points_type_bytes(property.type);
  return SCRIM_OK;
}

static scrim_status parse_line(scrim_points *points, const ply_line *line, ply_header *header, scrim_error *error) {
  static const char *const skipped[] = {"comment", "obj_info", "end_header"};
  const points_token *keyword = &line->words[0];
  if (line->number == 1) {
    if (line->n == 1 && points_token_is(keyword, "ply")) return SCRIM_OK;
    return fail(error, SCRIM_E_FORMAT, "'%s' is no PLY file: its first line is not 'ply'", points->name);
  }
  for (size_t i = 0; i < 3; i++)
    if (line->n == 0 || points_token_is(keyword, skipped[i])) return SCRIM_OK;
  if (points_token_is(keyword, "format")) return parse_format(points, line, header, error);
  if (points_token_is(keyword, "element")) return parse_element(points, line, header, error);
  if (points_token_is(keyword, "property")) return parse_property(points, line, header, error);
  return malformed(points, line, "format, element, property, comment, obj_info or end_header", error);
}

/* The next line onto the head, and in words. */
static scrim_status next_line(scrim_points_reader *reader, ply_line *line, scrim_error *error) {
  scrim_points *points = &reader->points;
  bytes_line raw;
  scrim_status status = bytes_in_line(reader->in, POINTS_LINE_MAX, &raw, error);
  if (status != SCRIM_OK) return status;
  line->number++;
  if (raw.taken == 0)
    return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: the PLY header ends at line %" PRIu64 " without end_header",
                points->name, line->number);
  if (raw.n > POINTS_LINE_MAX || raw.taken > POINTS_HEADER_MAX - points->head.n)
    return fail(error, SCRIM_E_FORMAT, "'%s' line %" PRIu64 ": the PLY header is longer than %d bytes", points->name,
                line->number, raw.n > POINTS_LINE_MAX ? POINTS_LINE_MAX : POINTS_HEADER_MAX);
  size_t from = points->head.n;
  status = points_buffer_append(&points->head, raw.text, raw.taken, error);
  if (status != SCRIM_OK) return status;
  bytes_in_skip(reader->in, raw.taken);
  const char *at = (const char *)points->head.at + from, *end = at + raw.n;
  line->n = 0;
  while (line->n < WORDS && points_token_next(&at, end, &line->words[line->n])) line->n++;
  return SCRIM_OK;
}

scrim_status ply_header_read(scrim_points_reader *reader, ply_header *header, scrim_error *error) {
  scrim_points *points = &reader->points;
  ply_line line = {.number = 0};
  int has_format = 0;
  memset(header, 0, sizeof *header);
  header->vertex = PLY_ELEMENTS;
  do {
    scrim_status status = next_line(reader, &line, error);
    if (status == SCRIM_OK) status = parse_line(points, &line, header, error);
    if (status != SCRIM_OK) return status;
    has_format |= line.number > 1 && line.n > 0 && points_token_is(&line.words[0], "format");
    if (line.number == 2 && !has_format) return malformed(points, &line, "'format' in line 2", error);
  } while (line.n != 1 || !points_token_is(&line.words[0], "end_header"));
  header->lines = line.number;
  if (header->vertex == PLY_ELEMENTS)
    return fail(error, SCRIM_E_FORMAT, "'%s': the PLY header has no element vertex", points->name);
  points->info.record_bytes = header->elements[header->vertex].bytes;
  return points_find_axes(points, error);
}

/* ---- changing ---- */

/* Where in the head the number of points stands, and where the properties of the points end. */
static void find_vertex(const scrim_points *points, points_token *count, const char **properties_end) {
  const char *at = (const char *)points->head.at, *end = at + points->head.n;
  int inside = 0;
  for (const char *next; at < end; at = next) {
    const char *newline = memchr(at, '\n', (size_t)(end - at)), *word_at = at;
    points_token first = {"", 0}, second = {"", 0};
    next = newline != NULL ? newline + 1 : end;
    (void)points_token_next(&word_at, next, &first);
    int is_element = points_token_is(&first, "element"), is_end = points_token_is(&first, "end_header");
    if (inside && (is_element || is_end)) return;
    if (inside && points_token_is(&first, "property")) *properties_end = next;
    if (!is_element) continue;
    (void)points_token_next(&word_at, next, &second);
    if (!points_token_is(&second, "vertex")) continue;
    inside = 1;
    (void)points_token_next(&word_at, next, count);
    *properties_end = next;
  }
}

/* The head with [from, to) replaced by `text`, onto `head`. */
static scrim_status replace(const scrim_points *points, const char *from, const char *to, const char *text,
                            points_buffer *head, scrim_error *error) {
  const char *start = (const char *)points->head.at, *end = start + points->head.n;
  scrim_status status = points_buffer_append(head, start, (size_t)(from - start), error);
  if (status == SCRIM_OK) status = points_buffer_append(head, text, strlen(text), error);
  return status == SCRIM_OK ? points_buffer_append(head, to, (size_t)(end - to), error) : status;
}

scrim_status ply_header_recount(scrim_points *points, size_t n, scrim_error *error) {
  char text[NUMBER_TEXT];
  points_token count = {"", 0};
  const char *properties_end = NULL;
  find_vertex(points, &count, &properties_end);
  snprintf(text, sizeof text, "%zu", n);
  points->spare.n = 0;
  scrim_status status = replace(points, count.text, count.text + count.n, text, &points->spare, error);
  if (status == SCRIM_OK) points_buffer_swap(&points->head, &points->spare);
  return status;
}

scrim_status ply_header_extend(const scrim_points *points, points_buffer *head, scrim_error *error) {
  points_token count = {"", 0};
  const char *properties_end = NULL;
  find_vertex(points, &count, &properties_end);
  int crlf = properties_end[-2] == '\r';
  return replace(points, properties_end, properties_end, crlf ? "property uchar mark\r\n" : "property uchar mark\n",
                 head, error);
}
