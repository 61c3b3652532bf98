/* File names. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "core/path.h"
#include "core/memory.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char *path_shown(const char *path) {
  size_t n = strlen(path);
  return n > PATH_SHOWN ? path + n - PATH_SHOWN : path;
}

size_t path_folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

const char *path_extension(const char *path) {
  const char *point = strrchr(path + path_folder_length(path), '.');
  return point == NULL ? "" : point + 1;
}

char *path_resolve(const char *path) {
  char resolved[PATH_MAX];
  return memory_strdup(realpath(path, resolved) != NULL ? resolved : path);
}
