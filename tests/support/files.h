/* Temporary folders and small files for tests. All functions assert that they succeed. */
#ifndef SUPPORT_FILES_H
#define SUPPORT_FILES_H

#include <stddef.h>

/* cmocka set-up and tear-down: *state is the name of an empty folder, which is removed with all files in it. */
int files_setup(void **state);
int files_teardown(void **state);

/* "folder/name"; the string lives until sixteen more have been asked for. */
const char *files_path(const char *folder, const char *name);
void files_write(const char *path, const void *bytes, size_t n);
/* All bytes of a file, and a NUL after them; free(). */
char *files_read(const char *path, size_t *n);
/* Entries of the folder, hidden ones too. */
size_t files_count(const char *folder);
int files_exists(const char *path);
/* The reading end of a pipe that holds the bytes (at most 64 KiB), as a path. close(*fd). */
const char *files_pipe(const void *bytes, size_t n, int *fd);

#endif
