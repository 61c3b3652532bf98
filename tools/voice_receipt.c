#include "voice_receipt.h"
#include "complain.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECEIPT_MAX = 1 << 16 };
static const char output_member[] = "\"output_sha256\": \"";

static scrim_status no_memory(scrim_error *error) {
  return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for a receipt");
}

/* ---- what it binds ---- */

scrim_status voice_receipts_open(voice_receipts *r, const scrim_key *key, const char *folder, const char *filter_digest,
                                 const scrim_config *config, int keep_tags, scrim_error *error) {
  size_t n;
  *r = (voice_receipts){.key = key, .folder = folder};
  FILE *text = open_memstream(&r->settings, &n);
  if (!text) return no_memory(error);
  fprintf(text, "scrim %s\nfilter %s\nkeep-tags %d\n", scrim_version(), filter_digest, keep_tags);
  if (config->device != SCRIM_DEVICE_CPU) fputs("device cuda\n", text); /* it rounds otherwise */
  for (size_t i = 0; i < config->n; i++) fprintf(text, "%s=%.17g\n", config->params[i].name, config->value[i]);
  return fclose(text) == 0 ? SCRIM_OK : no_memory(error);
}

void voice_receipts_close(voice_receipts *r) {
  free(r->settings);
  r->settings = NULL;
}

/* Strings are told apart by their lengths: no two batches make one text. */
static scrim_status make_tag(const voice_receipts *r, const voice_file *file, const char *input_digest,
                             const char *facts, char tag[SCRIM_DIGEST_TEXT], scrim_error *error) {
  const char *const parts[] = {r->settings, file->name, file->speaker, input_digest, facts};
  unsigned char digest[SCRIM_DIGEST_BYTES];
  char *bytes = NULL;
  size_t n = 0;
  FILE *text = open_memstream(&bytes, &n);
  if (!text) return no_memory(error);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    fprintf(text, "%zd %s\n", parts[i] ? (ssize_t)strlen(parts[i]) : -1, parts[i] ? parts[i] : "");
  scrim_status status =
      fclose(text) == 0 ? scrim_digest_keyed(r->key, "Scrim voice receipt", bytes, n, digest, error) : no_memory(error);
  if (status == SCRIM_OK) scrim_digest_print(digest, tag);
  free(bytes);
  return status;
}

/* ---- files ---- */

/* "folder/.scrim/name.receipt" with `ending` after it. free(); NULL: no memory. */
static char *receipt_path(const voice_receipts *r, const voice_file *file, const char *ending) {
  char *folder = voice_files_join(r->folder, ".scrim"), *path = folder ? voice_files_join(folder, file->name) : NULL;
  char *whole = path ? realloc(path, strlen(path) + strlen(ending) + sizeof ".receipt") : NULL;
  if (whole)
    strcat(strcat(whole, ".receipt"), ending);
  else
    free(path);
  free(folder);
  return whole;
}

/* All of the text to the disk, under the name `to` in one step; `draft` is a name of its own beside it. */
static scrim_status replace_file(const char *draft, const char *to, const char *text, scrim_error *error) {
  const size_t n = strlen(text);
  const int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  int done = fd >= 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
  int reason = errno;
  if (fd >= 0 && close(fd) != 0 && done) {
    done = 0;
    reason = errno;
  }
  if (done && rename(draft, to) == 0) return SCRIM_OK;
  if (done) reason = errno;
  if (fd >= 0) unlink(draft);
  return complain_later(error, SCRIM_E_IO, -1, "cannot write '%.150s': %s", to, strerror(reason));
}

scrim_status voice_receipt_write(const voice_receipts *r, const voice_file *file, const char *input_digest,
                                 const char *facts, scrim_error *error) {
  char tag[SCRIM_DIGEST_TEXT], ending[40];
  snprintf(ending, sizeof ending, ".%ld.tmp", (long)getpid());
  char *path = receipt_path(r, file, ""), *draft = receipt_path(r, file, ending);
  char *text = malloc(strlen(facts) + SCRIM_DIGEST_TEXT + 3);
  scrim_status status = path && draft && text ? SCRIM_OK : no_memory(error);
  if (status == SCRIM_OK) status = make_tag(r, file, input_digest, facts, tag, error);
  if (status == SCRIM_OK) status = voice_files_make_folders(path, error);
  if (status == SCRIM_OK) {
    sprintf(text, "%s\n%s\n", facts, tag);
    status = replace_file(draft, path, text, error);
  }
  free(path);
  free(draft);
  free(text);
  return status;
}

/* ---- finding one that holds ---- */

/* NULL: there is none, or it is not two lines. free() */
static char *read_receipt(const char *path, char **tag) {
  FILE *file = fopen(path, "r");
  char *text = file ? calloc(1, RECEIPT_MAX) : NULL;
  if (text && fread(text, 1, RECEIPT_MAX - 1, file) == 0) *text = '\0';
  if (file) fclose(file);
  char *end = text ? strchr(text, '\n') : NULL;
  if (end && strlen(end + 1) == SCRIM_DIGEST_TEXT && end[SCRIM_DIGEST_TEXT] == '\n') {
    *end = end[SCRIM_DIGEST_TEXT] = '\0';
    *tag = end + 1;
    return text;
  }
  free(text);
  return NULL;
}

/* 1: the file has the digest that the facts name. */
static scrim_status check_output(const voice_receipts *r, const voice_file *file, const char *facts, int *holds,
                                 scrim_error *error) {
  const char *member = strstr(facts, output_member);
  unsigned char digest[SCRIM_DIGEST_BYTES];
  char text[SCRIM_DIGEST_TEXT];
  char *path = voice_files_join(r->folder, file->name);
  if (!path) return no_memory(error);
  scrim_status status = SCRIM_OK;
  *holds = member != NULL && access(path, F_OK) == 0;
  if (*holds) {
    status = scrim_digest_file(path, digest, error);
    scrim_digest_print(digest, text);
    *holds = status == SCRIM_OK && strncmp(member + sizeof output_member - 1, text, strlen(text)) == 0;
  }
  free(path);
  return status;
}

scrim_status voice_receipt_find(const voice_receipts *r, const voice_file *file, const char *input_digest, char **facts,
                                scrim_error *error) {
  char wanted[SCRIM_DIGEST_TEXT], *tag = NULL;
  char *path = receipt_path(r, file, "");
  *facts = NULL;
  if (!path) return no_memory(error);
  char *text = read_receipt(path, &tag);
  free(path);
  if (!text) return SCRIM_OK;
  int holds = 0;
  scrim_status status = make_tag(r, file, input_digest, text, wanted, error);
  if (status == SCRIM_OK && strcmp(wanted, tag) == 0) status = check_output(r, file, text, &holds, error);
  if (holds)
    *facts = text;
  else
    free(text);
  return status;
}
