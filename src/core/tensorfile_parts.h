/* What the reader and the writer of filter files share. */
#ifndef CORE_TENSORFILE_PARTS_H
#define CORE_TENSORFILE_PARTS_H

#include "core/tensorfile.h"

#define TENSORFILE_METADATA "__metadata__" /* the one key of the header that is no tensor */

enum { TENSORFILE_PREFIX = 8 }; /* bytes of the header's length */

/* ---- element types ---- */

const char *tensorfile_dtype_name(tensorfile_dtype dtype); /* "F32"; NULL if there is no such type */
size_t tensorfile_dtype_bytes(tensorfile_dtype dtype);     /* of one value; 0 if there is no such type */
tensorfile_dtype tensorfile_dtype_find(const char *name);  /* 0 if there is no such type */

/* Bytes of a tensor; 0 with *fits = 0 when a dimension is negative or the product overflows. */
size_t tensorfile_size(tensorfile_dtype dtype, int rank, const int64_t *shape, int *fits);

/* The index of the first value that is not finite, or `n`. Whole-number types are always finite. `data` is aligned. */
size_t tensorfile_first_wild(tensorfile_dtype dtype, const void *data, size_t n);

/* ---- text ---- */

int tensorfile_is_utf8(const char *text, size_t n_bytes); /* shortest forms only, no surrogates, no NUL */

/* What a JSON parser lets pass and the format does not have. SCRIM_E_FORMAT names the byte of the header. */
scrim_status tensorfile_check_text(const char *header, size_t n_bytes, scrim_error *error);

#endif
