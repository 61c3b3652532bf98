/* Sound out of files and standard input. */
#include "core/error.h"
#include "core/memory.h"
#include "formats/audio_declared.h"
#include "formats/audio_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a header of 32 bits holds that leaves the length open, at the least; see audio_declared.c. */
static const int64_t frames_open_bytes = 0x7fff0000;

static scrim_status audio_open_descriptor(scrim_audio_reader *r, const char *path, scrim_error *error) {
  struct stat found;
  r->fd = r->is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (r->fd < 0 || fstat(r->fd, &found) != 0) return fail_errno(error, SCRIM_E_IO, "cannot open '%s'", r->name);
  if (S_ISDIR(found.st_mode)) return fail(error, SCRIM_E_IO, "'%s' is a folder", r->name);
  r->file_bytes = S_ISREG(found.st_mode) ? (int64_t)found.st_size : -1;
  if (r->file_bytes == 0) return fail(error, SCRIM_E_FORMAT, "'%s' is empty", r->name);
  return r->file_bytes > 0 ? audio_declared_check(r->fd, r->name, error) : SCRIM_OK;
}

/* -1: the header of what comes through a pipe may leave the length open. */
static int64_t audio_known_frames(const scrim_audio_reader *r) {
  const int64_t frame_bytes = audio_format_encoding(r->sf.format)->stream_bytes * r->sf.channels;
  if (r->file_bytes < 0 && (frame_bytes == 0 || r->sf.frames >= frames_open_bytes / frame_bytes)) return -1;
  return r->sf.frames;
}

scrim_status scrim_audio_reader_open(scrim_audio_reader **out, const char *path, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_reader_open: out is NULL");
  *out = NULL;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_reader_open: path is NULL");
  scrim_audio_reader *r = memory_zalloc(1, sizeof *r);
  if (r == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory to read '%s'", path_shown(path));
  r->is_stdin = strcmp(path, "-") == 0;
  const char *name = r->is_stdin ? "stdin" : path_shown(path);
  memcpy(r->name, name, strlen(name) + 1);
  scrim_status status = audio_open_descriptor(r, path, error);
  if (status == SCRIM_OK) status = audio_library_open(&r->file, &r->sf, SFM_READ, r->fd, NULL, NULL, r->name, error);
  if (status == SCRIM_OK) status = audio_format_describe(&r->info, &r->sf, r->name, error);
  if (status == SCRIM_OK) {
    r->info.frames = audio_known_frames(r);
    *out = r;
  } else {
    scrim_audio_reader_close(r);
  }
  return status;
}

void scrim_audio_reader_close(scrim_audio_reader *reader) {
  if (reader == NULL) return;
  if (reader->file != NULL) sf_close(reader->file);
  if (reader->fd >= 0 && !reader->is_stdin) close(reader->fd);
  memory_free(reader);
}

const scrim_audio_info *scrim_audio_reader_info(const scrim_audio_reader *reader) {
  return &reader->info;
}

/* Nothing more can be decoded: that is the end only if everything that was promised has come. */
static scrim_status audio_check_end(const scrim_audio_reader *r, scrim_error *error) {
  char more;
  if (r->info.frames >= 0 && r->frames != r->info.frames)
    return fail_row(error, SCRIM_E_FORMAT, r->frames, "'%s' is cut: it ends after %" PRId64 " of %" PRId64 " frames",
                    r->name, r->frames, r->info.frames);
  if (r->frames == 0) return fail(error, SCRIM_E_DATA, "'%s' holds no frame", r->name);
  /* A length that is open stands for at most 4 GiB; libsndfile stops there. */
  if (r->info.frames < 0 && read(r->fd, &more, 1) == 1)
    return fail_row(error, SCRIM_E_FORMAT, r->frames, "'%s' goes on after the %" PRId64 " frames that wav can count",
                    r->name, r->frames);
  return SCRIM_OK;
}

scrim_status scrim_audio_reader_read(scrim_audio_reader *reader, float *data, size_t capacity, size_t *frames,
                                     scrim_error *error) {
  if (frames == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_reader_read: frames is NULL");
  *frames = 0;
  if (reader == NULL || data == NULL || capacity == 0)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_reader_read: no reader, or no room for a frame");
  const sf_count_t got = sf_readf_float(reader->file, data, (sf_count_t)capacity);
  if (sf_error(reader->file) != SF_ERR_NO_ERROR)
    return fail_row(error, SCRIM_E_FORMAT, reader->frames, "'%s' is broken after frame %" PRId64 ": %s", reader->name,
                    reader->frames, sf_strerror(reader->file));
  if (got <= 0) return audio_check_end(reader, error);
  reader->frames += got;
  *frames = (size_t)got;
  return SCRIM_OK;
}
