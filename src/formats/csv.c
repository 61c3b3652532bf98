/*
 * Comma- and tab-separated numbers.
 *
 * A row is a line of numbers; spaces around a number are fine. The first line is a header if none of its cells is a
 * number: a row with one spoilt cell must not pass for a header and vanish. Nothing is skipped, so that rows keep
 * their places.
 */
#include "core/error.h"
#include "core/memory.h"
#include "formats/decimal.h"
#include "formats/table_format.h"
#include <inttypes.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20, CELL_SHOWN = 24 };

/* ---- reading ---- */

/* Where a message points: "'x.csv' line 3". */
typedef struct place {
  const char *file;
  int64_t line, row; /* line from 1, row from 0 */
} place;

static place place_of(const scrim_reader *reader, size_t rows) {
  int64_t row = reader->row + (int64_t)rows;
  return (place){bytes_in_name(reader->in), row + 1 + reader->info.header, row};
}

static const char *skip_blanks(const char *at, const char *end, char separator) {
  while (at < end && (*at == ' ' || (*at == '\t' && separator != '\t'))) at++;
  return at;
}

/* The cell as a message may show it: short, and printable whatever the file holds. */
static void show_cell(const char *at, const char *end, char separator, char shown[CELL_SHOWN + 1]) {
  size_t n = 0;
  for (; at < end && *at != separator && n < CELL_SHOWN; at++) shown[n++] = *at >= ' ' && *at <= '~' ? *at : '?';
  shown[n] = '\0';
}

static scrim_status bad_cell(place where, size_t column, const char *at, const char *end, char separator,
                             scrim_error *error) {
  char shown[CELL_SHOWN + 1];
  show_cell(at, end, separator, shown);
  return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' line %" PRId64 ", column %zu: '%s' is not a number",
                  where.file, where.line, column + 1, shown);
}

static scrim_status wrong_count(place where, size_t found, size_t columns, scrim_error *error) {
  return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' line %" PRId64 " has %zu%s columns, expected %zu", where.file,
                  where.line, found, found > columns ? " or more" : "", columns);
}

/* One line into data [columns]. */
static scrim_status parse_row(const bytes_line *line, float *data, size_t columns, char separator, place where,
                              scrim_error *error) {
  const char *at = line->text, *end = at + line->n;
  for (size_t i = 0;; at++) {
    const char *cell = skip_blanks(at, end, separator);
    const char *after = decimal_parse(cell, end, &data[i]);
    if (after != NULL) after = skip_blanks(after, end, separator);
    if (after == NULL || (after < end && *after != separator)) return bad_cell(where, i, cell, end, separator, error);
    at = after;
    i++;
    if (at == end) return i == columns ? SCRIM_OK : wrong_count(where, i, columns, error);
    if (i == columns) return wrong_count(where, i + 1, columns, error);
  }
}

/* The next line; line->taken is 0 at the end of the file. */
static scrim_status next_line(scrim_reader *reader, place where, bytes_line *line, scrim_error *error) {
  scrim_status status = bytes_in_line(reader->in, LINE_MAX_BYTES, line, error);
  if (status != SCRIM_OK || line->taken == 0) return status;
  if (line->n > LINE_MAX_BYTES)
    return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' line %" PRId64 " is longer than %d bytes", where.file,
                    where.line, LINE_MAX_BYTES);
  if (line->n == 0)
    return fail_row(error, SCRIM_E_FORMAT, where.row, "'%s' line %" PRId64 " is empty, expected numbers", where.file,
                    where.line);
  return SCRIM_OK;
}

static scrim_status csv_read(scrim_reader *reader, float *data, size_t capacity, size_t *rows, scrim_error *error) {
  size_t columns = reader->info.columns, done = 0;
  for (; done < capacity; done++) {
    place where = place_of(reader, done);
    bytes_line line;
    scrim_status status = next_line(reader, where, &line, error);
    if (status == SCRIM_OK && line.taken == 0) break;
    if (status == SCRIM_OK)
      status = parse_row(&line, data + done * columns, columns, reader->format->separator, where, error);
    if (status != SCRIM_OK) return status;
    bytes_in_skip(reader->in, line.taken);
  }
  *rows = done;
  return SCRIM_OK;
}

/* ---- the first line ---- */

/* What the cells of a line look like; separators in double quotes belong to the cell. */
typedef struct cell_count {
  size_t cells, numbers, empty;
} cell_count;

static cell_count count_cells(const char *at, size_t n, char separator) {
  cell_count count = {0, 0, 0};
  const char *end = at + n;
  for (;; at++) {
    const char *cell = skip_blanks(at, end, separator), *after;
    int quoted = 0;
    for (at = cell; at < end && (quoted || *at != separator); at++) quoted ^= *at == '"';
    float value;
    after = decimal_parse(cell, at, &value);
    count.cells++;
    count.numbers += after != NULL && skip_blanks(after, at, separator) == at;
    count.empty += cell == at;
    if (at == end) return count;
  }
}

/* The first byte that text does not hold: a control character other than a tab. NULL: none. */
static const char *find_control(const char *at, size_t n) {
  for (const char *end = at + n; at < end; at++)
    if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f) return at;
  return NULL;
}

