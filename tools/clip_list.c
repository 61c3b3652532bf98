#include "clip_list.h"
#include "complain.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static scrim_status no_memory(scrim_error *error) {
  return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a list of clips");
}

/* folder[0..length) / name. Freed with free(); NULL: no memory. */
static char *join(const char *folder, size_t length, const char *name) {
  char *path = malloc(length + strlen(name) + 2);
  if (!path) return NULL;
  memcpy(path, folder, length);
  sprintf(path + length, "%s%s", length > 0 && folder[length - 1] != '/' ? "/" : "", name);
  return path;
}

/* ---- the list ---- */

/* Where the columns of one line are: cuts it at its tabs. Answers the word of column `wanted`, NULL: there is none. */
static char *column(char *line, int wanted) {
  for (; wanted > 0; wanted--) {
    line = strchr(line, '\t');
    if (!line) return NULL;
    line++;
  }
  return line;
}

static int find_column(const char *header, const char *name) {
  const size_t length = strlen(name);
  for (int i = 0; header; i++) {
    if (strncmp(header, name, length) == 0 && (header[length] == '\t' || header[length] == '\0')) return i;
    header = strchr(header, '\t');
    if (header) header++;
  }
  return -1;
}

/* The word's own copy, without what follows its tab. */
static char *copy_word(const char *word) {
  return word ? strndup(word, strcspn(word, "\t")) : NULL;
}

/* The last clip's text. */
static scrim_status add_text(clip_list *list, const char *word, scrim_error *error) {
  char **grown = realloc(list->text, (list->n_texts + 1) * sizeof *grown);
  if (!grown) return no_memory(error);
  list->text = grown;
  list->text[list->n_texts] = copy_word(word ? word : "");
  return list->text[list->n_texts++] ? SCRIM_OK : no_memory(error);
}

enum { FILE_COLUMN, SPEAKER_COLUMN, TEXT_COLUMN, COLUMNS };

static scrim_status add_clip(clip_list *list, char *line, const int columns[COLUMNS], const char *folder, size_t length,
                             scrim_error *error) {
  char *name = copy_word(column(line, columns[FILE_COLUMN]));
  char *speaker = copy_word(column(line, columns[SPEAKER_COLUMN]));
  scrim_status status = SCRIM_OK;
  if (!name || !speaker || !*name || !*speaker) {
    status = complain_later(error, SCRIM_E_DATA, -1, "file or speaker is missing");
  } else {
    scrim_voice_clip *grown = realloc(list->clip, (list->n + 1) * sizeof *grown);
    char *path = *name == '/' ? strdup(name) : join(folder, length, name);
    if (grown) list->clip = grown;
    if (grown && path)
      list->clip[list->n++] = (scrim_voice_clip){.path = path, .speaker = speaker};
    else
      status = no_memory(error);
    if (status != SCRIM_OK) free(path);
  }
  if (status != SCRIM_OK) free(speaker);
  free(name);
  if (status != SCRIM_OK || columns[TEXT_COLUMN] < 0) return status;
  return add_text(list, column(line, columns[TEXT_COLUMN]), error);
}

static void cut_end(char *line) {
  line[strcspn(line, "\r\n")] = '\0';
}

static scrim_status read_lines(clip_list *list, FILE *from, const char *folder, size_t length, size_t *number,
                               scrim_error *error) {
  char *line = NULL;
  size_t room = 0;
  int columns[COLUMNS];
  scrim_status status = SCRIM_OK;
  *number = 1;
  if (getline(&line, &room, from) < 0) {
    free(line);
    return complain_later(error, SCRIM_E_FORMAT, -1, "no header that names the columns");
  }
  cut_end(line);
  columns[FILE_COLUMN] = find_column(line, "file");
  columns[SPEAKER_COLUMN] = find_column(line, "speaker");
  columns[TEXT_COLUMN] = find_column(line, "text");
  if (columns[FILE_COLUMN] < 0 || columns[SPEAKER_COLUMN] < 0)
    status = complain_later(error, SCRIM_E_FORMAT, -1, "the header names no column '%s'",
                            columns[FILE_COLUMN] < 0 ? "file" : "speaker");
  while (status == SCRIM_OK && getline(&line, &room, from) >= 0) {
    ++*number;
    cut_end(line);
    if (*line) status = add_clip(list, line, columns, folder, length, error);
  }
  free(line);
  if (status == SCRIM_OK && ferror(from)) status = complain_later(error, SCRIM_E_IO, -1, "%s", strerror(errno));
  return status;
}

