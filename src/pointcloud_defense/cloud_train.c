/* scrim_cloud_train: what clean frames are like, and the settings. */
#include "pointcloud_defense/cloud_train.h"

#include "core/error.h"
#include "core/gate.h"
#include "core/memory.h"
#include "core/settings.h"
#include "pointcloud_defense/cloud_frame.h"
#include <string.h>

static scrim_status check_frames(const scrim_cloud_data *data, scrim_error *error) {
  if (data->frames == NULL || data->n_frames == 0) return fail(error, SCRIM_E_ARGUMENT, "data without frames");
  for (size_t i = 0; i < data->n_frames; i++) {
    scrim_error cause;
    const scrim_view *frame = &data->frames[i];
    scrim_status status = gate_check_input(frame, SCRIM_POINTS, 0, cloud_filter.takes, &cause);
    if (status != SCRIM_OK) return fail(error, status, "frame %zu: %.200s", i, cause.message);
    if (frame->columns < 3)
      return fail(error, SCRIM_E_DATA, "frame %zu: %zu columns; points have 3 at least: x, y, z", i, frame->columns);
  }
  return SCRIM_OK;
}

/* The quantile of the distortions of all frames that have any. */
static scrim_status measure_frames(const scrim_cloud_data *data, const cloud_settings *settings, double *quantile,
                                   scrim_error *error) {
  cloud_frame *frame = NULL;
  double *found = memory_zalloc(data->n_frames, sizeof *found);
  if (found == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu frames", data->n_frames);
  scrim_status status = cloud_frame_create(&frame, settings->threads, error);
  size_t n = 0;
  for (size_t i = 0; i < data->n_frames && status == SCRIM_OK; i++) {
    status = cloud_frame_survey(frame, settings, &data->frames[i], error);
    if (status == SCRIM_OK && frame->found.places >= 3) found[n++] = frame->found.by_spacing;
  }
  if (status == SCRIM_OK && n == 0)
    status = fail(error, SCRIM_E_DATA, "none of %zu frames has points at 3 places", data->n_frames);
  if (status == SCRIM_OK) *quantile = distortion_quantile(found, n, settings->quantile);
  cloud_frame_free(frame);
  memory_free(found);
  return status;
}

int cloud_is_set(const scrim_config *config, const char *name) {
  for (size_t i = 0; i < config->n; i++)
    if (strcmp(config->params[i].name, name) == 0) return config->is_set[i];
  return 0;
}

scrim_status cloud_take_baseline(scrim_config *config, const scrim_cloud_data *data, scrim_error *error) {
  cloud_settings settings;
  double clean = 0;
  if (cloud_is_set(config, "baseline")) return SCRIM_OK;
  scrim_status status = check_frames(data, error);
  if (status == SCRIM_OK) status = cloud_settings_read(&settings, config, error);
  if (status == SCRIM_OK) status = measure_frames(data, &settings, &clean, error);
  if (status == SCRIM_OK) status = scrim_config_set(config, "baseline", clean, error);
  return status;
}

scrim_status cloud_train_settings(scrim_config *settings, const scrim_config *config, scrim_error *error) {
  scrim_status status = settings_defaults(settings, &cloud_filter, error);
  if (status == SCRIM_OK && config != NULL) status = settings_check(config, &cloud_filter, error);
  if (status == SCRIM_OK && config != NULL) *settings = *config;
  return status;
}

scrim_status scrim_cloud_train(scrim_filter **out, const scrim_cloud_data *data, const scrim_config *config,
                               scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_cloud_train: out is NULL");
  *out = NULL;
  scrim_config settings;
  scrim_status status = cloud_train_settings(&settings, config, error);
  if (status == SCRIM_OK && data != NULL) status = cloud_take_baseline(&settings, data, error);

  tensorfile_writer *writer = NULL;
  if (status == SCRIM_OK) status = tensorfile_writer_create(&writer, error);
  if (status == SCRIM_OK) status = filter_build(out, &cloud_filter, writer, &settings, error);
  tensorfile_writer_free(writer);
  return status;
}
