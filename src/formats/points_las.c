/*
 * LAS 1.0 to 1.4 (ASPRS, "LAS Specification 1.4 - R15"): a header, variable-length records, points, and in 1.4
 * extended variable-length records behind them.
 */
#include "core/error.h"
#include "formats/points.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
  AT_MINOR = 25,
  AT_HEADER_BYTES = 94, /* u16 */
  AT_POINTS = 96,       /* u32: offset of the first point */
  AT_N_VLR = 100,       /* u32 */
  AT_FORMAT = 104,
  AT_RECORD = 105,   /* u16 */
  AT_COUNT_32 = 107, /* u32, and by return u32 [5] */
  AT_SCALE = 131,    /* f64 [3], then offsets f64 [3] */
  AT_BOUNDS = 179,   /* f64: greatest and least x, y, z */
  AT_WAVES = 227,    /* u64, from 1.3: offset of waveforms */
  AT_EVLR = 235,     /* u64, 1.4: offset, then u32: their number */
  AT_COUNT_64 = 247, /* u64, and by return u64 [15] */
  BYTES_12 = 227,
  BYTES_13 = 235,
  BYTES_14 = 375,
  RETURNS_32 = 5,
  RETURNS_64 = 15,
  N_FORMATS = 11,
  FIRST_WIDE = 6, /* formats from here on: a whole byte for the class, four bits for the return */
  CLASS_NOISE = 7
};

static uint64_t offset_of_points(const scrim_points *points) {
  return points_load_u32(points->head.at + AT_POINTS);
}

static int minor_of(const scrim_points *points) {
  return points->head.at[AT_MINOR];
}

static int is_wide(const scrim_points *points) {
  return points->head.at[AT_FORMAT] >= FIRST_WIDE;
}

/* ---- the header ---- */

static scrim_status check_head(const scrim_points *points, scrim_error *error) {
  static const unsigned char least[N_FORMATS] = {20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67};
  const unsigned char *head = points->head.at;
  unsigned format = head[AT_FORMAT], record = points_load_u16(head + AT_RECORD),
           header = points_load_u16(head + AT_HEADER_BYTES);
  int minor = minor_of(points);
  unsigned expected = minor < 3 ? BYTES_12 : minor == 3 ? BYTES_13 : BYTES_14;
  if (memcmp(head, "LASF", 4) != 0)
    return fail(error, SCRIM_E_FORMAT, "'%s' is no LAS file: it does not start with LASF", points->name);
  if (head[AT_MINOR - 1] != 1 || minor > 4)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' is LAS %d.%d, expected 1.0 to 1.4", points->name, head[AT_MINOR - 1],
                minor);
  if (header < expected || offset_of_points(points) < header)
    return fail(error, SCRIM_E_FORMAT,
                "'%s': a header of %u bytes and points from byte %" PRIu64 ", expected %u or more", points->name,
                header, offset_of_points(points), expected);
  if (format & 0xc0)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' is compressed (LAZ, point format %u): expand it first", points->name,
                format);
  if (format >= N_FORMATS)
    return fail(error, SCRIM_E_FORMAT, "'%s': point format %u is unknown, expected 0 to 10", points->name, format);
  if (record < least[format] || record > SCRIM_POINTS_RECORD)
    return fail(error, SCRIM_E_FORMAT, "'%s': %u bytes a point, expected %u to %d for point format %u", points->name,
                record, least[format], SCRIM_POINTS_RECORD, format);
  return SCRIM_OK;
}

static scrim_status parse_scales(scrim_points *points, scrim_error *error) {
  for (int a = 0; a < 3; a++) {
    const unsigned char *at = points->head.at + AT_SCALE + 8 * a;
    points->scale[a] = points_load(at, SCRIM_POINTS_F64, 0);
    points->shift[a] = points_load(at + 24, SCRIM_POINTS_F64, 0);
    if (!isnormal(points->scale[a]) || !isfinite(points->shift[a]))
      return fail(error, SCRIM_E_FORMAT, "'%s': scale %.9g and offset %.9g of %c are no scale and offset", points->name,
                  points->scale[a], points->shift[a], 'x' + a);
  }
  return SCRIM_OK;
}

/* 1.4 has a count of 64 bits; the old one beside it is 0 or the same. */
static scrim_status parse_count(const scrim_points *points, uint64_t *n, scrim_error *error) {
  uint64_t old = points_load_u32(points->head.at + AT_COUNT_32);
  *n = old;
  if (minor_of(points) < 4) return SCRIM_OK;
  uint64_t new = points_load_u64(points->head.at + AT_COUNT_64);
  if (new > 0) *n = new;
  if (new == old || new == 0 || old == 0) return SCRIM_OK;
  return fail(error, SCRIM_E_FORMAT, "'%s': %" PRIu64 " points by its old count, %" PRIu64 " by its new one",
              points->name, old, new);
}

