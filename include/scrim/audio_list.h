/*
 * scrim/audio_list.h: lists of files of sound, as corpora come with.
 *
 *     plain  a path a line
 *     nul    paths that end with a NUL byte, as `find -print0` writes them
 *     scp    Kaldi's wav.scp: "utterance-id path"
 *     jsonl  NeMo's manifests: an object a line with "audio_filepath", and perhaps "speaker"
 *     tsv    "path<tab>speaker" a line; other columns are not read; a header names the second one "speaker"
 *
 * Lists are data: a command in one (Kaldi's "sox ... |") is refused with its line and never run, and so is what stands
 * for a part of a file (an offset into an archive or into a recording). Lines end with a line feed, or a carriage
 * return and one; empty lines of plain lists are passed over. An entry has at most 4095 bytes of path, a line at most 1
 * MiB.
 *
 * Thread safety: a list belongs to one thread at a time.
 */
#ifndef SCRIM_AUDIO_LIST_H
#define SCRIM_AUDIO_LIST_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum scrim_audio_list_format {
  /* By name: .scp, .jsonl, .json, .tsv; others: nul if the first 64 KiB have a NUL, jsonl after a brace, else plain. */
  SCRIM_AUDIO_LIST_AUTO = 0,
  SCRIM_AUDIO_LIST_PLAIN = 1,
  SCRIM_AUDIO_LIST_NUL = 2,
  SCRIM_AUDIO_LIST_SCP = 3,
  SCRIM_AUDIO_LIST_JSONL = 4,
  SCRIM_AUDIO_LIST_TSV = 5
} scrim_audio_list_format;

/* "plain", "nul", "scp", "jsonl", "tsv" or "auto"; SCRIM_E_PARAM otherwise. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_list_format_parse(scrim_audio_list_format *out, const char *name,
                                                                      scrim_error *error);

typedef struct scrim_audio_entry {
  const char *id;      /* scp: the utterance's; NULL: the list gives none */
  const char *path;    /* as it stands; what a relative one is relative to, the list does not say */
  const char *speaker; /* jsonl, tsv: or NULL */
  int64_t line;        /* where it stands, from 1; nul: which entry */
} scrim_audio_entry;

typedef struct scrim_audio_list scrim_audio_list;

/* "-" is standard input. SCRIM_E_IO, SCRIM_E_MEMORY. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_list_open(scrim_audio_list **out, const char *path,
                                                              scrim_audio_list_format format, scrim_error *error);
/*
 * The next entry, which lives until the next call; *found = 0 at the end. SCRIM_E_FORMAT: no entry of this format;
 * SCRIM_E_UNSUPPORTED: a command, or a part of a file. Both name the line, from 1; error->row counts from 0.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_audio_list_next(scrim_audio_list *list, scrim_audio_entry *entry,
                                                              int *found, scrim_error *error);
SCRIM_API void scrim_audio_list_close(scrim_audio_list *list); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
