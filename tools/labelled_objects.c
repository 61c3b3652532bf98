#include "labelled_objects.h"
#include "complain.h"
#include "tables.h"
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MOST = 65536 };

scrim_status labelled_objects_read(labelled_objects *o, const char *objects, const char *labels, const char **at_fault,
                                   scrim_error *error) {
  const scrim_table_info *info = &o->table.info;
  *at_fault = objects;
  scrim_status status = scrim_table_read(&o->table, objects, SCRIM_FORMAT_AUTO, 0, error);
  if (status != SCRIM_OK) return status;
  const int fits = (info->rank == 3 && info->shape[2] == 3) || (info->rank == 2 && info->columns % 3 == 0);
  if (!fits || info->rows < 1 || info->shape[1] < 1)
    return complain_later(error, SCRIM_E_DATA, -1,
                          "no objects: the shape must be [objects, points, 3] or [objects, 3 * points]");
  o->view.xyz = o->table.data;
  o->view.n = (size_t)(info->rank == 3 ? info->shape[0] : info->rows);
  o->view.points = info->rank == 3 ? (size_t)info->shape[1] : info->columns / 3;
  *at_fault = labels;
  status = tables_read_labels(&o->labels, labels, o->view.n, CLASSES_MOST, error);
  o->view.labels = o->labels;
  return status;
}

void labelled_objects_free(labelled_objects *o) {
  scrim_table_free(&o->table);
  free(o->labels);
  *o = (labelled_objects){0};
}

void labelled_objects_thin(labelled_objects *o, uint64_t limit) {
  const size_t values = 3 * o->view.points, n = o->view.n;
  if (limit == 0 || limit >= n) return;
  for (size_t i = 0; i < limit; i++) {
    const size_t from = i * n / limit;
    memmove(o->table.data + values * i, o->table.data + values * from, values * sizeof(float));
    o->labels[i] = o->labels[from];
  }
  o->view.n = limit;
}
