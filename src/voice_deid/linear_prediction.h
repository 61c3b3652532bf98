/* Linear prediction: a short frame as a residual through an all-pole filter 1 / (1 + a[1] z^-1 + ... ). */
#ifndef VOICE_DEID_LINEAR_PREDICTION_H
#define VOICE_DEID_LINEAR_PREDICTION_H

#include <stddef.h>

enum { PREDICTION_MOST = 64 };

/*
 * a [order + 1], a[0] = 1, of the frame x [n] by the autocorrelation method (Levinson and Durbin): the filter is
 * stable. 0 if the frame is silent; a is then 1, 0, 0, ...
 */
int prediction_find(const double *x, size_t n, int order, double *a);
/* x [n] -> residual [n]; before the frame there is silence. */
void prediction_residual(const double *x, size_t n, const double *a, int order, double *residual);
/* The other way. */
void prediction_synthesise(const double *residual, size_t n, const double *a, int order, double *x);

#endif
