/* Aberth, O., "Iteration methods for finding all zeros of a polynomial simultaneously" (Math. Comp. 27, 1973). */
#include "voice_deid/polynomial.h"
#include <math.h>

enum { MOST_ROUNDS = 200 };

/* p(z) / p'(z) by Horner's rule; 0 where p is. */
static double complex newton_step(const double *a, int degree, double complex z) {
  double complex value = 1, slope = 0;
  for (int i = 1; i <= degree; i++) {
    slope = slope * z + value;
    value = value * z + a[i];
  }
  if (value == 0) return 0;
  return slope == 0 ? 1e-3 : value / slope; /* off a flat place, in any direction */
}

/* Cauchy's bound on how far from 0 roots can be. */
static double root_bound(const double *a, int degree) {
  double largest = 0;
  for (int i = 1; i <= degree; i++) largest = fmax(largest, fabs(a[i]));
  return 1 + largest;
}

void polynomial_roots(const double *a, int degree, double complex *roots) {
  /* Starts on a circle, turned so that none is real: conjugate starts would stay conjugate. */
  const double radius = fmin(root_bound(a, degree), 1);
  for (int i = 0; i < degree; i++) roots[i] = radius * cexp(I * (6.283185307179586 * i / degree + 0.4));
  for (int round = 0; round < MOST_ROUNDS; round++) {
    double moved = 0;
    for (int i = 0; i < degree; i++) {
      const double complex newton = newton_step(a, degree, roots[i]);
      double complex others = 0;
      for (int j = 0; j < degree; j++)
        if (j != i && roots[j] != roots[i]) others += 1 / (roots[i] - roots[j]);
      const double complex step = newton / (1 - newton * others);
      roots[i] -= step;
      moved = fmax(moved, cabs(step));
    }
    if (moved < 1e-13) break;
  }
}

void polynomial_from_roots(const double complex *roots, int degree, double *a) {
  double complex product[POLYNOMIAL_MOST_ROOTS + 1] = {1};
  for (int i = 0; i < degree; i++)
    for (int j = i + 1; j > 0; j--) product[j] -= roots[i] * product[j - 1];
  for (int i = 0; i <= degree; i++) a[i] = creal(product[i]);
}
