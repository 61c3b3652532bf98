/* Removal attempts that are gains on short spectra. As apply in attack_removal.h. */
#ifndef VOICE_DEID_ATTACK_REMOVAL_SPECTRUM_H
#define VOICE_DEID_ATTACK_REMOVAL_SPECTRUM_H

#include "voice_deid/attack_removal.h"

scrim_status attack_removal_inverse(const float *x, size_t n, const double *clean, float *y, scrim_error *error);
scrim_status attack_removal_local_inverse(const float *x, size_t n, const double *clean, float *y, scrim_error *error);
scrim_status attack_removal_dereverberate(const float *x, size_t n, const double *clean, float *y, scrim_error *error);
scrim_status attack_removal_denoise(const float *x, size_t n, const double *clean, float *y, scrim_error *error);

#endif
