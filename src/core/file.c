/* Whole reads and writes, and atomic replacement of files. */
#include "core/file.h"
#include "core/error.h"
#include "core/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

scrim_status file_write(int fd, const char *path, const void *bytes, size_t n_bytes, scrim_error *error) {
  const char *next = bytes;
  while (n_bytes > 0) {
    /* Linux writes at most 2 GiB - 4 KiB a call; smaller pieces keep every system inside its limit. */
    size_t piece = n_bytes < ((size_t)1 << 30) ? n_bytes : (size_t)1 << 30;
    ssize_t written = write(fd, next, piece);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", path);
    next += written;
    n_bytes -= (size_t)written;
  }
  return SCRIM_OK;
}

scrim_status file_read(int fd, const char *path, void *bytes, size_t capacity, size_t *n_bytes, scrim_error *error) {
  *n_bytes = 0;
  while (*n_bytes < capacity) {
    ssize_t got = read(fd, (char *)bytes + *n_bytes, capacity - *n_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(error, SCRIM_E_IO, "cannot read '%s'", path);
    if (got == 0) break;
    *n_bytes += (size_t)got;
  }
  return SCRIM_OK;
}

scrim_status file_sync(int fd, const char *path, scrim_error *error) {
  if (fsync(fd) != 0) return fail_errno(error, SCRIM_E_IO, "cannot make '%s' durable", path);
  return SCRIM_OK;
}

/* Bytes of the folder's part of a path, up to and with the last slash; 0 for a bare name. */
static size_t file_folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

scrim_status file_sync_folder(const char *path, scrim_error *error) {
  size_t length = file_folder_length(path);
  char *folder = memory_strdup(length > 0 ? path : "./");
  if (folder == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a path");
  if (length > 0) folder[length] = '\0';
  scrim_status status = SCRIM_OK;
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /* EACCES: one may write into a folder that one may not read. EINVAL: a file system that cannot sync folders. In both the
   * rename is as durable as it gets. */
  if (fd < 0 ? errno != EACCES : fsync(fd) != 0 && errno != EINVAL)
    status = fail_errno(error, SCRIM_E_IO, "cannot make folder '%s' durable", folder);
  if (fd >= 0) close(fd);
  memory_free(folder);
  return status;
}

/* ---- drafts ---- */

/*
 * A name of its own in the folder of `path`, whose last part may be as long as names get. Where another writer, or what a
 * killed one left, has taken it, the next number is tried.
 */
static int file_draft_open(char *temporary, size_t bytes, const char *path, mode_t mode) {
  enum { ATTEMPTS = 1000 };
  int folder = (int)file_folder_length(path), fd = -1;
  for (int i = 0; i < ATTEMPTS; i++) {
    snprintf(temporary, bytes, "%.*s.scrim-%ld-%d.tmp", folder, path, (long)getpid(), i);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST) break;
  }
  return fd;
}

scrim_status file_draft_begin(file_draft *draft, const char *path, scrim_error *error) {
  enum { NAME_BYTES = 48 }; /* of the temporary name, behind the folder */
  /* A rename would put a plain file in the place of /dev/null; and a file that was private stays private. */
  struct stat old;
  int exists = stat(path, &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) return fail(error, SCRIM_E_IO, "'%s' is not a regular file", path);

  size_t bytes = file_folder_length(path) + NAME_BYTES;
  *draft = (file_draft){.fd = -1, .path = path, .temporary = memory_alloc(bytes)};
  if (draft->temporary == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a path");
  draft->fd = file_draft_open(draft->temporary, bytes, path, exists ? old.st_mode & 0777 : 0666);
  if (draft->fd >= 0) return SCRIM_OK;
  scrim_status status = fail_errno(error, SCRIM_E_IO, "cannot create a file beside '%s'", path);
  memory_free(draft->temporary);
  return status;
}

scrim_status file_draft_write(file_draft *draft, const void *bytes, size_t n_bytes, scrim_error *error) {
  return file_write(draft->fd, draft->path, bytes, n_bytes, error);
}

void file_draft_abandon(file_draft *draft) {
  if (draft->fd >= 0) close(draft->fd);
  unlink(draft->temporary);
  memory_free(draft->temporary);
}

scrim_status file_draft_commit(file_draft *draft, scrim_error *error) {
  scrim_status status = file_sync(draft->fd, draft->path, error);
  int closed = close(draft->fd);
  draft->fd = -1;
  if (status == SCRIM_OK && closed != 0) status = fail_errno(error, SCRIM_E_IO, "cannot close '%s'", draft->path);
  if (status == SCRIM_OK && rename(draft->temporary, draft->path) != 0)
    status = fail_errno(error, SCRIM_E_IO, "cannot rename to '%s'", draft->path);
  if (status != SCRIM_OK) {
    file_draft_abandon(draft);
    return status;
  }
  memory_free(draft->temporary);
  /* The new content is in place already; the failure says that a power cut may still undo the rename. */
  return file_sync_folder(draft->path, error);
}
