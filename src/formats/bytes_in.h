/*
 * Buffered bytes from a file, from stdin ("-") or from memory, with look-ahead.
 * Memory is one buffer, as large as the longest look-ahead asked for; it holds raw data, so it is wiped when freed.
 */
#ifndef FORMATS_BYTES_IN_H
#define FORMATS_BYTES_IN_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bytes_in bytes_in;

scrim_status bytes_in_open(bytes_in **out, const char *path, scrim_error *error);
/* The bytes are borrowed. */
scrim_status bytes_in_open_memory(bytes_in **out, const void *bytes, size_t n_bytes, scrim_error *error);
void bytes_in_close(bytes_in *in); /* NULL is fine */

/* For messages: the end of the path, or "stdin". */
const char *bytes_in_name(const bytes_in *in);
/* Bytes not yet skipped, or -1 where only reading on would tell: pipes, terminals. */
int64_t bytes_in_left(const bytes_in *in);

/* Looks ahead: at least `want` bytes at *bytes, fewer only where the input ends. Valid until the next call. */
scrim_status bytes_in_peek(bytes_in *in, size_t want, const char **bytes, size_t *n, scrim_error *error);
/* Moves on by n bytes, no more than the last look-ahead showed. */
void bytes_in_skip(bytes_in *in, size_t n);

typedef struct bytes_line {
  const char *text; /* without its end, which is "\n", "\r\n" or the end of the input */
  size_t n;
  size_t taken; /* bytes to skip for the next line; 0: there is no line any more */
} bytes_line;

/* Looks ahead to the end of the line. A line of more than `limit` bytes comes back cut, with n > limit. */
scrim_status bytes_in_line(bytes_in *in, size_t limit, bytes_line *line, scrim_error *error);

#endif
