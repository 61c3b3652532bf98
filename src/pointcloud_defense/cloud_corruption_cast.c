/*
 * What a sensor does not see: points are looked at through the cells of a window before an eye that stands outside the
 * object. Meshes would tell exactly what hides what; between points there is room, and a cell stands for the surface.
 */
#include "pointcloud_defense/cloud_corruption.h"
#include <math.h>
#include <string.h>

enum { SIDE_MOST = 48 };

/* An eye at 3 from the centre, which looks at it through side * side cells that the unit sphere just fills. */
typedef struct view {
  double right[3], up[3], back[3]; /* of length 1 and at right angles; the eye is at 3 * back */
  size_t side;
} view;

static const double EYE = 3, WINDOW = 0.35355339; /* tan asin 1/3 */

/* From anywhere around, above and below. */
static view draw_view(attack_cloud *a, size_t side) {
  const double azimuth = 6.283185307179586 * random_uniform(a->random);
  const double height = 2 * random_uniform(a->random) - 1, level = sqrt(1 - height * height);
  const double c = cos(azimuth), s = sin(azimuth);
  return (view){.right = {-s, c, 0},
                .up = {-c * height, -s * height, level},
                .back = {c * level, s * level, height},
                .side = side};
}

static double dot(const double a[3], const float *b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* The cell that a point is seen in, and how far along the line of sight. Points outside the sphere fall on the rim. */
static size_t cell_of(const view *v, const float *point, double *depth) {
  *depth = fmax(EYE - dot(v->back, point), 0.1);
  const double side = (double)v->side, scale = side / (2 * WINDOW * *depth);
  const double x = fmin(fmax(dot(v->right, point) * scale + side / 2, 0), side - 1);
  const double y = fmin(fmax(dot(v->up, point) * scale + side / 2, 0), side - 1);
  return (size_t)y * v->side + (size_t)x;
}

/* nearest [side * side]: the least depth in each cell; infinite where there is none. */
static void look(const view *v, const float *xyz, size_t n, double *nearest) {
  for (size_t i = 0; i < v->side * v->side; i++) nearest[i] = INFINITY;
  for (size_t i = 0; i < n; i++) {
    double depth;
    const size_t cell = cell_of(v, xyz + 3 * i, &depth);
    nearest[cell] = fmin(nearest[cell], depth);
  }
}

/* A cell holds four points of a surface that spans the window; a surface that leans has some depth within a cell. */
static const double LEAN = 0.2;

scrim_status cloud_corrupt_occlusion(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                     attack_cloud_points *out, scrim_error *error) {
  double nearest[SIDE_MOST * SIDE_MOST];
  uint8_t *seen = (uint8_t *)a->first;
  const size_t side = (size_t)fmin(fmax(sqrt((double)n) / 2, 2), SIDE_MOST), views = 6 - (size_t)a->budget;
  (void)label, (void)error;
  memset(seen, 0, n);
  for (size_t i = 0; i < views; i++) {
    const view v = draw_view(a, side);
    look(&v, clean, n, nearest);
    for (size_t j = 0; j < n; j++) {
      double depth;
      const size_t cell = cell_of(&v, clean + 3 * j, &depth);
      seen[j] |= depth <= nearest[cell] + LEAN;
    }
  }
  out->n = 0;
  for (size_t i = 0; i < n; i++)
    if (seen[i]) memcpy(out->xyz + 3 * out->n++, clean + 3 * i, 3 * sizeof *clean);
  return SCRIM_OK;
}

scrim_status cloud_corrupt_lidar(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                                 scrim_error *error) {
  static const size_t beams[] = {40, 36, 32, 28, 24};
  static const double range_noise = 0.01;
  double nearest[SIDE_MOST * SIDE_MOST];
  const view v = draw_view(a, beams[(size_t)a->budget - 1]);
  (void)label, (void)error;
  look(&v, clean, n, nearest);
  out->n = 0;
  for (size_t i = 0; i < n; i++) {
    double depth;
    const size_t cell = cell_of(&v, clean + 3 * i, &depth);
    if (depth > nearest[cell]) continue;
    nearest[cell] = -INFINITY; /* one return a beam */
    const double longer = range_noise * random_normal(a->random) / EYE;
    float *to = out->xyz + 3 * out->n++;
    for (size_t axis = 0; axis < 3; axis++) {
      const double eye = EYE * v.back[axis];
      to[axis] = (float)(eye + (clean[3 * i + axis] - eye) * (1 + longer));
    }
  }
  return SCRIM_OK;
}
