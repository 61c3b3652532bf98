/*
 * The eigenproblem of a best-fit plane, in closed form and without a branch, so that sixteen can be solved side by
 * side; on a device, in the same bits, one a thread.
 */
#ifndef TENSOR_PLANE_SOLVE_H
#define TENSOR_PLANE_SOLVE_H

#include "tensor/vector_math.h"

/* Of a covariance [xx, xy, xz, yy, yz, zz] whose largest diagonal element is 1. */
typedef struct plane_solution {
  double normal[3];           /* eigenvector of the smallest eigenvalue, of length 1 */
  double along[3];            /* of the eigenvalue that stands apart from the other two: the largest or the smallest */
  double least, middle, most; /* eigenvalues */
  double is_equal, is_open; /* 1: all eigenvalues are equal; the smallest two are, and any normal across `along` fits */
} plane_solution;

/* Differences of eigenvalues below this share of the largest are what rounding makes of equal ones. */
static const double plane_equal_share = 1e-12;

/* condition ? yes : no, with both worked out. */
VECTOR_INLINE double plane_choose(int condition, double yes, double no) {
  const uint64_t mask = 0 - (uint64_t)condition;
  uint64_t a, b;
  double chosen;
  memcpy(&a, &yes, sizeof a);
  memcpy(&b, &no, sizeof b);
  a = (a & mask) | (b & ~mask);
  memcpy(&chosen, &a, sizeof chosen);
  return chosen;
}

/*
 * The root t in [cos(pi / 6), 1] of 4 t^3 - 3 t = r, for r in [0, 1]: the cosine of a third of the angle whose cosine
 * is r. From the chord, which is off by 0.006 at most, each step squares the error: three reach the last bit.
 */
VECTOR_INLINE double plane_cosine_of_third(double r) {
  double t = 0.86602540378443865 + 0.13397459621556135 * r;
  t -= ((4 * t * t - 3) * t - r) / (12 * t * t - 3);
  t -= ((4 * t * t - 3) * t - r) / (12 * t * t - 3);
  t -= ((4 * t * t - 3) * t - r) / (12 * t * t - 3);
  return t;
}

/* A unit vector across v: v and the axis that it is farthest from, crossed. */
VECTOR_INLINE void plane_across(const double v[3], double u[3]) {
  const double x = fabs(v[0]), y = fabs(v[1]), z = fabs(v[2]);
  const double is_x = plane_choose(x <= y, plane_choose(x <= z, 1, 0), 0);
  const double is_z = plane_choose(z < x, plane_choose(z < y, 1, 0), 0), is_y = 1 - is_x - is_z;
  const double a = v[1] * is_z - v[2] * is_y, b = v[2] * is_x - v[0] * is_z, c = v[0] * is_y - v[1] * is_x;
  const double scale = 1 / sqrt(a * a + b * b + c * c);
  u[0] = a * scale, u[1] = b * scale, u[2] = c * scale;
}

/*
 * The unit vector that the matrix less a simple eigenvalue is blind to. The adjugate of that is v v^T times a number:
 * its column with the longest diagonal element is v times a number that is not small.
 */
VECTOR_INLINE void plane_eigenvector(const double m[6], double value, double v[3]) {
  const double x = m[0] - value, y = m[3] - value, z = m[5] - value;
  const double xx = y * z - m[4] * m[4], yy = x * z - m[2] * m[2], zz = x * y - m[1] * m[1];
  const double xy = m[2] * m[4] - m[1] * z, xz = m[1] * m[4] - m[2] * y, yz = m[1] * m[2] - m[4] * x;
  const double ax = fabs(xx), ay = fabs(yy), az = fabs(zz);
  const double a = plane_choose(ax > ay, plane_choose(ax > az, xx, xz), plane_choose(ay > az, xy, xz));
  const double b = plane_choose(ax > ay, plane_choose(ax > az, xy, yz), plane_choose(ay > az, yy, yz));
  const double c = plane_choose(ax > ay, plane_choose(ax > az, xz, zz), plane_choose(ay > az, yz, zz));
  const double scale = 1 / sqrt(a * a + b * b + c * c);
  v[0] = a * scale, v[1] = b * scale, v[2] = c * scale;
}

/* u^T m w */
VECTOR_INLINE double plane_form(const double m[6], const double u[3], const double w[3]) {
  return u[0] * (m[0] * w[0] + m[1] * w[1] + m[2] * w[2]) + u[1] * (m[1] * w[0] + m[3] * w[1] + m[4] * w[2]) +
         u[2] * (m[2] * w[0] + m[4] * w[1] + m[5] * w[2]);
}

/*
 * Eigenvalues are mean + 2 radius cos(angle + 2 pi i / 3), where cos(3 angle) = q / radius^3: with q above 0 the
 * largest stands apart, else the smallest, and by no less than the distance between the other two. So its eigenvector
 * is always well determined, and what is left is a problem of 2 x 2 across it.
 */
VECTOR_INLINE plane_solution plane_solve(const double m[6]) {
  const double mean = (m[0] + m[3] + m[5]) / 3, a = m[0] - mean, d = m[3] - mean, f = m[5] - mean;
  const double off = m[1] * m[1] + m[2] * m[2] + m[4] * m[4];
  const double radius = sqrt((a * a + d * d + f * f + 2 * off) / 6);
  const double q = (a * (d * f - m[4] * m[4]) - m[1] * (m[1] * f - m[4] * m[2]) + m[2] * (m[1] * m[4] - d * m[2])) / 2;
  const double ratio = fabs(q) / (radius * radius * radius);
  const double cosine = plane_cosine_of_third(plane_choose(ratio < 1, ratio, 1));
  const double apart = mean + plane_choose(q > 0, 2, -2) * radius * cosine;
  double v[3], u[3];
  plane_eigenvector(m, apart, v);
  plane_across(v, u);
  const double w[3] = {v[1] * u[2] - v[2] * u[1], v[2] * u[0] - v[0] * u[2], v[0] * u[1] - v[1] * u[0]};
  const double uu = plane_form(m, u, u), ww = plane_form(m, w, w), mixed = plane_form(m, u, w);
  const double half = (uu - ww) / 2, spread = sqrt(half * half + mixed * mixed);
  const double low = (uu + ww) / 2 - spread, high = (uu + ww) / 2 + spread;
  const double x = plane_choose(half > 0, -mixed, spread - half), y = plane_choose(half > 0, half + spread, -mixed);
  const double n[3] = {x * u[0] + y * w[0], x * u[1] + y * w[1], x * u[2] + y * w[2]};
  const double scale = 1 / sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
  return (plane_solution){
      .normal = {plane_choose(q > 0, n[0] * scale, v[0]), plane_choose(q > 0, n[1] * scale, v[1]),
                 plane_choose(q > 0, n[2] * scale, v[2])},
      .along = {v[0], v[1], v[2]},
      .least = plane_choose(q > 0, low, apart),
      .middle = plane_choose(q > 0, high, low),
      .most = plane_choose(q > 0, apart, high),
      .is_equal = plane_choose(radius > plane_equal_share, 0, 1),
      .is_open = plane_choose(q > 0, plane_choose(spread > plane_equal_share, 0, 1), 0),
  };
}

#endif
