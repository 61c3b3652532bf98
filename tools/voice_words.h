/*
 * How many words a recogniser still understands: pocketsphinx, as Debian has it, with its stock model and grammar of
 * American English. It errs a lot on clean speech; differences count.
 */
#ifndef TOOLS_VOICE_WORDS_H
#define TOOLS_VOICE_WORDS_H

#include "program.h"
#include <stddef.h>

typedef struct voice_words {
  size_t words, errors; /* said; insertions, deletions and substitutions */
} voice_words;

/* Where clip `clip` of a system waits to be recognised. `path` has 256 bytes. */
void voice_words_path(char *path, const program_folder *folder, const char *system, size_t clip);

/* Writes x [n] at 16 kHz there; 0 if it cannot. Threads may keep different clips at once. */
int voice_words_keep(const program_folder *folder, const char *system, size_t clip, const float *x, size_t n);

/* Recognises all clips of a system and holds them against `texts` [n]; NULL or empty ones do not count. */
scrim_status voice_words_count(voice_words *out, const program_folder *folder, const char *system,
                               const char *const *texts, size_t n, scrim_error *error);

#endif
