/*
 * Checkpoints of the training loop: one tensor file, written atomically, with all that a run needs to go on to the same
 * bits.
 * Randomness is not in it: every draw comes from a stream named by seed, epoch and step.
 */
#ifndef NN_CHECKPOINT_H
#define NN_CHECKPOINT_H

#include "nn/nn.h"

typedef struct checkpoint_place {
  uint64_t epochs_done;
  uint64_t best_epoch; /* counted from 1; 0: none yet */
  double best_figure;  /* 0 while there is none */
} checkpoint_place;

/* `best` is NULL for a run without validation. The file carries the settings in words. */
scrim_status checkpoint_save(const nn_training *t, const checkpoint_place *place, const nn_params *best,
                             const nn_optimizer *o, scrim_error *error);
/* SCRIM_E_STATE: made with other settings (the error names the first that differs). SCRIM_E_FORMAT: no checkpoint. */
scrim_status checkpoint_load(const nn_training *t, checkpoint_place *place, nn_params *best, nn_optimizer *o,
                             scrim_error *error);
int checkpoint_exists(const nn_training *t);
void checkpoint_remove(const nn_training *t);

#endif
