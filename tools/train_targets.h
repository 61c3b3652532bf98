/* scrim voice train targets */
#ifndef TOOLS_TRAIN_TARGETS_H
#define TOOLS_TRAIN_TARGETS_H

#include "command.h"

int train_targets_run(const args *a); /* options as in train_encoder.h; answers the exit code */

#endif
