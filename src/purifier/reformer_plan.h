/*
 * The reformer made ready for inference: batch norm folded into the linear layers, the one-hot half of an input
 * replaced by a look-up of its weight row, and the decoder's first two layers (no activation between them) multiplied
 * into one. The plan is immutable and shared by sessions; scratch is the caller's. A row's bits do not depend on its
 * batch.
 */
#ifndef PURIFIER_REFORMER_PLAN_H
#define PURIFIER_REFORMER_PLAN_H

#include "purifier/reformer.h"

typedef struct reformer_plan reformer_plan;

scrim_status reformer_plan_create(reformer_plan **out, const reformer *r, scrim_error *error);
void reformer_plan_free(reformer_plan *p);

/* Rows that one call takes: activations of so many rows stay in the second-level cache. */
enum { REFORMER_PLAN_ROWS = 96 };
size_t reformer_plan_scratch(const reformer_plan *p); /* floats of scratch, 64-byte aligned, for the calls below */

/*
 * features [n, K], labels [n] -> mean [n, latent]; log_variance [n, latent] only when not NULL. n <=
 * REFORMER_PLAN_ROWS.
 */
void reformer_plan_encode(const reformer_plan *p, const float *features, const int32_t *labels, size_t n, float *mean,
                          float *log_variance, float *scratch);
/* z [n, latent], labels [n] -> probabilities [n, K]. */
void reformer_plan_decode(const reformer_plan *p, const float *z, const int32_t *labels, size_t n, float *probabilities,
                          float *scratch);

#endif
