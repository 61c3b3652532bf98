/*
 * Short-time objective intelligibility: Taal, Hendriks, Heusdens, Jensen, "An algorithm for intelligibility prediction
 * of time-frequency weighted noisy speech" (IEEE TASLP 19(7), 2011). Near 1: as intelligible as the clean speech.
 *
 * At 10 kHz, windows of 256 samples every 128; those more than 40 dB below the loudest clean one are left out of both
 * signals. 15 third-octave bands from 150 Hz; in each stretch of 30 windows (384 ms) and each band, the envelope of the
 * processed speech is scaled to the energy of the clean one, clipped at 15 dB of distortion, and correlated with it.
 */
#ifndef VOICE_DEID_STOI_H
#define VOICE_DEID_STOI_H

#include <scrim/status.h>
#include <stddef.h>

/* clean, processed [n] at `rate` Hz. SCRIM_E_DATA: fewer than 30 windows are not silent. SCRIM_E_MEMORY. */
scrim_status stoi(double *out, const float *clean, const float *processed, size_t n, double rate, scrim_error *error);

#endif
