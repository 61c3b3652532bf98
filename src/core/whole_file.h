/* Small files read whole, with a limit on their size. */
#ifndef CORE_WHOLE_FILE_H
#define CORE_WHOLE_FILE_H

#include <scrim/status.h>
#include <stddef.h>

typedef enum whole_file_kind {
  WHOLE_FILE_PLAIN,
  WHOLE_FILE_SECRET /* SCRIM_E_KEY if group or others may read or write it */
} whole_file_kind;

/*
 * Reads a regular file of at most `limit` bytes. *bytes has one byte more, a NUL, and is freed with whole_file_free.
 * SCRIM_E_IO, SCRIM_E_MEMORY; SCRIM_E_FORMAT: larger than the limit.
 */
scrim_status whole_file_read(unsigned char **bytes, size_t *n_bytes, const char *path, size_t limit,
                             whole_file_kind kind, scrim_error *error);
void whole_file_free(unsigned char *bytes, size_t n_bytes); /* wipes; NULL is fine */

#endif
