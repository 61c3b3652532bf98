/* What the shadows say about each audited row: one value a shadow, summed apart over those trained on it and not. */
#ifndef PURIFIER_ATTACK_REFERENCE_H
#define PURIFIER_ATTACK_REFERENCE_H

#include "purifier/attack.h"

typedef struct reference_sum {
  double n, sum, square;
} reference_sum;

typedef struct reference {
  size_t rows, shadows;
  const unsigned char *in; /* [shadows, rows], the view's */
  double *value;           /* [shadows, rows] */
  reference_sum (*row)[2]; /* [rows]: OUT, IN */
  reference_sum total[2];  /* all rows: OUT, IN */
} reference;

/* which: a statistic, perhaps ranked. reference_free is due whether or not this succeeds. */
scrim_status reference_make(reference *r, const attack_view *view, int which, scrim_error *error);
void reference_free(reference *r);

/* A row's sums over OUT (in 0) or IN (in 1) shadows but `without`, which is an index or -1. */
reference_sum reference_without(const reference *r, size_t row, int in, int32_t without);

double reference_mean(const reference_sum *s);    /* n > 0 */
double reference_squares(const reference_sum *s); /* sum of squared deviations from the mean; n > 0 */

#endif
