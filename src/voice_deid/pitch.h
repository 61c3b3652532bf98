/* How high a voice is: what goes with a speaker embedding and is left alone by filters that change the envelope. */
#ifndef VOICE_DEID_PITCH_H
#define VOICE_DEID_PITCH_H

#include <scrim/status.h>
#include <stddef.h>

/* Median fundamental frequency in Hz of x [n], speech at 16 kHz; 0 if nothing is voiced. SCRIM_E_MEMORY. */
scrim_status pitch_median(const float *x, size_t n, double *hz, scrim_error *error);

/* Classes by pitch: up to 150 Hz, up to 210 Hz, above. What has no pitch is of the middle one. */
enum { PITCH_CLASSES = 3 };
int pitch_class(double hz);

#endif
