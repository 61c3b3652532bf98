/* Rows and columns of a shape. */
#include "formats/shape.h"
#include "core/error.h"
#include <inttypes.h>

scrim_status shape_count(scrim_table_info *info, scrim_status blame, const char *name, scrim_error *error) {
  if (info->rank < 1 || info->rank > SCRIM_TABLE_MAX_RANK)
    return fail(error, blame, "'%s' has %d dimensions, expected 1 to %d", name, info->rank, SCRIM_TABLE_MAX_RANK);
  int row_dimensions = info->rank == 1 ? 1 : info->rank - 1; /* a one-dimensional array has rows of one number */
  int64_t columns = info->rank == 1 ? 1 : info->shape[info->rank - 1], rows = 1;
  if (columns < 1 || columns > SHAPE_COLUMNS_MAX)
    return fail(error, blame, "'%s' has rows of %" PRId64 " numbers, expected 1 to %d", name, columns,
                SHAPE_COLUMNS_MAX);
  int64_t limit = INT64_MAX / columns / (int64_t)sizeof(double);
  for (int i = 0; i < row_dimensions; i++) {
    int64_t length = info->shape[i];
    if (length < 0 || (length > 0 && rows > limit / length))
      return fail(error, blame, "'%s': dimension %d of length %" PRId64 " is negative or makes the table too large",
                  name, i, length);
    rows *= length;
  }
  info->rows = rows;
  info->columns = (size_t)columns;
  return SCRIM_OK;
}
