/* Pictures of points: a canvas of pixels with depth, and a PNG writer. */
#ifndef BENCH_LAB_PICTURE_H
#define BENCH_LAB_PICTURE_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lab_color {
  uint8_t r, g, b;
} lab_color;

typedef struct lab_picture {
  size_t width, height;
  lab_color *pixel; /* [height, width] */
  float *depth;     /* the same: of what is drawn there; the least wins */
} lab_picture;

/* White. Freed with lab_picture_free. */
scrim_status lab_picture_create(lab_picture *p, size_t width, size_t height, scrim_error *error);
void lab_picture_free(lab_picture *p);

/* A disc of `radius` pixels about x, y; what lies outside the picture is left out. */
void lab_picture_dot(lab_picture *p, double x, double y, double depth, double radius, lab_color color);

/* A color from blue over green to red for a value of 0 to 1. */
lab_color lab_picture_shade(double value);

scrim_status lab_picture_write(const lab_picture *p, const char *path, scrim_error *error);

#endif
