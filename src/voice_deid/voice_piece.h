/*
 * One piece of an item: brought to 16 kHz, perturbed, and what is to be added to it at its own rate.
 *
 *     difference = up(16 kHz channel through the response - 16 kHz channel)
 *
 * so that lengths are exact, nothing is delayed, and what lies above 8 kHz passes. The difference fades to nothing at
 * digital silence, and where the sum would leave full scale it is made smaller.
 */
#ifndef VOICE_DEID_VOICE_PIECE_H
#define VOICE_DEID_VOICE_PIECE_H

#include "voice_deid/perturb.h"

/* Brings x [n] to the loudness that encoders hear all speech at. */
void voice_level(float *x, size_t n);

typedef struct voice_piece voice_piece; /* scratch; one thread at a time */
/* Encoders are borrowed. */
scrim_status voice_piece_create(voice_piece **out, const speaker_encoder *const *encoders, int n_encoders,
                                const perturb_settings *settings, scrim_error *error);
void voice_piece_free(voice_piece *p); /* wipes; NULL is fine */
perturb *voice_piece_perturb(const voice_piece *p);

/*
 * in [frames, channels], borrowed until voice_piece_change. *is_silent 1: all zeros, nothing more to do. With `deaf` 1
 * encoders do not hear it, and it can be changed without steps only.
 */
scrim_status voice_piece_listen(voice_piece *p, const float *in, size_t frames, size_t channels, double rate, int deaf,
                                int *is_silent, scrim_error *error);
/* The piece's speech as encoders hear it, 16 kHz: channels together, of fixed loudness. */
const float *voice_piece_speech(const voice_piece *p, size_t *n);

typedef struct voice_piece_result {
  perturb_result perturb;
  double limited; /* share of frames whose difference was made smaller to stay within full scale */
} voice_piece_result;

/*
 * difference [frames, channels]. early [n_early]: of a room, after the direct path, which is 1 and left out; NULL and
 * 0: none. The rest as for perturb_run.
 */
scrim_status voice_piece_change(voice_piece *p, const float *early, size_t n_early, const float *const *targets,
                                int steps, random_source *random, float *difference, voice_piece_result *result,
                                scrim_error *error);

#endif
