/* scrim voice train generator */
#ifndef TOOLS_TRAIN_GENERATOR_H
#define TOOLS_TRAIN_GENERATOR_H

#include "command.h"

int train_generator_run(const args *a); /* options as in train_encoder.h; answers the exit code */

#endif
