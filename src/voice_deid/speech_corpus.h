/* Speech of many speakers in memory, mono at 16 kHz, as training wants it. */
#ifndef VOICE_DEID_SPEECH_CORPUS_H
#define VOICE_DEID_SPEECH_CORPUS_H

#include <scrim/progress.h>
#include <scrim/voice.h>
#include <stddef.h>
#include <stdint.h>

enum { SPEECH_MOST_ROOM = 9600 }; /* taps of a room that are kept: 0.6 s */

/* 16 bits a sample, as the recordings have it: half of what floats take. */
typedef struct speech_clip {
  int16_t *samples; /* [n] */
  size_t n;
} speech_clip;

typedef struct speech_corpus {
  size_t n_speakers, n_clips, n_rooms;
  const char **speaker; /* [n_speakers] ids, in the order of their first clips; the caller's strings */
  size_t *first;        /* [n_speakers + 1] clips first[s]..first[s + 1] - 1 are those of speaker s */
  speech_clip *clips;   /* [n_clips] */
  float **room;         /* [n_rooms] responses [SPEECH_MOST_ROOM], of unit energy */
} speech_corpus;

/*
 * Reads all files: channels are averaged, other rates resampled. SCRIM_E_DATA: no clip, or one without sound; errors
 * name the file. progress may be NULL.
 */
scrim_status speech_corpus_load(speech_corpus *out, const scrim_voice_corpus *files, scrim_progress_fn progress,
                                void *context, scrim_error *error);
void speech_corpus_free(speech_corpus *c); /* wipes; of a zeroed one: nothing */

/* Samples of all clips of a speaker. */
size_t speech_corpus_length(const speech_corpus *c, size_t speaker);

/*
 * A file as floats [*n] at 16 kHz, mono; freed with memory_wipe_free. SCRIM_E_DATA: nothing but zeros.
 */
scrim_status speech_read(float **out, size_t *n, const char *path, scrim_error *error);

#endif
