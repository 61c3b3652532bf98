/*
 * What else a user would pick to hide a voice, for comparison in the same audit:
 *
 *     mcadams 0.8     formants moved by McAdams' coefficient, fixed: poles at angle phi go to phi^0.8
 *     mcadams random  the same with a coefficient of U[0.5, 0.9] for each utterance (baseline B2 of the VoicePrivacy
 *                     challenges: 20 ms frames every 10 ms, order 20)
 *     room            a plain simulated room, another for each utterance: T60 of 0.2 to 0.5 s, 3 to 8 dB direct to
 *                     reverberant
 *
 * All keep the length, the time of the direct sound and the peak.
 */
#ifndef VOICE_DEID_VOICE_BASELINE_H
#define VOICE_DEID_VOICE_BASELINE_H

#include "core/random.h"

typedef struct voice_baseline {
  const char *name;
  /* x [n] -> y [n], 16 kHz, apart from each other; `random` stands in a stream of the utterance's own. */
  scrim_status (*apply)(const float *x, size_t n, random_source *random, float *y, scrim_error *error);
} voice_baseline;

extern const voice_baseline voice_baselines[]; /* the last has no name */

#endif
