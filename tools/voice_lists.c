/* Lists of recordings. */
#include "complain.h"
#include "voice_files.h"
#include <stdlib.h>
#include <string.h>

/* "id.wav" for "/x/y.wav"; an id names a file, so it must be a name. free(). */
static scrim_status name_by_id(char **name, const scrim_audio_entry *entry, scrim_error *error) {
  const char *slash = strrchr(entry->path, '/'), *point = strrchr(slash ? slash : entry->path, '.');
  if (!point) point = "";
  if (strchr(entry->id, '/') || entry->id[0] == '.')
    return complain_later(error, SCRIM_E_FORMAT, entry->line - 1, "line %lld: the utterance-id '%.80s' is no file name",
                          (long long)entry->line, entry->id);
  *name = malloc(strlen(entry->id) + strlen(point) + 1);
  if (!*name) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for the names of files");
  strcpy(*name, entry->id);
  strcat(*name, point);
  return SCRIM_OK;
}

static scrim_status add_entry(voice_files *files, const scrim_audio_entry *entry, const char *root,
                              scrim_error *error) {
  char *name = NULL;
  scrim_status status = entry->id ? name_by_id(&name, entry, error) : voice_files_name(&name, entry->path, root, error);
  if (status == SCRIM_OK) status = voice_files_add(files, entry->path, name, entry->id, entry->speaker, error);
  free(name);
  return status;
}

scrim_status voice_files_add_list(voice_files *files, const char *path, scrim_audio_list_format format,
                                  const char *root, scrim_error *error) {
  scrim_audio_list *list;
  scrim_audio_entry entry;
  int found = 1;
  scrim_status status = scrim_audio_list_open(&list, path, format, error);
  if (status != SCRIM_OK) return status;
  while (status == SCRIM_OK && found) {
    status = scrim_audio_list_next(list, &entry, &found, error);
    if (status == SCRIM_OK && found) status = add_entry(files, &entry, root, error);
  }
  scrim_audio_list_close(list);
  if (status == SCRIM_OK && files->n == 0) status = complain_later(error, SCRIM_E_DATA, -1, "the list is empty");
  return status;
}
