/* npy files: reading to float32, writing f4 and f8. */
#include "core/error.h"
#include "formats/dtype.h"
#include "formats/npy_header.h"
#include "formats/table_format.h"
#include <inttypes.h>
#include <string.h>

static scrim_status data_missing(const scrim_reader *reader, int64_t found, scrim_error *error) {
  const scrim_table_info *info = &reader->info;
  int64_t row_bytes = (int64_t)(info->columns * dtype_get(info->dtype)->bytes);
  return fail_row(error, SCRIM_E_FORMAT, found / row_bytes,
                  "'%s' is truncated: expected %" PRId64 " bytes of data (%" PRId64 " rows), found %" PRId64,
                  bytes_in_name(reader->in), info->rows * row_bytes, info->rows, found);
}

static scrim_status data_excess(const scrim_reader *reader, scrim_error *error) {
  return fail(error, SCRIM_E_FORMAT, "'%s' has bytes after its %" PRId64 " rows of %zu numbers",
              bytes_in_name(reader->in), reader->info.rows, reader->info.columns);
}

/* A regular file tells before the first row is read whether it is whole; a pipe only at its end. */
static scrim_status check_size(const scrim_reader *reader, scrim_error *error) {
  int64_t left = bytes_in_left(reader->in);
  int64_t expected = reader->info.rows * (int64_t)(reader->info.columns * dtype_get(reader->info.dtype)->bytes);
  if (left < 0 || left == expected) return SCRIM_OK;
  return left < expected ? data_missing(reader, left, error) : data_excess(reader, error);
}

static scrim_status npy_open(scrim_reader *reader, scrim_error *error) {
  const char *bytes, *name = bytes_in_name(reader->in);
  size_t n, offset, length;
  scrim_status status = bytes_in_peek(reader->in, NPY_PREFIX_MAX, &bytes, &n, error);
  if (status == SCRIM_OK) status = npy_header_locate(bytes, n, &offset, &length, name, error);
  if (status == SCRIM_OK) status = bytes_in_peek(reader->in, offset + length, &bytes, &n, error);
  if (status != SCRIM_OK) return status;
  if (n < offset + length)
    return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: expected an npy header of %zu bytes, found %zu", name,
                length, n - offset);
  status = npy_header_parse(bytes + offset, length, &reader->info, name, error);
  if (status != SCRIM_OK) return status;
  bytes_in_skip(reader->in, offset + length);
  return check_size(reader, error);
}

static scrim_status npy_read(scrim_reader *reader, float *data, size_t capacity, size_t *rows, scrim_error *error) {
  const scrim_table_info *info = &reader->info;
  const dtype *type = dtype_get(info->dtype);
  const char *bytes;
  size_t n;
  int64_t rows_left = info->rows - reader->row;
  if (rows_left == 0) {
    scrim_status status = bytes_in_peek(reader->in, 1, &bytes, &n, error);
    return status == SCRIM_OK && n > 0 ? data_excess(reader, error) : status;
  }
  size_t take = (uint64_t)rows_left < capacity ? (size_t)rows_left : capacity, items = take * info->columns, done = 0;
  while (done < items) {
    scrim_status status = bytes_in_peek(reader->in, type->bytes, &bytes, &n, error);
    if (status != SCRIM_OK) return status;
    if (n < type->bytes) {
      int64_t before = (reader->row * (int64_t)info->columns + (int64_t)done) * (int64_t)type->bytes;
      return data_missing(reader, before + (int64_t)n, error);
    }
    size_t some = n / type->bytes < items - done ? n / type->bytes : items - done;
    type->to_float(bytes, data + done, some);
    bytes_in_skip(reader->in, some * type->bytes);
    done += some;
  }
  *rows = take;
  return SCRIM_OK;
}

/* f8 stays f8; everything else is written as what it has become, float32. */
static scrim_status npy_begin(scrim_writer *writer, const char *header, scrim_error *error) {
  (void)header;
  scrim_table_info *info = &writer->info;
  if (info->format != SCRIM_FORMAT_NPY || info->dtype != SCRIM_F64) info->dtype = SCRIM_F32;
  if (info->rows < 0 && bytes_out_is_stream(writer->out))
    return fail(error, SCRIM_E_UNSUPPORTED,
                "cannot write npy to '%s' without knowing the number of rows: write csv or to a file",
                bytes_out_name(writer->out));
  scrim_table_info placed = *info;
  if (info->rows < 0) placed.shape[0] = 0;
  char text[NPY_WRITTEN_MAX];
  size_t n = npy_header_write(&placed, text);
  return bytes_out_write(writer->out, text, n, error);
}

static scrim_status npy_write(scrim_writer *writer, const float *data, size_t rows, scrim_error *error) {
  size_t items = rows * writer->info.columns;
  if (writer->info.dtype == SCRIM_F32) return bytes_out_write(writer->out, data, items * sizeof *data, error);
  /* Small against the buffer, so that little of it stays empty. */
  enum { ITEMS = BYTES_OUT_BUFFER / 8 / sizeof(double) };
  while (items > 0) {
    size_t some = items < ITEMS ? items : ITEMS;
    char *room;
    scrim_status status = bytes_out_reserve(writer->out, some * sizeof(double), &room, error);
    if (status != SCRIM_OK) return status;
    for (size_t i = 0; i < some; i++) memcpy(room + i * sizeof(double), &(double){data[i]}, sizeof(double));
    bytes_out_advance(writer->out, some * sizeof(double));
    data += some;
    items -= some;
  }
  return SCRIM_OK;
}

static scrim_status npy_end(scrim_writer *writer, scrim_error *error) {
  if (writer->info.rows >= 0) return SCRIM_OK;
  scrim_table_info counted = writer->info;
  counted.shape[0] = writer->row;
  char text[NPY_WRITTEN_MAX];
  size_t n = npy_header_write(&counted, text);
  return bytes_out_rewrite(writer->out, 0, text, n, error);
}

const table_format npy_format = {SCRIM_FORMAT_NPY, "npy", 0, npy_open, npy_read, npy_begin, npy_write, npy_end};
