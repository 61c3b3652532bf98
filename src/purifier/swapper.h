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

/* As the parameters swap_step and swap_grids allow. */
#define SWAPPER_LEAST_STEP 1e-4
#define SWAPPER_MOST_STEP 20.0
enum { SWAPPER_MOST_GRIDS = 16 };
typedef struct swapper_settings {
  double step; /* width of a cell, in log-probability */
  int grids;
} swapper_settings;

/* (acc_members - acc_reference) / acc_members, not below 0: after swapping, members are right as often as others. */
double swapper_rate_from_gap(double member_accuracy, double reference_accuracy);

/* An index of members marked by a keyed draw, row i of `probabilities` [n, k] with chance[i]. */
scrim_status swapper_build(swapper **out, const swapper_settings *settings, const float *probabilities,
                           const float *chance, size_t n, size_t k, const scrim_key *key, scrim_error *error);
size_t swapper_marked(const swapper *s);
/* Puts the index: tensor "swap.digests", metadata "swap.*". The writer borrows it. */
scrim_status swapper_put(swapper *s, tensorfile_writer *writer, scrim_error *error);

/* Opens the index of a filter file for one session, under its key. SCRIM_E_KEY: not the key it was built with. */
scrim_status swapper_open(swapper **out, const tensorfile *file, size_t k, const scrim_key *key, scrim_error *error);
void swapper_close(swapper *s);

/* 1: this vector [k] is to be swapped. The look-up takes the same number of steps, match or not. */
scrim_status swapper_decide(swapper *s, const float *probabilities, int *swap, scrim_error *error);

#endif
