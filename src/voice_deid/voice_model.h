/*
 * What a voice filter's file holds: encoders, the target sampler, early parts of rooms, perhaps a generator. Immutable,
 * shared by sessions.
 */
#ifndef VOICE_DEID_VOICE_MODEL_H
#define VOICE_DEID_VOICE_MODEL_H

#include "voice_deid/generator.h"
#include "voice_deid/speaker_encoder.h"
#include "voice_deid/target_sampler.h"
#include <scrim/config.h>

enum {
  VOICE_ROOM_TAPS = 320, /* 20 ms: what is heard as one with the direct sound */
  VOICE_ROOMS = 64       /* at most */
};

typedef struct voice_model {
  int n_encoders; /* at most TARGET_PARTS */
  speaker_encoder *encoder[TARGET_PARTS];
  int dim[TARGET_PARTS];
  target_sampler *targets;
  generator *generator; /* NULL: the file has none */
  int n_rooms;
  const float *rooms; /* [n_rooms, VOICE_ROOM_TAPS], the first tap 1; borrowed from the file */
} voice_model;

int voice_model_width(const voice_model *m); /* of the embeddings of all encoders together */

/* Of the filter's table. */
scrim_status voice_model_load(void **model, const tensorfile *file, const scrim_config *config, scrim_error *error);
void voice_model_unload(void *model); /* NULL is fine */

#endif
