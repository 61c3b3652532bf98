/* Small files read whole. */
#include "core/whole_file.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/path.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static scrim_status whole_file_check(const struct stat *info, const char *shown, size_t limit, whole_file_kind kind,
                                     scrim_error *error) {
  if (!S_ISREG(info->st_mode)) return fail(error, SCRIM_E_IO, "'%s' is not a regular file", shown);
  if (kind == WHOLE_FILE_SECRET && (info->st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(error, SCRIM_E_KEY, "'%s' holds a secret and has mode %04o, open to others: it must be 0600", shown,
                (unsigned)info->st_mode & 07777u);
  if ((uint64_t)info->st_size > limit)
    return fail(error, SCRIM_E_FORMAT, "'%s' has %lld bytes, at most %zu are allowed", shown, (long long)info->st_size,
                limit);
  return SCRIM_OK;
}

static scrim_status whole_file_take(unsigned char **bytes, size_t *n_bytes, int fd, const char *path, size_t size,
                                    scrim_error *error) {
  unsigned char *block = memory_alloc(size + 1);
  if (block == NULL)
    return fail(error, SCRIM_E_MEMORY, "out of memory for the %zu bytes of '%s'", size, path_shown(path));
  scrim_status status = file_read(fd, path, block, size, n_bytes, error);
  /* A writer that replaces the file cannot be seen here; one that cuts it while it is read can. */
  if (status == SCRIM_OK && *n_bytes != size)
    status = fail(error, SCRIM_E_IO, "'%s' shrank from %zu to %zu bytes while it was read", path_shown(path), size,
                  *n_bytes);
  if (status != SCRIM_OK) {
    whole_file_free(block, size);
    return status;
  }
  block[size] = '\0';
  *bytes = block;
  return SCRIM_OK;
}

scrim_status whole_file_read(unsigned char **bytes, size_t *n_bytes, const char *path, size_t limit,
                             whole_file_kind kind, scrim_error *error) {
  *bytes = NULL;
  *n_bytes = 0;
  /* O_NONBLOCK: a FIFO must not hang the caller; it is refused by its type. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot open '%s'", path_shown(path));
  struct stat info;
  scrim_status status = fstat(fd, &info) == 0 ? whole_file_check(&info, path_shown(path), limit, kind, error)
                                              : fail_errno(error, SCRIM_E_IO, "cannot examine '%s'", path_shown(path));
  if (status == SCRIM_OK) status = whole_file_take(bytes, n_bytes, fd, path, (size_t)info.st_size, error);
  close(fd);
  return status;
}

void whole_file_free(unsigned char *bytes, size_t n_bytes) {
  if (bytes == NULL) return;
  memory_wipe(bytes, n_bytes);
  memory_free(bytes);
}
