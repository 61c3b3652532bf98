/*
 * A batch: each recording by itself, on several threads, told about in the order of the list. A recording that fails
 * fails alone.
 */
#ifndef TOOLS_VOICE_BATCH_H
#define TOOLS_VOICE_BATCH_H

#include "voice_files.h"
#include "voice_receipt.h"

typedef struct voice_batch {
  const scrim_filter *filter;
  const scrim_key *key;
  const scrim_config *config;
  const voice_files *files;
  const char *folder;             /* of the outputs; "": a file's name is its whole path, or "-" */
  const voice_receipts *receipts; /* NULL: none are kept */
  int resume;                     /* 1: what has a receipt that holds is not done again */
  int dry_run;                    /* 1: inputs are looked at, nothing is written */
  int keep_tags;
  unsigned jobs; /* threads */
} voice_batch;

typedef struct voice_result {
  scrim_status status;                  /* SCRIM_E_CANCELLED: not done, because the run was stopped */
  int was_kept;                         /* 1: done by an earlier run */
  double seconds;                       /* of sound that was filtered now */
  char *message;                        /* of the error, or NULL */
  char *facts;                          /* as in voice_manifest.h, or NULL */
  char input_digest[SCRIM_DIGEST_TEXT]; /* or "" */
} voice_result;

/* Called from the thread that made the call. */
typedef void (*voice_batch_fn)(size_t index, const voice_result *result, void *context);

/* An error is about the batch as a whole, and then nothing was told. */
scrim_status voice_batch_run(const voice_batch *batch, voice_batch_fn tell, void *context, scrim_error *error);

#endif
