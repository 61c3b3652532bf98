/* Whom an item's speaker becomes. */
#ifndef VOICE_DEID_VOICE_TARGET_H
#define VOICE_DEID_VOICE_TARGET_H

#include "voice_deid/voice_model.h"

typedef struct voice_target {
  int class, number;                                       /* of the sampler's bank */
  float embedding[TARGET_PARTS * SPEAKER_MOST_DIMENSIONS]; /* of all encoders, one after the other */
  const float *part[TARGET_PARTS];                         /* of each */
} voice_target;

/*
 * A target of the class for an item: drawn again, a few times at most, while it is nearer than `unlike` to what any
 * encoder makes of the source, sources [encoders]. The farthest is not looked for: it would be much the same for all
 * items of a speaker.
 */
scrim_status voice_target_draw(voice_target *target, const voice_model *m, tape *t, int class,
                               const float *const *sources, double unlike, random_source *random, scrim_error *error);
/* A target of any class, for a pseudonym: it must not hang on what one item sounds like. */
scrim_status voice_target_draw_any(voice_target *target, const voice_model *m, tape *t, random_source *random,
                                   scrim_error *error);

#endif
