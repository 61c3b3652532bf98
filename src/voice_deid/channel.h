/*
 * How an encoder may come to hear a recording: a cut of it, through some microphone, line or codec, with noise. Drawn
 * anew at every step, so that what fools encoders does not hang on any of it.
 */
#ifndef VOICE_DEID_CHANNEL_H
#define VOICE_DEID_CHANNEL_H

#include "tensor/tensor.h"

enum { CHANNEL_MOST = 128 };

typedef struct channel_settings {
  double spread; /* dB, standard deviation of the channel's gain; 0: none */
  double noise;  /* dB that white noise lies below the sound at the loudest; it is up to 20 dB softer. 0: none */
  int cut;       /* samples; 0, or more than there are: all */
} channel_settings;

typedef struct channel channel; /* tables and scratch; one thread at a time */
scrim_status channel_create(channel **out, scrim_error *error);
void channel_free(channel *c); /* NULL is fine */

/*
 * sound [1, n], 16 kHz -> [1, m]. `slot`, below CHANNEL_MOST: each draw of a pass has another. The tape has a source of
 * randomness; the draw itself comes from `random`.
 */
tensor *channel_pass(channel *c, tape *t, int slot, tensor *sound, const channel_settings *settings,
                     random_source *random);

#endif
