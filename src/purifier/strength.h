/* The choice of strength by measured leakage, for owners who give their members' scores. */
#ifndef PURIFIER_STRENGTH_H
#define PURIFIER_STRENGTH_H

#include "purifier/saturation.h"

/* One party's reformed rows: confidence in the predicted class, and whether that class is right. */
typedef struct strength_rows {
  const float *confidence;    /* [n] */
  const unsigned char *right; /* [n] */
  size_t n;
} strength_rows;

/* AUC of "right with high released confidence means member" minus the AUC of "right means member", at a step. */
scrim_status strength_leak(double *leak, const saturation *s, int step, const strength_rows *members,
                           const strength_rows *others, scrim_error *error);

/* The smallest strength whose leak is at most `most`; 1 if none is. */
scrim_status strength_choose(double *strength, double *leak, const saturation *s, double most,
                             const strength_rows *members, const strength_rows *others, scrim_error *error);

#endif
