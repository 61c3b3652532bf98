/*
 * Real Fourier transforms of one length, by FFTW. A plan is immutable and shared by threads; transforms are unscaled.
 * Signals and spectra are aligned to 16 bytes, as FFTW's vector code wants them; memory_alloc gives such.
 */
#ifndef TENSOR_FOURIER_H
#define TENSOR_FOURIER_H

#include <stddef.h>

typedef float fourier_bin[2]; /* real and imaginary part */

typedef struct fourier fourier;
fourier *fourier_create(int length); /* NULL when out of memory */
void fourier_free(fourier *f);       /* NULL is fine */
int fourier_bins(const fourier *f);  /* length / 2 + 1 */

/* x [length] -> spectrum [bins]; x stays as it is. */
void fourier_forward(const fourier *f, const float *x, fourier_bin *spectrum);
/* spectrum [bins] -> x [length], times the length; the spectrum becomes scratch. */
void fourier_inverse(const fourier *f, fourier_bin *spectrum, float *x);

/* Smallest 2^a 3^b 5^c of at least n: the lengths that FFTW does well. */
int fourier_good_length(int n);

#endif
