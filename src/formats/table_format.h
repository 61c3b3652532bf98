/* What a file format supplies to table.c, and what readers and writers look like from inside. */
#ifndef FORMATS_TABLE_FORMAT_H
#define FORMATS_TABLE_FORMAT_H

#include "formats/bytes_in.h"
#include "formats/bytes_out.h"
#include <scrim/table.h>

typedef struct table_format table_format;

struct scrim_reader {
  const table_format *format;
  bytes_in *in;
  scrim_table_info info;
  char *header; /* csv: the header line, or NULL */
  int64_t row;  /* rows read so far */
  int failed;   /* a read failed: what comes next is unknown */
};

struct scrim_writer {
  const table_format *format;
  bytes_out *out;
  scrim_table_info info; /* of the file that is being written; rows -1: not known yet */
  int64_t row;           /* rows written so far */
  int failed;
};

struct table_format {
  scrim_format id;
  const char *name; /* also the extension */
  char separator;   /* between cells; 0 for binary formats */
  /* Reads up to the first row: fills the reader's info, and header if there is one. */
  scrim_status (*open)(scrim_reader *reader, scrim_error *error);
  /* As scrim_reader_read. table.c counts the rows in reader->row after the call. */
  scrim_status (*read)(scrim_reader *reader, float *data, size_t capacity, size_t *rows, scrim_error *error);
  /* Writes up to the first row; may correct the writer's info. `header`: csv header line or NULL. */
  scrim_status (*begin)(scrim_writer *writer, const char *header, scrim_error *error);
  scrim_status (*write)(scrim_writer *writer, const float *data, size_t rows, scrim_error *error);
  /* Completes the file; NULL: nothing to do. */
  scrim_status (*end)(scrim_writer *writer, scrim_error *error);
};

extern const table_format npy_format, csv_format, tsv_format;

/* scrim_reader_open on any bytes; `in` is the reader's from here on, closed even if this fails. */
scrim_status reader_open_bytes(scrim_reader **out, bytes_in *in, scrim_format format, scrim_error *error);

#endif
