/* The header of an npy file, versions 1 to 3: magic, length, and a Python dictionary with type, order and shape. */
#ifndef FORMATS_NPY_HEADER_H
#define FORMATS_NPY_HEADER_H

#include <scrim/table.h>

enum {
  NPY_PREFIX_MAX = 12,    /* magic, version and length of versions 2 and 3; version 1 has 10 bytes */
  NPY_HEADER_MAX = 65536, /* longest dictionary that is read; numpy's own limit is 10000 */
  NPY_WRITTEN_MAX = 256   /* longest header that npy_header_write makes */
};

/* Whether the bytes start as an npy file does. */
int npy_header_starts(const char *bytes, size_t n);

/* Where the dictionary lies, from the first bytes of the file, NPY_PREFIX_MAX of them unless it is shorter. */
scrim_status npy_header_locate(const char *bytes, size_t n, size_t *offset, size_t *length, const char *file,
                               scrim_error *error);

/* Fills dtype, rank, shape, columns and rows of *info from the dictionary. `file`: its name for messages. */
scrim_status npy_header_parse(const char *text, size_t n, scrim_table_info *info, const char *file, scrim_error *error);

/*
 * Writes the header that numpy.save would, of dtype f4 or f8, and answers its bytes. The same rank and dtype give the
 * same number of bytes whatever the row count, so that the header of a file can be completed when its rows have been
 * counted.
 */
size_t npy_header_write(const scrim_table_info *info, char to[NPY_WRITTEN_MAX]);

#endif
