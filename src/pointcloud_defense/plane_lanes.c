/*
 * The arithmetic is that of plane.c, operation by operation; only what stands between the operations is laid out for
 * vectors. Neighbourhoods that leave their normal open, or nearly, are few: plane.c does them.
 */
#include "pointcloud_defense/plane_lanes.h"

#include "pointcloud_defense/plane.h"
#include "tensor/plane_solve.h"

enum { LANES = NEIGHBOURS_LANES };

/* Coordinates of neighbour j of every point, the first of them first. */
typedef struct lane_points {
  float at[NEIGHBOURS_MAX][3][LANES];
} lane_points;

/* Lanes without a point hold zeros. */
static void gather(const float *xyz, const neighbours_block *b, lane_points *near) {
  if (b->n < LANES) memset(near, 0, b->count * sizeof *near->at);
  for (size_t lane = 0; lane < b->n; lane++)
    for (size_t j = 0; j < b->count; j++) {
      const float *from = xyz + 3 * (size_t)b->index[lane][j];
      near->at[j][0][lane] = from[0];
      near->at[j][1][lane] = from[1];
      near->at[j][2][lane] = from[2];
    }
}

/* Sums, and sums of products, of what the neighbours are off the first of them; half of the lanes at a time. */
typedef struct lane_sums {
  double x[LANES], y[LANES], z[LANES], xx[LANES], xy[LANES], xz[LANES], yy[LANES], yz[LANES], zz[LANES];
} lane_sums;

enum { HALF = LANES / 2 };

VECTOR_CLONES
static void add_up(const lane_points *near, size_t count, size_t from, lane_sums *out) {
  double s[9][HALF] = {{0}};
  for (size_t j = 1; j < count; j++)
    for (size_t i = 0; i < HALF; i++) {
      const double x = (double)near->at[j][0][from + i] - (double)near->at[0][0][from + i];
      const double y = (double)near->at[j][1][from + i] - (double)near->at[0][1][from + i];
      const double z = (double)near->at[j][2][from + i] - (double)near->at[0][2][from + i];
      s[0][i] += x, s[1][i] += y, s[2][i] += z;
      s[3][i] += x * x, s[4][i] += x * y, s[5][i] += x * z;
      s[6][i] += y * y, s[7][i] += y * z, s[8][i] += z * z;
    }
  memcpy(out->x + from, s[0], sizeof s[0]);
  memcpy(out->y + from, s[1], sizeof s[1]);
  memcpy(out->z + from, s[2], sizeof s[2]);
  memcpy(out->xx + from, s[3], sizeof s[3]);
  memcpy(out->xy + from, s[4], sizeof s[4]);
  memcpy(out->xz + from, s[5], sizeof s[5]);
  memcpy(out->yy + from, s[6], sizeof s[6]);
  memcpy(out->yz + from, s[7], sizeof s[7]);
  memcpy(out->zz + from, s[8], sizeof s[8]);
}

VECTOR_CLONES
static void solve(const lane_sums *c, const float point[3][LANES], const lane_points *near, double count,
                  plane_lanes *restrict p, double is_rare[restrict LANES]) {
  for (size_t i = 0; i < LANES; i++) {
    const double x = c->x[i] / count, y = c->y[i] / count, z = c->z[i] / count;
    const double xx = c->xx[i] - c->x[i] * x, xy = c->xy[i] - c->x[i] * y, xz = c->xz[i] - c->x[i] * z;
    const double yy = c->yy[i] - c->y[i] * y, yz = c->yz[i] - c->y[i] * z, zz = c->zz[i] - c->z[i] * z;
    const double larger = plane_choose(yy > zz, yy, zz), largest = plane_choose(xx > larger, xx, larger);
    const double unit = plane_choose(largest > 0, largest, 1);
    const double m[6] = {xx / unit, xy / unit, xz / unit, yy / unit, yz / unit, zz / unit};
    const plane_solution s = plane_solve(m);
    const double off_x = (double)point[0][i] - (double)near->at[0][0][i] - x;
    const double off_y = (double)point[1][i] - (double)near->at[0][1][i] - y;
    const double off_z = (double)point[2][i] - (double)near->at[0][2][i] - z;
    p->distance[i] = off_x * s.normal[0] + off_y * s.normal[1] + off_z * s.normal[2];
    p->offset[0][i] = off_x, p->offset[1][i] = off_y, p->offset[2][i] = off_z;
    p->normal[0][i] = s.normal[0], p->normal[1][i] = s.normal[1], p->normal[2][i] = s.normal[2];
    p->value[0][i] = unit * s.least, p->value[1][i] = unit * s.middle, p->value[2][i] = unit * s.most;
    is_rare[i] = plane_choose(largest > 0, s.is_equal + s.is_open, 1);
  }
}

/* Values that are not there are 0, so that nothing that is not a number gets out. */
static void solve_rare(const float *xyz, const neighbours_block *b, size_t i, plane_lanes *p) {
  best_plane plane;
  p->distance[i] = plane_fit(xyz + 3 * (size_t)b->point[i], xyz, 3, b->index[i], b->count, &plane);
  for (int axis = 0; axis < 3; axis++) {
    p->normal[axis][i] = plane.normal[axis];
    if (!isfinite(p->value[axis][i])) p->value[axis][i] = 0;
  }
}

void plane_fit_lanes(const float *xyz, const neighbours_block *b, plane_lanes *p) {
  float point[3][LANES] = {{0}};
  double is_rare[LANES];
  lane_points near;
  lane_sums sums;
  if (b->count == 0) {
    memset(p, 0, sizeof *p);
    return;
  }
  for (size_t lane = 0; lane < b->n; lane++)
    for (int axis = 0; axis < 3; axis++) point[axis][lane] = xyz[3 * (size_t)b->point[lane] + (size_t)axis];
  gather(xyz, b, &near);
  add_up(&near, b->count, 0, &sums);
  add_up(&near, b->count, HALF, &sums);
  solve(&sums, (const float(*)[LANES])point, &near, (double)b->count, p, is_rare);
  for (size_t i = 0; i < b->n; i++)
    if (is_rare[i] != 0) solve_rare(xyz, b, i, p);
}

void plane_project_lane(const plane_lanes *p, size_t i, const float point[3], float to[3]) {
  for (int axis = 0; axis < 3; axis++) to[axis] = (float)(point[axis] - p->distance[i] * p->normal[axis][i]);
}
