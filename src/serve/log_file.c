/* Appending whole lines. */
#include "serve/log_file.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/path.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct log_file {
  int fd;
  char *path; /* for messages */
};

scrim_status log_file_open(log_file **out, const char *path, scrim_error *error) {
  *out = NULL;
  int is_stderr = strcmp(path, "-") == 0;
  log_file *log = memory_zalloc(1, sizeof *log);
  char *name = memory_strdup(is_stderr ? "standard error" : path);
  if (log == NULL || name == NULL) {
    memory_free(log);
    memory_free(name);
    return fail(error, SCRIM_E_MEMORY, "out of memory for the log '%s'", path_shown(path));
  }
  log->path = name;
  /* A pipe whose reader is away is refused at once rather than waited for. */
  log->fd = is_stderr ? STDERR_FILENO
                      : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                             S_IRUSR | S_IWUSR | S_IRGRP);
  if (log->fd < 0) {
    scrim_status status = fail_errno(error, SCRIM_E_IO, "cannot open the log '%s'", path_shown(path));
    log_file_close(log);
    return status;
  }
  *out = log;
  return SCRIM_OK;
}

void log_file_close(log_file *log) {
  if (log == NULL) return;
  if (log->fd >= 0 && log->fd != STDERR_FILENO) close(log->fd);
  memory_free(log->path);
  memory_free(log);
}

scrim_status log_file_write(log_file *log, const char *line, size_t n_bytes, scrim_error *error) {
  return file_write(log->fd, log->path, line, n_bytes, error);
}
