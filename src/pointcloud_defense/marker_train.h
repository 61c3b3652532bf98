/* Teaching a marker: labelled frames in, a network and its threshold out. */
#ifndef POINTCLOUD_DEFENSE_MARKER_TRAIN_H
#define POINTCLOUD_DEFENSE_MARKER_TRAIN_H

#include "pointcloud_defense/marker.h"

/* One frame: rows of a view, and a label of each, 1 where a point is to be marked. The caller's, only read. */
typedef struct marker_frame {
  const float *rows; /* [n, columns]: x, y, z, and with intensity that */
  const uint8_t *label;
  size_t n, columns;
} marker_frame;

typedef struct marker_settings {
  marker_shape shape;
  size_t k, epochs;
  int zero_is_nowhere;
  unsigned threads;
} marker_settings;

typedef struct marker_fit {
  size_t frames, held_frames, rows; /* all frames, those kept from training, rows trained on */
  double precision, recall, iou;    /* at the threshold, on the frames kept */
} marker_fit;

/*
 * The last sixth of the frames, one at least, is kept from training, and says at which threshold intersection over
 * union is best. Copies of a point and points that are nowhere teach nothing. SCRIM_E_DATA: fewer than two frames, or
 * frames without points of both kinds, on either side of the split.
 */
scrim_status marker_train(marker *m, marker_fit *fit, const marker_frame *frames, size_t n_frames,
                          const marker_settings *settings, uint64_t seed, scrim_progress_fn progress, void *context,
                          scrim_error *error);

#endif
