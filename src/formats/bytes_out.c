/* Buffered output with atomic commit. */
#include "formats/bytes_out.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/path.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bytes_out {
  int fd;           /* the draft's, a device's, or stdout */
  int is_device;    /* 1: the descriptor is ours to close */
  int is_draft;     /* 1: a file that gets its name when it is committed; 0: a stream */
  int failed;       /* a write failed: there is nothing to commit any more */
  file_draft draft; /* if is_draft */
  char *buffer;     /* [BYTES_OUT_BUFFER] */
  size_t used;
  char name[PATH_SHOWN + 1];
};

static void destroy(bytes_out *out) {
  if (out->is_device) close(out->fd);
  memory_wipe_free(out->buffer, BYTES_OUT_BUFFER);
  memory_free(out);
}

const char *bytes_out_name(const bytes_out *out) {
  return out->name;
}

int bytes_out_is_stream(const bytes_out *out) {
  return !out->is_draft;
}

/* A device or a pipe is written in place, for renaming a file over it would destroy it; all else becomes a draft. */
static scrim_status open_path(bytes_out *out, const char *path, scrim_error *error) {
  struct stat status;
  if (stat(path, &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
    scrim_status begun = file_draft_begin(&out->draft, path, error);
    out->is_draft = begun == SCRIM_OK;
    out->fd = out->draft.fd;
    return begun;
  }
  out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  out->is_device = out->fd >= 0;
  return out->is_device ? SCRIM_OK : fail_errno(error, SCRIM_E_IO, "cannot open '%s'", out->name);
}

scrim_status bytes_out_open(bytes_out **result, const char *path, scrim_error *error) {
  *result = NULL;
  int is_stdout = strcmp(path, "-") == 0;
  const char *name = is_stdout ? "stdout" : path_shown(path);
  bytes_out *out = memory_zalloc(1, sizeof *out);
  if (out != NULL) out->buffer = memory_alloc(BYTES_OUT_BUFFER);
  if (out == NULL || out->buffer == NULL) {
    memory_free(out);
    return fail(error, SCRIM_E_MEMORY, "no memory for the %d-byte buffer to write '%s'", BYTES_OUT_BUFFER, name);
  }
  memcpy(out->name, name, strlen(name) + 1);
  out->fd = STDOUT_FILENO;
  scrim_status status = is_stdout ? SCRIM_OK : open_path(out, path, error);
  if (status != SCRIM_OK) {
    destroy(out);
    return status;
  }
  *result = out;
  return SCRIM_OK;
}

static scrim_status flush(bytes_out *out, scrim_error *error) {
  if (out->failed) return fail(error, SCRIM_E_IO, "'%s' is lost: an earlier write failed", out->name);
  scrim_status status = file_write(out->fd, out->name, out->buffer, out->used, error);
  out->failed = status != SCRIM_OK;
  out->used = 0;
  return status;
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
    scrim_status status = out->used == BYTES_OUT_BUFFER || out->failed ? flush(out, error) : SCRIM_OK;
    if (status != SCRIM_OK) return status;
    size_t room = BYTES_OUT_BUFFER - out->used;
    size_t some = n < room ? n : room;
    memcpy(out->buffer + out->used, from, some);
    out->used += some;
    from += some;
    n -= some;
  }
  return SCRIM_OK;
}

scrim_status bytes_out_rewrite(bytes_out *out, int64_t offset, const void *bytes, size_t n, scrim_error *error) {
  if (!out->is_draft) return fail(error, SCRIM_E_UNSUPPORTED, "'%s' is a stream: nothing can be rewritten", out->name);
  scrim_status status = flush(out, error);
  if (status != SCRIM_OK) return status;
  status = file_write_at(out->fd, out->name, offset, bytes, n, error);
  out->failed = status != SCRIM_OK;
  return status;
}

scrim_status bytes_out_close(bytes_out *out, int commit, scrim_error *error) {
  scrim_status status = commit ? flush(out, error) : SCRIM_OK;
  if (out->is_draft && commit && status == SCRIM_OK)
    status = file_draft_commit(&out->draft, error);
  else if (out->is_draft)
    file_draft_abandon(&out->draft);
  destroy(out);
  return status;
}
