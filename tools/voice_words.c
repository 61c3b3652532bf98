#include "voice_words.h"
#include "complain.h"
#include "wipe.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MODEL "/usr/share/pocketsphinx/model/en-us/"

enum { PATH_BYTES = 256, WORDS_MOST = 1024 };

/* ---- clips ---- */

/* Systems have names with spaces; folders have not. */
static void folder_of(char *path, const program_folder *folder, const char *system) {
  char name[80];
  size_t i = 0;
  for (; system[i] && i + 1 < sizeof name; i++) name[i] = isalnum((unsigned char)system[i]) ? system[i] : '-';
  name[i] = '\0';
  snprintf(path, PATH_BYTES, "%s/%s", folder->path, name);
}

void voice_words_path(char *path, const program_folder *folder, const char *system, size_t clip) {
  folder_of(path, folder, system);
  const size_t length = strlen(path);
  snprintf(path + length, PATH_BYTES - length, "/%zu.raw", clip + 1);
}

int voice_words_keep(const program_folder *folder, const char *system, size_t clip, const float *x, size_t n) {
  char path[PATH_BYTES];
  folder_of(path, folder, system);
  if (mkdir(path, 0700) != 0 && errno != EEXIST) return 0;
  voice_words_path(path, folder, system, clip);
  int16_t *samples = malloc(n * sizeof *samples);
  FILE *to = samples ? fopen(path, "wb") : NULL;
  for (size_t i = 0; to && i < n; i++) samples[i] = (int16_t)lrintf(fmaxf(-1, fminf(1, x[i])) * 32767);
  int is_written = to && fwrite(samples, sizeof *samples, n, to) == n;
  if (to && fclose(to) != 0) is_written = 0;
  if (samples) wipe(samples, n * sizeof *samples);
  free(samples);
  return is_written;
}

/* ---- words ---- */

/* Splits text in place into at most WORDS_MOST words of letters and apostrophes, in small letters. */
static size_t split(char *text, const char **words) {
  size_t n = 0;
  for (char *at = text; *at && n < WORDS_MOST;) {
    while (*at && !isalpha((unsigned char)*at)) at++;
    if (!*at) break;
    words[n++] = at;
    for (; isalpha((unsigned char)*at) || *at == '\''; at++) *at = (char)tolower((unsigned char)*at);
    if (*at) *at++ = '\0';
  }
  return n;
}

/* Least number of insertions, deletions and substitutions that make one list of words of the other. */
static size_t distance(const char **said, size_t n_said, const char **heard, size_t n_heard) {
  size_t row[WORDS_MOST + 1];
  for (size_t j = 0; j <= n_heard; j++) row[j] = j;
  for (size_t i = 1; i <= n_said; i++) {
    size_t above = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n_heard; j++) {
      const size_t replaced = above + (strcmp(said[i - 1], heard[j - 1]) != 0);
      const size_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
      above = row[j];
      row[j] = replaced < shorter + 1 ? replaced : shorter + 1;
    }
  }
  return row[n_heard];
}

/* `line` is "words (clip score)", as the recogniser writes it. */
static scrim_status count_clip(voice_words *out, const char *text, char *line, scrim_error *error) {
  const char *said[WORDS_MOST], *heard[WORDS_MOST];
  char *copy = strdup(text), *end = strrchr(line, '(');
  if (!copy) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for what is said");
  if (end) *end = '\0';
  const size_t n_said = split(copy, said), n_heard = split(line, heard);
  out->words += n_said;
  out->errors += distance(said, n_said, heard, n_heard);
  free(copy);
  return SCRIM_OK;
}

/* ---- the recogniser ---- */

static int counts(const char *text) {
  return text && *text;
}

static scrim_status write_list(const char *path, const char *const *texts, size_t n, scrim_error *error) {
  FILE *to = fopen(path, "w");
  for (size_t i = 0; to && i < n; i++)
    if (counts(texts[i])) fprintf(to, "%zu\n", i + 1);
  if (to && fclose(to) == 0) return SCRIM_OK;
  return complain_later(error, SCRIM_E_IO, -1, "cannot write '%s': %s", path, strerror(errno));
}

static scrim_status read_heard(voice_words *out, const char *path, const char *const *texts, size_t n,
                               scrim_error *error) {
  FILE *from = fopen(path, "r");
  char *line = NULL;
  size_t room = 0;
  if (!from) return complain_later(error, SCRIM_E_IO, -1, "cannot read '%s': %s", path, strerror(errno));
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    if (!counts(texts[i])) continue;
    status = getline(&line, &room, from) >= 0
                 ? count_clip(out, texts[i], line, error)
                 : complain_later(error, SCRIM_E_IO, -1, "pocketsphinx_batch said nothing of clip %zu", i + 1);
  }
  free(line);
  fclose(from);
  return status;
}

scrim_status voice_words_count(voice_words *out, const program_folder *folder, const char *system,
                               const char *const *texts, size_t n, scrim_error *error) {
  char clips[PATH_BYTES], list[PATH_BYTES + 8], heard[PATH_BYTES + 8];
  folder_of(clips, folder, system);
  snprintf(list, sizeof list, "%s/list", clips);
  snprintf(heard, sizeof heard, "%s/heard", clips);
  const char *const words[] = {"pocketsphinx_batch",
                               "-adcin",
                               "yes",
                               "-cepdir",
                               clips,
                               "-cepext",
                               ".raw",
                               "-ctl",
                               list,
                               "-hyp",
                               heard,
                               "-hmm",
                               MODEL "en-us",
                               "-lm",
                               MODEL "en-us.lm.bin",
                               "-dict",
                               MODEL "cmudict-en-us.dict",
                               NULL};
  *out = (voice_words){0};
  scrim_status status = write_list(list, texts, n, error);
  if (status == SCRIM_OK) status = program_run(words, error);
  return status == SCRIM_OK ? read_heard(out, heard, texts, n, error) : status;
}
