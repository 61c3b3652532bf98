/*
 * The reformer on a device: a pass of a fixed number of rows, recorded once and repeated block by block. The layers are
 * those of reformer_plan.h, folded alike; what comes out agrees with it but for rounding.
 */
#ifndef PURIFIER_REFORMER_DEVICE_H
#define PURIFIER_REFORMER_DEVICE_H

#include "purifier/reformer.h"

typedef struct reformer_device reformer_device;

enum { REFORMER_DEVICE_ROWS = 4096 };

/* `apart`: encode and decode may be asked for, with noise between them; else reform alone. r may go afterwards. */
scrim_status reformer_device_create(reformer_device **out, const backend *b, const reformer *r, int apart,
                                    scrim_error *error);
void reformer_device_free(reformer_device *d); /* wipes; NULL is fine */

/* n <= REFORMER_DEVICE_ROWS: features [n, K] -> probabilities [n, K]. */
scrim_status reformer_device_reform(reformer_device *d, const float *features, const int32_t *labels, size_t n,
                                    float *probabilities, scrim_error *error);
/* features [n, K] -> mean, log_variance [n, latent] */
scrim_status reformer_device_encode(reformer_device *d, const float *features, const int32_t *labels, size_t n,
                                    float *mean, float *log_variance, scrim_error *error);
/* z [n, latent] -> probabilities [n, K] */
scrim_status reformer_device_decode(reformer_device *d, const float *z, const int32_t *labels, size_t n,
                                    float *probabilities, scrim_error *error);

#endif
