/* The forms in which a classifier gives its scores, and the row checks that come with each. */
#ifndef PURIFIER_SCORE_FORM_H
#define PURIFIER_SCORE_FORM_H

#include <scrim/status.h>
#include <stddef.h>

typedef enum score_form { SCORE_PROBABILITIES = 0, SCORE_LOGITS = 1, SCORE_LOG_PROBABILITIES = 2 } score_form;

/* Rows of probabilities and log-probabilities sum to 1 within this. */
#define SCORE_SUM_TOLERANCE 1e-3

/* Checks rows [n, k] for finite values, range and sum; SCRIM_E_DATA names the first bad row and value. */
scrim_status score_form_check(score_form form, const float *rows, size_t n, size_t k, scrim_error *error);

/* One checked row -> probabilities that sum to 1. In place is fine. */
void score_form_to_probabilities(score_form form, const float *row, size_t k, float *probabilities);

/* Probabilities -> the row as the caller's form has it; log-probabilities for logits too (equal up to a constant, which
 * no softmax sees). Zeros become the logarithm of SCORE_LOG_FLOOR. In place is fine. */
#define SCORE_LOG_FLOOR 1e-9f
void score_form_from_probabilities(score_form form, const float *probabilities, size_t k, float *row);

/* Index of the largest value, the first of equals. */
size_t score_argmax(const float *row, size_t k);

#endif
