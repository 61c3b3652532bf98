/* Buffered input with look-ahead. */
#include "formats/bytes_in.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/path.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BUFFER = 256 * 1024, MEMORY_BUFFER = 4096 }; /* bytes to begin with */

struct bytes_in {
  int fd;             /* -1: memory */
  int owned;          /* 1: the descriptor is ours to close */
  const char *memory; /* what is left of it */
  size_t memory_bytes;
  int64_t source_left; /* bytes not yet read into the buffer, or -1 */
  int ended;           /* the source has no more */
  char *buffer;        /* [capacity]; start..end are not yet skipped */
  size_t start, end, capacity;
  char name[PATH_SHOWN + 1];
};

static scrim_status create(bytes_in **out, const char *name, size_t capacity, scrim_error *error) {
  const char *shown = path_shown(name);
  bytes_in *in = memory_zalloc(1, sizeof *in);
  char *buffer = memory_alloc(capacity);
  if (in == NULL || buffer == NULL) {
    memory_free(in);
    memory_free(buffer);
    return fail(error, SCRIM_E_MEMORY, "no memory for the %zu-byte buffer to read '%s'", capacity, shown);
  }
  in->buffer = buffer;
  in->capacity = capacity;
  in->fd = -1;
  in->source_left = -1;
  memcpy(in->name, shown, strlen(shown) + 1);
  *out = in;
  return SCRIM_OK;
}

/* Opens the descriptor and finds out how much it holds: regular files tell, unless they are made up by the kernel. */
static scrim_status open_source(bytes_in *in, const char *path, scrim_error *error) {
  in->owned = strcmp(path, "-") != 0;
  in->fd = in->owned ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
  if (in->fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot open '%s'", in->name);
  struct stat status;
  if (fstat(in->fd, &status) != 0) return fail_errno(error, SCRIM_E_IO, "cannot examine '%s'", in->name);
  if (S_ISDIR(status.st_mode)) return fail(error, SCRIM_E_IO, "cannot read '%s': it is a folder", in->name);
  off_t at = S_ISREG(status.st_mode) && status.st_size > 0 ? lseek(in->fd, 0, SEEK_CUR) : -1;
  if (at >= 0) in->source_left = status.st_size > at ? (int64_t)(status.st_size - at) : 0;
  return SCRIM_OK;
}

scrim_status bytes_in_open(bytes_in **out, const char *path, scrim_error *error) {
  *out = NULL;
  bytes_in *in = NULL;
  scrim_status status = create(&in, strcmp(path, "-") == 0 ? "stdin" : path, FILE_BUFFER, error);
  if (status != SCRIM_OK) return status;
  status = open_source(in, path, error);
  if (status != SCRIM_OK) {
    bytes_in_close(in);
    return status;
  }
  *out = in;
  return SCRIM_OK;
}

scrim_status bytes_in_open_memory(bytes_in **out, const void *bytes, size_t n_bytes, scrim_error *error) {
  *out = NULL;
  scrim_status status = create(out, "memory", MEMORY_BUFFER, error);
  if (status != SCRIM_OK) return status;
  (*out)->memory = bytes;
  (*out)->memory_bytes = n_bytes;
  (*out)->source_left = (int64_t)n_bytes;
  return SCRIM_OK;
}

void bytes_in_close(bytes_in *in) {
  if (in == NULL) return;
  if (in->fd >= 0 && in->owned) close(in->fd);
  memory_wipe_free(in->buffer, in->capacity);
  memory_free(in);
}

const char *bytes_in_name(const bytes_in *in) {
  return in->name;
}

int64_t bytes_in_left(const bytes_in *in) {
  if (in->ended) return (int64_t)(in->end - in->start);
  return in->source_left < 0 ? -1 : in->source_left + (int64_t)(in->end - in->start);
}

/* Room for `want` bytes from start on: moves what is there to the front, and grows the buffer if that is not enough. */
static scrim_status make_room(bytes_in *in, size_t want, scrim_error *error) {
  size_t held = in->end - in->start;
  memmove(in->buffer, in->buffer + in->start, held);
  in->start = 0;
  in->end = held;
  if (want <= in->capacity) return SCRIM_OK;
  size_t capacity = in->capacity;
  while (capacity < want) capacity *= 2;
  char *larger = memory_grow(in->buffer, in->capacity, capacity);
  if (larger == NULL)
    return fail(error, SCRIM_E_MEMORY, "no memory for the %zu-byte buffer to read '%s'", capacity, in->name);
  in->buffer = larger;
  in->capacity = capacity;
  return SCRIM_OK;
}

/* One read of what the source has now, at most the room there is. */
static scrim_status fill(bytes_in *in, scrim_error *error) {
  size_t room = in->capacity - in->end;
  if (in->fd < 0) {
    size_t n = in->memory_bytes < room ? in->memory_bytes : room;
    if (n > 0) memcpy(in->buffer + in->end, in->memory, n);
    in->memory += n;
    in->memory_bytes -= n;
    in->source_left -= (int64_t)n;
    in->end += n;
    in->ended = n == 0;
    return SCRIM_OK;
  }
  ssize_t n;
  do n = read(in->fd, in->buffer + in->end, room);
  while (n < 0 && errno == EINTR);
  if (n < 0) return fail_errno(error, SCRIM_E_IO, "cannot read '%s'", in->name);
  in->ended = n == 0;
  in->end += (size_t)n;
  if (in->source_left >= 0) in->source_left -= n < in->source_left ? n : in->source_left;
  return SCRIM_OK;
}

scrim_status bytes_in_peek(bytes_in *in, size_t want, const char **bytes, size_t *n, scrim_error *error) {
  if (in->end - in->start < want && !in->ended) {
    scrim_status status = make_room(in, want, error);
    while (status == SCRIM_OK && in->end < want && !in->ended) status = fill(in, error);
    if (status != SCRIM_OK) return status;
  }
  *bytes = in->buffer + in->start;
  *n = in->end - in->start;
  return SCRIM_OK;
}

void bytes_in_skip(bytes_in *in, size_t n) {
  in->start += n;
}

scrim_status bytes_in_line(bytes_in *in, size_t limit, bytes_line *line, scrim_error *error) {
  const char *bytes = in->buffer + in->start, *end = NULL;
  size_t n = in->end - in->start, searched = 0;
  for (;;) {
    if (n > searched) end = memchr(bytes + searched, '\n', n - searched);
    searched = n;
    if (end != NULL || in->ended || n > limit + 1) break;
    scrim_status status = bytes_in_peek(in, n + 1, &bytes, &n, error);
    if (status != SCRIM_OK) return status;
  }
  line->text = bytes;
  line->n = end != NULL ? (size_t)(end - bytes) : n;
  line->taken = line->n + (end != NULL);
  if (line->n > 0 && bytes[line->n - 1] == '\r') line->n--;
  return SCRIM_OK;
}
