/* Where the command is tells where its files are: an installation may be moved, and needs no path compiled in. */
#include "default_filter.h"
#include "complain.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* From the folder of the command. */
static const char *const folders[] = {"../share/scrim", "../models"};
enum { FOLDERS = sizeof folders / sizeof *folders };

/* The folder that this program is in; "." where the system does not tell. */
static void find_command(char folder[DEFAULT_FILTER_PATH]) {
  const ssize_t length = readlink("/proc/self/exe", folder, DEFAULT_FILTER_PATH - 1);
  folder[length > 0 ? length : 0] = '\0';
  char *slash = strrchr(folder, '/');
  if (slash)
    *slash = '\0';
  else
    strcpy(folder, ".");
}

int default_filter(const args *a, const char *given, char path[DEFAULT_FILTER_PATH], const char **out) {
  char folder[DEFAULT_FILTER_PATH];
  *out = given;
  if (given) return 0;
  find_command(folder);
  for (size_t i = 0; i < FOLDERS; i++) {
    const int length = snprintf(path, DEFAULT_FILTER_PATH, "%s/%s/%s.scrim", folder, folders[i], a->command->noun);
    if (length >= DEFAULT_FILTER_PATH || access(path, R_OK) != 0) continue;
    *out = path;
    return 0;
  }
  return complain_usage(a->command, "--filter is missing, and no filter came along in '%s/%s'", folder, folders[0]);
}
