/* --device of the verbs that train, apply and audit. */
#ifndef TOOLS_DEVICE_OPTION_H
#define TOOLS_DEVICE_OPTION_H

#include "command.h"

#define DEVICE_OPTION_HELP "cpu (the default, the same everywhere), cuda, or auto: a GPU if there is one"

/*
 * The device that option `which` names, opened; where it was given, a line on stderr says what was taken and, for auto
 * without a GPU, why. 0 or the exit code.
 */
int device_option(const args *a, int which, scrim_device *out);

#endif
