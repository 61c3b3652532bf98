/* Who listens in an audit: the judge, or a speaker encoder. Immutable, shared by threads. */
#ifndef VOICE_DEID_VOICE_LISTENER_H
#define VOICE_DEID_VOICE_LISTENER_H

#include "voice_deid/judge.h"
#include "voice_deid/speaker_encoder.h"

typedef struct voice_listener {
  char name[64];
  size_t dim;
  judge *judge; /* one of the two, the other is NULL */
  const speaker_encoder *encoder;
  speaker_encoder *owned; /* the same, or NULL where it is somebody else's */
} voice_listener;

/* SCRIM_E_IO, SCRIM_E_FORMAT, SCRIM_E_MEMORY; then there is nothing to close. */
scrim_status voice_listener_open_judge(voice_listener *l, const char *path, scrim_error *error);
/* Named after the file, without folder and ending. */
scrim_status voice_listener_open_encoder(voice_listener *l, const char *path, scrim_error *error);
/* Encoder `index` of a filter, borrowed: "filter 0 (tdnn)". */
void voice_listener_borrow(voice_listener *l, const speaker_encoder *encoder, int index);
void voice_listener_close(voice_listener *l);

/* The embedding [l->dim], of unit length, of x [n] at 16 kHz. Resets the tape. */
scrim_status voice_listener_hear(const voice_listener *l, tape *t, const float *x, size_t n, float *out,
                                 scrim_error *error);

#endif
