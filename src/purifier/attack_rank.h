/*
 * Ranks in place of values. Filters fitted on different data release different levels for the same kind of row, and
 * so do classifiers; a row's rank among the answers of its own classifier is comparable where its value is not.
 */
#ifndef PURIFIER_ATTACK_RANK_H
#define PURIFIER_ATTACK_RANK_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

/* Replaces value [n] by the log odds of its mid-rank among the values of its group [n]. Equal values stay equal. */
scrim_status rank_within(double *value, const uint32_t *group, size_t n, scrim_error *error);

#endif
