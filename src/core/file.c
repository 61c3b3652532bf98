/* Whole reads and writes, and atomic replacement of files. */
#include "core/file.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/path.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- whole reads and writes ---- */

/* All bytes at the descriptor's place, or at `offset` if that is not negative. 0, or -1 with errno. */
static int file_write_all(int fd, const char *bytes, size_t n, off_t offset) {
  while (n > 0) {
    /* Linux writes at most 2 GiB - 4 KiB a call; smaller pieces keep every system inside its limit. */
    size_t piece = n < ((size_t)1 << 30) ? n : (size_t)1 << 30;
    ssize_t written = offset < 0 ? write(fd, bytes, piece) : pwrite(fd, bytes, piece, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    bytes += written;
    n -= (size_t)written;
    if (offset >= 0) offset += written;
  }
  return 0;
}

/*
 * file_write_all with SIGPIPE and SIGXFSZ held back: the process of the caller must not die of a closed pipe or a size
 * limit, and its signal handlers are not ours to change. A signal that the write raised is taken back; one that was
 * pending stays.
 */
static int file_write_quietly(int fd, const char *bytes, size_t n, off_t offset) {
  sigset_t raised, before, pending;
  sigemptyset(&raised);
  sigaddset(&raised, SIGPIPE);
  sigaddset(&raised, SIGXFSZ);
  sigpending(&pending);
  if (sigismember(&pending, SIGPIPE)) sigdelset(&raised, SIGPIPE);
  if (sigismember(&pending, SIGXFSZ)) sigdelset(&raised, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &raised, &before);
  int result = file_write_all(fd, bytes, n, offset), reason = errno;
  if (result != 0 && (reason == EPIPE || reason == EFBIG)) sigtimedwait(&raised, NULL, &(struct timespec){0, 0});
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  return result;
}

scrim_status file_write(int fd, const char *path, const void *bytes, size_t n_bytes, scrim_error *error) {
  if (file_write_quietly(fd, bytes, n_bytes, -1) == 0) return SCRIM_OK;
  return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", path_shown(path));
}

scrim_status file_write_at(int fd, const char *path, int64_t offset, const void *bytes, size_t n_bytes,
                           scrim_error *error) {
  if (file_write_quietly(fd, bytes, n_bytes, (off_t)offset) == 0) return SCRIM_OK;
  return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", path_shown(path));
}

scrim_status file_read(int fd, const char *path, void *bytes, size_t capacity, size_t *n_bytes, scrim_error *error) {
  *n_bytes = 0;
  while (*n_bytes < capacity) {
    ssize_t got = read(fd, (char *)bytes + *n_bytes, capacity - *n_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(error, SCRIM_E_IO, "cannot read '%s'", path_shown(path));
    if (got == 0) break;
    *n_bytes += (size_t)got;
  }
  return SCRIM_OK;
}

scrim_status file_sync(int fd, const char *path, scrim_error *error) {
  if (fsync(fd) != 0) return fail_errno(error, SCRIM_E_IO, "cannot make '%s' durable", path_shown(path));
  return SCRIM_OK;
}

scrim_status file_sync_folder(const char *path, scrim_error *error) {
  char folder[PATH_MAX] = ".";
  size_t length = path_folder_length(path);
  if (length >= sizeof folder)
    return fail(error, SCRIM_E_IO, "the folder of '%s' has a name of %zu bytes, at most %zu can be opened",
                path_shown(path), length, sizeof folder - 1);
  if (length > 0) {
    memcpy(folder, path, length);
    folder[length] = '\0';
  }
  scrim_status status = SCRIM_OK;
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /*
   * EACCES: one may write into a folder that one may not read. EINVAL: a file system that cannot sync folders. In both
   * the rename is as durable as it gets.
   */
  if (fd < 0 ? errno != EACCES : fsync(fd) != 0 && errno != EINVAL)
    status = fail_errno(error, SCRIM_E_IO, "cannot make folder '%s' durable", path_shown(folder));
  if (fd >= 0) close(fd);
  return status;
}

/* ---- drafts ---- */

/* A rename would put a plain file in the place of a device or a pipe. *exists: there is a file to replace. */
static scrim_status file_check_target(const char *path, int *exists, struct stat *old, scrim_error *error) {
  const char *shown = path_shown(path);
  size_t length = strlen(path);
  if (length == 0 || path[length - 1] == '/') return fail(error, SCRIM_E_IO, "cannot write '%s': no file name", shown);
  *exists = stat(path, old) == 0;
  if (!*exists && errno != ENOENT) return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", shown);
  if (*exists && S_ISDIR(old->st_mode)) return fail(error, SCRIM_E_IO, "cannot write '%s': it is a folder", shown);
  if (*exists && !S_ISREG(old->st_mode))
    return fail(error, SCRIM_E_IO, "cannot replace '%s': it is not a regular file", shown);
  return SCRIM_OK;
}

/*
 * Creates draft->temporary, a name of its own in the folder of draft->path, whose last part may be as long as names
 * get. Where another writer, or what a killed one left, has taken it, the next number is tried.
 */
static scrim_status file_draft_open(file_draft *draft, mode_t mode, scrim_error *error) {
  enum { NAME_BYTES = 64, ATTEMPTS = 1000 };
  size_t folder = path_folder_length(draft->path);
  draft->temporary = memory_alloc(folder + NAME_BYTES);
  if (draft->temporary == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory to write '%s'", path_shown(draft->path));
  memcpy(draft->temporary, draft->path, folder);
  for (int i = 0; i < ATTEMPTS; i++) {
    snprintf(draft->temporary + folder, NAME_BYTES, ".scrim-%ld-%d.tmp", (long)getpid(), i);
    draft->fd = open(draft->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (draft->fd >= 0) return SCRIM_OK;
    if (errno != EEXIST) break;
  }
  return fail_errno(error, SCRIM_E_IO, "cannot create a file beside '%s'", path_shown(draft->path));
}

static void file_draft_forget(file_draft *draft) {
  if (draft->fd >= 0) close(draft->fd);
  draft->fd = -1;
  memory_free(draft->temporary);
  memory_free(draft->path);
}

void file_draft_abandon(file_draft *draft) {
  unlink(draft->temporary);
  file_draft_forget(draft);
}

scrim_status file_draft_begin(file_draft *draft, const char *path, scrim_error *error) {
  int exists = 0;
  struct stat old;
  scrim_status status = file_check_target(path, &exists, &old, error);
  if (status != SCRIM_OK) return status;
  *draft = (file_draft){.fd = -1, .path = path_resolve(path)};
  if (draft->path == NULL)
    status = fail(error, SCRIM_E_MEMORY, "out of memory to write '%s'", path_shown(path));
  else
    status = file_draft_open(draft, exists ? old.st_mode & 0777 : 0666, error);
  if (status != SCRIM_OK) {
    file_draft_forget(draft);
    return status;
  }
  /* Created no wider than the old file, so that nobody opens it in between; here come the bits that the umask took. */
  if (exists && fchmod(draft->fd, old.st_mode & 0777) != 0) {
    status = fail_errno(error, SCRIM_E_IO, "cannot give the new '%s' the mode of the old", path_shown(path));
    file_draft_abandon(draft);
  }
  return status;
}

scrim_status file_draft_write(file_draft *draft, const void *bytes, size_t n_bytes, scrim_error *error) {
  return file_write(draft->fd, draft->path, bytes, n_bytes, error);
}

scrim_status file_draft_commit(file_draft *draft, scrim_error *error) {
  const char *shown = path_shown(draft->path);
  scrim_status status = file_sync(draft->fd, draft->path, error);
  int closed = close(draft->fd);
  draft->fd = -1;
  if (status == SCRIM_OK && closed != 0) status = fail_errno(error, SCRIM_E_IO, "cannot close '%s'", shown);
  if (status == SCRIM_OK && rename(draft->temporary, draft->path) != 0)
    status = fail_errno(error, SCRIM_E_IO, "cannot rename to '%s'", shown);
  if (status != SCRIM_OK) {
    file_draft_abandon(draft);
    return status;
  }
  /* The new content is in place already; a failure says that a power cut may still undo the rename. */
  status = file_sync_folder(draft->path, error);
  file_draft_forget(draft);
  return status;
}
