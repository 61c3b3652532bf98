/*
 * Which members the label swapper marks. PURIFIER marks a uniform share of them; but members' labels are too good
 * where others' are bad, on hard rows, and an attacker who knows how hard a row is still finds them there. So a
 * member's chance follows how often others at the same share of the ranking are wrong.
 */
#ifndef PURIFIER_SWAP_CHANCE_H
#define PURIFIER_SWAP_CHANCE_H

#include "purifier/levels.h"

/*
 * chance [members->n], 0..1, with a sum of about `rate` times the members that are right. Members that are wrong get 0.
 * `others` may have right NULL: then all chances are alike.
 */
scrim_status swap_chances(float *chance, const levels_rows *members, const levels_rows *others, double rate,
                          scrim_error *error);

#endif
