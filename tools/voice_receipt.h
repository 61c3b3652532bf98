/*
 * Receipts: one for each recording that is done, below ".scrim" in the output folder, so that a run that ended early
 * goes on where it was. A receipt is two lines: what is known of the output, as members of a JSON object, and the
 * HMAC-SHA-256, under the key, of that line and of all that the output depends on: the input's digest, its name, the
 * pseudonym, the filter's digest, the settings, the version. So it tells nobody without the key anything about the
 * input, and it holds only as long as nothing of that has changed.
 */
#ifndef TOOLS_VOICE_RECEIPT_H
#define TOOLS_VOICE_RECEIPT_H

#include "voice_files.h"

/* What is the same for the whole batch. */
typedef struct voice_receipts {
  const scrim_key *key;
  const char *folder; /* of the outputs */
  char *settings;     /* version, filter and settings as text */
} voice_receipts;

/* `settings`: free with voice_receipts_close. `filter_digest` as text. */
scrim_status voice_receipts_open(voice_receipts *r, const scrim_key *key, const char *folder, const char *filter_digest,
                                 const scrim_config *config, int keep_tags, scrim_error *error);
void voice_receipts_close(voice_receipts *r);

/* Durable, and under its name in one step; the output must have been both before. */
scrim_status voice_receipt_write(const voice_receipts *r, const voice_file *file, const char *input_digest,
                                 const char *facts, scrim_error *error);

/*
 * *facts becomes the first line, free(), if there is a receipt that holds and the output is still the one it was for;
 * NULL otherwise. Errors: SCRIM_E_MEMORY, or the output cannot be read.
 */
scrim_status voice_receipt_find(const voice_receipts *r, const voice_file *file, const char *input_digest, char **facts,
                                scrim_error *error);

#endif
