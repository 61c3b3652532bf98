/* Lists of files of sound. */
#include "core/error.h"
#include "core/memory.h"
#include "core/path.h"
#include "formats/audio_list_parts.h"
#include <inttypes.h>
#include <string.h>

enum { LOOK_AHEAD = 1 << 16 };

static const audio_list_format *const formats[] = {&audio_list_plain, &audio_list_nul, &audio_list_scp,
                                                   &audio_list_jsonl, &audio_list_tsv};
enum { N_FORMATS = sizeof formats / sizeof *formats };

scrim_status scrim_audio_list_format_parse(scrim_audio_list_format *out, const char *name, scrim_error *error) {
  if (out == NULL || name == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_list_format_parse: out or name is NULL");
  *out = SCRIM_AUDIO_LIST_AUTO;
  for (size_t i = 0; i < N_FORMATS; i++)
    if (strcmp(formats[i]->name, name) == 0) *out = formats[i]->format;
  if (*out != SCRIM_AUDIO_LIST_AUTO || strcmp(name, "auto") == 0) return SCRIM_OK;
  return fail(error, SCRIM_E_PARAM, "no list format '%s': plain, nul, scp, jsonl, tsv or auto", name);
}

scrim_status audio_list_fail(const scrim_audio_list *list, scrim_status status, const char *what, scrim_error *error) {
  return fail_row(error, status, list->line - 1, "'%s' %s %" PRId64 ": %s", bytes_in_name(list->in),
                  list->format->end == '\n' ? "line" : "entry", list->line, what);
}

/* ---- opening ---- */

static scrim_audio_list_format audio_list_by_name(const char *path) {
  const char *extension = path_extension(path);
  if (strcmp(extension, "scp") == 0) return SCRIM_AUDIO_LIST_SCP;
  if (strcmp(extension, "jsonl") == 0 || strcmp(extension, "json") == 0) return SCRIM_AUDIO_LIST_JSONL;
  return strcmp(extension, "tsv") == 0 ? SCRIM_AUDIO_LIST_TSV : SCRIM_AUDIO_LIST_AUTO;
}

static scrim_status audio_list_guess(scrim_audio_list *list, scrim_audio_list_format *format, scrim_error *error) {
  const char *bytes;
  size_t n;
  scrim_status status = bytes_in_peek(list->in, LOOK_AHEAD, &bytes, &n, error);
  if (status != SCRIM_OK) return status;
  *format = memchr(bytes, '\0', n < LOOK_AHEAD ? n : LOOK_AHEAD) != NULL ? SCRIM_AUDIO_LIST_NUL
            : n > 0 && bytes[0] == '{'                                   ? SCRIM_AUDIO_LIST_JSONL
                                                                         : SCRIM_AUDIO_LIST_PLAIN;
  return SCRIM_OK;
}

/* Takes `in`. */
static scrim_status audio_list_create(scrim_audio_list **out, bytes_in *in, scrim_audio_list_format format,
                                      scrim_error *error) {
  scrim_audio_list *list = memory_zalloc(1, sizeof *list);
  if (list == NULL) {
    bytes_in_close(in);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a list");
  }
  list->in = in;
  list->text = memory_alloc(AUDIO_LIST_LINE + 1);
  scrim_status status = list->text == NULL ? fail(error, SCRIM_E_MEMORY, "out of memory for a list") : SCRIM_OK;
  if (status == SCRIM_OK && format == SCRIM_AUDIO_LIST_AUTO) status = audio_list_guess(list, &format, error);
  for (size_t i = 0; i < N_FORMATS; i++)
    if (formats[i]->format == format) list->format = formats[i];
  if (status == SCRIM_OK && list->format == NULL)
    status = fail(error, SCRIM_E_ARGUMENT, "no list format of number %d", (int)format);
  if (status == SCRIM_OK)
    *out = list;
  else
    scrim_audio_list_close(list);
  return status;
}

scrim_status audio_list_open_memory(scrim_audio_list **out, const void *bytes, size_t n, scrim_audio_list_format format,
                                    scrim_error *error) {
  *out = NULL;
  bytes_in *in;
  scrim_status status = bytes_in_open_memory(&in, bytes, n, error);
  return status == SCRIM_OK ? audio_list_create(out, in, format, error) : status;
}

scrim_status scrim_audio_list_open(scrim_audio_list **out, const char *path, scrim_audio_list_format format,
                                   scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_list_open: out is NULL");
  *out = NULL;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_list_open: path is NULL");
  bytes_in *in;
  scrim_status status = bytes_in_open(&in, path, error);
  if (status != SCRIM_OK) return status;
  return audio_list_create(out, in, format == SCRIM_AUDIO_LIST_AUTO ? audio_list_by_name(path) : format, error);
}

void scrim_audio_list_close(scrim_audio_list *list) {
  if (list == NULL) return;
  bytes_in_close(list->in);
  memory_free(list->text);
  memory_free(list);
}

/* ---- reading ---- */

/* The next entry that ends with a NUL, or with the input. */
static scrim_status audio_list_until_nul(scrim_audio_list *list, bytes_line *line, scrim_error *error) {
  scrim_status status = bytes_in_peek(list->in, AUDIO_LIST_PATH, &line->text, &line->n, error);
  if (status != SCRIM_OK) return status;
  const char *end = memchr(line->text, '\0', line->n);
  if (end != NULL) line->n = (size_t)(end - line->text);
  line->taken = line->n + (end != NULL);
  return SCRIM_OK;
}

/* Copies the next entry's bytes to list->text; *n is their number, *found = 0 at the end. */
static scrim_status audio_list_take(scrim_audio_list *list, size_t *n, int *found, scrim_error *error) {
  bytes_line line = {.text = NULL};
  list->line++;
  scrim_status status = list->format->end == '\n' ? bytes_in_line(list->in, AUDIO_LIST_LINE, &line, error)
                                                  : audio_list_until_nul(list, &line, error);
  *found = status == SCRIM_OK && line.taken > 0;
  if (!*found) return status;
  if (line.n > AUDIO_LIST_LINE) return audio_list_fail(list, SCRIM_E_FORMAT, "longer than 1 MiB", error);
  if (memchr(line.text, '\0', line.n) != NULL)
    return audio_list_fail(list, SCRIM_E_FORMAT, "a NUL within the line: is it a list of format nul?", error);
  memcpy(list->text, line.text, line.n);
  list->text[line.n] = '\0';
  *n = line.n;
  bytes_in_skip(list->in, line.taken);
  return SCRIM_OK;
}

/* What a shell or a toolkit would run, or take for standard input, is not a file. */
static scrim_status audio_list_check(const scrim_audio_list *list, const scrim_audio_entry *entry, scrim_error *error) {
  const size_t n = strlen(entry->path);
  if (n >= AUDIO_LIST_PATH) return audio_list_fail(list, SCRIM_E_FORMAT, "a path of more than 4095 bytes", error);
  if (entry->path[0] == '|' || entry->path[n - 1] == '|')
    return audio_list_fail(list, SCRIM_E_UNSUPPORTED, "a command, which is never run: write its output to a file",
                           error);
  if (strcmp(entry->path, "-") == 0)
    return audio_list_fail(list, SCRIM_E_UNSUPPORTED, "standard input cannot be part of a list", error);
  return SCRIM_OK;
}

scrim_status scrim_audio_list_next(scrim_audio_list *list, scrim_audio_entry *entry, int *found, scrim_error *error) {
  if (list == NULL || entry == NULL || found == NULL)
    return fail(error, SCRIM_E_ARGUMENT, "scrim_audio_list_next: list, entry or found is NULL");
  *entry = (scrim_audio_entry){.path = NULL};
  for (;;) {
    size_t n = 0;
    scrim_status status = audio_list_take(list, &n, found, error);
    if (status == SCRIM_OK && !*found) return SCRIM_OK;
    entry->line = list->line;
    if (status == SCRIM_OK) status = list->format->parse(list, list->text, n, entry, error);
    if (status == SCRIM_OK && entry->path == NULL) continue;
    if (status == SCRIM_OK) status = audio_list_check(list, entry, error);
    *found = status == SCRIM_OK;
    return status;
  }
}
