/*
 * The marker: a small perceptron that tells from a point's neighbourhood (marker_features.h) how likely the point is to
 * be snow, rain or dust in the air rather than of a surface.
 *
 *     features -> width -> width -> 2, ReLU between; softmax
 *
 * Features come standardised by what training saw; inference folds that into the first layer, and takes one output for
 * two.
 */
#ifndef POINTCLOUD_DEFENSE_MARKER_H
#define POINTCLOUD_DEFENSE_MARKER_H

#include "nn/nn.h"
#include "pointcloud_defense/marker_features.h"
#include "tensor/device_scene.h"

enum { MARKER_LAYERS = 3, MARKER_MOST_WIDTH = 256 };
enum { MARKER_K, MARKER_THRESHOLD, MARKER_RULES }; /* neighbours; marked is what is likelier than the threshold */

typedef struct marker_shape {
  int width;
  int intensity; /* 1: features have it */
} marker_shape;

typedef struct marker {
  marker_shape shape;
  nn_mlp network;
  float mean[MARKER_FEATURES], scale[MARKER_FEATURES]; /* a feature comes as (feature - mean) * scale */
  float rule[MARKER_RULES];
} marker;

size_t marker_width(const marker_shape *shape); /* features of a point */

/* Mean 0, scale 1. `init` as of nn_mlp_create. *m is the caller's; marker_free frees what it points to. */
scrim_status marker_create(marker *m, const marker_shape *shape, random_source *init, scrim_error *error);
void marker_free(marker *m); /* all 0 is fine */

scrim_status marker_put(const marker *m, tensorfile_writer *writer, scrim_error *error);
/* SCRIM_E_FORMAT: sizes or numbers that no training makes. */
scrim_status marker_get(marker *m, const tensorfile *file, scrim_error *error);
int marker_is_in(const tensorfile *file);

/* Inference; immutable, shared by threads. */
typedef struct marker_plan marker_plan;
scrim_status marker_plan_create(marker_plan **out, const marker *m, scrim_error *error);
void marker_plan_free(marker_plan *plan); /* NULL is fine */
int marker_plan_intensity(const marker_plan *plan);
size_t marker_plan_k(const marker_plan *plan);
double marker_plan_threshold(const marker_plan *plan);
/* The same network for a device; the plan's. */
const device_network *marker_plan_network(const marker_plan *plan);
/* likely [n] in 0..1, of features [n, marker_width], n at most NEIGHBOURS_LANES. */
void marker_plan_run(const marker_plan *plan, const float *features, size_t n, float *likely);

#endif
