/* The published parameters of the voice filter: one table for flags, help, docs and checks; and what is read of it. */
#ifndef VOICE_DEID_VOICE_SETTINGS_H
#define VOICE_DEID_VOICE_SETTINGS_H

#include "voice_deid/perturb.h"
#include <scrim/config.h>

enum { VOICE_PARAMS = 27 };
extern const scrim_param voice_params[VOICE_PARAMS];

typedef enum voice_mode { VOICE_SLOW, VOICE_FAST } voice_mode;

/* The same, read out of a config. */
typedef struct voice_settings {
  voice_mode mode;
  perturb_settings perturb;
  double fast_ratio; /* of the fast mode's strength to the slow mode's */
  double segment;    /* seconds */
  double room;       /* of the early reflections; 0: none, 1: as loud as the room has them */
  double unlike;     /* most cosine of a target to the source */
  /* training */
  int latent, hidden;
  size_t epochs, clips;
  double concentration, near;
  int generator_hidden;
  size_t generator_epochs, generator_batch;
  double generator_rate;
} voice_settings;
scrim_status voice_settings_read(voice_settings *settings, const scrim_config *config, scrim_error *error);

#endif
