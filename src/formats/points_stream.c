/* Frames one after the other, for pipes: docs/POINT_STREAM.md has the layout. */
#include "core/error.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <string.h>

static const char magic[8] = {'S', 'C', 'R', 'I', 'M', 'P', 'T', 'S'};
enum {
  VERSION = 1,
  FIXED_BYTES = 48, /* of the header, before the fields */
  FIELD_BYTES = 32, /* of one field */
  FIELD_NAME = 20,  /* of which its name, filled with NUL */
  AT_VERSION = 8,   /* u16 */
  AT_FIELDS = 10,   /* u16 */
  AT_HEADER = 12,   /* u32 */
  AT_RECORD = 16,   /* u32 */
  AT_HEIGHT = 20,   /* u32 */
  AT_COUNT = 24,    /* u64 */
  AT_STAMP = 32,    /* u64 */
  AT_RESERVED = 40  /* u64 */
};

static scrim_status bad_header(const scrim_points_reader *reader, const char *what, uint64_t value,
                               const char *expected, scrim_error *error) {
  return fail(error, SCRIM_E_FORMAT, "'%s' frame %" PRId64 ": %s is %" PRIu64 ", expected %s", reader->points.name,
              reader->frame, what, value, expected);
}

/* The first FIXED_BYTES are on the head. */
static scrim_status check_fixed(const scrim_points_reader *reader, scrim_error *error) {
  const unsigned char *head = reader->points.head.at;
  uint64_t version = points_load_u16(head + AT_VERSION), fields = points_load_u16(head + AT_FIELDS);
  uint64_t bytes = points_load_u32(head + AT_HEADER), record = points_load_u32(head + AT_RECORD);
  uint64_t height = points_load_u32(head + AT_HEIGHT), n = points_load_u64(head + AT_COUNT);
  if (memcmp(head, magic, sizeof magic) != 0)
    return fail(error, SCRIM_E_FORMAT, "'%s' frame %" PRId64 " does not start with SCRIMPTS", reader->points.name,
                reader->frame);
  if (version != VERSION) return bad_header(reader, "the version", version, "1", error);
  if (fields < 3 || fields > SCRIM_POINTS_FIELDS)
    return bad_header(reader, "the number of fields", fields, "3 to 128", error);
  if (bytes < FIXED_BYTES + fields * FIELD_BYTES || bytes > POINTS_HEADER_MAX)
    return bad_header(reader, "the length of the header", bytes, "48, 32 a field, and at most 262144", error);
  if (record == 0 || record > SCRIM_POINTS_RECORD)
    return bad_header(reader, "the length of a record", record, "1 to 4096", error);
  if (n > POINTS_COUNT_MAX) return bad_header(reader, "the number of points", n, "at most 2^36", error);
  if (height == 0 || n % height != 0)
    return bad_header(reader, "the number of rows", height, "1 or more, dividing the number of points", error);
  uint64_t reserved = points_load_u64(head + AT_RESERVED);
  return reserved == 0 ? SCRIM_OK : bad_header(reader, "the reserved word", reserved, "0", error);
}

/* Fields come in the order of their offsets and do not overlap. */
static scrim_status add_field(scrim_points_reader *reader, const unsigned char *at, size_t *end, scrim_error *error) {
  scrim_points *points = &reader->points;
  const unsigned char *nul = memchr(at, '\0', FIELD_NAME);
  uint64_t offset = points_load_u32(at + 20), count = points_load_u32(at + 24), type = points_load_u32(at + 28);
  size_t bytes = points_type_bytes((scrim_points_type)type);
  if (bytes == 0) return bad_header(reader, "the type of a field", type, "1 to 10", error);
  if (count == 0 || count > SCRIM_POINTS_RECORD)
    return bad_header(reader, "the count of a field", count, "1 to 4096", error);
  if (offset < *end || offset + count * bytes > points->info.record_bytes)
    return bad_header(reader, "the offset of a field", offset, "it behind the field before and within the record",
                      error);
  *end = (size_t)(offset + count * bytes);
  size_t name_bytes = nul != NULL ? (size_t)(nul - at) : FIELD_NAME;
  return points_add_field(points, (const char *)at, name_bytes, (scrim_points_type)type, (size_t)offset, (size_t)count,
                          error);
}

static scrim_status parse_header(scrim_points_reader *reader, scrim_error *error) {
  scrim_points *points = &reader->points;
  const unsigned char *head = points->head.at;
  size_t n_fields = points_load_u16(head + AT_FIELDS), end = 0;
  scrim_status status = SCRIM_OK;
  points->info.record_bytes = points_load_u32(head + AT_RECORD);
  for (size_t i = 0; i < n_fields && status == SCRIM_OK; i++)
    status = add_field(reader, head + FIXED_BYTES + i * FIELD_BYTES, &end, error);
  if (status == SCRIM_OK) status = points_find_axes(points, error);
  if (status == SCRIM_OK) status = points_read_records(reader, points_load_u64(head + AT_COUNT), error);
  if (status != SCRIM_OK) return status;
  points->info.n = (size_t)points_load_u64(head + AT_COUNT);
  points->info.height = points_load_u32(head + AT_HEIGHT);
  points->info.width = points->info.n / points->info.height;
  points->info.stamp_ns = points_load_u64(head + AT_STAMP);
  return SCRIM_OK;
}

