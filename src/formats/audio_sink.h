/*
 * Where libsndfile's output goes: to a draft of a file, in large pieces, or to a stream, which takes it only in order.
 * libsndfile writes its header first, with no length in it, and comes back when it closes; on a stream the header is
 * held until audio_sink_start, which puts the length in, and what comes back later is dropped.
 */
#ifndef FORMATS_AUDIO_SINK_H
#define FORMATS_AUDIO_SINK_H

#include <scrim/status.h>
#include <sndfile.h>
#include <stddef.h>

typedef struct audio_sink audio_sink;

scrim_status audio_sink_open(audio_sink **out, const char *path, scrim_error *error);
/* Always frees. commit 1: everything to the disk and under its name, or an error and nothing. */
scrim_status audio_sink_close(audio_sink *sink, int commit, scrim_error *error);

int audio_sink_is_stream(const audio_sink *sink);
const char *audio_sink_name(const audio_sink *sink); /* for messages */
extern const SF_VIRTUAL_IO audio_sink_io;            /* its context is an audio_sink */

/*
 * The header is complete, and sound follows it: for streams before the first of it is written, which `bytes` is the
 * length of (-1: nobody knows), for files after that. Any more calls do nothing.
 */
scrim_status audio_sink_start(audio_sink *sink, int64_t bytes, scrim_error *error);
/* Streams: sends on what is held. */
void audio_sink_flush(audio_sink *sink);
/* libsndfile cannot pass an error on: the first one is kept here. */
scrim_status audio_sink_status(const audio_sink *sink, scrim_error *error);
/* Files: writes out what is held; a descriptor to read and write, or -1 with *error filled. close() it. */
int audio_sink_reopen(audio_sink *sink, scrim_error *error);

#endif
