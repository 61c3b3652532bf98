/* Temporary folders and small files for tests. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "support/files.h"
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int files_setup(void **state) {
  char *folder = strdup("/tmp/test-files-XXXXXX");
  *state = folder;
  return folder == NULL || mkdtemp(folder) == NULL;
}

/* Calls visit for each entry, if given, and answers their number. */
static size_t each_entry(const char *folder, int (*visit)(const char *path)) {
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  size_t n = 0;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    n++;
    if (visit != NULL) visit(files_path(folder, entry->d_name));
  }
  closedir(entries);
  return n;
}

int files_teardown(void **state) {
  chmod(*state, 0700);
  each_entry(*state, remove);
  int result = rmdir(*state);
  free(*state);
  return result;
}

const char *files_path(const char *folder, const char *name) {
  static char paths[16][512];
  static unsigned next;
  char *path = paths[next++ % 16];
  assert_true(snprintf(path, sizeof paths[0], "%s/%s", folder, name) < (int)sizeof paths[0]);
  return path;
}

void files_write(const char *path, const void *bytes, size_t n) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, n, file), n);
  assert_int_equal(fclose(file), 0);
}

char *files_read(const char *path, size_t *n) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  *n = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*n + 1);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, *n, file), *n);
  bytes[*n] = '\0';
  fclose(file);
  return bytes;
}

size_t files_count(const char *folder) {
  return each_entry(folder, NULL);
}

int files_exists(const char *path) {
  return access(path, F_OK) == 0;
}

const char *files_pipe(const void *bytes, size_t n, int *fd) {
  static char path[32];
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_true(n <= 65536);
  assert_int_equal(write(ends[1], bytes, n), n);
  close(ends[1]);
  snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
  *fd = ends[0];
  return path;
}
