/* What an audit compares: no defence, the filter, baselines, and what others made of the same clips. */
#ifndef VOICE_DEID_VOICE_SYSTEM_H
#define VOICE_DEID_VOICE_SYSTEM_H

#include "core/random.h"
#include "voice_deid/voice_baseline.h"
#include <scrim/voice_audit.h>

/* Who hides a clip: whoever publishes it, or the attacker, who hides clips of his own to know them again. */
typedef enum voice_hider { VOICE_OWNER, VOICE_ATTACKER, VOICE_TRAINER, VOICE_HIDERS } voice_hider;

/* At most one of the last three is there; with none of them, it is no defence. */
typedef struct voice_system {
  char name[64];
  int is_filter;
  const voice_baseline *baseline;
  const scrim_voice_other *other;
} voice_system;

/* One thread's sessions and randomness. */
typedef struct voice_maker {
  scrim_session *session[2]; /* owner's, attacker's; NULL without a filter */
  random_source *random;
} voice_maker;

/* A key that is not the owner's: the attacker's, drawn from the seed. */
scrim_status voice_attacker_key(scrim_key **out, uint64_t seed, scrim_error *error);

/* `filter` NULL: none. `config` NULL: its own settings. voice_maker_close is due in any case. */
scrim_status voice_maker_open(voice_maker *m, const scrim_filter *filter, const scrim_config *config,
                              const scrim_key *owner, const scrim_key *attacker, uint64_t seed, scrim_error *error);
void voice_maker_close(voice_maker *m);

/*
 * What the system makes of clip `index` of the audit, or of its training clips: x [n] at 16 kHz -> y [n], apart from x.
 * `pseudonym` NULL: none. *seconds: processor time, not-a-number for what others did. Depends on no other call.
 */
scrim_status voice_maker_make(voice_maker *m, const voice_system *system, voice_hider hider, size_t index,
                              const char *pseudonym, const float *x, size_t n, float *y, double *seconds,
                              scrim_error *error);

#endif
