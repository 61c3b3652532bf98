/* The cloud filter's table and its settings. */
#ifndef POINTCLOUD_DEFENSE_CLOUD_FILTER_H
#define POINTCLOUD_DEFENSE_CLOUD_FILTER_H

#include "core/filter_table.h"
#include "pointcloud_defense/outliers.h"
#include <scrim/cloud.h>

extern const filter_table cloud_filter;

/* The published parameters: one table for flags, help, docs and checks. */
enum { CLOUD_PARAMS = 14 };
extern const scrim_param cloud_params[CLOUD_PARAMS];

typedef enum cloud_mode { CLOUD_MOVE, CLOUD_MARK, CLOUD_REMOVE, CLOUD_NAN } cloud_mode;

/* The same, read out of a config. */
typedef struct cloud_settings {
  cloud_mode mode;
  size_t k;
  int iterations;
  double floor, baseline, quantile;
  size_t frames; /* streams: 0 keeps to `baseline` */
  outlier_settings outlier;
  double cap;
  int zero_is_nowhere;
  unsigned threads;
} cloud_settings;
scrim_status cloud_settings_read(cloud_settings *settings, const scrim_config *config, scrim_error *error);

#endif
