/*
 * Mel-cepstral distortion in dB, the field's measure of how much the sound of speech has changed:
 *
 *     MCD = 10 / ln 10 * sqrt(2 * sum over m = 1..13 of (c[m] - c'[m])^2), mean over frames
 *     c[m] = 2 / 40 * sum over b = 0..39 of ln A[b] cos(pi m (b + 1/2) / 40)
 *
 * A are amplitudes in 40 mel bands of 0 to 8000 Hz (Hann windows of 25 ms every 10 ms, 512 points), the square roots of
 * energies. So the MCD is the root mean square difference of the two smoothed spectra in dB, with levels apart: c[0] is
 * left out. All frames count, silent ones too, and frames are not warped in time, for both signals are equally long.
 */
#ifndef VOICE_DEID_CEPSTRAL_DISTORTION_H
#define VOICE_DEID_CEPSTRAL_DISTORTION_H

#include <scrim/status.h>
#include <stddef.h>

/* a, b [n] at 16 kHz. SCRIM_E_DATA: shorter than a window. SCRIM_E_MEMORY. */
scrim_status cepstral_distortion(double *mcd, const float *a, const float *b, size_t n, scrim_error *error);

#endif
