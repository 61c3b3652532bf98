/*
 * Filter files: safetensors, read strictly. 8 bytes little-endian header length, a JSON header, raw little-endian data.
 * Refused: headers over 1 MiB or nested deeper than the format needs, holes, overlaps, duplicate names, unknown types, sizes that do not match the file,
 * weights that are not finite. The writer pads the header with spaces so that data starts at a multiple of 64 bytes.
 */
#ifndef CORE_TENSORFILE_H
#define CORE_TENSORFILE_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

enum { TENSORFILE_MAX_RANK = 4, TENSORFILE_MAX_HEADER = 1 << 20, TENSORFILE_MAX_TENSORS = 4096 };

typedef enum tensorfile_dtype { TENSORFILE_F32 = 1, TENSORFILE_U8, TENSORFILE_I32, TENSORFILE_I64, TENSORFILE_U64, TENSORFILE_F64 } tensorfile_dtype;

typedef struct tensorfile tensorfile;
scrim_status tensorfile_open(tensorfile **out, const char *path, scrim_error *error);                 /* mmap, read-only */
scrim_status tensorfile_parse(tensorfile **out, const void *bytes, size_t n_bytes, scrim_error *error); /* copies */
void tensorfile_close(tensorfile *file);

/* Metadata: strings. NULL when absent / past the end. */
const char *tensorfile_meta(const tensorfile *file, const char *name);
int tensorfile_meta_at(const tensorfile *file, size_t index, const char **name, const char **value);

/* A tensor by name; its shape must match `shape` (-1: any, filled in). The data lives as long as the file.
 * SCRIM_E_FORMAT says which tensor is missing or how its shape or type differs. */
scrim_status tensorfile_get(const tensorfile *file, const char *name, tensorfile_dtype dtype, int rank, int64_t *shape,
                            const void **data, scrim_error *error);
int tensorfile_has(const tensorfile *file, const char *name);

typedef struct tensorfile_writer tensorfile_writer;
scrim_status tensorfile_writer_create(tensorfile_writer **out, scrim_error *error);
/* Names and values are copied; data is borrowed until the writer is freed. */
scrim_status tensorfile_put_meta(tensorfile_writer *writer, const char *name, const char *value, scrim_error *error);
scrim_status tensorfile_put(tensorfile_writer *writer, const char *name, tensorfile_dtype dtype, int rank,
                            const int64_t *shape, const void *data, scrim_error *error);
/* Atomic: temporary file, fsync, rename, fsync of the folder. Same content, same bytes. */
scrim_status tensorfile_save(const tensorfile_writer *writer, const char *path, scrim_error *error);
scrim_status tensorfile_bytes(const tensorfile_writer *writer, unsigned char **bytes, size_t *n_bytes, scrim_error *error); /* memory_free */
void tensorfile_writer_free(tensorfile_writer *writer);

#endif
