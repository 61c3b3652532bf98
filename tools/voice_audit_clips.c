#include "voice_audit_clips.h"
#include "complain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clips and speakers that were picked before: of whom, and how many. */
static size_t count_of(const voice_audit_clips *c, const char *speaker, size_t *speakers) {
  size_t n = 0;
  *speakers = 0;
  for (size_t i = 0; i < c->n; i++) {
    size_t first = 0;
    while (strcmp(c->clip[first].speaker, c->clip[i].speaker) != 0) first++;
    *speakers += first == i;
    n += strcmp(c->clip[i].speaker, speaker) == 0;
  }
  return n;
}

/* What follows the list's folder in a clip's path. */
static const char *below_folder(const char *clip, const char *list, const char *root) {
  const char *slash = strrchr(list, '/');
  const size_t length = root ? strlen(root) : slash ? (size_t)(slash - list) + 1 : 0;
  const char *below = strncmp(clip, root ? root : list, length) == 0 ? clip + length : clip;
  while (*below == '/') below++;
  return below;
}

scrim_status voice_audit_clips_pick(voice_audit_clips *out, const clip_list *list, const char *path, const char *root,
                                    voice_audit_limits limits, scrim_error *error) {
  *out = (voice_audit_clips){.clip = calloc(list->n, sizeof *out->clip),
                             .below = calloc(list->n, sizeof *out->below),
                             .text = calloc(list->n, sizeof *out->text)};
  if (!out->clip || !out->below || !out->text)
    return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for %zu clips", list->n);
  for (size_t i = 0; i < list->n; i++) {
    size_t speakers;
    const size_t n = count_of(out, list->clip[i].speaker, &speakers);
    if ((limits.clips > 0 && n >= limits.clips) || (n == 0 && limits.speakers > 0 && speakers >= limits.speakers))
      continue;
    out->clip[out->n] = list->clip[i];
    out->text[out->n] = i < list->n_texts ? list->text[i] : NULL;
    out->below[out->n++] = below_folder(list->clip[i].path, path, root);
  }
  return SCRIM_OK;
}

void voice_audit_clips_free(voice_audit_clips *c) {
  free(c->clip);
  free((void *)c->below);
  free((void *)c->text);
  *c = (voice_audit_clips){0};
}

char **voice_audit_paths(const voice_audit_clips *clips, const char *folder, const char *part) {
  char **paths = calloc(clips->n + 1, sizeof *paths);
  for (size_t i = 0; paths && i < clips->n; i++) {
    const size_t length = strlen(folder) + strlen(part) + strlen(clips->below[i]) + 3;
    paths[i] = malloc(length);
    if (!paths[i]) {
      voice_audit_paths_free(paths, i);
      return NULL;
    }
    snprintf(paths[i], length, "%s/%s/%s", folder, part, clips->below[i]);
  }
  return paths;
}

void voice_audit_paths_free(char **paths, size_t n) {
  for (size_t i = 0; paths && i < n; i++) free(paths[i]);
  free(paths);
}
