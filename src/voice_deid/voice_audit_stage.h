/* One system at work in an audit: what it made of each clip, as every listener heard it. */
#ifndef VOICE_DEID_VOICE_AUDIT_STAGE_H
#define VOICE_DEID_VOICE_AUDIT_STAGE_H

#include "voice_deid/attack_removal.h"
#include "voice_deid/voice_listener.h"
#include "voice_deid/voice_system.h"

enum { VOICE_MOST_REMOVALS = 16 };

typedef struct voice_stage {
  const scrim_voice_audit *audit;
  const voice_listener *listeners;
  size_t n_listeners;
  const voice_system *system;
  int has_attacker, has_trainer;                  /* 0: nobody hides that way, or it would be the same */
  size_t n_removals;                              /* of attack_removals, in their order; 0: none */
  const double *clean_level;                      /* [REMOVAL_BINS] what those who remove know of clean speech */
  float **heard[VOICE_HIDERS];                    /* [n_listeners][clips or training clips, dim]; NULL: nobody */
  float **removed[VOICE_MOST_REMOVALS];           /* [n_listeners][clips, dim] */
  double *distortion, *intelligibility, *seconds; /* [clips] */
} voice_stage;

/* Fields up to clean_level are set before. voice_stage_close is due in any case. */
scrim_status voice_stage_open(voice_stage *s, scrim_error *error);
void voice_stage_close(voice_stage *s);

/* Clips of the audit, then training clips. */
size_t voice_stage_items(const voice_stage *s);
/* One of them; threads may run different ones at once, each with its own maker and tape. */
scrim_status voice_stage_run(voice_stage *s, size_t item, voice_maker *maker, tape *t, scrim_error *error);

/* Means over clips. */
scrim_voice_cost voice_stage_cost(const voice_stage *s);

/* A clip as the audit uses it: x [*n] at 16 kHz, cut. memory_wipe_free. */
scrim_status voice_stage_read(const scrim_voice_audit *audit, const char *path, float **x, size_t *n,
                              scrim_error *error);

#endif
