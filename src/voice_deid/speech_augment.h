/*
 * Crops of training speech as they might have been recorded elsewhere: at another speed (another speaker, to an
 * encoder), in a room, through another channel, with noise, coarsely quantised, at another level.
 */
#ifndef VOICE_DEID_SPEECH_AUGMENT_H
#define VOICE_DEID_SPEECH_AUGMENT_H

#include "core/random.h"
#include "voice_deid/speech_corpus.h"

enum { SPEECH_SPEEDS = 3 }; /* 1, 0.9 and 1.1 */

typedef struct speech_augment speech_augment;
/*
 * Of crops of n samples; `corpus` is borrowed. The noise in it is drawn from the stream in which `r` stands. `share`:
 * of the usual part of all crops, what part each kind of change befalls, 0 to 1.
 */
scrim_status speech_augment_create(speech_augment **out, const speech_corpus *corpus, size_t n, double share,
                                   random_source *r, scrim_error *error);
void speech_augment_free(speech_augment *a); /* NULL is fine */

/* A crop [n] of a speaker at a speed 0..SPEECH_SPEEDS-1, all of it drawn from `r`. */
scrim_status speech_augment_crop(speech_augment *a, size_t speaker, size_t speed, random_source *r, float *out,
                                 scrim_error *error);
/* n samples of a speaker, as recorded, from `start` on in all that he says, round the end. */
void speech_clean_crop(const speech_corpus *corpus, size_t speaker, size_t start, float *out, size_t n);

#endif
