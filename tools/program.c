#define _XOPEN_SOURCE 700 /* nftw */
#include "program.h"
#include "complain.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

scrim_status program_run(const char *const *words, scrim_error *error) {
  posix_spawn_file_actions_t actions;
  pid_t child;
  int code;
  if (posix_spawn_file_actions_init(&actions) != 0)
    return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory starting %s", words[0]);
  int reason = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (reason == 0) reason = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (reason == 0) reason = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  if (reason == 0) reason = posix_spawnp(&child, words[0], &actions, NULL, (char *const *)words, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (reason == ENOENT) return complain_later(error, SCRIM_E_UNSUPPORTED, -1, "%s is not installed", words[0]);
  if (reason != 0) return complain_later(error, SCRIM_E_IO, -1, "cannot start %s: %s", words[0], strerror(reason));
  while (waitpid(child, &code, 0) < 0)
    if (errno != EINTR) return complain_later(error, SCRIM_E_IO, -1, "cannot wait for %s", words[0]);
  if (code == 0) return SCRIM_OK;
  return complain_later(error, SCRIM_E_IO, -1, "%s failed with exit code %d", words[0],
                        WIFEXITED(code) ? WEXITSTATUS(code) : -1);
}

scrim_status program_folder_make(program_folder *folder, scrim_error *error) {
  const char *where = getenv("TMPDIR");
  const int length = snprintf(folder->path, sizeof folder->path, "%s/scrim-XXXXXX", where && *where ? where : "/tmp");
  if (length > 0 && (size_t)length < sizeof folder->path && mkdtemp(folder->path)) return SCRIM_OK;
  folder->path[0] = '\0';
  return complain_later(error, SCRIM_E_IO, -1, "cannot make a folder in %.80s: %s", where ? where : "/tmp",
                        strerror(errno));
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where) {
  (void)info;
  (void)kind;
  (void)where;
  return remove(path);
}

void program_folder_remove(program_folder *folder) {
  if (folder->path[0]) nftw(folder->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  folder->path[0] = '\0';
}
