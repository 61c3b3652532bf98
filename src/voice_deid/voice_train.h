/* What the trainings of a voice filter have in common. */
#ifndef VOICE_DEID_VOICE_TRAIN_H
#define VOICE_DEID_VOICE_TRAIN_H

#include "voice_deid/speaker_encoder.h"

/* Under the names that voice_model.c looks for. */
scrim_status voice_put_encoders(speaker_encoder *const *encoder, int n, tensorfile_writer *writer, scrim_error *error);

/* A file as encoders hear it: floats [*n] at 16 kHz, mono, of fixed loudness; freed with memory_wipe_free. */
scrim_status voice_read_clip(float **out, size_t *n, const char *path, scrim_error *error);

#endif
