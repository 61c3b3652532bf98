/*
 * The label swapper (PURIFIER, section on the label swapper H): answers for some members with their second class, so
 * that the accuracy gap between members and others closes. Off by default: it makes the classifier wrong on purpose
 * for those members, and a tiny change of the input can switch it off and so betray them (the audit measures both).
 *
 * The index is no list of scores: it holds HMAC-SHA-256 digests, under the owner's key, of the marked members' score
 * vectors on grids of cells in log-probability: a well-trained classifier answers many members with nearly the same
 * probabilities, and only their logarithms tell them apart. A vector matches when it falls into a marked member's cell
 * on any of the grids, each shifted by keyed random offsets: nearest neighbour within about one cell. Without the key,
 * the file tells nothing but how many there are. The decision depends on the vector alone, never on its batch. Whom to
 * mark: swap_chance.h.
 */
#ifndef PURIFIER_SWAPPER_H
#define PURIFIER_SWAPPER_H

#include "core/random.h"
#include "core/tensorfile.h"

typedef struct swapper swapper;

typedef struct swapper_settings {
  double step; /* width of a cell, in log-probability */
  int grids;   /* 1..16 */
} swapper_settings;

/* (acc_members - acc_reference) / acc_members, not below 0: after swapping, members are right as often as others. */
double swapper_rate_from_gap(double member_accuracy, double reference_accuracy);

/*
 * Marks members by a keyed draw, row i with chance[i], and puts the index: tensor "swap.digests", metadata "swap.*".
 * `probabilities` [n, k]; *marked is set to how many. The writer borrows *digests: the caller frees it (memory_free)
 * after the writer.
 */
scrim_status swapper_build(tensorfile_writer *writer, uint64_t **digests, size_t *marked,
                           const swapper_settings *settings, const float *probabilities, const float *chance, size_t n,
                           size_t k, const scrim_key *key, scrim_error *error);

/* Opens the index of a filter file for one session, under its key. SCRIM_E_KEY: not the key it was built with. */
scrim_status swapper_open(swapper **out, const tensorfile *file, size_t k, const scrim_key *key, scrim_error *error);
void swapper_close(swapper *s);

/* 1: this vector [k] is to be swapped. The look-up takes the same number of steps, match or not. */
scrim_status swapper_decide(swapper *s, const float *probabilities, int *swap, scrim_error *error);

#endif
