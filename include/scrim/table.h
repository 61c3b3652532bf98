/*
 * scrim/table.h: numeric tables in and out, streaming and bounded (npy and csv; files or stdin/stdout as "-").
 *
 * A table is rows of `columns` numbers. Higher-rank npy arrays are read as rows of their last dimension, shape kept:
 * [m, n, K] is m * n rows of K. One-dimensional arrays (labels) are n rows of 1 column.
 * npy: versions 1 to 3, C order, little endian, f2 f4 f8 and u/i 1 2 4 8 and bool; pickled objects are refused.
 * csv: commas (or tabs, for .tsv), optional header line, numbers only, at most 1 MiB a line. The first line is a
 * header if none of its cells is a number. Empty lines are refused: rows keep their places.
 *
 * Every number becomes the nearest float32: whole numbers are exact up to 2^24, doubles beyond the range become
 * infinite. Not-a-number and infinity are read as they stand; the gate of scrim_apply refuses them. What is written
 * in csv is short and reads back as the same float32.
 *
 * Memory is bounded by the caller's buffer and one line or block, never by the size of the file.
 * A truncated npy, a ragged csv row or a cell that is no number is SCRIM_E_FORMAT with file, row and what was expected.
 * SCRIM_E_IO, in any call, is what the operating system refused. After an error a reader or writer answers
 * SCRIM_E_STATE and can only be closed.
 *
 * Thread safety: a reader or writer belongs to one thread at a time.
 */
#ifndef SCRIM_TABLE_H
#define SCRIM_TABLE_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum scrim_format {
  SCRIM_FORMAT_AUTO = 0, /* by extension: .npy, .csv, .tsv; input without one ("-"), by its first bytes */
  SCRIM_FORMAT_NPY = 1,
  SCRIM_FORMAT_CSV = 2,
  SCRIM_FORMAT_TSV = 3
} scrim_format;

/* "npy", "csv", "tsv" or "auto"; SCRIM_E_PARAM otherwise. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_format_parse(scrim_format *out, const char *name, scrim_error *error);

#define SCRIM_TABLE_MAX_RANK 4

typedef enum scrim_dtype {
  SCRIM_F32 = 1,
  SCRIM_F64 = 2,
  SCRIM_F16 = 3,
  SCRIM_I64 = 4,
  SCRIM_I32 = 5,
  SCRIM_I16 = 6,
  SCRIM_I8 = 7,
  SCRIM_U64 = 8,
  SCRIM_U32 = 9,
  SCRIM_U16 = 10,
  SCRIM_U8 = 11,
  SCRIM_BOOL = 12
} scrim_dtype;

typedef struct scrim_table_info {
  scrim_format format;
  scrim_dtype dtype;                   /* csv: SCRIM_F64 */
  int rank;                            /* csv: 2 */
  int64_t shape[SCRIM_TABLE_MAX_RANK]; /* csv: shape[0] is -1, unknown */
  size_t columns;                      /* numbers a row: the last dimension, or 1 for rank 1 */
  int64_t rows;                        /* or -1 when unknown */
  int header;                          /* csv: 1 if the first line was a header, which the reader keeps */
} scrim_table_info;

typedef struct scrim_reader scrim_reader;
typedef struct scrim_writer scrim_writer;

/* Reads as far as the header: SCRIM_E_IO, SCRIM_E_FORMAT. SCRIM_E_ARGUMENT: no such format. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_reader_open(scrim_reader **out, const char *path, scrim_format format,
                                                          scrim_error *error);
SCRIM_API const scrim_table_info *scrim_reader_info(const scrim_reader *reader);
/* csv: the header line as it stood, without the line end; NULL if there is none. */
SCRIM_API const char *scrim_reader_header(const scrim_reader *reader);
/* Up to `capacity` rows, converted to float32, into data [capacity, columns]; *rows = 0 at the end. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_reader_read(scrim_reader *reader, float *data, size_t capacity,
                                                          size_t *rows, scrim_error *error);
SCRIM_API void scrim_reader_close(scrim_reader *reader);

/*
 * Writes to a temporary file beside `path` that takes its name only in scrim_writer_close with `commit` = 1: a failed
 * run leaves no partial file under the final name. "-" and devices are streamed. The format is `format`, or that of
 * the extension, or like->format. `like` also gives the shape; npy is f8 if `like` is an npy of f8, else f4. `header`
 * is the csv header line, in the separators of like->format, or NULL. For npy the row count must be known in advance
 * (like->rows >= 0), except to a regular file, where the header is completed at the end; SCRIM_E_UNSUPPORTED
 * otherwise. A known row count is kept to: more rows, or a commit after fewer, are SCRIM_E_STATE. SCRIM_E_PARAM: there
 * is no format in `format`, the extension or `like`. SCRIM_E_ARGUMENT: rows, columns and shape, or the header, do not
 * agree.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_writer_open(scrim_writer **out, const char *path, scrim_format format,
                                                          const scrim_table_info *like, const char *header,
                                                          scrim_error *error);
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_writer_write(scrim_writer *writer, const float *data, size_t rows,
                                                           scrim_error *error);
/* Always frees. commit 1: flush, fsync, rename; every write error shows here at the latest. commit 0: remove.
 * SCRIM_E_STATE: what was written is not whole, and is removed. SCRIM_E_IO. NULL is fine. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_writer_close(scrim_writer *writer, int commit, scrim_error *error);

/* A whole table in memory: for training and audits. */
typedef struct scrim_table {
  scrim_table_info info; /* rows and shape are known, whatever the format */
  float *data;           /* [info.rows, info.columns] */
} scrim_table;

/* Reads everything. SCRIM_E_DATA: it would pass `max_bytes` (0: 8 GiB). SCRIM_E_IO, SCRIM_E_FORMAT, SCRIM_E_ARGUMENT as
 * for a reader. Free with scrim_table_free. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_table_read(scrim_table *out, const char *path, scrim_format format,
                                                         size_t max_bytes, scrim_error *error);
/* Writes everything, atomically, with the statuses of a writer. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_table_write(const char *path, scrim_format format, const float *data,
                                                          int rank, const int64_t *shape, scrim_error *error);
SCRIM_API void scrim_table_free(scrim_table *table); /* wipes: tables hold raw scores */

#ifdef __cplusplus
}
#endif
#endif
