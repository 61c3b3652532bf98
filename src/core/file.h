/* Whole reads and writes on POSIX file descriptors, and files that appear complete or not at all. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <scrim/status.h>
#include <stddef.h>

/* All of them name `path` in their errors: SCRIM_E_IO, or SCRIM_E_MEMORY for want of room for a name. */

scrim_status file_write(int fd, const char *path, const void *bytes, size_t n_bytes, scrim_error *error);
/* Up to `capacity` bytes; fewer only at the end of the file. */
scrim_status file_read(int fd, const char *path, void *bytes, size_t capacity, size_t *n_bytes, scrim_error *error);
scrim_status file_sync(int fd, const char *path, scrim_error *error);
scrim_status file_sync_folder(const char *path, scrim_error *error); /* of the folder that holds `path` */

/*
 * A file being written under a temporary name in the folder of `path`, which must outlive it. Commit makes it durable and
 * gives it its name in one step; abandon removes it. Exactly one of the two follows a successful begin.
 */
typedef struct file_draft {
  int fd;
  const char *path;
  char *temporary;
} file_draft;
scrim_status file_draft_begin(file_draft *draft, const char *path, scrim_error *error);
scrim_status file_draft_write(file_draft *draft, const void *bytes, size_t n_bytes, scrim_error *error);
scrim_status file_draft_commit(file_draft *draft, scrim_error *error); /* abandons if it fails */
void file_draft_abandon(file_draft *draft);

#endif
