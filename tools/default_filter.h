/* The filter that came along with the command, for when -f is left out. */
#ifndef TOOLS_DEFAULT_FILTER_H
#define TOOLS_DEFAULT_FILTER_H

#include "command.h"

enum { DEFAULT_FILTER_PATH = 4096 };

/*
 * *out: `given`, or where that is NULL the file NOUN.scrim that was installed with the command, or stands in the
 * sources that it was built from; `path` holds the name. Answers 0, or the exit code after complaining that there is
 * none.
 */
int default_filter(const args *a, const char *given, char path[DEFAULT_FILTER_PATH], const char **out);

#endif
