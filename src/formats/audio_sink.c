/* Where libsndfile's output goes. */
#include "formats/audio_sink.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/path.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SINK_BUFFER = 256 * 1024, RIFF_SIZE_AT = 4, SIZE_BYTES = 4, RIFF_HEAD = 8 };

struct audio_sink {
  int fd;           /* the draft's, a device's, or stdout */
  int is_draft;     /* 0: a stream */
  int is_ours;      /* 1: a stream's descriptor that we close */
  int is_started;   /* the header is complete, sound follows it */
  file_draft draft; /* if is_draft */
  int64_t position; /* where libsndfile writes next */
  int64_t length;   /* the furthest byte written, plus one */
  int64_t held_at;  /* place of the buffer's first byte; on a stream, how much has left */
  size_t held;      /* bytes in the buffer */
  unsigned char *buffer;
  scrim_status status; /* sticky, with the error that goes with it */
  scrim_error error;
  char name[PATH_SHOWN + 1];
};

/* ---- opening and closing ---- */

/* A device or a pipe is written in place, for renaming a file over it would destroy it; all else becomes a draft. */
static scrim_status audio_sink_open_path(audio_sink *s, const char *path, scrim_error *error) {
  struct stat found;
  if (stat(path, &found) != 0 || S_ISREG(found.st_mode) || S_ISDIR(found.st_mode)) {
    scrim_status begun = file_draft_begin(&s->draft, path, error);
    s->is_draft = begun == SCRIM_OK;
    s->fd = s->draft.fd;
    return begun;
  }
  s->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  s->is_ours = s->fd >= 0;
  return s->is_ours ? SCRIM_OK : fail_errno(error, SCRIM_E_IO, "cannot open '%s'", s->name);
}

static void audio_sink_free(audio_sink *s) {
  if (s->is_ours) close(s->fd);
  if (s->buffer != NULL) memory_wipe_free(s->buffer, SINK_BUFFER);
  memory_free(s);
}

scrim_status audio_sink_open(audio_sink **out, const char *path, scrim_error *error) {
  *out = NULL;
  const int is_stdout = strcmp(path, "-") == 0;
  const char *name = is_stdout ? "stdout" : path_shown(path);
  audio_sink *s = memory_zalloc(1, sizeof *s);
  if (s != NULL) s->buffer = memory_alloc(SINK_BUFFER);
  scrim_status status = SCRIM_OK;
  if (s == NULL || s->buffer == NULL) {
    status = fail(error, SCRIM_E_MEMORY, "out of memory to write '%s'", name);
  } else {
    memcpy(s->name, name, strlen(name) + 1);
    s->fd = STDOUT_FILENO;
    if (!is_stdout) status = audio_sink_open_path(s, path, error);
  }
  if (status == SCRIM_OK)
    *out = s;
  else if (s != NULL)
    audio_sink_free(s);
  return status;
}

int audio_sink_is_stream(const audio_sink *sink) {
  return !sink->is_draft;
}

const char *audio_sink_name(const audio_sink *sink) {
  return sink->name;
}

scrim_status audio_sink_status(const audio_sink *sink, scrim_error *error) {
  if (sink->status != SCRIM_OK && error != NULL) *error = sink->error;
  return sink->status;
}

/* ---- writing ---- */

void audio_sink_flush(audio_sink *sink) {
  if (sink->status == SCRIM_OK && sink->held > 0)
    sink->status = sink->is_draft
                       ? file_write_at(sink->fd, sink->name, sink->held_at, sink->buffer, sink->held, &sink->error)
                       : file_write(sink->fd, sink->name, sink->buffer, sink->held, &sink->error);
  sink->held_at += (int64_t)sink->held;
  sink->held = 0;
}

/* Bytes that follow those in the buffer. The header of a stream does not leave it before it is complete. */
static void audio_sink_append(audio_sink *s, const unsigned char *bytes, size_t n) {
  if (!s->is_draft && !s->is_started && n > SINK_BUFFER - s->held)
    s->status =
        fail(&s->error, SCRIM_E_UNSUPPORTED, "'%s' is a stream: its header may have %d bytes", s->name, SINK_BUFFER);
  while (n > 0 && s->status == SCRIM_OK) {
    if (s->held == SINK_BUFFER) audio_sink_flush(s);
    const size_t room = SINK_BUFFER - s->held, some = n < room ? n : room;
    memcpy(s->buffer + s->held, bytes, some);
    s->held += some;
    bytes += some;
    n -= some;
  }
}

