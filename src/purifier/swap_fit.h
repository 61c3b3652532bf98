/*
 * How fine the cells of the label swapper's index must be. A row of somebody else that falls into a marked member's
 * cell is swapped as well, and is then wrong for nothing. With many classes wide cells do, and survive more rounding on
 * the way; with two, a row is but one number, and wide cells take every row for a member.
 */
#ifndef PURIFIER_SWAP_FIT_H
#define PURIFIER_SWAP_FIT_H

#include "purifier/swapper.h"

/* At most so many of the reference may be swapped: what the swapper may cost those whom it does not protect. */
#define SWAP_MOST_OTHERS 0.004

typedef struct swap_rows {
  const float *probabilities; /* [n, k] */
  const int32_t *truth;       /* [n]; may be NULL for the reference */
  size_t n;
} swap_rows;

typedef struct swap_effect {
  double others;          /* share of the reference that is swapped */
  double member_accuracy; /* after swapping */
} swap_effect;

/*
 * The index with the widest cells, halving `widest->step`, that takes at most SWAP_MOST_OTHERS of the reference for
 * marked members. SCRIM_E_DATA: the finest are not fine enough, because rows of both are the same to the digit.
 */
scrim_status swap_fit(swapper **out, swap_effect *effect, const swapper_settings *widest, const swap_rows *members,
                      const float *chance, const swap_rows *reference, size_t k, const scrim_key *key,
                      scrim_error *error);

#endif
