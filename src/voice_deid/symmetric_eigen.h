/* Eigenvalues and eigenvectors of symmetric matrices by Jacobi's rotations: exact, slow beyond a few hundred rows. */
#ifndef VOICE_DEID_SYMMETRIC_EIGEN_H
#define VOICE_DEID_SYMMETRIC_EIGEN_H

#include <stddef.h>

/*
 * a [n, n] symmetric -> value [n], falling, and vector [n, n], row i belonging to value i, of unit length. a becomes
 * scratch.
 */
void symmetric_eigen(double *a, size_t n, double *value, double *vector);

#endif
