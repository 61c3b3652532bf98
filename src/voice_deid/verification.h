/*
 * How well machines tell speakers apart: trials of speaker verification, and the figures of the field on them.
 *
 * A trial holds one enrolled utterance against one that is to be verified; it is mated if one speaker spoke both.
 * Intervals are those of speaker_bootstrap.h.
 */
#ifndef VOICE_DEID_VERIFICATION_H
#define VOICE_DEID_VERIFICATION_H

#include <scrim/interval.h>
#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

/* Utterances and who spoke them. Borrowed. */
typedef struct verification_set {
  const float *rows;      /* [n, dim] embeddings of unit length */
  const int32_t *speaker; /* [n] 0..speakers-1 */
  size_t n, dim, speakers;
} verification_set;

/* How alike two embeddings [dim] are; larger is more alike. */
typedef double (*verification_score_fn)(const void *context, const float *enrolled, const float *tried, size_t dim);
double verification_cosine(const void *context, const float *a, const float *b, size_t dim); /* context unused */

typedef struct verification_trial {
  double score;
  int32_t enrolled, tried; /* speakers; mated: the same */
} verification_trial;

typedef struct verification_trials {
  verification_trial *trial; /* [n] */
  size_t n, mated, speakers;
} verification_trials;

/*
 * Row i of `enrolled` against row j of `tried` for all i and j that are not the same utterance. The two sets hold the
 * same utterances in the same order, each in its own version; if they are one set, each pair counts once. Freed with
 * verification_trials_free in any case.
 */
scrim_status verification_all_pairs(verification_trials *out, const verification_set *enrolled,
                                    const verification_set *tried, verification_score_fn score, const void *context,
                                    scrim_error *error);
void verification_trials_free(verification_trials *t);

/* SCRIM_E_DATA: no mated or no other trials, or a score that is not finite. */
scrim_status verification_check(const verification_trials *t, scrim_error *error);

/*
 * Equal error rate, linear between the points of the ROC curve, and the score where it is reached. Sorts the trials by
 * falling score. Errors as in verification_check.
 */
scrim_status verification_eer(scrim_interval *eer, double *threshold, verification_trials *t, uint64_t seed,
                              scrim_error *error);

/*
 * Closed-set identification: each speaker is the mean of his first `enrol` rows of `enrolled` (at most half of what he
 * has); the others, as they are in `tried`, go to the speaker whom they are most like. The share that find theirs.
 * SCRIM_E_DATA: no speaker has two utterances.
 */
scrim_status verification_identify(scrim_interval *identified, const verification_set *enrolled,
                                   const verification_set *tried, size_t enrol, uint64_t seed, scrim_error *error);

/*
 * One version of utterances against another: share of rows whose cosine is at least `threshold`, and the mean cosine.
 * n is at least 1.
 */
void verification_compare(const verification_set *a, const verification_set *b, double threshold, double *accepted,
                          double *mean_cosine);

#endif
