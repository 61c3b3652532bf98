/* Tables: which format a file has, readers, writers, and whole tables in memory. */
#include "core/error.h"
#include "core/memory.h"
#include "core/path.h"
#include "formats/npy_header.h"
#include "formats/shape.h"
#include "formats/table_format.h"
#include <inttypes.h>
#include <string.h>
#include <strings.h>

static const table_format *const formats[] = {&npy_format, &csv_format, &tsv_format};
enum { FORMATS = sizeof formats / sizeof *formats, SNIFFED_LINE = 4096 };

/* ---- which format ---- */

static const table_format *format_get(scrim_format id) {
  for (size_t i = 0; i < FORMATS; i++)
    if (formats[i]->id == id) return formats[i];
  return NULL;
}

/* By the extension, or NULL. */
static const table_format *format_of_path(const char *path) {
  for (size_t i = 0; i < FORMATS; i++)
    if (strcasecmp(formats[i]->name, path_extension(path)) == 0) return formats[i];
  return NULL;
}

/* By the first bytes: npy's magic, a tab and no comma in the first line, or csv. */
static scrim_status format_of_bytes(const table_format **format, bytes_in *in, scrim_error *error) {
  bytes_line line;
  scrim_status status = bytes_in_line(in, SNIFFED_LINE, &line, error);
  if (status != SCRIM_OK) return status;
  if (npy_header_starts(line.text, line.n))
    *format = &npy_format;
  else if (memchr(line.text, '\t', line.n) != NULL && memchr(line.text, ',', line.n) == NULL)
    *format = &tsv_format;
  else
    *format = &csv_format;
  return SCRIM_OK;
}

