/* Both parties' rows in order of rank: how many rows a cut lets tell which party they belong to. */
#ifndef PURIFIER_LEVELS_TELL_H
#define PURIFIER_LEVELS_TELL_H

#include "purifier/levels.h"

typedef struct levels_order {
  size_t n_members, n_others;
  float *member;         /* [n_members] ranks, ascending */
  float *other;          /* [n_others] ranks, ascending */
  uint32_t *right_below; /* [n_others + 1] right ones among the first i others */
} levels_order;

scrim_status levels_order_create(levels_order *out, const levels_rows *members, const levels_rows *others,
                                 scrim_error *error);
void levels_order_free(levels_order *o);

/* Where an edge falls, as positions among the others: theirs, and that of the same share of members; low <= high. */
typedef struct levels_band {
  size_t low, high;
  int reversed; /* 1: the members' position is the higher one */
} levels_band;
levels_band levels_band_of(const levels_order *o, float edge);

/* Share of others that are right and tell at this edge, but not at the one below it, whose band ends at `from`. */
double levels_telling(const levels_order *o, levels_band band, size_t from);

/* Puts ranks in ascending order; the second sorts a copy, which the caller frees (memory_wipe_free). */
void levels_sort(float *rank, size_t n);
scrim_status levels_sorted(float **sorted, const levels_rows *rows, scrim_error *error);

/* Share of rows that are right, where that is known. */
double levels_accuracy(const levels_rows *rows);

/* Position of an edge among ascending ranks: how many lie below it. */
size_t levels_below(const float *sorted, size_t n, float edge);

/*
 * What the cuts of each strength give away: how far AUC rises above what labels give, for an attacker who knows how
 * hard each row is. gap: how much more often members are right. On rows that the cuts were not made on, chance alone
 * sets two samples apart at every edge, so a band counts against the leak where it points the other way than in
 * `guide`, the rows that the cuts were made on; guide may be `o`.
 */
void levels_leak(double leak[LEVELS_STEPS + 1], const levels *v, const levels_order *o, const levels_order *guide,
                 double gap);

#endif
