/*
 * What leaves the filter: a row on a coarse grid whose arg max is the predicted label. Digits beyond the grid carry the
 * reformer's input to whoever looks closely enough, so there are none.
 */
#ifndef PURIFIER_RELEASE_H
#define PURIFIER_RELEASE_H

#include <stddef.h>

/*
 * Lowers every other score below the label's (by 2 / units at least) and gives what they lose to scores with room, so
 * that `label` is the arg max and the row still sums to 1. The label's score is raised only where no row with this arg
 * max could hold it.
 */
void release_keep_label(float *row, size_t k, size_t label, int units);

/* Rounds a row of release_keep_label to multiples of 1 / units that sum to 1; the label stays the only arg max. */
void release_round(float *row, size_t k, size_t label, int units);

#endif
