/* A frame's points as rows of floats, with the intensity where a filter looks at it. */
#ifndef TOOLS_CLOUD_ROWS_H
#define TOOLS_CLOUD_ROWS_H

#include <scrim.h>

/* The field `intensity`, `reflectivity` or `reflectance`; -1: the frame has none. */
int cloud_rows_intensity(const scrim_points *points);

/* rows [n, 3], or with a field [n, 4]: x, y, z and that. scratch [n, 3], for the latter only. */
void cloud_rows_get(const scrim_points *points, int field, float *scratch, float *rows);

#endif
