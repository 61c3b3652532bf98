/* File names: how they look in messages, what they are made of, and where links lead. */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include <stddef.h>

enum { PATH_SHOWN = 80 };

/* The last PATH_SHOWN characters, so that a long path leaves room in a message for what is wrong with it. */
const char *path_shown(const char *path);
/* Characters of the folder's part, up to and with the last slash; 0 for a bare name. */
size_t path_folder_length(const char *path);
/* The part after the last point of the last component, or "". */
const char *path_extension(const char *path);
/* Where the path leads once links are followed; itself if nothing is there. memory_free; NULL: no memory. */
char *path_resolve(const char *path);

#endif
