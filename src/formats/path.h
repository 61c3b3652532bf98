/* File names: how they look in messages, where links lead, and names for temporary files. */
#ifndef FORMATS_PATH_H
#define FORMATS_PATH_H

#include <stddef.h>

enum { PATH_SHOWN = 80 };

/* The last PATH_SHOWN characters, so that a long path leaves room in a message for what is wrong with it. */
const char *path_shown(const char *path);
/* The part after the last point of the last component, or "". */
const char *path_extension(const char *path);
/*
 * Where the path leads once links are followed, or the path itself if nothing is there. memory_free; NULL: no memory.
 */
char *path_resolve(const char *path);
/* A name in the same folder that only this process uses, one for each attempt. memory_free; NULL: no memory. */
char *path_temporary(const char *path, unsigned attempt);
/* Makes a rename in the folder of `path` survive a power cut. 0, or -1 with errno. */
int path_sync_folder(const char *path);

#endif
