/* Ouster's metadata. */
#include "formats/ouster_metadata.h"
#include "core/error.h"
#include "core/path.h"
#include "core/whole_file.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { METADATA_MAX = 1 << 20 };

/* Older files are flat, newer ones keep the same entries one level down. */
static const cJSON *find(const cJSON *root, const char *key) {
  const cJSON *found = cJSON_GetObjectItemCaseSensitive(root, key);
  for (const cJSON *child = root->child; child != NULL && found == NULL; child = child->next)
    if (cJSON_IsObject(child)) found = cJSON_GetObjectItemCaseSensitive(child, key);
  return found;
}

static scrim_status read_count(const cJSON *root, const char *key, size_t limit, size_t *count, const char *name,
                               scrim_error *error) {
  const cJSON *item = find(root, key);
  double value = cJSON_IsNumber(item) ? item->valuedouble : 0;
  if (!(value >= 1 && value <= (double)limit) || value != floor(value))
    return fail(error, SCRIM_E_FORMAT, "'%s': %s is %s%.6g, expected a whole number from 1 to %zu", name, key,
                item == NULL ? "missing, " : "", value, limit);
  *count = (size_t)value;
  return SCRIM_OK;
}

/* Exactly n finite numbers. */
static scrim_status read_numbers(const cJSON *root, const char *key, double *numbers, size_t n, const char *name,
                                 scrim_error *error) {
  const cJSON *list = find(root, key), *item;
  size_t found = 0;
  cJSON_ArrayForEach(item, list) {
    if (found < n && (!cJSON_IsNumber(item) || !isfinite(item->valuedouble) || fabs(item->valuedouble) > 1e6))
      return fail(error, SCRIM_E_FORMAT, "'%s': %s, entry %zu is no number up to a million", name, key, found);
    if (found < n) numbers[found] = item->valuedouble;
    found++;
  }
  if (found == n && cJSON_IsArray(list)) return SCRIM_OK;
  return fail(error, SCRIM_E_FORMAT, "'%s': %s has %zu numbers, expected %zu", name, key, found, n);
}

/* Where the beams start: a transformation in newer files, one length in older ones. */
static scrim_status read_origin(const cJSON *root, ouster_metadata *out, const char *name, scrim_error *error) {
  const cJSON *length = find(root, "lidar_origin_to_beam_origin_mm");
  double matrix[16];
  if (find(root, "beam_to_lidar_transform") != NULL) {
    scrim_status status = read_numbers(root, "beam_to_lidar_transform", matrix, 16, name, error);
    out->beam_origin_mm[0] = matrix[3];
    out->beam_origin_mm[1] = matrix[11];
    return status;
  }
  if (!cJSON_IsNumber(length) || !(fabs(length->valuedouble) <= 1e6))
    return fail(error, SCRIM_E_FORMAT, "'%s': lidar_origin_to_beam_origin_mm is missing or no length", name);
  out->beam_origin_mm[0] = length->valuedouble;
  return SCRIM_OK;
}

static scrim_status read_shifts(const cJSON *root, ouster_metadata *out, const char *name, scrim_error *error) {
  double shifts[OUSTER_BEAMS];
  scrim_status status = read_numbers(root, "pixel_shift_by_row", shifts, out->beams, name, error);
  for (size_t i = 0; i < out->beams && status == SCRIM_OK; i++) {
    if (shifts[i] != floor(shifts[i]) || fabs(shifts[i]) >= (double)out->columns)
      return fail(error, SCRIM_E_FORMAT, "'%s': pixel_shift_by_row, entry %zu is %.6g in a frame of %zu columns", name,
                  i, shifts[i], out->columns);
    out->shift[i] = (int)shifts[i];
  }
  return status;
}

static scrim_status read_all(const cJSON *root, ouster_metadata *out, const char *name, scrim_error *error) {
  static const double turned[16] = {-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  const cJSON *profile = find(root, "udp_profile_lidar");
  snprintf(out->profile, sizeof out->profile, "%.39s", cJSON_IsString(profile) ? profile->valuestring : "LEGACY");
  scrim_status status = read_count(root, "pixels_per_column", OUSTER_BEAMS, &out->beams, name, error);
  if (status == SCRIM_OK) status = read_count(root, "columns_per_frame", OUSTER_COLUMNS, &out->columns, name, error);
  if (status == SCRIM_OK)
    status = read_count(root, "columns_per_packet", OUSTER_PACKET_COLUMNS, &out->packet_columns, name, error);
  if (status == SCRIM_OK) status = read_numbers(root, "beam_altitude_angles", out->altitude, out->beams, name, error);
  if (status == SCRIM_OK) status = read_numbers(root, "beam_azimuth_angles", out->azimuth, out->beams, name, error);
  if (status == SCRIM_OK) status = read_shifts(root, out, name, error);
  if (status == SCRIM_OK) status = read_origin(root, out, name, error);
  memcpy(out->to_sensor, turned, sizeof turned);
  if (status == SCRIM_OK && find(root, "lidar_to_sensor_transform") != NULL)
    status = read_numbers(root, "lidar_to_sensor_transform", out->to_sensor, 16, name, error);
  return status;
}

scrim_status ouster_metadata_parse(ouster_metadata *out, const char *text, size_t n, const char *name,
                                   scrim_error *error) {
  memset(out, 0, sizeof *out);
  cJSON *root = cJSON_ParseWithLength(text, n);
  if (!cJSON_IsObject(root)) {
    cJSON_Delete(root);
    return fail(error, SCRIM_E_FORMAT, "'%s' is no JSON object", name);
  }
  scrim_status status = read_all(root, out, name, error);
  cJSON_Delete(root);
  return status;
}

scrim_status ouster_metadata_read(ouster_metadata *out, const char *path, scrim_error *error) {
  unsigned char *text;
  size_t n;
  scrim_status status = whole_file_read(&text, &n, path, METADATA_MAX, WHOLE_FILE_PLAIN, error);
  if (status != SCRIM_OK) return status;
  status = ouster_metadata_parse(out, (const char *)text, n, path_shown(path), error);
  whole_file_free(text, n);
  return status;
}
