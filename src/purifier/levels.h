/*
 * Levels: what is left of a row's confidence. Rows are ranked by confidence, the ranking is cut into a few levels, and
 * a released row is one of K x levels code words: the predicted class and how often such rows are right. Everything
 * else that a row could tell is gone, so there is nothing to find in its further digits.
 *
 * The cuts are where the filter earns its keep. The attacker to fear knows how hard each row is: shadow classifiers
 * tell how confident this one would be with the row in its training set, and how confident without. In that attacker's
 * place, pair members and others of the same share of their rankings (the hardest tenth with the hardest tenth). A row
 * tells who it is if its partner falls on another level, and only rows that are right count: wrong ones tell by their
 * label already. So an edge makes a band of the ranking tell, bands overlap, and for every budget of telling rows the
 * cuts with the least log-loss of "the label is right" are found exactly. Strength s leaves (1 - s)^2 of the rows that
 * the finest cuts would let tell. Without members and true labels, strength is the share of the reference in the top
 * level. Either way strength 1 is one level, the prototype table, and strength 0 leaves the reformed row as it is.
 *
 * The map from rank to level is monotone and deterministic: near copies of an input mostly share its level. (Levels
 * drawn at random, so that members and others get each level equally often, keep more of the ranking; but whoever asks
 * about a few near copies sees through them.)
 */
#ifndef PURIFIER_LEVELS_H
#define PURIFIER_LEVELS_H

#include "core/random.h"
#include "core/tensorfile.h"

enum { LEVELS_STEPS = 20, LEVELS_MAX = 16 };

typedef struct levels {
  size_t k;
  const float *edge; /* [STEPS + 1, MAX - 1] ascending: a row's level is the number of edges at or below its rank */
  const float *confidence; /* [STEPS + 1, MAX, K]: the code word's score for its own class */
  const float *rest;       /* [K, K]: how a class's code words divide what is left; rows sum to 1, diagonal 0 */
} levels;

/* The step of the tables for a strength in 0..1. */
int levels_step(double strength);

/* One party's rows. */
typedef struct levels_rows {
  const float *rank;          /* [n] log-odds of the confidence by which rows are ranked */
  const int32_t *labels;      /* [n] predicted classes */
  const unsigned char *right; /* [n] 1: the label is the true one; NULL: not known */
  size_t n;
} levels_rows;

/*
 * Fits the tables. `members` may be NULL. vectors [reference->n, K] are what a released row should look like on
 * average: code words divide what their own class leaves as these do. `storage` (levels_storage(k) floats) receives the
 * tables and must live as long as *out.
 */
size_t levels_storage(size_t k);
scrim_status levels_fit(levels *out, float *storage, const levels_rows *reference, const levels_rows *members,
                        const float *vectors, size_t k, scrim_error *error);

/* Puts and gets the tensors "levels.*"; the writer borrows. */
scrim_status levels_put(const levels *v, tensorfile_writer *writer, scrim_error *error);
scrim_status levels_get(levels *v, const tensorfile *file, size_t k, scrim_error *error);

/* The log-odds of the label in a row of probabilities, with the resolution that small other scores have; -16..16. */
float levels_rank(const float *row, size_t k, size_t label);

int levels_find(const levels *v, int step, float rank);

/* The code word [K] of a label and level. */
void levels_word(const levels *v, int step, int level, size_t label, float *row);

/*
 * Raises *step until the leak (levels_tell.h) is at most `most` or one level is left, and answers the leak there. Both
 * parties' `right` are known. The leak is measured on rows that the cuts were not made on, since on their own rows
 * cuts sit where two samples happen to agree and look better than they are: halves drawn at random, cut on one and
 * measured on the other, averaged over both ways and a few draws.
 */
scrim_status levels_choose(int *step, double *leak, double most, const levels_rows *members, const levels_rows *others,
                           random_source *random, scrim_error *error);

#endif
