/*
 * Classifiers that the filter stands before: what the audit attacks. Inference only; weights are constants, so that a
 * backward pass costs no more than the way down to the points.
 */
#ifndef POINTCLOUD_DEFENSE_VICTIM_H
#define POINTCLOUD_DEFENSE_VICTIM_H

#include "core/tensorfile.h"
#include "tensor/tensor.h"

/* Immutable once made; shared by threads. */
typedef struct victim {
  size_t classes;
  /* xyz [b, n, 3] -> logits [b, classes]; NULL: the tape's sticky error. Every point set gets its own row. */
  tensor *(*logits)(tape *t, const void *model, tensor *xyz);
  void (*release)(void *model); /* NULL: nothing to free */
  void *model;
} victim;

enum { VICTIM_CLASSES_MOST = 4096 };

/* A file of a network of victim_network.h. The victim is freed with victim_close. */
scrim_status victim_open(victim *out, const char *path, scrim_error *error);
void victim_close(victim *v); /* wipes nothing; all 0 is fine */

/* Logits of one object xyz [n, 3], n > 0, into logits [classes]. The tape's own pass is forgotten. */
scrim_status victim_ask(const victim *v, tape *t, const float *xyz, size_t n, float *logits, scrim_error *error);

/* The class of the largest logit, the first of equals. */
int32_t victim_class(const float *logits, size_t classes);

#endif
