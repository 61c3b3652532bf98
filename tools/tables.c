#include "tables.h"
#include "complain.h"
#include <stdlib.h>

scrim_status tables_read(scores_table *out, const char *path, size_t *columns, scrim_error *error) {
  scrim_status status = scrim_table_read(&out->table, path, SCRIM_FORMAT_AUTO, 0, error);
  if (status != SCRIM_OK) return status;
  out->rows = (size_t)out->table.info.rows;
  size_t found = out->table.info.columns;
  if (out->rows == 0) return complain_later(error, SCRIM_E_DATA, -1, "no rows");
  if (*columns == 0) *columns = found;
  if (found != *columns)
    return complain_later(error, SCRIM_E_DATA, -1, "%zu columns where %zu were expected", found, *columns);
  return SCRIM_OK;
}

scrim_status tables_read_labels(int32_t **out, const char *path, size_t rows, size_t classes, scrim_error *error) {
  scores_table read = {0};
  size_t columns = 1;
  scrim_status status = tables_read(&read, path, &columns, error);
  if (status == SCRIM_OK && read.rows != rows)
    status = complain_later(error, SCRIM_E_DATA, -1, "%zu labels for %zu rows", read.rows, rows);
  *out = status == SCRIM_OK ? calloc(rows, sizeof **out) : NULL;
  if (status == SCRIM_OK && !*out) status = complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  for (size_t i = 0; status == SCRIM_OK && i < rows; i++) {
    float label = read.table.data[i];
    if (label >= 0 && label < (float)classes && label == (float)(int32_t)label)
      (*out)[i] = (int32_t)label;
    else
      status = complain_later(error, SCRIM_E_DATA, (int64_t)i, "row %zu: %.9g is no class number (0 to %zu)", i,
                              (double)label, classes - 1);
  }
  scrim_table_free(&read.table);
  return status;
}
