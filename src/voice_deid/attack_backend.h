/*
 * The semi-informed attacker: he knows the defence, hides the voices of speakers of his own with it, under a key of his
 * own, and learns from them how embeddings of hidden speech vary within a speaker and between speakers.
 *
 * The two-covariance model (probabilistic linear discriminant analysis of full rank): an embedding is a speaker's mean
 * of covariance B and a deviation of covariance W. Both covariances are shrunk towards spheres, for there are fewer
 * utterances than a full matrix needs. Embeddings are projected to where W is 1 and B diagonal; a trial's score is then
 * the log likelihood ratio of one speaker against two.
 */
#ifndef VOICE_DEID_ATTACK_BACKEND_H
#define VOICE_DEID_ATTACK_BACKEND_H

#include "voice_deid/verification.h"

typedef struct attack_backend attack_backend;

/* SCRIM_E_DATA: fewer than two speakers, or none with two utterances. SCRIM_E_MEMORY. */
scrim_status attack_backend_train(attack_backend **out, const verification_set *set, scrim_error *error);
void attack_backend_free(attack_backend *b); /* NULL is fine */

/* rows [n, dim] -> projected [n, dim] */
void attack_backend_project(const attack_backend *b, const float *rows, size_t n, float *projected);

/* A verification_score_fn of projected rows; its context is the back-end. */
double attack_backend_score(const void *context, const float *enrolled, const float *tried, size_t dim);

#endif
