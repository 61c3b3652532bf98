/* What an open reader of sound is made of: for audio_reader.c, which makes it, and for the writer. */
#ifndef FORMATS_AUDIO_PARTS_H
#define FORMATS_AUDIO_PARTS_H

#include "core/path.h"
#include "formats/audio_format.h"

struct scrim_audio_reader {
  SNDFILE *file;
  SF_INFO sf;
  scrim_audio_info info;
  int fd;
  int is_stdin;       /* 1: the descriptor is not ours to close */
  int64_t file_bytes; /* -1: a pipe */
  int64_t frames;     /* read so far */
  char name[PATH_SHOWN + 1];
};

/*
 * sf_open_fd of a copy of `fd`, which stays the caller's, or with `io` sf_open_virtual, and its error: libsndfile
 * keeps the error of an open that failed, and the state of its random numbers, in variables of the process, so that
 * opens take turns.
 */
scrim_status audio_library_open(SNDFILE **out, SF_INFO *sf, int mode, int fd, SF_VIRTUAL_IO *io, void *context,
                                const char *name, scrim_error *error);

/* What scrim_audio_writer_open does; `frames` -1: any number, `like` NULL: nothing to take after. */
scrim_status audio_writer_create(scrim_audio_writer **out, const char *path, const SF_INFO *sf, int64_t frames,
                                 const scrim_audio_reader *like, int keep_tags, scrim_error *error);

#endif
