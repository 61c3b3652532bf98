/* Whole reads and writes on POSIX file descriptors, and files that appear complete or not at all. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <scrim/status.h>
#include <stddef.h>

/* All of them name `path` in their errors: SCRIM_E_IO, or SCRIM_E_MEMORY for want of room for a name. */

/* A reader that has gone away, a full disk and a limit on file sizes are errors, never signals. */
scrim_status file_write(int fd, const char *path, const void *bytes, size_t n_bytes, scrim_error *error);
/* The same at `offset` bytes from the start of a regular file; the descriptor's own place stays. */
scrim_status file_write_at(int fd, const char *path, int64_t offset, const void *bytes, size_t n_bytes,
                           scrim_error *error);
/* Up to `capacity` bytes; fewer only at the end of the file. */
scrim_status file_read(int fd, const char *path, void *bytes, size_t capacity, size_t *n_bytes, scrim_error *error);
scrim_status file_sync(int fd, const char *path, scrim_error *error);
scrim_status file_sync_folder(const char *path, scrim_error *error); /* of the folder that holds `path` */

/*
 * A file being written under a temporary name beside the one that it will have. Links are followed: what `path` leads
 * to is replaced, and keeps its mode. Commit makes the new content durable and gives it its name in one step; abandon
 * removes it. Exactly one of the two follows a successful begin.
 */
typedef struct file_draft {
  int fd;
  char *path; /* links followed */
  char *temporary;
} file_draft;
scrim_status file_draft_begin(file_draft *draft, const char *path, scrim_error *error);
scrim_status file_draft_write(file_draft *draft, const void *bytes, size_t n_bytes, scrim_error *error);
scrim_status file_draft_commit(file_draft *draft, scrim_error *error); /* abandons if it fails */
void file_draft_abandon(file_draft *draft);

#endif