static scrim_status stream_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  const char *bytes;
  size_t n;
  scrim_status status = bytes_in_peek(reader->in, 1, &bytes, &n, error);
  if (status != SCRIM_OK || n == 0) return status;
  status = points_read_head(reader, FIXED_BYTES, "frame header", error);
  if (status == SCRIM_OK) status = check_fixed(reader, error);
  if (status == SCRIM_OK)
    status = points_read_head(reader, points_load_u32(reader->points.head.at + AT_HEADER) - FIXED_BYTES, "frame header",
                              error);
  if (status == SCRIM_OK) status = parse_header(reader, error);
  *found = status == SCRIM_OK;
  return status;
}

static scrim_status stream_drop(scrim_points *points, const uint8_t *keep, size_t left, scrim_error *error) {
  (void)keep;
  (void)error;
  points_store_u64(points->head.at + AT_COUNT, left);
  points_store_u32(points->head.at + AT_HEIGHT, 1);
  return SCRIM_OK;
}

static void write_field(unsigned char *at, const scrim_points_field *field) {
  memset(at, 0, FIELD_BYTES);
  memcpy(at, field->name, strlen(field->name));
  points_store_u32(at + 20, (uint32_t)field->offset);
  points_store_u32(at + 24, (uint32_t)field->count);
  points_store_u32(at + 28, (uint32_t)field->type);
}

static scrim_status stream_extend(const scrim_points *points, points_buffer *head, scrim_error *error) {
  const scrim_points_field mark = {
      .name = "mark", .type = SCRIM_POINTS_U8, .offset = points->info.record_bytes, .count = 1};
  unsigned char field[FIELD_BYTES];
  const unsigned char *old = points->head.at;
  size_t before = FIXED_BYTES + points->info.n_fields * FIELD_BYTES;
  write_field(field, &mark);
  scrim_status status = points_buffer_append(head, old, before, error);
  if (status == SCRIM_OK) status = points_buffer_append(head, field, FIELD_BYTES, error);
  if (status == SCRIM_OK) status = points_buffer_append(head, old + before, points->head.n - before, error);
  if (status != SCRIM_OK) return status;
  points_store_u16(head->at + AT_FIELDS, (uint16_t)(points->info.n_fields + 1));
  points_store_u32(head->at + AT_HEADER, (uint32_t)head->n);
  points_store_u32(head->at + AT_RECORD, (uint32_t)(points->info.record_bytes + 1));
  return SCRIM_OK;
}

static scrim_status stream_adopt(scrim_points *points, scrim_error *error) {
  size_t n_fields = points->info.n_fields, bytes = FIXED_BYTES + n_fields * FIELD_BYTES;
  for (size_t i = 0; i < n_fields; i++)
    if (strlen(points->fields[i].name) > FIELD_NAME)
      return fail(error, SCRIM_E_UNSUPPORTED, "field '%s': a stream has room for %d bytes of its name",
                  points->fields[i].name, FIELD_NAME);
  if (points->info.height > UINT32_MAX)
    return fail(error, SCRIM_E_UNSUPPORTED, "%zu rows of points: a stream has room for 2^32", points->info.height);
  points_buffer *head = &points->head;
  scrim_status status = points_buffer_reserve(head, bytes, error);
  if (status != SCRIM_OK) return status;
  memset(head->at, 0, bytes);
  head->n = bytes;
  memcpy(head->at, magic, sizeof magic);
  points_store_u16(head->at + AT_VERSION, VERSION);
  points_store_u16(head->at + AT_FIELDS, (uint16_t)n_fields);
  points_store_u32(head->at + AT_HEADER, (uint32_t)bytes);
  points_store_u32(head->at + AT_RECORD, (uint32_t)points->info.record_bytes);
  points_store_u32(head->at + AT_HEIGHT, (uint32_t)points->info.height);
  points_store_u64(head->at + AT_COUNT, points->info.n);
  points_store_u64(head->at + AT_STAMP, points->info.stamp_ns);
  for (size_t i = 0; i < n_fields; i++) write_field(head->at + FIXED_BYTES + i * FIELD_BYTES, &points->fields[i]);
  return SCRIM_OK;
}

const points_format points_stream = {.id = SCRIM_POINTS_STREAM,
                                     .name = "stream",
                                     .extension = ".scrimpts",
                                     .next = stream_next,
                                     .drop = stream_drop,
                                     .extend = stream_extend,
                                     .adopt = stream_adopt};