/* Keeps the header and makes sure that a row follows. */
static scrim_status keep_header(scrim_reader *reader, const bytes_line *line, scrim_error *error) {
  const char *name = bytes_in_name(reader->in), *control = find_control(line->text, line->n);
  if (control != NULL)
    return fail(error, SCRIM_E_FORMAT, "'%s' line 1 holds byte 0x%02x: expected %s text", name, (unsigned)*control,
                reader->format->name);
  reader->header = memory_alloc(line->n + 1);
  if (reader->header == NULL) return fail(error, SCRIM_E_MEMORY, "no memory for the header of '%s'", name);
  memcpy(reader->header, line->text, line->n);
  reader->header[line->n] = '\0';
  reader->info.header = 1;
  bytes_in_skip(reader->in, line->taken);
  bytes_line next;
  scrim_status status = bytes_in_line(reader->in, LINE_MAX_BYTES, &next, error);
  if (status == SCRIM_OK && next.taken == 0)
    return fail(error, SCRIM_E_FORMAT, "'%s' has a header line but no rows", name);
  return status;
}

static scrim_status skip_byte_order_mark(bytes_in *in, scrim_error *error) {
  const char *bytes;
  size_t n;
  scrim_status status = bytes_in_peek(in, 3, &bytes, &n, error);
  if (status == SCRIM_OK && n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) bytes_in_skip(in, 3);
  return status;
}

static scrim_status csv_open(scrim_reader *reader, scrim_error *error) {
  scrim_table_info *info = &reader->info;
  bytes_line line;
  scrim_status status = skip_byte_order_mark(reader->in, error);
  if (status == SCRIM_OK) status = next_line(reader, place_of(reader, 0), &line, error);
  if (status != SCRIM_OK) return status;
  if (line.taken == 0)
    return fail(error, SCRIM_E_FORMAT, "'%s' is empty: expected rows of numbers", bytes_in_name(reader->in));
  cell_count count = count_cells(line.text, line.n, reader->format->separator);
  info->dtype = SCRIM_F64;
  info->rank = 2;
  info->shape[0] = info->rows = -1;
  info->shape[1] = (int64_t)count.cells;
  info->columns = count.cells;
  return count.numbers == 0 && count.empty < count.cells ? keep_header(reader, &line, error) : SCRIM_OK;
}

/* ---- writing ---- */

/* The separators of `from` become those of `to`; what stands in double quotes is left alone. */
static void change_separators(char *header, char from, char to) {
  int quoted = 0;
  for (char *at = header; *at != '\0'; at++) {
    quoted ^= *at == '"';
    if (*at == from && !quoted) *at = to;
  }
}

static scrim_status write_header(scrim_writer *writer, const char *header, scrim_error *error) {
  char separator = writer->format->separator;
  size_t n = strlen(header);
  if (n > LINE_MAX_BYTES || find_control(header, n) != NULL)
    return fail(error, SCRIM_E_ARGUMENT, "a %s header is one line of text, at most %d bytes", writer->format->name,
                LINE_MAX_BYTES);
  char *line = memory_strdup(header);
  if (line == NULL) return fail(error, SCRIM_E_MEMORY, "no memory for the header of '%s'", bytes_out_name(writer->out));
  if (writer->info.format == SCRIM_FORMAT_CSV || writer->info.format == SCRIM_FORMAT_TSV)
    change_separators(line, writer->info.format == SCRIM_FORMAT_TSV ? '\t' : ',', separator);
  size_t cells = count_cells(line, n, separator).cells;
  scrim_status status = SCRIM_OK;
  if (cells != writer->info.columns)
    status =
        fail(error, SCRIM_E_ARGUMENT, "the header names %zu columns, the table has %zu", cells, writer->info.columns);
  if (status == SCRIM_OK) status = bytes_out_write(writer->out, line, n, error);
  if (status == SCRIM_OK) status = bytes_out_write(writer->out, "\n", 1, error);
  memory_free(line);
  return status;
}

static scrim_status csv_begin(scrim_writer *writer, const char *header, scrim_error *error) {
  return header == NULL ? SCRIM_OK : write_header(writer, header, error);
}

static scrim_status csv_write(scrim_writer *writer, const float *data, size_t rows, scrim_error *error) {
  size_t columns = writer->info.columns;
  for (size_t r = 0; r < rows; r++) {
    for (size_t i = 0; i < columns; i++) {
      char *room;
      scrim_status status = bytes_out_reserve(writer->out, DECIMAL_CHARS + 1, &room, error);
      if (status != SCRIM_OK) return status;
      size_t n = decimal_print(data[r * columns + i], room);
      room[n] = i + 1 < columns ? writer->format->separator : '\n';
      bytes_out_advance(writer->out, n + 1);
    }
  }
  return SCRIM_OK;
}

const table_format csv_format = {SCRIM_FORMAT_CSV, "csv", ',', csv_open, csv_read, csv_begin, csv_write, NULL};
const table_format tsv_format = {SCRIM_FORMAT_TSV, "tsv", '\t', csv_open, csv_read, csv_begin, csv_write, NULL};
