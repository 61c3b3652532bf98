#include "cloud_rows.h"
#include <string.h>

int cloud_rows_intensity(const scrim_points *points) {
  static const char *const names[] = {"intensity", "reflectivity", "reflectance"};
  int field = -1;
  for (size_t i = 0; i < sizeof names / sizeof *names && field < 0; i++) field = scrim_points_find(points, names[i]);
  return field;
}

void cloud_rows_get(const scrim_points *points, int field, float *scratch, float *rows) {
  const size_t n = scrim_points_get_info(points)->n;
  if (field < 0) {
    scrim_points_get_xyz(points, rows);
    return;
  }
  scrim_points_get_xyz(points, scratch);
  for (size_t i = 0; i < n; i++) memcpy(rows + 4 * i, scratch + 3 * i, 3 * sizeof *rows);
  scrim_points_get_values(points, (size_t)field, scratch);
  for (size_t i = 0; i < n; i++) rows[4 * i + 3] = scratch[i];
}