/* The variable-length records lie between header and points. */
static scrim_status check_vlrs(const scrim_points *points, scrim_error *error) {
  enum { VLR_BYTES = 54, AT_LENGTH = 18 };
  uint64_t at = points_load_u16(points->head.at + AT_HEADER_BYTES), end = offset_of_points(points);
  uint32_t n = points_load_u32(points->head.at + AT_N_VLR);
  for (uint32_t i = 0; i < n; i++) {
    uint64_t length = end - at >= VLR_BYTES ? points_load_u16(points->head.at + at + AT_LENGTH) : 0;
    if (end - at < VLR_BYTES + length)
      return fail(error, SCRIM_E_FORMAT,
                  "'%s': variable-length record %" PRIu32 " of %" PRIu32 " at byte %" PRIu64 " reaches into the points",
                  points->name, i + 1, n, at);
    at += VLR_BYTES + length;
  }
  return SCRIM_OK;
}

/* The extended ones lie behind the points, which end at `end`, in the tail. */
static scrim_status check_evlrs(const scrim_points *points, uint64_t end, scrim_error *error) {
  enum { EVLR_BYTES = 60, AT_LENGTH = 20 };
  if (minor_of(points) < 4) return SCRIM_OK;
  uint64_t at = points_load_u64(points->head.at + AT_EVLR), stop = end + points->tail.n;
  uint32_t n = points_load_u32(points->head.at + AT_EVLR + 8);
  for (uint32_t i = 0; i < n; i++) {
    int there = at >= end && at <= stop && stop - at >= EVLR_BYTES;
    uint64_t length = there ? points_load_u64(points->tail.at + (at - end) + AT_LENGTH) : 0;
    if (!there || length > stop - at - EVLR_BYTES)
      return fail(error, SCRIM_E_FORMAT,
                  "'%s': extended record %" PRIu32 " of %" PRIu32 " at byte %" PRIu64
                  " does not lie between the points and the end, bytes %" PRIu64 " to %" PRIu64,
                  points->name, i + 1, n, at, end, stop);
    at += EVLR_BYTES + length;
  }
  return SCRIM_OK;
}

/* ---- fields ---- */

typedef struct las_field {
  const char *name;
  scrim_points_type type;
  size_t offset[2]; /* in formats 0 to 5 and 6 to 10; 0 where there is none, but for x */
  unsigned formats; /* bits of those that have it */
} las_field;

static const las_field las_fields[] = {
    {"x", SCRIM_POINTS_I32, {0, 0}, 0x7ff},
    {"y", SCRIM_POINTS_I32, {4, 4}, 0x7ff},
    {"z", SCRIM_POINTS_I32, {8, 8}, 0x7ff},
    {"intensity", SCRIM_POINTS_U16, {12, 12}, 0x7ff},
    {"returns", SCRIM_POINTS_U8, {14, 14}, 0x7ff},
    {"flags", SCRIM_POINTS_U8, {0, 15}, 0x7c0},
    {"classification", SCRIM_POINTS_U8, {15, 16}, 0x7ff},
    {"scan_angle_rank", SCRIM_POINTS_I8, {16, 0}, 0x03f},
    {"user_data", SCRIM_POINTS_U8, {17, 17}, 0x7ff},
    {"scan_angle", SCRIM_POINTS_I16, {0, 18}, 0x7c0},
    {"point_source_id", SCRIM_POINTS_U16, {18, 20}, 0x7ff},
    {"gps_time", SCRIM_POINTS_F64, {20, 22}, 0x7fa},
    {"red", SCRIM_POINTS_U16, {28, 30}, 0x5a8},
    {"green", SCRIM_POINTS_U16, {30, 32}, 0x5a8},
    {"blue", SCRIM_POINTS_U16, {32, 34}, 0x5a8},
    {"nir", SCRIM_POINTS_U16, {0, 36}, 0x500},
};

static scrim_status add_fields(scrim_points *points, scrim_error *error) {
  unsigned format = points->head.at[AT_FORMAT];
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < sizeof las_fields / sizeof *las_fields && status == SCRIM_OK; i++) {
    const las_field *f = &las_fields[i];
    if (f->formats >> format & 1)
      status = points_add_field(points, f->name, strlen(f->name), f->type, f->offset[is_wide(points)], 1, error);
  }
  /* Format 2 has colours where the others have the time. */
  static const char *const colours[] = {"red", "green", "blue"};
  for (size_t i = 0; i < 3 && format == 2 && status == SCRIM_OK; i++)
    status = points_add_field(points, colours[i], strlen(colours[i]), SCRIM_POINTS_U16, 20 + 2 * i, 1, error);
  return status;
}

