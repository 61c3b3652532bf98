/*
 * Procedural objects: families of shapes put together from boxes, frusta, zones of spheres and arcs of tori, with
 * random proportions. They are nobody's property: default filters are trained on them and tests need no outside data.
 *
 * z is up. Points are drawn uniformly over the area of what can be seen from outside: what lies within another part is
 * drawn again.
 */
#ifndef POINTCLOUD_DEFENSE_SHAPES_H
#define POINTCLOUD_DEFENSE_SHAPES_H

#include "core/random.h"

/* A part about its own axis z, in a frame of its own. */
typedef enum shape_kind {
  SHAPE_BOX,     /* size: half the sides */
  SHAPE_FRUSTUM, /* size: radius at z = -size[2], radius at z = size[2], half the height */
  SHAPE_BALL,    /* size[0]: the radius; from z = size[1] to z = size[2] */
  SHAPE_TORUS    /* size: radius of the circle, radius of the tube, angle of the arc from x to y */
} shape_kind;

typedef struct shape_part {
  shape_kind kind;
  int is_open;       /* a sheet without an inside and, if a frustum, without lids */
  double size[3];    /* as above */
  double axis[3][3]; /* its x, y and z in the object's frame, of length 1 and at right angles */
  double centre[3];
} shape_part;

enum { SHAPE_MOST_PARTS = 24 };
typedef struct shape {
  int n;
  shape_part part[SHAPE_MOST_PARTS];
} shape;

/* ---- parts (shapes.c) ---- */

/* Adds a part upright at x, y, z; answers it, to be turned. */
shape_part *shape_add(shape *s, shape_kind kind, const double size[3], double x, double y, double z);
/* Its axis z comes to lie along another: 0 x, 1 y, 2 z. Right-handed. */
void shape_lay(shape_part *p, int along);
/* Turns it about the object's x (0), y (1) or z (2) axis, in its place. */
void shape_turn(shape_part *p, int about, double angle);

/* How far a point is from a part's surface; for closed parts negative inside. Exact on and near the surface. */
double shape_distance(const shape_part *p, const double at[3]);

/* ---- objects ---- */

/*
 * n points on the outer surface, into xyz [n, 3]: about their mean, and scaled so that the farthest is at 1. Before
 * that scaling they are at xyz * scale + centre: *scale and centre [3] may be NULL.
 */
void shape_sample(const shape *s, random_source *r, size_t n, float *xyz, double *scale, double *centre);

/* ---- families (shapes_families.c) ---- */

enum { SHAPE_FAMILIES = 20 };
const char *shape_family_name(int family);                 /* "table"; 0 <= family < SHAPE_FAMILIES */
void shape_make(shape *out, int family, random_source *r); /* proportions from the stream that r stands in */

/*
 * One object of a set: family = index mod SHAPE_FAMILIES, points as of shape_sample. The stream is named by seed and
 * index, so an object is the same in sets of any size.
 */
scrim_status shape_draw(random_source *r, uint64_t seed, uint64_t index, size_t n, float *xyz, scrim_error *error);

#endif
