/* What every part of `scrim voice train` is told by the same options. */
#ifndef VOICE_TRAIN_OPTIONS_H
#define VOICE_TRAIN_OPTIONS_H

#include "args.h"
#include "clip_list.h"

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

/* Seed, device, checkpoint and progress. 0, or the exit code, with the message printed. */
int voice_train_options(const args *a, scrim_train_options *how);

/* The clips of --list, and --rooms if there are any; first of all, whether --output can be written. */
scrim_status voice_train_clips(const args *a, clip_list *list, scrim_error *error);

#endif
