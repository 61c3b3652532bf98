/* Figures of one listener on one system, from the embeddings of all clips. */
#ifndef VOICE_DEID_VOICE_AUDIT_FIGURES_H
#define VOICE_DEID_VOICE_AUDIT_FIGURES_H

#include "voice_deid/verification.h"
#include <scrim/voice_audit.h>

/* Who spoke, clip by clip. */
typedef struct voice_roll {
  int32_t *speaker; /* [n] in the order in which they first appear */
  size_t n, speakers;
} voice_roll;

scrim_status voice_roll_call(voice_roll *roll, const scrim_voice_clip *clips, size_t n, scrim_error *error);
void voice_roll_free(voice_roll *roll);

/* All rows are of one listener. */
typedef struct voice_heard {
  size_t dim;
  const voice_roll *clips, *train; /* train: NULL or of no clips where nobody learns */
  const float *clean;              /* [clips, dim] */
  const float *own;                /* [clips, dim] as published; may be `clean` */
  const float *attacker;           /* [clips, dim] as the attacker hid them; NULL: not known */
  const float *learnt;             /* [train, dim] as the attacker hid his training clips; NULL: not known */
} voice_heard;

/*
 * Fills all but the names in `result`; *threshold of clean speech is set where own is clean, and read otherwise.
 * `enrol` as in scrim_voice_audit.
 */
scrim_status voice_audit_figures(scrim_voice_result *result, double *threshold, const voice_heard *heard, size_t enrol,
                                 uint64_t seed, scrim_error *error);

#endif
