/*
 * What becomes of a swapped member's rank. Left as it is, "sure and wrong" would give it away: members are sure. It
 * gets the rank that others have at the same share of their ranking, as if the row had not been trained on.
 */
#ifndef PURIFIER_SWAP_RANK_H
#define PURIFIER_SWAP_RANK_H

#include "purifier/levels.h"

enum { SWAP_RANKS = 33 };

/* Ranks at SWAP_RANKS shares of either ranking, closer together where rows are hard; on the grid of edges. */
typedef struct swap_rank {
  float table[2][SWAP_RANKS]; /* members', others' */
} swap_rank;

scrim_status swap_rank_fit(swap_rank *r, const levels_rows *members, const levels_rows *others, scrim_error *error);

/* A member's rank -> that of others at the same share. */
float swap_rank_map(const float table[2][SWAP_RANKS], float rank);

/* Puts and gets the tensor "swap.rank"; both borrow. */
scrim_status swap_rank_put(const swap_rank *r, tensorfile_writer *writer, scrim_error *error);
scrim_status swap_rank_get(const float (**table)[SWAP_RANKS], const tensorfile *file, scrim_error *error);

#endif
