/*
 * Clouds on a device: places, neighbours, planes and a small network over what they tell, one frame after the other.
 * All answers are those of the functions on the CPU (copies.h, neighbours.h, survey.h, marker.h of the point clouds'
 * room), bit for bit, so that no decision hangs on where a frame was looked at.
 *
 * Everything is of the host's memory; what goes to the device and back passes pinned memory. Memory of both kinds is
 * kept from frame to frame and wiped in the end: nothing is allocated once the largest frame has been seen.
 */
#ifndef TENSOR_DEVICE_SCENE_H
#define TENSOR_DEVICE_SCENE_H

#include <scrim/status.h>
#include <stddef.h>

enum { DEVICE_SCENE_NEIGHBOURS = 32, DEVICE_NETWORK_LAYERS = 8 };

/* A perceptron: ReLU between its layers, the bits of packed_linear. Borrowed, and copied when it is taken. */
typedef struct device_network {
  int layers;
  int width[DEVICE_NETWORK_LAYERS + 1];                             /* inputs, and outputs of each layer */
  const float *w[DEVICE_NETWORK_LAYERS], *b[DEVICE_NETWORK_LAYERS]; /* [out, in], [out] */
} device_network;

/* Memory and one frame; of one thread at a time. */
typedef struct device_scene device_scene;

/* What may be NULL is not wanted. */
typedef struct device_survey {
  size_t k;               /* neighbours, 1 to DEVICE_SCENE_NEIGHBOURS */
  const float *intensity; /* [n] for the network; may be NULL if it has 12 inputs */
  float *points; /* [n, 4] distance from the plane, mean distance, mean squared distance, distance to the k-th */
  float *moved;  /* [n, 3] */
  float *likely; /* [n] by the network; 0 where no place is */
} device_survey;

typedef struct device_scene_functions {
  /* `marker`: 12 or 14 inputs (marker_features.h), 1 output; NULL: none. SCRIM_E_UNSUPPORTED: it is too wide. */
  scrim_status (*open)(device_scene **out, const device_network *marker, scrim_error *error);
  void (*close)(device_scene *s); /* NULL is fine */
  /* Takes in xyz [n, 3]; first [n] as copies_find has it, *places how many. SCRIM_E_DATA: too many points. */
  scrim_status (*build)(device_scene *s, const float *xyz, size_t n, uint32_t *first, size_t *places,
                        scrim_error *error);
  /* Neighbours of what was built: index, squared [n, k], nearest first; where there are fewer, or no place is,
   * UINT32_MAX and infinity. */
  scrim_status (*find)(device_scene *s, size_t k, uint32_t *index, float *squared, scrim_error *error);
  scrim_status (*survey)(device_scene *s, const device_survey *request, scrim_error *error);
} device_scene_functions;

#endif
