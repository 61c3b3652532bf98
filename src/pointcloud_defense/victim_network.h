/*
 * Networks that classify points, of this project's own making: built with weights to train, or to be loaded and asked.
 * A file of theirs is marked with the name of the network, "network" in its metadata.
 */
#ifndef POINTCLOUD_DEFENSE_VICTIM_NETWORK_H
#define POINTCLOUD_DEFENSE_VICTIM_NETWORK_H

#include "nn/nn.h"
#include "pointcloud_defense/victim.h"

typedef struct victim_network {
  const char *name;
  size_t bytes; /* of its layers */
  double rate;  /* of learning */
  /* Adds all weights to p, and draws first values; `init` NULL: they stay 0, to be loaded. 0: out of memory. */
  int (*build)(void *layers, nn_params *p, int classes, random_source *init);
  /* xyz [b, n, 3] -> [b, classes], in training and after. */
  tensor *(*logits)(tape *t, const void *layers, tensor *xyz);
} victim_network;

extern const victim_network victim_pointnet; /* victim_pointnet.c: files in the layout of victim_pointnet.h */
extern const victim_network victim_edge, victim_attention;

const victim_network *victim_network_named(const char *name); /* NULL: there is none */

/* Any but PointNet. SCRIM_E_FORMAT: a tensor is missing or has another shape. Nothing of the file is kept. */
scrim_status victim_network_load(victim *out, const victim_network *network, const tensorfile *file,
                                 scrim_error *error);

/* ---- what they are made of ---- */

extern const char *const VICTIM_CLASSES; /* the name of the last layer, from which a file tells its classes */

/* relu(batch norm(w x + b)) */
typedef struct victim_layer {
  nn_linear linear;
  nn_norm norm;
} victim_layer;
int victim_layer_add(victim_layer *l, nn_params *p, const char *name, int in, int out, random_source *init);
tensor *victim_layer_forward(tape *t, const victim_layer *l, tensor *x); /* x [rows, in] -> [rows, out] */

/* A linear layer and its first values. */
int victim_linear_add(nn_linear *l, nn_params *p, const char *name, int in, int out, random_source *init);

#endif
