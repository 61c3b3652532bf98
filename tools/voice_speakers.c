#define _XOPEN_SOURCE 700 /* realpath */
#include "voice_speakers.h"
#include "complain.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
  char *key, *speaker;
} pair;

typedef struct pairs {
  pair *pair;
  size_t n, capacity;
} pairs;

static int by_key(const void *a, const void *b) {
  return strcmp(((const pair *)a)->key, ((const pair *)b)->key);
}

static void free_pairs(pairs *p) {
  for (size_t i = 0; i < p->n; i++) {
    free(p->pair[i].key);
    free(p->pair[i].speaker);
  }
  free(p->pair);
}

static scrim_status add_pair(pairs *p, const char *key, const char *speaker, scrim_error *error) {
  if (p->n == p->capacity) {
    const size_t capacity = p->capacity ? 2 * p->capacity : 64;
    pair *grown = realloc(p->pair, capacity * sizeof *grown);
    if (!grown) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for speakers");
    p->pair = grown;
    p->capacity = capacity;
  }
  const pair added = {strdup(key), strdup(speaker)};
  if (!added.key || !added.speaker) {
    free(added.key);
    free(added.speaker);
    return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for speakers");
  }
  p->pair[p->n++] = added;
  return SCRIM_OK;
}

/* A tsv has its pairs in path and speaker; utt2spk, "utterance-id speaker", reads as a wav.scp does. */
static scrim_status read_pairs(pairs *p, const char *path, scrim_error *error) {
  const char *point = strrchr(path, '.');
  const int is_tsv = point && strcmp(point, ".tsv") == 0;
  scrim_audio_list *list;
  scrim_audio_entry entry;
  int found = 1;
  scrim_status status = scrim_audio_list_open(&list, path, is_tsv ? SCRIM_AUDIO_LIST_TSV : SCRIM_AUDIO_LIST_SCP, error);
  if (status != SCRIM_OK) return status;
  while (status == SCRIM_OK && found) {
    status = scrim_audio_list_next(list, &entry, &found, error);
    if (status == SCRIM_OK && found)
      status = add_pair(p, is_tsv ? entry.path : entry.id, is_tsv ? entry.speaker : entry.path, error);
  }
  scrim_audio_list_close(list);
  if (p->n > 0) qsort(p->pair, p->n, sizeof *p->pair, by_key);
  for (size_t i = 1; i < p->n && status == SCRIM_OK; i++)
    if (by_key(&p->pair[i - 1], &p->pair[i]) == 0 && strcmp(p->pair[i - 1].speaker, p->pair[i].speaker) != 0)
      status = complain_later(error, SCRIM_E_DATA, -1, "'%.80s' is said to be both '%.50s' and '%.50s'", p->pair[i].key,
                              p->pair[i - 1].speaker, p->pair[i].speaker);
  return status;
}

static const char *find_speaker(const pairs *p, const voice_file *f) {
  const char *const keys[] = {f->id, f->in, f->name};
  for (size_t i = 0; i < 3 && p->n > 0; i++) {
    const pair wanted = {(char *)keys[i], NULL};
    const pair *found = keys[i] ? bsearch(&wanted, p->pair, p->n, sizeof wanted, by_key) : NULL;
    if (found) return found->speaker;
  }
  return f->speaker;
}

/* The last part of the folder of `path`, as it really is. free(); NULL: there is none. */
static char *folder_name(const char *path) {
  const char *slash = strrchr(path, '/');
  const size_t length = slash ? (size_t)(slash - path) : 0;
  char folder[PATH_MAX], real[PATH_MAX];
  if (length >= sizeof folder) return NULL;
  memcpy(folder, path, length);
  folder[length] = '\0';
  if (!realpath(slash ? (length ? folder : "/") : ".", real)) return NULL;
  return real[1] ? strdup(strrchr(real, '/') + 1) : NULL;
}

static scrim_status set_speaker(voice_file *f, voice_speakers_by by, const pairs *p, scrim_error *error) {
  char *speaker = NULL;
  if (by == VOICE_SPEAKERS_FOLDER) {
    speaker = folder_name(f->in);
  } else if (by == VOICE_SPEAKERS_SPEAKER) {
    const char *found = find_speaker(p, f);
    speaker = found ? strdup(found) : NULL;
  }
  if (by != VOICE_SPEAKERS_NONE && !speaker)
    return complain_later(error, SCRIM_E_DATA, -1, "nothing says who speaks in '%.150s'", f->in);
  free(f->speaker);
  f->speaker = speaker;
  return SCRIM_OK;
}

scrim_status voice_speakers_set(voice_files *files, voice_speakers_by by, const char *table, scrim_error *error) {
  pairs p = {NULL, 0, 0};
  scrim_status status = table ? read_pairs(&p, table, error) : SCRIM_OK;
  for (size_t i = 0; i < files->n && status == SCRIM_OK; i++) status = set_speaker(&files->file[i], by, &p, error);
  free_pairs(&p);
  return status;
}
