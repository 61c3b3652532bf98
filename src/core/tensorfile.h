/*
 * Filter files: safetensors, read strictly. 8 bytes little-endian header length, a JSON header, raw little-endian data.
 * Refused: headers over 1 MiB or nested deeper than the format needs, numbers that are not plain whole ones, holes,
 * overlaps, duplicate names, unknown types or keys, sizes that do not match the file, values off their natural
 * alignment, weights that are not finite.
 *
 * The writer sorts tensors by element size and name, metadata by name, and pads the header with spaces so that data
 * starts at a multiple of 64 bytes: the same content gives the same bytes in whatever order it was put.
 */
#ifndef CORE_TENSORFILE_H
#define CORE_TENSORFILE_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

enum { TENSORFILE_MAX_RANK = 4, TENSORFILE_MAX_HEADER = 1 << 20, TENSORFILE_MAX_TENSORS = 4096 };

typedef enum tensorfile_dtype {
  TENSORFILE_F32 = 1,
  TENSORFILE_U8,
  TENSORFILE_I32,
  TENSORFILE_I64,
  TENSORFILE_U64,
  TENSORFILE_F64,
  TENSORFILE_I8
} tensorfile_dtype;

/* ---- reading ---- */

typedef struct tensorfile tensorfile;
scrim_status tensorfile_open(tensorfile **out, const char *path, scrim_error *error); /* mmap, read-only */
scrim_status tensorfile_parse(tensorfile **out, const void *bytes, size_t n_bytes, scrim_error *error); /* copies */
void tensorfile_close(tensorfile *file); /* NULL is fine */

/* Metadata: strings, in the order of their names. NULL when absent / 0 past the end. They live as long as the file. */
const char *tensorfile_meta(const tensorfile *file, const char *name);
int tensorfile_meta_at(const tensorfile *file, size_t index, const char **name, const char **value);

/*
 * A tensor by name; its shape must match `shape` (-1: any, filled in). The data lives as long as the file, and is
 * aligned to its element size. SCRIM_E_FORMAT says which tensor is missing or how its shape or type differs.
 */
scrim_status tensorfile_get(const tensorfile *file, const char *name, tensorfile_dtype dtype, int rank, int64_t *shape,
                            const void **data, scrim_error *error);
int tensorfile_has(const tensorfile *file, const char *name);

/* The file as it stands, for saving it again. */
const void *tensorfile_raw(const tensorfile *file, size_t *n_bytes);

/* ---- writing ---- */

typedef struct tensorfile_writer tensorfile_writer;
scrim_status tensorfile_writer_create(tensorfile_writer **out, scrim_error *error);
void tensorfile_writer_free(tensorfile_writer *writer); /* NULL is fine */

/* Name and value are copied. A name that is there already gets the new value. */
scrim_status tensorfile_put_meta(tensorfile_writer *writer, const char *name, const char *value, scrim_error *error);
/* The name is copied; data is borrowed until the writer is freed, and read when the file is made. */
scrim_status tensorfile_put(tensorfile_writer *writer, const char *name, tensorfile_dtype dtype, int rank,
                            const int64_t *shape, const void *data, scrim_error *error);

/* Atomic: temporary file, fsync, rename, fsync of the folder. SCRIM_E_DATA: a value is not finite. */
scrim_status tensorfile_save(const tensorfile_writer *writer, const char *path, scrim_error *error);
/* The same in memory; *bytes is freed with memory_free. */
scrim_status tensorfile_bytes(const tensorfile_writer *writer, unsigned char **bytes, size_t *n_bytes,
                              scrim_error *error);

#endif
