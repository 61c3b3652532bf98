/*
 * What speech to train or audit on: a list of clips and who speaks in them, and a folder of rooms.
 *
 * The list is a table with tabs; its first line names the columns, of which `file`, `speaker` and, if it is there,
 * `text` are read. A file's path is taken from `root`, or without one from the list's own folder, unless it begins with
 * a slash.
 */
#ifndef TOOLS_CLIP_LIST_H
#define TOOLS_CLIP_LIST_H

#include <scrim.h>

typedef struct clip_list {
  scrim_voice_clip *clip; /* [n], strings of its own */
  size_t n;
  char *
      *text; /* [n_texts] what is said in each clip, "" where it is not told; none where the list has no such column */
  size_t n_texts;
  char **room; /* [n_rooms] paths */
  size_t n_rooms;
} clip_list;

/* Errors name list and line. Freed with clip_list_free in any case; zeroed before the first call. */
scrim_status clip_list_read(clip_list *list, const char *path, const char *root, scrim_error *error);
/* Adds the files of a folder, and of those within it, that end as sound does, in the order of their names. */
scrim_status clip_list_add_rooms(clip_list *list, const char *folder, scrim_error *error);
void clip_list_free(clip_list *list);

/* As the library takes it; borrows the list. */
scrim_voice_corpus clip_list_corpus(const clip_list *list);

#endif