scrim_status scrim_format_parse(scrim_format *out, const char *name, scrim_error *error) {
  if (out == NULL || name == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_format_parse: a pointer is NULL");
  *out = SCRIM_FORMAT_AUTO;
  if (strcmp(name, "auto") == 0) return SCRIM_OK;
  for (size_t i = 0; i < FORMATS; i++) {
    if (strcmp(name, formats[i]->name) != 0) continue;
    *out = formats[i]->id;
    return SCRIM_OK;
  }
  return fail(error, SCRIM_E_PARAM, "unknown format '%.40s': expected npy, csv, tsv or auto", name);
}

/* ---- readers ---- */

scrim_status reader_open_bytes(scrim_reader **out, bytes_in *in, scrim_format format, scrim_error *error) {
  *out = NULL;
  scrim_reader *reader = memory_zalloc(1, sizeof *reader);
  if (reader == NULL) {
    bytes_in_close(in);
    return fail(error, SCRIM_E_MEMORY, "no memory for a reader");
  }
  reader->in = in;
  reader->format = format_get(format);
  scrim_status status = SCRIM_OK;
  if (reader->format == NULL) status = format_of_bytes(&reader->format, in, error);
  if (status == SCRIM_OK) {
    reader->info.format = reader->format->id;
    status = reader->format->open(reader, error);
  }
  if (status != SCRIM_OK) {
    scrim_reader_close(reader);
    return status;
  }
  *out = reader;
  return SCRIM_OK;
}

scrim_status scrim_reader_open(scrim_reader **out, const char *path, scrim_format format, scrim_error *error) {
  if (out == NULL || path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_reader_open: a pointer is NULL");
  *out = NULL;
  if (format != SCRIM_FORMAT_AUTO && format_get(format) == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_reader_open: %d is no format", (int)format);
  bytes_in *in;
  scrim_status status = bytes_in_open(&in, path, error);
  if (status != SCRIM_OK) return status;
  const table_format *named = format == SCRIM_FORMAT_AUTO ? format_of_path(path) : NULL;
  return reader_open_bytes(out, in, named != NULL ? named->id : format, error);
}

const scrim_table_info *scrim_reader_info(const scrim_reader *reader) {
  return reader != NULL ? &reader->info : NULL;
}

const char *scrim_reader_header(const scrim_reader *reader) {
  return reader != NULL ? reader->header : NULL;
}

scrim_status scrim_reader_read(scrim_reader *reader, float *data, size_t capacity, size_t *rows, scrim_error *error) {
  if (rows != NULL) *rows = 0;
  if (reader == NULL || data == NULL || rows == NULL || capacity == 0)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_reader_read: a pointer is NULL or the capacity 0");
  if (reader->failed)
    return fail(error, SCRIM_E_STATE, "'%s' cannot be read on after an error", bytes_in_name(reader->in));
  size_t done = 0;
  scrim_status status = reader->format->read(reader, data, capacity, &done, error);
  reader->failed = status != SCRIM_OK;
  if (status != SCRIM_OK) return status;
  reader->row += (int64_t)done;
  *rows = done;
  return SCRIM_OK;
}

void scrim_reader_close(scrim_reader *reader) {
  if (reader == NULL) return;
  bytes_in_close(reader->in);
  memory_free(reader->header);
  memory_free(reader);
}

/* ---- writers ---- */

/* Rows and columns agree with the shape. Rows may be unknown (-1) where each is one line of the shape. */
static scrim_status check_shape(const scrim_table_info *info, const char *path, scrim_error *error) {
  scrim_table_info counted = *info;
  int unknown = info->rows == -1 && info->rank <= 2;
  if (unknown) counted.shape[0] = 0;
  scrim_status status = shape_count(&counted, SCRIM_E_ARGUMENT, path_shown(path), error);
  if (status != SCRIM_OK) return status;
  if (counted.columns != info->columns || (counted.rows != info->rows && !unknown))
    return fail(error, SCRIM_E_ARGUMENT, "'%s': %" PRId64 " rows of %zu numbers, but the shape has %" PRId64 " of %zu",
                path_shown(path), info->rows, info->columns, counted.rows, counted.columns);
  return SCRIM_OK;
}

/* What was asked for, or by extension, or that of the input. */
static const table_format *writer_format(const char *path, scrim_format format, const scrim_table_info *like) {
  if (format != SCRIM_FORMAT_AUTO) return format_get(format);
  const table_format *named = format_of_path(path);
  return named != NULL ? named : format_get(like->format);
}

scrim_status scrim_writer_open(scrim_writer **out, const char *path, scrim_format format, const scrim_table_info *like,
                               const char *header, scrim_error *error) {
  if (out == NULL || path == NULL || like == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_writer_open: a pointer is NULL");
  *out = NULL;
  const table_format *chosen = writer_format(path, format, like);
  if (chosen == NULL)
    return fail(error, SCRIM_E_PARAM, "no format for '%s': the name must end in .npy, .csv or .tsv, or say the format",
                path_shown(path));
  scrim_status status = check_shape(like, path, error);
  if (status != SCRIM_OK) return status;
  scrim_writer *writer = memory_zalloc(1, sizeof *writer);
  if (writer == NULL) return fail(error, SCRIM_E_MEMORY, "no memory for a writer");
  writer->format = chosen;
  writer->info = *like;
  status = bytes_out_open(&writer->out, path, error);
  if (status == SCRIM_OK) status = chosen->begin(writer, header, error);
  if (status == SCRIM_OK) {
    *out = writer;
    return SCRIM_OK;
  }
  if (writer->out != NULL) (void)bytes_out_close(writer->out, 0, NULL);
  memory_free(writer);
  return status;
}

scrim_status scrim_writer_write(scrim_writer *writer, const float *data, size_t rows, scrim_error *error) {
  if (writer == NULL || (data == NULL && rows > 0))
    return fail(error, SCRIM_E_ARGUMENT, "scrim_writer_write: a pointer is NULL");
  const char *name = bytes_out_name(writer->out);
  if (writer->failed) return fail(error, SCRIM_E_STATE, "'%s' cannot be written on after an error", name);
  scrim_status status;
  if (writer->info.rows >= 0 && rows > (uint64_t)(writer->info.rows - writer->row))
    status =
        fail(error, SCRIM_E_STATE, "'%s' was opened for %" PRId64 " rows, more were given", name, writer->info.rows);
  else
    status = writer->format->write(writer, data, rows, error);
  writer->failed = status != SCRIM_OK;
  if (status == SCRIM_OK) writer->row += (int64_t)rows;
  return status;
}

/* Everything that was announced has been written, and the format is content. */
static scrim_status complete(scrim_writer *writer, scrim_error *error) {
  const char *name = bytes_out_name(writer->out);
  if (writer->failed) return fail(error, SCRIM_E_STATE, "'%s' is not kept: an earlier write failed", name);
  if (writer->info.rows >= 0 && writer->row != writer->info.rows)
    return fail(error, SCRIM_E_STATE, "'%s' is not kept: %" PRId64 " rows were announced, %" PRId64 " given", name,
                writer->info.rows, writer->row);
  return writer->format->end != NULL ? writer->format->end(writer, error) : SCRIM_OK;
}

scrim_status scrim_writer_close(scrim_writer *writer, int commit, scrim_error *error) {
  if (writer == NULL) return SCRIM_OK;
  scrim_status status = commit ? complete(writer, error) : SCRIM_OK;
  scrim_status closed = bytes_out_close(writer->out, commit && status == SCRIM_OK, error);
  memory_free(writer);
  return status != SCRIM_OK ? status : closed;
}

/* ---- whole tables ---- */

static const size_t default_max_bytes = (size_t)8 << 30;

typedef struct growing_table {
  float *data;           /* [capacity, columns] */
  size_t rows, capacity; /* in rows */
  size_t limit;          /* rows that max_bytes allows; one more has room, so as to be noticed */
} growing_table;

static scrim_status too_large(const growing_table *table, const scrim_reader *reader, scrim_error *error) {
  return fail(error, SCRIM_E_DATA, "'%s' has more than the %zu rows of %zu numbers that the memory limit allows",
              bytes_in_name(reader->in), table->limit, reader->info.columns);
}

/* Room for more rows: twice as many, or all of them where the file's size has vouched for their number. */
static scrim_status grow(growing_table *table, const scrim_reader *reader, scrim_error *error) {
  enum { FIRST_BYTES = 1 << 20 };
  size_t row_bytes = reader->info.columns * sizeof(float), capacity = table->capacity * 2;
  if (capacity == 0) capacity = FIRST_BYTES / row_bytes + 1;
  if (reader->info.rows >= 0 && bytes_in_left(reader->in) >= 0) capacity = (size_t)reader->info.rows + 1;
  if (capacity > table->limit + 1) capacity = table->limit + 1;
  float *larger = memory_grow(table->data, table->capacity * row_bytes, capacity * row_bytes);
  if (larger == NULL)
    return fail(error, SCRIM_E_MEMORY, "no memory for %zu rows of %zu numbers of '%s'", capacity, reader->info.columns,
                bytes_in_name(reader->in));
  table->data = larger;
  table->capacity = capacity;
  return SCRIM_OK;
}

static scrim_status read_all(growing_table *table, scrim_reader *reader, scrim_error *error) {
  size_t columns = reader->info.columns, some;
  if (reader->info.rows >= 0 && (uint64_t)reader->info.rows > table->limit) return too_large(table, reader, error);
  do {
    scrim_status status = table->rows < table->capacity ? SCRIM_OK : grow(table, reader, error);
    if (status == SCRIM_OK)
      status =
          scrim_reader_read(reader, table->data + table->rows * columns, table->capacity - table->rows, &some, error);
    if (status != SCRIM_OK) return status;
    table->rows += some;
    if (table->rows > table->limit) return too_large(table, reader, error);
  } while (some > 0);
  return SCRIM_OK;
}

scrim_status scrim_table_read(scrim_table *out, const char *path, scrim_format format, size_t max_bytes,
                              scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_table_read: a pointer is NULL");
  memset(out, 0, sizeof *out);
  scrim_reader *reader;
  scrim_status status = scrim_reader_open(&reader, path, format, error);
  if (status != SCRIM_OK) return status;
  out->info = reader->info;
  growing_table table = {NULL, 0, 0, (max_bytes == 0 ? default_max_bytes : max_bytes) / sizeof(float)};
  table.limit /= reader->info.columns;
  status = read_all(&table, reader, error);
  if (reader->info.rows < 0) out->info.shape[0] = (int64_t)table.rows;
  out->info.rows = (int64_t)table.rows;
  out->data = table.data;
  scrim_reader_close(reader);
  if (status == SCRIM_OK) return SCRIM_OK;
  /* A read that fails may have left numbers behind the rows that it counted: all of the block is wiped. */
  memory_wipe_free(table.data, table.capacity * out->info.columns * sizeof(float));
  memset(out, 0, sizeof *out);
  return status;
}

scrim_status scrim_table_write(const char *path, scrim_format format, const float *data, int rank, const int64_t *shape,
                               scrim_error *error) {
  if (path == NULL || shape == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_table_write: a pointer is NULL");
  scrim_table_info info = {.dtype = SCRIM_F32, .rank = rank};
  for (int i = 0; i < rank && i < SCRIM_TABLE_MAX_RANK; i++) info.shape[i] = shape[i];
  scrim_status status = shape_count(&info, SCRIM_E_ARGUMENT, path_shown(path), error);
  if (status != SCRIM_OK) return status;
  scrim_writer *writer;
  status = scrim_writer_open(&writer, path, format, &info, NULL, error);
  if (status != SCRIM_OK) return status;
  status = scrim_writer_write(writer, data, (size_t)info.rows, error);
  scrim_status closed = scrim_writer_close(writer, status == SCRIM_OK, error);
  return status != SCRIM_OK ? status : closed;
}

void scrim_table_free(scrim_table *table) {
  if (table == NULL) return;
  memory_wipe_free(table->data, (size_t)table->info.rows * table->info.columns * sizeof(float));
  memset(table, 0, sizeof *table);
}
