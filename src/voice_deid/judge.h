/*
 * The judge: a speaker encoder that this project did not train and that no training, threshold or choice here has ever
 * seen, so that what it says of a filter is what a stranger's machine would say. For audits alone.
 *
 * A residual network of 314,000 8-bit weights, trained by others on VoxCeleb2 for a microcontroller, run here in float
 * without rounding, but saturating as 8-bit numbers do. Speech at 16 kHz, in segments of 20,720 samples every 8,000:
 *
 *     80 mel bands x 128 windows, log, minus the mean in time, clipped -> conv 3x3, 16 -> pool
 *     -> block 16 -> pool -> block 32 -> pool -> block 64 -> block 128 -> mean -> linear, 64 -> unit length
 *
 * An utterance is the mean of its segments, of unit length again.
 */
#ifndef VOICE_DEID_JUDGE_H
#define VOICE_DEID_JUDGE_H

#include "core/tensorfile.h"
#include "tensor/tensor.h"

enum { JUDGE_DIMENSIONS = 64 };

typedef struct judge judge; /* immutable, shared by threads */

/* Weights from a safetensors file: NAME_w and NAME_b of int8, NAME_shift of int32. SCRIM_E_FORMAT, SCRIM_E_MEMORY. */
scrim_status judge_load(judge **out, const char *path, scrim_error *error);
scrim_status judge_create(judge **out, const tensorfile *file, scrim_error *error);
void judge_free(judge *j); /* NULL is fine */

/* The embedding [JUDGE_DIMENSIONS] of x [n] at 16 kHz, n at least 1; shorter speech is repeated. Resets the tape. */
scrim_status judge_embed(const judge *j, tape *t, const float *x, size_t n, float *out, scrim_error *error);

#endif
