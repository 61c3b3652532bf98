/* Closed form: the smallest eigenvalue, then its eigenvector; where it is nearly double, the largest first. */
#include "pointcloud_defense/plane.h"

#include <math.h>
#include <string.h>

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double a[3], const double b[3], double out[3]) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

static void scale(double v[3], double factor) {
  for (int i = 0; i < 3; i++) v[i] *= factor;
}

/* c times v. */
static void multiply(const double c[6], const double v[3], double out[3]) {
  out[0] = c[0] * v[0] + c[1] * v[1] + c[2] * v[2];
  out[1] = c[1] * v[0] + c[3] * v[1] + c[4] * v[2];
  out[2] = c[2] * v[0] + c[4] * v[1] + c[5] * v[2];
}

/*
 * The unit vector that c - value is blind to, for a simple eigenvalue. The adjugate of c - value is v v^T times a
 * number: its column with the longest diagonal element is v times a number that is not small.
 */
static void eigenvector(const double c[6], double value, double out[3]) {
  const double xx = c[0] - value, yy = c[3] - value, zz = c[5] - value;
  const double xy = c[2] * c[4] - c[1] * zz, xz = c[1] * c[4] - c[2] * yy, yz = c[1] * c[2] - c[4] * xx;
  const double column[3][3] = {
      {yy * zz - c[4] * c[4], xy, xz}, {xy, xx * zz - c[2] * c[2], yz}, {xz, yz, xx * yy - c[1] * c[1]}};
  const double x = fabs(column[0][0]), y = fabs(column[1][1]), z = fabs(column[2][2]);
  const int longest = x > y ? (x > z ? 0 : 2) : (y > z ? 1 : 2);
  memcpy(out, column[longest], sizeof column[longest]);
  scale(out, 1 / sqrt(dot(out, out)));
}

/* A unit vector across v. */
static void across(const double v[3], double out[3]) {
  const double x = fabs(v[0]), y = fabs(v[1]), z = fabs(v[2]);
  const double axis[3] = {x <= y && x <= z, y < x && y <= z, z < x && z < y};
  cross(v, axis, out);
  scale(out, 1 / sqrt(dot(out, out)));
}

/* Differences of eigenvalues below this share of the largest are what rounding makes of equal ones. */
static const double equal_share = 1e-12;

/* Across `along`, the direction of least variance: an eigenproblem of 2 x 2. */
static int normal_across(const double c[6], const double along[3], double normal[3]) {
  double u[3], w[3], cu[3], cw[3];
  across(along, u);
  cross(along, u, w);
  multiply(c, u, cu);
  multiply(c, w, cw);
  const double half = (dot(u, cu) - dot(w, cw)) / 2, mixed = dot(u, cw), spread = sqrt(half * half + mixed * mixed);
  memcpy(normal, u, sizeof u);
  if (spread <= equal_share) return 0;
  const double x = half > 0 ? -mixed : spread - half, y = half > 0 ? half + spread : -mixed;
  for (int i = 0; i < 3; i++) normal[i] = x * u[i] + y * w[i];
  scale(normal, 1 / sqrt(dot(normal, normal)));
  return 1;
}

/*
 * The root t in [cos(pi / 6), 1] of 4 t^3 - 3 t = r, for r in [0, 1]: the cosine of a third of the angle whose cosine
 * is r. From the chord, which is off by 0.006 at most, each step squares the error: three reach the last bit.
 */
static double cosine_of_third(double r) {
  double t = 0.86602540378443865 + 0.13397459621556135 * r;
  for (int i = 0; i < 3; i++) t -= ((4 * t * t - 3) * t - r) / (12 * t * t - 3);
  return t;
}

static double larger(double a, double b) {
  return a > b ? a : b;
}

