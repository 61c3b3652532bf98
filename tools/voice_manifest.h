/* What a batch did, as JSON: a line for each recording. Nothing in it is secret but what it is about. */
#ifndef TOOLS_VOICE_MANIFEST_H
#define TOOLS_VOICE_MANIFEST_H

#include "voice_files.h"
#include "voice_pass.h"
#include <stdio.h>

/* What is known of an output, as members of an object on one line; always the same. free(); NULL: no memory. */
char *voice_manifest_facts(const voice_facts *facts, const char *output_digest);

typedef struct voice_entry {
  const voice_file *file;
  const char *folder;        /* of the outputs */
  const char *status;        /* "done", "failed", "planned" */
  const char *filter_digest; /* these may be NULL */
  const char *input_digest;
  const char *facts;
  const char *message;
} voice_entry;

void voice_manifest_print(FILE *to, const voice_entry *entry);

#endif
