/*
 * McAdams' coefficient moves formants: in each frame of 20 ms, complex poles of the linear prediction at angle phi go
 * to phi^coefficient, and the frame's own residual goes through the new filter.
 */
#ifndef VOICE_DEID_BASELINE_MCADAMS_H
#define VOICE_DEID_BASELINE_MCADAMS_H

#include <scrim/status.h>
#include <stddef.h>

/* x [n] at 16 kHz -> y [n], apart from x, of the same peak. A coefficient of 1 changes nothing. */
scrim_status baseline_mcadams(const float *x, size_t n, double coefficient, float *y, scrim_error *error);

#endif
