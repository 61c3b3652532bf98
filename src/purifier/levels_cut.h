/*
 * Where the ranking is cut into levels: the least log-loss of "the label is right" given the level, among all cuts that
 * let no more than a budget of rows tell (levels.h). Exact up to the resolution of candidate edges, by dynamic
 * programming over (levels, edge, budget).
 */
#ifndef PURIFIER_LEVELS_CUT_H
#define PURIFIER_LEVELS_CUT_H

#include "purifier/levels.h"

enum { LEVELS_EDGES = LEVELS_MAX - 1 };
#define LEVELS_GRID 64.0f   /* edges stand on multiples of 1 / 64: the file holds no row's own rank */
#define LEVELS_NO_EDGE 1e9f /* above every rank: fills up the edges of a step that needs fewer */

/* edge [STEPS + 1, EDGES] receives the cuts of every strength; both parties' `right` are known. */
scrim_status levels_cut(float *edge, const levels_rows *members, const levels_rows *others, scrim_error *error);

/* Without members: the share `strength` of the reference in the top level, the others evenly below it. */
scrim_status levels_cut_evenly(float *edge, const levels_rows *reference, scrim_error *error);

#endif