scrim_status clip_list_read(clip_list *list, const char *path, const char *root, scrim_error *error) {
  const char *slash = strrchr(path, '/');
  FILE *from = fopen(path, "r");
  if (!from) return complain_later(error, SCRIM_E_IO, -1, "cannot open '%.200s': %s", path, strerror(errno));
  const char *folder = root ? root : path;
  const size_t length = root ? strlen(root) : slash ? (size_t)(slash - path) + 1 : 0;
  size_t number = 0;
  scrim_error found;
  scrim_status status = read_lines(list, from, folder, length, &number, &found);
  fclose(from);
  if (status != SCRIM_OK)
    return complain_later(error, status, -1, "'%.200s', line %zu: %.200s", path, number, found.message);
  if (list->n == 0) return complain_later(error, SCRIM_E_DATA, -1, "'%.200s' lists no clips", path);
  return SCRIM_OK;
}

/* ---- rooms ---- */

static int is_sound(const char *name) {
  static const char *const endings[] = {".wav", ".flac", ".ogg", ".aiff", ".aif"};
  const size_t length = strlen(name);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const size_t ending = strlen(endings[i]);
    if (length > ending && strcmp(name + length - ending, endings[i]) == 0) return 1;
  }
  return 0;
}

static scrim_status add_room(clip_list *list, char *path, scrim_error *error) {
  char **grown = realloc(list->room, (list->n_rooms + 1) * sizeof *grown);
  if (!grown) {
    free(path);
    return no_memory(error);
  }
  list->room = grown;
  list->room[list->n_rooms++] = path;
  return SCRIM_OK;
}

static scrim_status walk(clip_list *list, const char *folder, int depth, scrim_error *error) {
  DIR *directory = opendir(folder);
  scrim_status status = SCRIM_OK;
  if (!directory)
    return complain_later(error, SCRIM_E_IO, -1, "cannot read folder '%.150s': %s", folder, strerror(errno));
  for (struct dirent *entry; status == SCRIM_OK && (entry = readdir(directory)) != NULL;) {
    struct stat found;
    if (entry->d_name[0] == '.') continue;
    char *path = join(folder, strlen(folder), entry->d_name);
    if (!path) {
      status = no_memory(error);
    } else if (is_sound(entry->d_name)) {
      status = add_room(list, path, error);
    } else {
      if (depth > 0 && stat(path, &found) == 0 && S_ISDIR(found.st_mode)) status = walk(list, path, depth - 1, error);
      free(path);
    }
  }
  closedir(directory);
  return status;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

scrim_status clip_list_add_rooms(clip_list *list, const char *folder, scrim_error *error) {
  const size_t before = list->n_rooms;
  const scrim_status status = walk(list, folder, 4, error);
  if (status != SCRIM_OK) return status;
  if (list->n_rooms == before)
    return complain_later(error, SCRIM_E_DATA, -1, "no files of sound in folder '%.150s'", folder);
  qsort(list->room + before, list->n_rooms - before, sizeof *list->room, by_name);
  return SCRIM_OK;
}

/* ---- use ---- */

scrim_voice_corpus clip_list_corpus(const clip_list *list) {
  return (scrim_voice_corpus){
      .clips = list->clip, .n_clips = list->n, .rooms = (const char *const *)list->room, .n_rooms = list->n_rooms};
}

void clip_list_free(clip_list *list) {
  for (size_t i = 0; i < list->n; i++) {
    free((char *)list->clip[i].path);
    free((char *)list->clip[i].speaker);
  }
  for (size_t i = 0; i < list->n_texts; i++) free(list->text[i]);
  free(list->text);
  for (size_t i = 0; i < list->n_rooms; i++) free(list->room[i]);
  free(list->clip);
  free(list->room);
  *list = (clip_list){0};
}