/* ---- frames ---- */

static scrim_status read_las_head(scrim_points_reader *reader, scrim_error *error) {
  scrim_points *points = &reader->points;
  scrim_status status = points_read_head(reader, BYTES_12, "LAS header", error);
  if (status == SCRIM_OK) status = check_head(points, error);
  if (status == SCRIM_OK)
    status = points_read_head(reader, offset_of_points(points) - BYTES_12, "header and variable-length records", error);
  if (status == SCRIM_OK) status = parse_scales(points, error);
  if (status == SCRIM_OK) status = check_vlrs(points, error);
  return status == SCRIM_OK ? add_fields(points, error) : status;
}

static scrim_status las_next(scrim_points_reader *reader, int *found, scrim_error *error) {
  scrim_points *points = &reader->points;
  uint64_t n, rest;
  if (reader->frame > 0) return SCRIM_OK;
  scrim_status status = read_las_head(reader, error);
  if (status == SCRIM_OK) status = parse_count(points, &n, error);
  if (status != SCRIM_OK) return status;
  points->info.record_bytes = points_load_u16(points->head.at + AT_RECORD);
  status = points_read_records(reader, n, error);
  if (status == SCRIM_OK) status = points_buffer_read(&points->tail, reader->in, UINT64_MAX, &rest, error);
  if (status == SCRIM_OK) status = check_evlrs(points, points->head.n + points->records.n, error);
  if (status != SCRIM_OK) return status;
  points_set_count(points, (size_t)n);
  *found = 1;
  return SCRIM_OK;
}

/* ---- edits ---- */

/* One point less of return `r` (from 1). */
static void uncount(scrim_points *points, unsigned r) {
  unsigned char *head = points->head.at;
  if (r == 0) return;
  unsigned char *at = head + AT_COUNT_32 + 4 * r;
  if (r <= RETURNS_32 && points_load_u32(at) > 0) points_store_u32(at, points_load_u32(at) - 1);
  at = head + AT_COUNT_64 + 8 * r;
  if (minor_of(points) >= 4 && r <= RETURNS_64 && points_load_u64(at) > 0)
    points_store_u64(at, points_load_u64(at) - 1);
}

/* An offset of something behind the points moves forward with it. */
static void shift_offset(unsigned char *at, uint64_t end, uint64_t bytes) {
  if (points_load_u64(at) >= end) points_store_u64(at, points_load_u64(at) - bytes);
}

static scrim_status las_drop(scrim_points *points, const uint8_t *keep, size_t left, scrim_error *error) {
  (void)error;
  unsigned char *head = points->head.at;
  size_t n = points->info.n, record = points->info.record_bytes;
  uint64_t end = points->head.n + n * record, bytes = (n - left) * record;
  for (size_t i = 0; i < n; i++)
    if (!keep[i]) uncount(points, points->records.at[i * record + 14] & (is_wide(points) ? 15u : 7u));
  if (points_load_u32(head + AT_COUNT_32) > 0) points_store_u32(head + AT_COUNT_32, (uint32_t)left);
  if (minor_of(points) >= 4) points_store_u64(head + AT_COUNT_64, left);
  if (minor_of(points) >= 3) shift_offset(head + AT_WAVES, end, bytes);
  if (minor_of(points) >= 4) shift_offset(head + AT_EVLR, end, bytes);
  return SCRIM_OK;
}

static void las_mark(scrim_points *points, const uint8_t *mark) {
  size_t record = points->info.record_bytes;
  unsigned char *at = points->records.at + (is_wide(points) ? 16 : 15);
  for (size_t i = 0; i < points->info.n; i++, at += record)
    if (mark[i]) *at = is_wide(points) ? CLASS_NOISE : (unsigned char)((*at & 0xe0) | CLASS_NOISE);
}

/* The bounds in the header grow to hold all points; they never shrink. */
static void las_moved(scrim_points *points) {
  for (int a = 0; a < 3; a++) {
    unsigned char *greatest = points->head.at + AT_BOUNDS + 16 * a, *least = greatest + 8;
    double high = points_load(greatest, SCRIM_POINTS_F64, 0), low = points_load(least, SCRIM_POINTS_F64, 0);
    for (size_t i = 0; i < points->info.n; i++) {
      double value = points_coordinate(points, i, a);
      if (value > high) points_store(greatest, SCRIM_POINTS_F64, 0, high = value);
      if (value < low) points_store(least, SCRIM_POINTS_F64, 0, low = value);
    }
  }
}

const points_format points_las = {.id = SCRIM_POINTS_LAS,
                                  .name = "las",
                                  .extension = ".las",
                                  .next = las_next,
                                  .drop = las_drop,
                                  .mark = las_mark,
                                  .moved = las_moved};
