#include "cloud_files.h"
#include "complain.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static scrim_status no_memory(scrim_error *error) {
  return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of files");
}

static int is_folder(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* What reads as a file of points in a folder where labels, metadata and pictures may lie as well. */
static int is_points(const char *name) {
  static const char *const endings[] = {".bin", ".pcd", ".ply", ".las", ".npy", ".scrimpts"};
  const size_t length = strlen(name);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const size_t ending = strlen(endings[i]);
    if (name[0] != '.' && length > ending && strcmp(name + length - ending, endings[i]) == 0) return 1;
  }
  return 0;
}

/* "folder/name", or the name alone where folder is NULL. Freed with free(); NULL: no memory. */
static char *join(const char *folder, const char *name) {
  const size_t length = folder ? strlen(folder) : 0;
  char *path = malloc(length + strlen(name) + 2);
  if (!path) return NULL;
  if (folder) memcpy(path, folder, length);
  if (folder) path[length] = '/';
  strcpy(path + (folder ? length + 1 : 0), name);
  return path;
}

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Adds folder/name. `out`: where it goes; `into`: `out` is a folder. */
static scrim_status add(cloud_files *files, const char *folder, const char *name, const char *out, int into,
                        scrim_error *error) {
  cloud_file *grown = realloc(files->file, (files->n + 1) * sizeof *grown);
  if (!grown) return no_memory(error);
  files->file = grown;
  cloud_file *file = &grown[files->n++];
  file->in = join(folder, name);
  file->out = !out ? NULL : into ? join(out, last_part(name)) : join(NULL, out);
  return file->in && (file->out || !out) ? SCRIM_OK : no_memory(error);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const cloud_file *)a)->in, ((const cloud_file *)b)->in);
}

static scrim_status add_folder(cloud_files *files, const char *folder, const char *out, scrim_error *error) {
  DIR *directory = opendir(folder);
  if (!directory)
    return complain_later(error, SCRIM_E_IO, -1, "cannot read folder '%.150s': %s", folder, strerror(errno));
  const size_t before = files->n;
  scrim_status status = SCRIM_OK;
  for (struct dirent *entry; status == SCRIM_OK && (entry = readdir(directory)) != NULL;)
    if (is_points(entry->d_name)) status = add(files, folder, entry->d_name, out, 1, error);
  closedir(directory);
  if (status == SCRIM_OK && files->n == before)
    status = complain_later(error, SCRIM_E_DATA, -1, "no files of points in folder '%.150s'", folder);
  if (files->n > before) qsort(files->file + before, files->n - before, sizeof *files->file, by_name);
  return status;
}

/* Two files of one name from different folders would be one answer. */
static scrim_status check_names(const cloud_files *files, scrim_error *error) {
  for (size_t i = 0; i < files->n; i++)
    for (size_t j = 0; j < i && files->file[i].out; j++)
      if (strcmp(files->file[i].out, files->file[j].out) == 0)
        return complain_later(error, SCRIM_E_ARGUMENT, -1, "'%.80s' and '%.80s' would both become '%.60s'",
                              files->file[j].in, files->file[i].in, files->file[i].out);
  return SCRIM_OK;
}

scrim_status cloud_files_list(cloud_files *files, const char *const *inputs, size_t n_inputs, const char *out,
                              scrim_error *error) {
  *files = (cloud_files){0};
  const int into = out && strcmp(out, "-") != 0 && (n_inputs > 1 || is_folder(inputs[0]) || is_folder(out));
  if (out && !into && (n_inputs > 1 || is_folder(inputs[0])))
    return complain_later(error, SCRIM_E_ARGUMENT, -1, "several files need a folder for an output");
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n_inputs && status == SCRIM_OK; i++) {
    if (strcmp(inputs[i], "-") != 0 && is_folder(inputs[i]))
      status = add_folder(files, inputs[i], out, error);
    else if (into && strcmp(inputs[i], "-") == 0)
      status =
          complain_later(error, SCRIM_E_ARGUMENT, -1, "standard input has no name to go into folder '%.150s'", out);
    else
      status = add(files, NULL, inputs[i], out, into, error);
  }
  if (status == SCRIM_OK) status = check_names(files, error);
  if (status == SCRIM_OK && into && mkdir(out, 0777) != 0 && (errno != EEXIST || !is_folder(out)))
    status = complain_later(error, SCRIM_E_IO, -1, "cannot make folder '%.150s': %s", out, strerror(errno));
  return status;
}

void cloud_files_free(cloud_files *files) {
  for (size_t i = 0; i < files->n; i++) {
    free(files->file[i].in);
    free(files->file[i].out);
  }
  free(files->file);
}
