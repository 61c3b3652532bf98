/*
 * Saturation: rows whose reformed confidence is above a threshold all get their class's prototype. Members and others differ
 * where confidence is high, errors sit where it is low: what is merged is what betrays members, what is kept is what ranks
 * errors. The knob is `strength`, the share of the reference rows that are merged: 0 keeps every row, 1 is the prototype table.
 *
 * Strength comes in steps of 1 / SATURATION_STEPS.
 */
#ifndef PURIFIER_SATURATION_H
#define PURIFIER_SATURATION_H

#include "core/tensorfile.h"

enum { SATURATION_STEPS = 100 };

typedef struct saturation {
  size_t k;
  const float *threshold; /* [STEPS + 1]: reformed confidence from which rows are merged, by strength */
  const float *top;       /* [STEPS + 1, K]: the prototype's score for its own class, by strength */
  const float *rest;      /* [K, K]: how the prototype of each class divides what is left; row sums 1, diagonal 0 */
} saturation;

/* The step of the table for a strength in 0..1. */
int saturation_step(double strength);

/*
 * Fits the tables. reformed [n, K]: the reformer's answers on the reference; labels [n]: predicted classes; truth [n]: true classes, or
 * NULL: then the prototype's confidence is the mean reformed one, else the share of merged rows that are right. Thresholds and
 * confidences come from the first n_held rows, which the reformer was not trained on; the rest from all n. `storage` receives the
 * tables (saturation_storage(k) floats) and must live as long as *out.
 */
size_t saturation_storage(size_t k);
scrim_status saturation_fit(saturation *out, float *storage, const float *reformed, const int32_t *labels,
                            const int32_t *truth, size_t n_held, size_t n, size_t k, scrim_error *error);

/* Puts and gets the tensors "saturation.*"; the writer borrows. */
scrim_status saturation_put(const saturation *s, tensorfile_writer *writer, scrim_error *error);
scrim_status saturation_get(saturation *s, const tensorfile *file, size_t k, scrim_error *error);

/* 1 and the prototype in row [K] if the row is merged at this step; else 0 and the row as it was. */
int saturation_apply(const saturation *s, int step, size_t label, float *row);

#endif
