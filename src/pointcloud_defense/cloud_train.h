/* What the ways of making a cloud filter share. */
#ifndef POINTCLOUD_DEFENSE_CLOUD_TRAIN_H
#define POINTCLOUD_DEFENSE_CLOUD_TRAIN_H

#include <scrim/cloud.h>

/* The caller's settings, or the defaults where config is NULL. SCRIM_E_ARGUMENT: of another kind. */
scrim_status cloud_train_settings(scrim_config *settings, const scrim_config *config, scrim_error *error);

/* Whether the caller has set that parameter. */
int cloud_is_set(const scrim_config *config, const char *name);

/* Sets `baseline` to what clean frames have, unless the caller has set it. */
scrim_status cloud_take_baseline(scrim_config *config, const scrim_cloud_data *data, scrim_error *error);

/* 1: the caller has set it, and knows better. */
int cloud_is_set(const scrim_config *config, const char *name);

#endif
