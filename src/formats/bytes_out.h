/*
 * Buffered bytes to a file or to stdout ("-").
 *
 * A file is written beside its final name and renamed when it is committed, so that a failed run leaves neither a
 * partial file nor a changed old one. Devices, pipes and stdout are streamed: what has left the buffer cannot be
 * taken back. A reader that has gone away, a full disk and a file-size limit are errors, never signals.
 */
#ifndef FORMATS_BYTES_OUT_H
#define FORMATS_BYTES_OUT_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

enum { BYTES_OUT_BUFFER = 256 * 1024 };

typedef struct bytes_out bytes_out;

scrim_status bytes_out_open(bytes_out **out, const char *path, scrim_error *error);
/*
 * Always frees. commit 1: everything to the disk and under its name, or an error and nothing. commit 0: nothing
 * stays.
 */
scrim_status bytes_out_close(bytes_out *out, int commit, scrim_error *error);

const char *bytes_out_name(const bytes_out *out); /* for messages */
int bytes_out_is_stream(const bytes_out *out);    /* 1: cannot be rewritten */

/* Room for n bytes (at most BYTES_OUT_BUFFER) in the buffer; *room is valid until the next call. */
scrim_status bytes_out_reserve(bytes_out *out, size_t n, char **room, scrim_error *error);
/* The first n reserved bytes have been filled. */
void bytes_out_advance(bytes_out *out, size_t n);

scrim_status bytes_out_write(bytes_out *out, const void *bytes, size_t n, scrim_error *error);
/* Overwrites the n bytes at `offset`, written before; not for streams. */
scrim_status bytes_out_rewrite(bytes_out *out, int64_t offset, const void *bytes, size_t n, scrim_error *error);

#endif
