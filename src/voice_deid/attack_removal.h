/*
 * Attempts to remove from hidden speech what hides it, before an encoder hears it:
 *
 *     inverse filter   the mean spectrum becomes that of clean speech
 *     local inverse    the same with the mean of the second around: for responses that move
 *     dereverberation  late reverberation is estimated from what was heard 50 ms before, and subtracted
 *     denoise          Wiener's filter against the softest tenth of each band
 *     8 kHz            resampled down and up again
 *     mp3, vorbis      through a codec that leaves out what people do not hear
 */
#ifndef VOICE_DEID_ATTACK_REMOVAL_H
#define VOICE_DEID_ATTACK_REMOVAL_H

#include <scrim/status.h>
#include <stddef.h>

enum { REMOVAL_BINS = 257 };

/* Mean log power of the active windows of x [n] at 16 kHz; what attackers know of clean speech is a mean of such. */
scrim_status attack_removal_measure(const float *x, size_t n, double level[REMOVAL_BINS], scrim_error *error);

typedef struct attack_removal {
  const char *name;
  /* x [n] at 16 kHz -> y [n], apart from x; `clean`: of clean speech */
  scrim_status (*apply)(const float *x, size_t n, const double clean[REMOVAL_BINS], float *y, scrim_error *error);
} attack_removal;

extern const attack_removal attack_removals[]; /* the last has no name */

#endif
