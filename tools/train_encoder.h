/* scrim voice train encoder */
#ifndef TOOLS_TRAIN_ENCODER_H
#define TOOLS_TRAIN_ENCODER_H

#include "command.h"

/* Options of scrim voice train, as indices of args.value. */
enum {
  VOICE_TRAIN_OUTPUT,
  VOICE_TRAIN_LIST,
  VOICE_TRAIN_ROOT,
  VOICE_TRAIN_ROOMS,
  VOICE_TRAIN_KIND,
  VOICE_TRAIN_ENCODERS,
  VOICE_TRAIN_FILTER,
  VOICE_TRAIN_SETTINGS,
  VOICE_TRAIN_SEED,
  VOICE_TRAIN_CHECKPOINT,
  VOICE_TRAIN_RESUME,
  VOICE_TRAIN_DEVICE,
  VOICE_TRAIN_QUIET
};

int train_encoder_run(const args *a); /* answers the exit code */

#endif
