#include "voice_files.h"
#include "complain.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static scrim_status no_memory(scrim_error *error) {
  return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of files");
}

/* ---- the list ---- */

static void free_file(voice_file *f) {
  free(f->in);
  free(f->name);
  free(f->id);
  free(f->speaker);
}

void voice_files_free(voice_files *files) {
  for (size_t i = 0; i < files->n; i++) free_file(&files->file[i]);
  free(files->file);
  *files = (voice_files){0};
}

scrim_status voice_files_add(voice_files *files, const char *in, const char *name, const char *id, const char *speaker,
                             scrim_error *error) {
  if (files->n == files->capacity) {
    const size_t capacity = files->capacity ? 2 * files->capacity : 64;
    voice_file *grown = realloc(files->file, capacity * sizeof *grown);
    if (!grown) return no_memory(error);
    files->file = grown;
    files->capacity = capacity;
  }
  voice_file f = {strdup(in), strdup(name), id ? strdup(id) : NULL, speaker ? strdup(speaker) : NULL};
  if (!f.in || !f.name || (id && !f.id) || (speaker && !f.speaker)) {
    free_file(&f);
    return no_memory(error);
  }
  files->file[files->n++] = f;
  return SCRIM_OK;
}

void voice_files_keep_every(voice_files *files, size_t first, size_t step) {
  size_t kept = 0;
  for (size_t i = 0; i < files->n; i++) {
    if (i % step == first)
      files->file[kept++] = files->file[i];
    else
      free_file(&files->file[i]);
  }
  files->n = kept;
}

/* ---- names ---- */

char *voice_files_join(const char *folder, const char *name) {
  const size_t length = strlen(folder);
  char *path = malloc(length + strlen(name) + 2);
  if (!path) return NULL;
  memcpy(path, folder, length);
  const int has_slash = length == 0 || folder[length - 1] == '/';
  if (!has_slash) path[length] = '/';
  strcpy(path + length + !has_slash, name);
  return path;
}

static int has_part(const char *path, const char *part) {
  const size_t n = strlen(part);
  for (const char *at = path; *at;) {
    const size_t length = strcspn(at, "/");
    if (length == n && strncmp(at, part, n) == 0) return 1;
    at += length + (at[length] == '/');
  }
  return 0;
}

/* Past "/", "./" and repetitions of them. */
static const char *skip_start(const char *path) {
  for (;;) {
    if (path[0] == '/')
      path++;
    else if (path[0] == '.' && path[1] == '/')
      path += 2;
    else
      return path;
  }
}

scrim_status voice_files_name(char **name, const char *path, const char *root, scrim_error *error) {
  const size_t n = root ? strlen(root) : 0, bare = n > 0 && root[n - 1] == '/' ? n - 1 : n;
  const char *rest = path;
  if (n > 0 && strncmp(path, root, bare) == 0 && path[bare] == '/') rest = path + bare;
  rest = skip_start(rest);
  if (*rest == '\0' || rest[strlen(rest) - 1] == '/' || has_part(rest, "..") || has_part(rest, "."))
    return complain_later(error, SCRIM_E_ARGUMENT, -1,
                          "'%.150s' has no place in an output folder: a path without '.' and '..', or see --root",
                          path);
  *name = strdup(rest);
  return *name ? SCRIM_OK : no_memory(error);
}

/* ---- folders ---- */

scrim_status voice_files_make_folders(const char *path, scrim_error *error) {
  char *folder = strdup(path);
  if (!folder) return no_memory(error);
  scrim_status status = SCRIM_OK;
  for (char *slash = strchr(folder + 1, '/'); slash && status == SCRIM_OK; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    struct stat found;
    if (mkdir(folder, 0777) != 0 && !(errno == EEXIST && stat(folder, &found) == 0 && S_ISDIR(found.st_mode)))
      status = complain_later(error, SCRIM_E_IO, -1, "cannot make folder '%.150s': %s", folder,
                              errno == EEXIST ? "a file is in its place" : strerror(errno));
    *slash = '/';
  }
  free(folder);
  return status;
}

/* ---- no two to one place, none onto another ---- */

typedef struct place {
  dev_t device;
  ino_t node;
  const char *path;
} place;

static int by_place(const void *a, const void *b) {
  const place *x = a, *y = b;
  if (x->device != y->device) return x->device < y->device ? -1 : 1;
  return x->node < y->node ? -1 : x->node > y->node;
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(const voice_file *const *)a)->name, (*(const voice_file *const *)b)->name);
}

static scrim_status check_names(const voice_files *files, scrim_error *error) {
  const voice_file **sorted = malloc((files->n + 1) * sizeof *sorted);
  if (!sorted) return no_memory(error);
  for (size_t i = 0; i < files->n; i++) sorted[i] = &files->file[i];
  qsort(sorted, files->n, sizeof *sorted, by_name);
  scrim_status status = SCRIM_OK;
  for (size_t i = 1; i < files->n && status == SCRIM_OK; i++)
    if (by_name(&sorted[i - 1], &sorted[i]) == 0)
      status = complain_later(error, SCRIM_E_ARGUMENT, -1, "'%.70s' and '%.70s' would both become '%.50s'",
                              sorted[i - 1]->in, sorted[i]->in, sorted[i]->name);
  free(sorted);
  return status;
}

/* Inputs that are not there are found out later, one by one. */
static scrim_status check_places(const voice_files *files, const char *folder, scrim_error *error) {
  place *inputs = malloc((files->n + 1) * sizeof *inputs);
  size_t n = 0;
  struct stat found;
  if (!inputs) return no_memory(error);
  for (size_t i = 0; i < files->n; i++)
    if (stat(files->file[i].in, &found) == 0) inputs[n++] = (place){found.st_dev, found.st_ino, files->file[i].in};
  qsort(inputs, n, sizeof *inputs, by_place);
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < files->n && status == SCRIM_OK; i++) {
    char *out = voice_files_join(folder, files->file[i].name);
    if (!out) {
      status = no_memory(error);
    } else if (stat(out, &found) == 0) {
      const place wanted = {found.st_dev, found.st_ino, NULL};
      const place *input = bsearch(&wanted, inputs, n, sizeof *inputs, by_place);
      if (input)
        status = complain_later(error, SCRIM_E_ARGUMENT, -1, "'%.100s' would be written over the input '%.100s'", out,
                                input->path);
    }
    free(out);
  }
  free(inputs);
  return status;
}

scrim_status voice_files_check(const voice_files *files, const char *folder, scrim_error *error) {
  scrim_status status = check_names(files, error);
  return status == SCRIM_OK ? check_places(files, folder, error) : status;
}
