/*
 * Global linkability D_sys after Gomez-Barrero et al., "General framework to evaluate unlinkability in biometric
 * template protection systems" (IEEE TIFS 13(6), 2018): 0 where the scores of mated trials are distributed as those of
 * others, 1 where the two never meet. Priors are equal; densities are histograms of min(mated / 10, 100) bins over
 * the range of the scores, as in the VoicePrivacy challenges.
 */
#ifndef VOICE_DEID_LINKABILITY_H
#define VOICE_DEID_LINKABILITY_H

#include "voice_deid/verification.h"

/* Not-a-number with fewer than 20 mated trials, which make no two bins. Errors as in verification_check. */
scrim_status linkability(double *d_sys, const verification_trials *t, scrim_error *error);

#endif
