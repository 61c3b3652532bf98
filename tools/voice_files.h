/*
 * Which recordings a batch is made of: where each is read, under which name below the output folder it goes, and whose
 * voice it is. Files by name, folders with all that is in them, lists.
 */
#ifndef TOOLS_VOICE_FILES_H
#define TOOLS_VOICE_FILES_H

#include <scrim.h>

typedef struct voice_file {
  char *in;      /* path */
  char *name;    /* relative, without ".." */
  char *id;      /* utterance of a Kaldi list, or NULL */
  char *speaker; /* or NULL */
} voice_file;

typedef struct voice_files {
  voice_file *file;
  size_t n, capacity;
} voice_files;

void voice_files_free(voice_files *files);

/* Copies all strings; `id` and `speaker` may be NULL. */
scrim_status voice_files_add(voice_files *files, const char *in, const char *name, const char *id, const char *speaker,
                             scrim_error *error);

/*
 * The name that a path goes under: itself without "/" and "./" at its start; what lies below `root` (NULL: none)
 * without root. free(). SCRIM_E_ARGUMENT: it has "..", or is no path of a file.
 */
scrim_status voice_files_name(char **name, const char *path, const char *root, scrim_error *error);

/* "folder/name"; "" as a folder is none. free(); NULL: no memory. */
char *voice_files_join(const char *folder, const char *name);

/* Makes the folders that a file lies in. */
scrim_status voice_files_make_folders(const char *path, scrim_error *error);

/*
 * Before anything is written to `folder`: no two inputs go to one output, and no output is one of the inputs, under
 * whatever name.
 */
scrim_status voice_files_check(const voice_files *files, const char *folder, scrim_error *error);

/* Keeps number `first`, from 0, and every `step`-th after it. */
void voice_files_keep_every(voice_files *files, size_t first, size_t step);

/* voice_walk.c: 1: by its ending it is meant to be sound. */
int voice_files_is_sound(const char *name);

/* voice_walk.c: what reads as sound by its ending, in a folder and those in it; in the order of the names. */
scrim_status voice_files_add_folder(voice_files *files, const char *folder, const char *out, scrim_error *error);

/* voice_lists.c: the entries of a list. Relative paths are relative to where the command runs. */
scrim_status voice_files_add_list(voice_files *files, const char *path, scrim_audio_list_format format,
                                  const char *root, scrim_error *error);

#endif