/*
 * Until sound follows, a header replaces the one before it, which may have been longer: libsndfile takes the length of
 * the file for that of the sound.
 */
static sf_count_t audio_sink_write(const void *bytes, sf_count_t n, void *context) {
  audio_sink *s = context;
  if (s->position == 0 && !s->is_started) {
    s->length = s->held_at = 0;
    s->held = 0;
  }
  const int follows = s->position == s->held_at + (int64_t)s->held;
  if (s->is_draft && !follows) {
    audio_sink_flush(s);
    s->held_at = s->position;
  }
  if (s->is_draft || follows) audio_sink_append(s, bytes, (size_t)n);
  s->position += n;
  if (s->length < s->position) s->length = s->position;
  return s->status == SCRIM_OK ? n : 0;
}

static sf_count_t audio_sink_seek(sf_count_t offset, int whence, void *context) {
  audio_sink *s = context;
  const int64_t from = whence == SEEK_CUR ? s->position : whence == SEEK_END ? s->length : 0;
  if (offset < -from) return -1;
  return s->position = from + offset;
}

static sf_count_t audio_sink_tell(void *context) {
  return ((audio_sink *)context)->position;
}

static sf_count_t audio_sink_length(void *context) {
  return ((audio_sink *)context)->length;
}

static sf_count_t audio_sink_read(void *bytes, sf_count_t n, void *context) {
  (void)bytes;
  (void)n;
  (void)context;
  return 0;
}

const SF_VIRTUAL_IO audio_sink_io = {audio_sink_length, audio_sink_seek, audio_sink_read, audio_sink_write,
                                     audio_sink_tell};

static void audio_put_size(unsigned char *at, int64_t size) {
  const uint32_t value = size < 0 || size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
  for (int i = 0; i < SIZE_BYTES; i++) at[i] = (unsigned char)(value >> 8 * i);
}

/* The two sizes of a wav: of all that follows the first, and of the sound, which stands right before it. */
static scrim_status audio_sink_patch(audio_sink *s, int64_t bytes, scrim_error *error) {
  if (s->held < RIFF_HEAD + SIZE_BYTES || memcmp(s->buffer, "RIFF", 4) != 0)
    return fail(error, SCRIM_E_INTERNAL, "'%s': libsndfile wrote no wav header", s->name);
  const int64_t follows = (int64_t)s->held - RIFF_HEAD;
  const int64_t whole = bytes < 0 ? -1 : follows + bytes + bytes % 2;
  audio_put_size(s->buffer + RIFF_SIZE_AT, whole);
  audio_put_size(s->buffer + s->held - SIZE_BYTES, whole > UINT32_MAX ? -1 : bytes);
  return SCRIM_OK;
}

scrim_status audio_sink_start(audio_sink *sink, int64_t bytes, scrim_error *error) {
  scrim_status status = sink->is_draft || sink->is_started ? SCRIM_OK : audio_sink_patch(sink, bytes, error);
  sink->is_started = 1;
  return status;
}

int audio_sink_reopen(audio_sink *sink, scrim_error *error) {
  audio_sink_flush(sink);
  if (audio_sink_status(sink, error) != SCRIM_OK) return -1;
  const int fd = open(sink->draft.temporary, O_RDWR | O_CLOEXEC);
  if (fd < 0) (void)fail_errno(error, SCRIM_E_IO, "cannot open what was written for '%s'", sink->name);
  return fd;
}

scrim_status audio_sink_close(audio_sink *sink, int commit, scrim_error *error) {
  if (commit) audio_sink_flush(sink);
  scrim_status status = commit ? audio_sink_status(sink, error) : SCRIM_OK;
  if (sink->is_draft && commit && status == SCRIM_OK)
    status = file_draft_commit(&sink->draft, error);
  else if (sink->is_draft)
    file_draft_abandon(&sink->draft);
  audio_sink_free(sink);
  return status;
}
