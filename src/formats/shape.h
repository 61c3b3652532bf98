/* From the shape of an array to the rows and columns of a table. */
#ifndef FORMATS_SHAPE_H
#define FORMATS_SHAPE_H

#include <scrim/table.h>

enum { SHAPE_COLUMNS_MAX = 1 << 24 }; /* numbers a row */

/*
 * Fills rows and columns of *info from its rank and shape, so that rows * columns * 8 fits in 63 bits. A shape that
 * makes no table is answered with `blame`, and `name` says whose it is.
 */
scrim_status shape_count(scrim_table_info *info, scrim_status blame, const char *name, scrim_error *error);

#endif
