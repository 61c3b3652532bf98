/* Smooth distortions of space: by a lattice of Bernstein polynomials, and by radial basis functions. */
#include "pointcloud_defense/cloud_corruption.h"
#include <math.h>

static double either_way(attack_cloud *a, double most) {
  return most * (2 * random_uniform(a->random) - 1);
}

/* ---- free-form deformation (Sederberg and Parry 1986) ---- */

enum { HANDLES = 5 };

/* Bernstein's polynomials of degree 4 at t in 0..1. */
static void bernstein(double t, double weight[HANDLES]) {
  static const double choose[HANDLES] = {1, 4, 6, 4, 1};
  for (int i = 0; i < HANDLES; i++) weight[i] = choose[i] * pow(t, i) * pow(1 - t, HANDLES - 1 - i);
}

scrim_status cloud_corrupt_ffd(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                               scrim_error *error) {
  double shift[HANDLES][HANDLES][HANDLES][3];
  const double spacing = 2.0 / (HANDLES - 1); /* the lattice spans -1..1 */
  (void)label, (void)error;
  for (size_t i = 0; i < sizeof shift / sizeof(double); i++)
    (&shift[0][0][0][0])[i] = either_way(a, 0.1 * a->budget * spacing);
  for (size_t i = 0; i < n; i++) {
    double weight[3][HANDLES], move[3] = {0};
    for (size_t axis = 0; axis < 3; axis++) bernstein(fmin(fmax((clean[3 * i + axis] + 1) / 2, 0), 1), weight[axis]);
    for (int at = 0; at < HANDLES * HANDLES * HANDLES; at++) {
      const int x = at / (HANDLES * HANDLES), y = at / HANDLES % HANDLES, z = at % HANDLES;
      for (size_t axis = 0; axis < 3; axis++)
        move[axis] += weight[0][x] * weight[1][y] * weight[2][z] * shift[x][y][z][axis];
    }
    for (size_t axis = 0; axis < 3; axis++) out->xyz[3 * i + axis] = (float)(clean[3 * i + axis] + move[axis]);
  }
  out->n = n;
  return SCRIM_OK;
}

/* ---- radial basis functions: a shift that is given at some handles, and smooth between them ---- */

enum { CENTRES = 27 }; /* 3^3, at -1, 0 and 1 along each axis */

typedef double basis(double squared);

static double multiquadric(double squared) {
  return sqrt(squared + 1);
}

static double inverse_multiquadric(double squared) {
  return 1 / sqrt(squared + 1);
}

static double squared_to_centre(const double p[3], int centre) {
  const double off[3] = {p[0] - (centre / 9 - 1), p[1] - (centre / 3 % 3 - 1), p[2] - (centre % 3 - 1)};
  return off[0] * off[0] + off[1] * off[1] + off[2] * off[2];
}

static void swap_rows(double *a, double *b, int n) {
  for (int i = 0; i < n; i++) {
    const double kept = a[i];
    a[i] = b[i];
    b[i] = kept;
  }
}

/* Solves m [CENTRES, CENTRES + 3] for its last three columns, in place: Gauss, with the largest pivot of a column. */
static void solve(double m[CENTRES][CENTRES + 3]) {
  for (int i = 0; i < CENTRES; i++) {
    int pivot = i;
    for (int row = i + 1; row < CENTRES; row++)
      if (fabs(m[row][i]) > fabs(m[pivot][i])) pivot = row;
    if (pivot != i) swap_rows(m[i], m[pivot], CENTRES + 3);
    for (int column = CENTRES + 2; column >= i; column--) m[i][column] /= m[i][i];
    for (int row = 0; row < CENTRES; row++) {
      const double times = row == i ? 0 : m[row][i];
      for (int column = i; column < CENTRES + 3; column++) m[row][column] -= times * m[i][column];
    }
  }
}

/* Every handle goes budget * 0.025 at most along each axis. */
static void warp(attack_cloud *a, basis *f, const float *clean, size_t n, attack_cloud_points *out) {
  double m[CENTRES][CENTRES + 3];
  for (int i = 0; i < CENTRES; i++) {
    const double at[3] = {i / 9 - 1, i / 3 % 3 - 1, i % 3 - 1};
    for (int j = 0; j < CENTRES; j++) m[i][j] = f(squared_to_centre(at, j));
    for (int axis = 0; axis < 3; axis++) m[i][CENTRES + axis] = either_way(a, 0.025 * a->budget);
  }
  solve(m);
  for (size_t i = 0; i < n; i++) {
    const double at[3] = {clean[3 * i], clean[3 * i + 1], clean[3 * i + 2]};
    double to[3] = {at[0], at[1], at[2]};
    for (int j = 0; j < CENTRES; j++) {
      const double weight = f(squared_to_centre(at, j));
      for (int axis = 0; axis < 3; axis++) to[axis] += weight * m[j][CENTRES + axis];
    }
    for (size_t axis = 0; axis < 3; axis++) out->xyz[3 * i + axis] = (float)to[axis];
  }
  out->n = n;
}

scrim_status cloud_corrupt_rbf(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                               scrim_error *error) {
  (void)label, (void)error;
  warp(a, multiquadric, clean, n, out);
  return SCRIM_OK;
}

scrim_status cloud_corrupt_rbf_inverse(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                       attack_cloud_points *out, scrim_error *error) {
  (void)label, (void)error;
  warp(a, inverse_multiquadric, clean, n, out);
  return SCRIM_OK;
}
