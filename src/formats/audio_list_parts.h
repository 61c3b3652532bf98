/* A list of files of sound, and the readers of its formats; audio_list.c chooses among them. */
#ifndef FORMATS_AUDIO_LIST_PARTS_H
#define FORMATS_AUDIO_LIST_PARTS_H

#include "formats/bytes_in.h"
#include <scrim/audio_list.h>

enum { AUDIO_LIST_LINE = 1 << 20, AUDIO_LIST_PATH = 4096 /* with the NUL */ };

typedef struct audio_list_format {
  scrim_audio_list_format format;
  const char *name;
  char end; /* of an entry: '\n' (and "\r\n"), or NUL */
  /*
   * Reads text [n], which it may change and which has a NUL after it, into *entry, whose strings may point into it. An
   * entry without a path is none and is passed over.
   */
  scrim_status (*parse)(scrim_audio_list *list, char *text, size_t n, scrim_audio_entry *entry, scrim_error *error);
} audio_list_format;

struct scrim_audio_list {
  bytes_in *in;
  const audio_list_format *format;
  int64_t line; /* of the entry being read, from 1 */
  char *text;   /* [AUDIO_LIST_LINE + 1] */
};

extern const audio_list_format audio_list_plain, audio_list_nul, audio_list_scp, audio_list_jsonl, audio_list_tsv;

/* Reads a list that is in memory; the bytes are borrowed. */
scrim_status audio_list_open_memory(scrim_audio_list **out, const void *bytes, size_t n, scrim_audio_list_format format,
                                    scrim_error *error);

/* SCRIM_E_FORMAT or another status, with the place before the words. */
scrim_status audio_list_fail(const scrim_audio_list *list, scrim_status status, const char *what, scrim_error *error);

#endif
