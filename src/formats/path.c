/* File names. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "formats/path.h"
#include "core/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *path_shown(const char *path) {
  size_t n = strlen(path);
  return n > PATH_SHOWN ? path + n - PATH_SHOWN : path;
}

/* Characters up to and with the last slash. */
static size_t folder_chars(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

const char *path_extension(const char *path) {
  const char *point = strrchr(path + folder_chars(path), '.');
  return point == NULL ? "" : point + 1;
}

char *path_resolve(const char *path) {
  char resolved[PATH_MAX];
  return memory_strdup(realpath(path, resolved) != NULL ? resolved : path);
}

char *path_temporary(const char *path, unsigned attempt) {
  enum { NAME = 64 };
  size_t folder = folder_chars(path);
  char *name = memory_alloc(folder + NAME);
  if (name == NULL) return NULL;
  memcpy(name, path, folder);
  snprintf(name + folder, NAME, ".scrim-%ld-%u.tmp", (long)getpid(), attempt);
  return name;
}

int path_sync_folder(const char *path) {
  char folder[PATH_MAX] = ".";
  size_t n = folder_chars(path);
  if (n >= sizeof folder) {
    errno = ENAMETOOLONG;
    return -1;
  }
  if (n > 0) {
    memcpy(folder, path, n);
    folder[n] = '\0';
  }
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == EACCES ? 0 : -1; /* one may write into a folder that one may not read */
  int result = fsync(fd), reason = errno;
  close(fd);
  errno = reason;
  return result != 0 && reason != EINVAL ? -1 : 0; /* EINVAL: a file system that knows no such thing */
}
