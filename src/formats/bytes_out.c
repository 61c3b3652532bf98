/* Buffered output with atomic commit. */
#include "formats/bytes_out.h"
#include "core/error.h"
#include "core/memory.h"
#include "formats/path.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 1000 };

struct bytes_out {
  int fd;
  int owned;       /* 1: the descriptor is ours to close */
  int failed;      /* a write failed: there is nothing to commit any more */
  char *path;      /* final name, links followed */
  char *temporary; /* in the same folder; NULL for streams */
  char *buffer;    /* [BYTES_OUT_BUFFER] */
  size_t used;
};

static void destroy(bytes_out *out) {
  if (out->fd >= 0 && out->owned) close(out->fd);
  if (out->buffer != NULL) memory_wipe(out->buffer, BYTES_OUT_BUFFER);
  memory_free(out->buffer);
  memory_free(out->temporary);
  memory_free(out->path);
  memory_free(out);
}

const char *bytes_out_name(const bytes_out *out) {
  return out->owned ? path_shown(out->path) : "stdout";
}

int bytes_out_is_stream(const bytes_out *out) {
  return out->temporary == NULL;
}

static scrim_status no_memory(const char *path, scrim_error *error) {
  return fail(error, SCRIM_E_MEMORY, "no memory to write '%s'", path_shown(path));
}

/* A new file beside the final one. `old`: the file that it will replace, or NULL. */
static scrim_status open_temporary(bytes_out *out, const struct stat *old, scrim_error *error) {
  for (unsigned attempt = 0; out->fd < 0; attempt++) {
    memory_free(out->temporary);
    out->temporary = path_temporary(out->path, attempt);
    if (out->temporary == NULL) return no_memory(out->path, error);
    out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (out->fd >= 0 || (errno == EEXIST && attempt < ATTEMPTS)) continue;
    fail_errno(error, SCRIM_E_IO, "cannot create a file beside '%s'", path_shown(out->path));
    memory_free(out->temporary); /* not ours to remove */
    out->temporary = NULL;
    return SCRIM_E_IO;
  }
  if (old != NULL && fchmod(out->fd, old->st_mode & 0777) != 0)
    return fail_errno(error, SCRIM_E_IO, "cannot give the new '%s' the mode of the old", path_shown(out->path));
  return SCRIM_OK;
}

/*
 * Regular files are replaced; whatever else has a name (a pipe, /dev/null) is written in place, for renaming a file
 * over it would destroy it.
 */
static scrim_status open_path(bytes_out *out, scrim_error *error) {
  const char *shown = path_shown(out->path);
  size_t n = strlen(out->path);
  if (n == 0 || out->path[n - 1] == '/') return fail(error, SCRIM_E_IO, "cannot write '%s': no file name", shown);
  struct stat status;
  if (stat(out->path, &status) != 0) {
    if (errno != ENOENT) return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", shown);
    return open_temporary(out, NULL, error);
  }
  if (S_ISDIR(status.st_mode)) return fail(error, SCRIM_E_IO, "cannot write '%s': it is a folder", shown);
  if (S_ISREG(status.st_mode)) return open_temporary(out, &status, error);
  out->fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  return out->fd < 0 ? fail_errno(error, SCRIM_E_IO, "cannot open '%s'", shown) : SCRIM_OK;
}

scrim_status bytes_out_open(bytes_out **result, const char *path, scrim_error *error) {
  *result = NULL;
  bytes_out *out = memory_zalloc(1, sizeof *out);
  if (out == NULL) return no_memory(path, error);
  out->owned = strcmp(path, "-") != 0;
  out->fd = out->owned ? -1 : STDOUT_FILENO;
  out->path = path_resolve(path);
  out->buffer = memory_alloc(BYTES_OUT_BUFFER);
  scrim_status status = SCRIM_OK;
  if (out->path == NULL || out->buffer == NULL)
    status = no_memory(path, error);
  else if (out->owned)
    status = open_path(out, error);
  if (status == SCRIM_OK) {
    *result = out;
    return SCRIM_OK;
  }
  if (out->temporary != NULL) unlink(out->temporary);
  destroy(out);
  return status;
}

