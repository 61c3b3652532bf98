/* Linear layers of the reformer with what follows them folded in, for inference. */
#ifndef PURIFIER_REFORMER_FOLD_H
#define PURIFIER_REFORMER_FOLD_H

#include "purifier/reformer.h"

/* y = W x + b in double while it is being folded. */
typedef struct affine {
  int in, out;
  double *w, *b; /* [out, in], [out] */
} affine;

/* Each answers 0 when out of memory; affine_free all the same. */

/* A linear layer and, where it has one (else NULL), the batch norm behind it: scale = gamma / sqrt(var + epsilon). */
int affine_fold(affine *a, const nn_linear *l, const nn_norm *norm);
/* second(first(x)) as one layer. */
int affine_join(affine *joined, const affine *second, const affine *first);
void affine_free(affine *a); /* all 0 is fine */

#endif
