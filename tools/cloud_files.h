/*
 * Which files of points a command reads, and where the answers go: one file to one file, or several files and folders
 * into a folder, under their own names.
 */
#ifndef TOOLS_CLOUD_FILES_H
#define TOOLS_CLOUD_FILES_H

#include <scrim.h>

typedef struct cloud_file {
  char *in;
  char *out; /* NULL where nothing is written */
} cloud_file;

typedef struct cloud_files {
  cloud_file *file; /* of a folder: by name */
  size_t n;
} cloud_files;

/*
 * Of a folder: its files that end as files of points do, not those in folders within. `out` NULL: nothing is written;
 * otherwise a file's name if there is one input that is no folder and `out` is no folder, or else a folder, which is
 * made if it is not there. Errors name the path. Freed with cloud_files_free in any case.
 */
scrim_status cloud_files_list(cloud_files *files, const char *const *inputs, size_t n_inputs, const char *out,
                              scrim_error *error);
void cloud_files_free(cloud_files *files);

#endif
