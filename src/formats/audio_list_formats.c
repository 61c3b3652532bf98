/* What an entry of each format of list looks like. */
#include "formats/audio_list_parts.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static int is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* ---- plain, nul ---- */

static scrim_status plain_parse(scrim_audio_list *list, char *text, size_t n, scrim_audio_entry *entry,
                                scrim_error *error) {
  (void)list;
  (void)error;
  entry->path = n > 0 ? text : NULL;
  return SCRIM_OK;
}

static scrim_status nul_parse(scrim_audio_list *list, char *text, size_t n, scrim_audio_entry *entry,
                              scrim_error *error) {
  entry->path = text;
  return n > 0 ? SCRIM_OK : audio_list_fail(list, SCRIM_E_FORMAT, "an empty path", error);
}

/* ---- scp ---- */

/* "file.ark:1234": so many bytes into an archive. */
static int scp_has_offset(const char *path) {
  const char *colon = strrchr(path, ':');
  return colon != NULL && colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

static scrim_status scp_parse(scrim_audio_list *list, char *text, size_t n, scrim_audio_entry *entry,
                              scrim_error *error) {
  while (n > 0 && is_blank(text[n - 1])) text[--n] = '\0';
  char *path = text;
  while (*path != '\0' && !is_blank(*path)) path++;
  if (path == text || *path == '\0')
    return audio_list_fail(list, SCRIM_E_FORMAT, "expected an utterance-id, a space and a path", error);
  *path++ = '\0';
  while (is_blank(*path)) path++;
  if (scp_has_offset(path))
    return audio_list_fail(list, SCRIM_E_UNSUPPORTED, "an offset into an archive: only whole files are taken", error);
  entry->id = text;
  entry->path = path;
  return SCRIM_OK;
}

/* ---- jsonl ---- */

/* Moves a string of the tree to the end of list->text, which the tree was read from. */
static const char *jsonl_keep(scrim_audio_list *list, size_t *used, const char *value) {
  const size_t bytes = strlen(value) + 1;
  if (bytes > AUDIO_LIST_LINE + 1 - *used) return NULL;
  char *kept = list->text + *used;
  memcpy(kept, value, bytes);
  *used += bytes;
  return kept;
}

/* A speaker may be a number. */
static scrim_status jsonl_speaker(scrim_audio_list *list, const cJSON *value, size_t *used, scrim_audio_entry *entry,
                                  scrim_error *error) {
  char digits[32];
  if (value == NULL || cJSON_IsNull(value)) return SCRIM_OK;
  if (cJSON_IsNumber(value)) {
    snprintf(digits, sizeof digits, "%.17g", value->valuedouble);
    entry->speaker = jsonl_keep(list, used, digits);
  } else if (cJSON_IsString(value) && value->valuestring[0] != '\0') {
    entry->speaker = jsonl_keep(list, used, value->valuestring);
  }
  return entry->speaker != NULL ? SCRIM_OK
                                : audio_list_fail(list, SCRIM_E_FORMAT, "\"speaker\" is no text or number", error);
}

static scrim_status jsonl_read(scrim_audio_list *list, const cJSON *object, scrim_audio_entry *entry,
                               scrim_error *error) {
  const cJSON *path = cJSON_GetObjectItemCaseSensitive(object, "audio_filepath");
  const cJSON *offset = cJSON_GetObjectItemCaseSensitive(object, "offset");
  size_t used = 0;
  if (!cJSON_IsObject(object) || !cJSON_IsString(path) || path->valuestring[0] == '\0')
    return audio_list_fail(list, SCRIM_E_FORMAT, "expected an object with \"audio_filepath\"", error);
  if (offset != NULL && !cJSON_IsNull(offset) && !(cJSON_IsNumber(offset) && offset->valuedouble == 0))
    return audio_list_fail(list, SCRIM_E_UNSUPPORTED, "\"offset\" is not 0: only whole files are taken", error);
  entry->path = jsonl_keep(list, &used, path->valuestring);
  if (entry->path == NULL) return audio_list_fail(list, SCRIM_E_FORMAT, "\"audio_filepath\" is too long", error);
  return jsonl_speaker(list, cJSON_GetObjectItemCaseSensitive(object, "speaker"), &used, entry, error);
}

static scrim_status jsonl_parse(scrim_audio_list *list, char *text, size_t n, scrim_audio_entry *entry,
                                scrim_error *error) {
  if (strspn(text, " \t") == n) return SCRIM_OK;
  const char *end = NULL;
  cJSON *object = cJSON_ParseWithLengthOpts(text, n + 1, &end, 1);
  if (object == NULL) return audio_list_fail(list, SCRIM_E_FORMAT, "no JSON", error);
  scrim_status status = jsonl_read(list, object, entry, error);
  cJSON_Delete(object);
  return status;
}

/* ---- tsv ---- */

static scrim_status tsv_parse(scrim_audio_list *list, char *text, size_t n, scrim_audio_entry *entry,
                              scrim_error *error) {
  char *tab = strchr(text, '\t');
  if (n == 0) return SCRIM_OK;
  if (tab == NULL || tab == text || tab[1] == '\0' || tab[1] == '\t')
    return audio_list_fail(list, SCRIM_E_FORMAT, "expected a path, a tab and a speaker", error);
  *tab++ = '\0';
  tab[strcspn(tab, "\t")] = '\0';
  if (list->line == 1 && strcmp(tab, "speaker") == 0) return SCRIM_OK;
  entry->path = text;
  entry->speaker = tab;
  return SCRIM_OK;
}

const audio_list_format audio_list_plain = {SCRIM_AUDIO_LIST_PLAIN, "plain", '\n', plain_parse};
const audio_list_format audio_list_nul = {SCRIM_AUDIO_LIST_NUL, "nul", '\0', nul_parse};
const audio_list_format audio_list_scp = {SCRIM_AUDIO_LIST_SCP, "scp", '\n', scp_parse};
const audio_list_format audio_list_jsonl = {SCRIM_AUDIO_LIST_JSONL, "jsonl", '\n', jsonl_parse};
const audio_list_format audio_list_tsv = {SCRIM_AUDIO_LIST_TSV, "tsv", '\n', tsv_parse};
