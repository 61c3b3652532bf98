/* Polynomials with real coefficients and their roots. */
#ifndef VOICE_DEID_POLYNOMIAL_H
#define VOICE_DEID_POLYNOMIAL_H

#include <complex.h>

enum { POLYNOMIAL_MOST_ROOTS = 64 };

/*
 * All roots [degree] of z^degree + a[1] z^(degree-1) + ... + a[degree], a[0] being 1, by Aberth's method. They are
 * those of a polynomial within rounding of this one, as far as double goes; the caller knows what is near enough.
 */
void polynomial_roots(const double *a, int degree, double complex *roots);

/* The other way: a [degree + 1]. Roots come in conjugate pairs, or are real. */
void polynomial_from_roots(const double complex *roots, int degree, double *a);

#endif
