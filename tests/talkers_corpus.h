/* A corpus of talkers in memory, for what trains on speech. */
#ifndef TESTS_TALKERS_CORPUS_H
#define TESTS_TALKERS_CORPUS_H

#include "core/memory.h"
#include "talkers_world.h"
#include "voice_deid/speech_corpus.h"

/* `speakers` talkers with two clips of n samples each, no rooms; freed with speech_corpus_free. 0: out of memory. */
static inline int talkers_corpus(speech_corpus *c, size_t speakers, size_t n) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  float *x = memory_alloc(n * sizeof *x);
  *c = (speech_corpus){.n_speakers = speakers, .n_clips = 2 * speakers};
  c->speaker = memory_zalloc(speakers, sizeof *c->speaker);
  c->first = memory_zalloc(speakers + 1, sizeof *c->first);
  c->clips = memory_zalloc(2 * speakers, sizeof *c->clips);
  c->room = memory_zalloc(1, sizeof *c->room);
  int made = x && c->speaker && c->first && c->clips && c->room;
  for (size_t i = 0; made && i < 2 * speakers; i++) {
    c->clips[i] = (speech_clip){memory_alloc(n * sizeof(int16_t)), n};
    made = c->clips[i].samples != NULL;
    talkers_speak((int)(i / 2), (unsigned)i, x, n);
    for (size_t k = 0; made && k < n; k++) c->clips[i].samples[k] = (int16_t)(32767 * x[k]);
    c->speaker[i / 2] = names[i / 2];
    c->first[i / 2 + 1] = i + 1;
  }
  memory_free(x);
  return made;
}

#endif