int plane_normal(const double covariance[6], double normal[3], double along[3]) {
  const double largest = larger(covariance[0], larger(covariance[3], covariance[5]));
  double c[6];
  memset(along, 0, 3 * sizeof *along);
  memcpy(normal, (const double[3]){0, 0, 1}, 3 * sizeof *normal);
  if (!(largest > 0)) return 0;
  for (int i = 0; i < 6; i++) c[i] = covariance[i] / largest;

  /* Eigenvalues are mean + 2 radius cos(angle + 2 pi i / 3), where cos(3 angle) = q / radius^3. */
  const double mean = (c[0] + c[3] + c[5]) / 3;
  const double a = c[0] - mean, d = c[3] - mean, f = c[5] - mean;
  const double off = c[1] * c[1] + c[2] * c[2] + c[4] * c[4];
  const double radius = sqrt((a * a + d * d + f * f + 2 * off) / 6);
  if (radius <= equal_share) return 0;
  const double q = (a * (d * f - c[4] * c[4]) - c[1] * (c[1] * f - c[4] * c[2]) + c[2] * (c[1] * c[4] - d * c[2])) / 2;
  const double r = fabs(q) / (radius * radius * radius);
  const double cosine = cosine_of_third(r < 1 ? r : 1), sine = sqrt(1 - cosine * cosine);
  if (q > 0 && !(sine > 0.01)) { /* the largest stands apart, and the others are too close to be told apart from here */
    eigenvector(c, mean + 2 * radius * cosine, along);
    return normal_across(c, along, normal);
  }
  eigenvector(c, mean - radius * (q > 0 ? cosine + 1.7320508075688773 * sine : 2 * cosine), normal);
  return 1;
}

/* The normal that puts `offset` farthest from the plane: what of it lies across `along`. */
static void open_normal(const double offset[3], const double along[3], double normal[3]) {
  double rest[3];
  const double part = dot(offset, along);
  for (int i = 0; i < 3; i++) rest[i] = offset[i] - part * along[i];
  const double length = sqrt(dot(rest, rest));
  if (!(length > 1e-9 * sqrt(dot(offset, offset)))) return; /* on the line, but for rounding: any normal does */
  for (int i = 0; i < 3; i++) normal[i] = rest[i] / length;
}

/* Sums of products about the mean of the neighbours. Answers in `offset` the way from there to the point. */
static void covariance(const float point[3], const float *xyz, size_t stride, const uint32_t *index, size_t count,
                       double c[6], double offset[3]) {
  /* From one of them, so that nothing is lost far from the origin: differences of floats are exact in double. */
  const float *origin = xyz + index[0] * stride;
  const double x0 = origin[0], y0 = origin[1], z0 = origin[2];
  double sum[3] = {0};
  for (size_t i = 1; i < count; i++) {
    const float *at = xyz + index[i] * stride;
    const double x = at[0] - x0, y = at[1] - y0, z = at[2] - z0;
    sum[0] += x, sum[1] += y, sum[2] += z;
    c[0] += x * x, c[1] += x * y, c[2] += x * z;
    c[3] += y * y, c[4] += y * z, c[5] += z * z;
  }
  const double mean[3] = {sum[0] / (double)count, sum[1] / (double)count, sum[2] / (double)count};
  c[0] -= sum[0] * mean[0], c[1] -= sum[0] * mean[1], c[2] -= sum[0] * mean[2];
  c[3] -= sum[1] * mean[1], c[4] -= sum[1] * mean[2], c[5] -= sum[2] * mean[2];
  offset[0] = point[0] - x0 - mean[0];
  offset[1] = point[1] - y0 - mean[1];
  offset[2] = point[2] - z0 - mean[2];
}

double plane_fit(const float point[3], const float *xyz, size_t stride, const uint32_t *index, size_t count,
                 best_plane *out) {
  double c[6] = {0}, along[3], offset[3] = {0};
  if (count > 0) covariance(point, xyz, stride, index, count, c, offset);
  for (int i = 0; i < 3; i++) out->centre[i] = point[i] - offset[i];
  if (!plane_normal(c, out->normal, along)) open_normal(offset, along, out->normal);
  return dot(offset, out->normal);
}

void plane_project(const best_plane *p, double distance, const float point[3], float to[3]) {
  for (int i = 0; i < 3; i++) to[i] = (float)(point[i] - distance * p->normal[i]);
}
