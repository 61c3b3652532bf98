/* PCD 0.7: header lines, then text, records, or records turned field by field and compressed. */
#include "formats/points_pcd.h"
#include "core/error.h"
#include "formats/lzf.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <string.h>

enum { SIZES_BYTES = 8 }; /* compressed and expanded size, before compressed data */

/* ---- compressed records ---- */

static size_t field_bytes(const scrim_points_field *field) {
  return points_type_bytes(field->type) * field->count;
}

/* Between records and one array a field; to_records says which way. */
static void turn(scrim_points *points, unsigned char *arrays, int to_records) {
  size_t n = points->info.n, record = points->info.record_bytes;
  for (size_t i = 0; i < points->info.n_fields; i++) {
    size_t bytes = field_bytes(&points->fields[i]);
    unsigned char *at = points->records.at + points->fields[i].offset;
    for (size_t p = 0; p < n; p++, arrays += bytes, at += record)
      memcpy(to_records ? at : arrays, to_records ? arrays : at, bytes);
  }
}

/* Takes fields named "_" out of the records: some writers name padding in the header and leave it out of the data. */
static void drop_padding(scrim_points *points) {
  size_t left = 0, end = 0;
  for (size_t i = 0; i < points->info.n_fields; i++) {
    scrim_points_field field = points->fields[i];
    if (strcmp(field.name, "_") == 0) continue;
    field.offset = end;
    end += field_bytes(&field);
    for (int a = 0; a < 3; a++)
      if (points->axis[a] == (int)i) points->axis[a] = (int)left;
    points->fields[left++] = field;
  }
  points->info.n_fields = left;
  points->info.record_bytes = end;
}

/* Expands points->packed, which has been read, into the records. */
static scrim_status expand(scrim_points *points, uint64_t n, uint32_t expanded, scrim_error *error) {
  size_t declared = points->info.record_bytes;
  if (expanded != n * declared) drop_padding(points);
  size_t record = points->info.record_bytes;
  if (expanded != n * record)
    return fail(error, SCRIM_E_FORMAT,
                "'%s': the data expand to %" PRIu32 " bytes, but %" PRIu64 " points of %zu bytes were declared",
                points->name, expanded, n, declared);
  scrim_status status = points_buffer_reserve(&points->spare, expanded, error);
  if (status == SCRIM_OK) status = points_buffer_reserve(&points->records, n * record, error);
  if (status == SCRIM_OK)
    status =
        lzf_expand(points->packed.at + SIZES_BYTES, points->packed.n - SIZES_BYTES, points->spare.at, expanded, error);
  if (status != SCRIM_OK) {
    if (status == SCRIM_E_FORMAT) fail_in_file(error, points->name);
    return status;
  }
  points_set_count(points, n);
  points->records.n = n * record;
  turn(points, points->spare.at, 1);
  return SCRIM_OK;
}

static scrim_status read_compressed(scrim_points_reader *reader, uint64_t n, scrim_error *error) {
  scrim_points *points = &reader->points;
  uint64_t found;
  scrim_status status = points_buffer_read(&points->packed, reader->in, SIZES_BYTES, &found, error);
  if (status != SCRIM_OK) return status;
  if (found < SIZES_BYTES)
    return fail(error, SCRIM_E_FORMAT,
                "'%s' is truncated: expected 8 bytes of sizes before the compressed data, found %" PRIu64, points->name,
                found);
  uint32_t compressed = points_load_u32(points->packed.at), expanded = points_load_u32(points->packed.at + 4);
  if (expanded / LZF_RATIO_MAX > compressed)
    return fail(error, SCRIM_E_FORMAT, "'%s': %" PRIu32 " compressed bytes cannot expand to %" PRIu32, points->name,
                compressed, expanded);
  status = points_buffer_read(&points->packed, reader->in, compressed, &found, error);
  if (status == SCRIM_OK && found < compressed)
    return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: expected %" PRIu32 " compressed bytes, found %" PRIu64,
                points->name, compressed, found);
  return status == SCRIM_OK ? expand(points, n, expanded, error) : status;
}

static scrim_status pcd_pack(scrim_points *points, scrim_error *error) {
  size_t bytes = points->info.n * points->info.record_bytes, written;
  if (bytes > UINT32_MAX)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s': %zu bytes of points, compressed PCD holds at most %" PRIu32,
                points->name, bytes, UINT32_MAX);
  scrim_status status = points_buffer_reserve(&points->spare, bytes, error);
  if (status == SCRIM_OK) status = points_buffer_reserve(&points->packed, SIZES_BYTES + lzf_bound(bytes), error);
  if (status != SCRIM_OK) return status;
  turn(points, points->spare.at, 0);
  status = lzf_compress(points->spare.at, bytes, points->packed.at + SIZES_BYTES, &written, error);
  if (status != SCRIM_OK) return status;
  points_store_u32(points->packed.at, (uint32_t)written);
  points_store_u32(points->packed.at + 4, (uint32_t)bytes);
  points->packed.n = SIZES_BYTES + written;
  return SCRIM_OK;
}

/* ---- frames ---- */

/*
 * What follows the last point: nothing but the ends of lines, for more would be points that nobody looks at. Compressed
 * data tell their own length, and PCL leaves the rest of a page behind them.
 */
static scrim_status read_tail(scrim_points_reader *reader, pcd_data data, scrim_error *error) {
  scrim_points *points = &reader->points;
  uint64_t found;
  scrim_status status = points_buffer_read(&points->tail, reader->in, UINT64_MAX, &found, error);
  for (uint64_t i = 0; status == SCRIM_OK && data != PCD_COMPRESSED && i < found; i++)
    if (memchr(" \t\r\n", points->tail.at[i], 4) == NULL)
      return fail(error, SCRIM_E_FORMAT, "'%s' has %" PRIu64 " bytes after its %zu points", points->name, found,
                  points->info.n);
  return status;
}

static scrim_status pcd_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  scrim_points *points = &reader->points;
  pcd_header header;
  if (reader->frame > 0) return SCRIM_OK;
  scrim_status status = pcd_header_read(reader, &header, error);
  if (status != SCRIM_OK) return status;
  uint64_t n = header.width * header.height;
  if (header.data == PCD_ASCII)
    status = points_text_read(reader, n, header.columns, header.lines + 1, error);
  else if (header.data == PCD_BINARY)
    status = points_read_records(reader, n, error);
  else
    status = read_compressed(reader, n, error);
  if (status != SCRIM_OK) return status;
  points->info.n = n;
  points->info.width = n > 0 ? header.width : 0;
  points->info.height = n > 0 ? header.height : 1;
  status = read_tail(reader, header.data, error);
  *found = status == SCRIM_OK;
  return status;
}

static scrim_status pcd_drop(scrim_points *points, const uint8_t *keep, size_t left, scrim_error *error) {
  (void)keep;
  return pcd_header_recount(points, left, error);
}

const points_format points_pcd = {.id = SCRIM_POINTS_PCD,
                                  .name = "pcd",
                                  .extension = ".pcd",
                                  .next = pcd_next,
                                  .drop = pcd_drop,
                                  .extend = pcd_header_extend,
                                  .pack = pcd_pack,
                                  .adopt = pcd_header_make};
