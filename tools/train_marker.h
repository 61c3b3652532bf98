/* scrim cloud train marker: a cloud filter that has learned what is in the air. */
#ifndef TOOLS_TRAIN_MARKER_H
#define TOOLS_TRAIN_MARKER_H

#include <scrim.h>

typedef struct train_marker_request {
  const char *frames;          /* a file or a folder; NULL: procedural ones */
  const char *labels;          /* the folder of their labels, or for one file its labels */
  const char *output, *beside; /* beside: the filter whose prior is taken along, or NULL */
  scrim_points_options how;
  uint64_t label; /* the one that marks a point */
  uint64_t seed;
} train_marker_request;

enum { TRAIN_MARKER_PATH = 4096 };

/* Trains and saves; *out is the caller's. at_fault: the file that an error is about, or "". */
scrim_status train_marker(scrim_filter **out, const train_marker_request *request, const scrim_config *config,
                          char at_fault[TRAIN_MARKER_PATH], scrim_error *error);

#endif
