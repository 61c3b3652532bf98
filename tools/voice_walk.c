/* Folders of recordings. */
#include "complain.h"
#include "voice_files.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64 };

/* What one walk needs to know. */
typedef struct walk {
  voice_files *files;
  struct stat out; /* the output folder: what is in it was made by us */
  int has_out;
} walk;

/*
 * What is meant to be sound by its ending. Those at the end cannot be read: they are taken all the same, so that they
 * fail by name instead of staying behind unseen.
 */
int voice_files_is_sound(const char *name) {
  static const char *const endings[] = {"wav", "wave", "bwf",  "rf64", "w64", "aif",  "aiff", "aifc", "caf",
                                        "au",  "snd",  "flac", "ogg",  "oga", "opus", "mp3",  "sph",  "nist",
                                        "voc", "m4a",  "aac",  "wma",  "amr", "3gp",  "mp4",  "webm", "mkv"};
  const char *point = strrchr(name, '.');
  for (size_t i = 0; point && i < sizeof endings / sizeof *endings; i++)
    if (strcasecmp(point + 1, endings[i]) == 0) return 1;
  return 0;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, hidden ones left out, sorted. The caller frees each and the array, also after an error. */
static scrim_status list_folder(const char *path, char ***names, size_t *n, scrim_error *error) {
  DIR *folder = opendir(path);
  if (!folder) return complain_later(error, SCRIM_E_IO, -1, "cannot read folder '%.150s': %s", path, strerror(errno));
  scrim_status status = SCRIM_OK;
  for (struct dirent *entry; status == SCRIM_OK && (errno = 0, entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char **grown = *n % 256 == 0 ? realloc(*names, (*n + 256) * sizeof *grown) : *names;
    if (grown) *names = grown;
    char *name = grown ? strdup(entry->d_name) : NULL;
    if (name)
      (*names)[(*n)++] = name;
    else
      status = complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of files");
  }
  if (status == SCRIM_OK && errno != 0)
    status = complain_later(error, SCRIM_E_IO, -1, "cannot read folder '%.150s': %s", path, strerror(errno));
  closedir(folder);
  if (*n > 0) qsort(*names, *n, sizeof **names, by_text);
  return status;
}

static scrim_status walk_folder(walk *w, const char *path, const char *name, int depth, scrim_error *error);

/* path: of the entry; name: the same below the folder that the walk began in; leaf: its last part. */
static scrim_status walk_entry(walk *w, const char *path, const char *name, const char *leaf, int depth,
                               scrim_error *error) {
  struct stat found;
  /* A link to a file is followed, one to a folder is not: it could lead back here. */
  if (lstat(path, &found) != 0) return SCRIM_OK; /* removed meanwhile */
  if (S_ISDIR(found.st_mode)) {
    if (w->has_out && found.st_dev == w->out.st_dev && found.st_ino == w->out.st_ino) return SCRIM_OK;
    return walk_folder(w, path, name, depth + 1, error);
  }
  if (!voice_files_is_sound(leaf) || (S_ISLNK(found.st_mode) && stat(path, &found) == 0 && S_ISDIR(found.st_mode)))
    return SCRIM_OK;
  return voice_files_add(w->files, path, name, NULL, NULL, error);
}

static scrim_status walk_folder(walk *w, const char *path, const char *name, int depth, scrim_error *error) {
  if (depth > DEPTH_MAX)
    return complain_later(error, SCRIM_E_DATA, -1, "'%.150s' lies more than %d folders deep", path, DEPTH_MAX);
  char **names = NULL;
  size_t n = 0;
  scrim_status status = list_folder(path, &names, &n, error);
  for (size_t i = 0; i < n; i++) {
    char *inner = voice_files_join(path, names[i]), *inner_name = voice_files_join(name, names[i]);
    if (status == SCRIM_OK)
      status = inner && inner_name ? walk_entry(w, inner, inner_name, names[i], depth, error)
                                   : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of files");
    free(inner);
    free(inner_name);
    free(names[i]);
  }
  free(names);
  return status;
}

scrim_status voice_files_add_folder(voice_files *files, const char *folder, const char *out, scrim_error *error) {
  walk w = {.files = files};
  w.has_out = stat(out, &w.out) == 0;
  const size_t before = files->n;
  scrim_status status = walk_folder(&w, folder, "", 0, error);
  if (status == SCRIM_OK && files->n == before)
    status = complain_later(error, SCRIM_E_DATA, -1, "no file of sound in folder '%.150s'", folder);
  return status;
}
