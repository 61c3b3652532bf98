/* One frame at a time: looked at, then moved or marked. What a session of the cloud filter does with it. */
#ifndef POINTCLOUD_DEFENSE_CLOUD_FRAME_H
#define POINTCLOUD_DEFENSE_CLOUD_FRAME_H

#include "pointcloud_defense/cloud_filter.h"
#include "pointcloud_defense/distortion.h"
#include "tensor/device_scene.h"

/* Memory for frames: 98 bytes a point of the largest one seen, with a device 4 more. One thread at a time. */
typedef struct cloud_frame {
  pool *pool;
  neighbours *index;
  const marker_plan *marker;            /* measures; NULL, as after cloud_frame_create: a rule does. The filter's */
  const device_scene_functions *device; /* who looks at frames; NULL: the CPU does */
  device_scene *scene;                  /* its */
  size_t n, capacity;
  float *xyz;            /* [n, 3] coordinates to work on; not-a-number where there is no return */
  float *moved;          /* [n, 3] the same, projected once */
  survey_point *points;  /* [n] */
  float *measure;        /* [n]; with a marker set by the survey */
  float *intensity;      /* [n] for a marker that looks at it */
  uint8_t *mark;         /* [n] */
  const uint32_t *first; /* [n] as of copies_find, once surveyed */
  uint32_t *found_first; /* [n] room for it, with a device */
  size_t nowhere;
  distortion found;
} cloud_frame;

scrim_status cloud_frame_create(cloud_frame **out, unsigned threads, scrim_error *error);
void cloud_frame_free(cloud_frame *f); /* wipes; NULL is fine */

/*
 * From now on the device looks at frames and projects them, with k neighbours and the frame's marker: to the same bits.
 * What it cannot do (more neighbours, a wider marker) stays with the CPU. Once at most, before any frame.
 */
scrim_status cloud_frame_use(cloud_frame *f, const device_scene_functions *device, size_t k, scrim_error *error);

/*
 * Takes in the first three columns of a view and looks at them: n, xyz, points, nowhere and found; moved in mode move.
 * No mark is set. SCRIM_E_MEMORY, SCRIM_E_DATA (too many points).
 */
scrim_status cloud_frame_survey(cloud_frame *f, const cloud_settings *settings, const scrim_view *in,
                                scrim_error *error);

/* Projects xyz so many times, from where it is now. The frame must be surveyed again before anything else. */
scrim_status cloud_frame_project(cloud_frame *f, const cloud_settings *settings, int iterations, scrim_error *error);

/*
 * Mode move: xyz becomes what it is after all iterations, and not-a-number where a point is marked: it has no surface,
 * and is on nobody's. The frame must be surveyed again before anything else.
 */
scrim_status cloud_frame_move(cloud_frame *f, const cloud_settings *settings, scrim_error *error);

/*
 * Other modes, and with a marker all: sets mark. Answers how many places are outliers by the measure; *capped: these
 * were too many. Thousands of copies of one point count as one against the cap: they must not use it up.
 */
size_t cloud_frame_mark(cloud_frame *f, const cloud_settings *settings, int *capped);

#endif
