/* scrim voice train encoder */
#ifndef TOOLS_TRAIN_ENCODER_H
#define TOOLS_TRAIN_ENCODER_H

#include "command.h"

int train_encoder_run(const args *a); /* answers the exit code */

#endif
