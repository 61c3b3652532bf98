/* The cloud filter's table and its settings. */
#ifndef POINTCLOUD_DEFENSE_CLOUD_FILTER_H
#define POINTCLOUD_DEFENSE_CLOUD_FILTER_H

#include "core/filter_table.h"
#include "pointcloud_defense/marker_train.h"
#include "pointcloud_defense/outliers.h"
#include "pointcloud_defense/prior_plan.h"
#include "pointcloud_defense/prior_train.h"
#include <scrim/cloud.h>

extern const filter_table cloud_filter;

/* The published parameters: one table for flags, help, docs and checks. */
enum { CLOUD_PARAMS = 37 };
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
  /* mode move with a prior */
  size_t objects;                              /* most places of a frame that it is for; 0: none */
  int step, step_least, step_cap, step_levels; /* time step, below 0: by the gauge; at least; at most; in levels */
  double step_scale;         /* noise that the time step stands for, in units of what the gauge tells */
  double clean_noise;        /* what the gauge tells of clean objects */
  int passes, leaps, polish; /* restored so often; leaps of the sampler; projections afterwards */
  double noise;
  /* training */
  prior_settings prior;
  size_t shapes; /* procedural objects, where none are given */
  marker_settings marker;
  size_t scenes; /* procedural frames, where none are given */
} cloud_settings;
scrim_status cloud_settings_read(cloud_settings *settings, const scrim_config *config, scrim_error *error);

/* Immutable, shared by sessions. */
typedef struct cloud_model {
  const tensorfile *file; /* the filter's */
  prior_plan *plan;       /* NULL: the filter has no prior */
  marker_plan *marker;    /* NULL: it has no marker */
} cloud_model;

#endif