/* Writes all n bytes at the descriptor's place, or at `offset` if that is not negative. 0, or -1 with errno. */
static int write_all(int fd, const char *bytes, size_t n, off_t offset) {
  while (n > 0) {
    ssize_t written = offset < 0 ? write(fd, bytes, n) : pwrite(fd, bytes, n, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    bytes += written;
    n -= (size_t)written;
    if (offset >= 0) offset += written;
  }
  return 0;
}

/*
 * write_all with SIGPIPE and SIGXFSZ held back: the process of the caller must not die of a closed pipe or a size
 * limit, and its signal handlers are not ours to change. A signal that the write raised is taken back; one that was
 * pending stays.
 */
static int write_quietly(int fd, const char *bytes, size_t n, off_t offset) {
  sigset_t raised, before, pending;
  sigemptyset(&raised);
  sigaddset(&raised, SIGPIPE);
  sigaddset(&raised, SIGXFSZ);
  sigpending(&pending);
  if (sigismember(&pending, SIGPIPE)) sigdelset(&raised, SIGPIPE);
  if (sigismember(&pending, SIGXFSZ)) sigdelset(&raised, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &raised, &before);
  int result = write_all(fd, bytes, n, offset), reason = errno;
  if (result != 0 && (reason == EPIPE || reason == EFBIG)) sigtimedwait(&raised, NULL, &(struct timespec){0, 0});
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  return result;
}

static scrim_status write_failed(bytes_out *out, scrim_error *error) {
  out->failed = 1;
  return fail_errno(error, SCRIM_E_IO, "cannot write '%s'", bytes_out_name(out));
}

static scrim_status flush(bytes_out *out, scrim_error *error) {
  if (out->failed) return fail(error, SCRIM_E_IO, "'%s' is lost: an earlier write failed", bytes_out_name(out));
  if (write_quietly(out->fd, out->buffer, out->used, -1) != 0) return write_failed(out, error);
  out->used = 0;
  return SCRIM_OK;
}

scrim_status bytes_out_reserve(bytes_out *out, size_t n, char **room, scrim_error *error) {
  scrim_status status = BYTES_OUT_BUFFER - out->used < n || out->failed ? flush(out, error) : SCRIM_OK;
  *room = out->buffer + out->used;
  return status;
}

void bytes_out_advance(bytes_out *out, size_t n) {
  out->used += n;
}

scrim_status bytes_out_write(bytes_out *out, const void *bytes, size_t n, scrim_error *error) {
  for (const char *from = bytes; n > 0;) {
    size_t room = BYTES_OUT_BUFFER - out->used;
    scrim_status status = room == 0 || out->failed ? flush(out, error) : SCRIM_OK;
    if (status != SCRIM_OK) return status;
    room = BYTES_OUT_BUFFER - out->used;
    size_t some = n < room ? n : room;
    memcpy(out->buffer + out->used, from, some);
    out->used += some;
    from += some;
    n -= some;
  }
  return SCRIM_OK;
}

scrim_status bytes_out_rewrite(bytes_out *out, int64_t offset, const void *bytes, size_t n, scrim_error *error) {
  if (bytes_out_is_stream(out))
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' is a stream: nothing can be rewritten", bytes_out_name(out));
  scrim_status status = flush(out, error);
  if (status == SCRIM_OK && write_quietly(out->fd, bytes, n, (off_t)offset) != 0) return write_failed(out, error);
  return status;
}

/* Everything to the disk, then the new name. */
static scrim_status commit_file(bytes_out *out, scrim_error *error) {
  scrim_status status = flush(out, error);
  if (status != SCRIM_OK || bytes_out_is_stream(out)) return status;
  int fd = out->fd;
  if (fsync(fd) != 0) return write_failed(out, error);
  out->fd = -1;
  if (close(fd) != 0) return write_failed(out, error);
  if (rename(out->temporary, out->path) != 0)
    return fail_errno(error, SCRIM_E_IO, "cannot give '%s' its name", bytes_out_name(out));
  memory_free(out->temporary);
  out->temporary = NULL;
  if (path_sync_folder(out->path) != 0)
    return fail_errno(error, SCRIM_E_IO, "cannot bring the folder of '%s' to the disk", bytes_out_name(out));
  return SCRIM_OK;
}

scrim_status bytes_out_close(bytes_out *out, int commit, scrim_error *error) {
  scrim_status status = commit ? commit_file(out, error) : SCRIM_OK;
  if (out->temporary != NULL) unlink(out->temporary);
  destroy(out);
  return status;
}
