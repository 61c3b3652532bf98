/* Scores of a made-up classifier that is surer of the rows it was trained on, and filters trained on them. */
#ifndef TESTS_SCORE_WORLD_H
#define TESTS_SCORE_WORLD_H

#include <math.h>
#include <scrim/filter.h>
#include <scrim/key.h>
#include <scrim/scores.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCORE_K = 4, SCORE_REFERENCE = 300, SCORE_MEMBERS = 200, SCORE_FRESH = 250 };

typedef struct score_world {
  float reference[SCORE_REFERENCE * SCORE_K], members[SCORE_MEMBERS * SCORE_K], fresh[SCORE_FRESH * SCORE_K];
  int32_t reference_labels[SCORE_REFERENCE], member_labels[SCORE_MEMBERS];
} score_world;

static inline double score_uniform(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) * 0x1p-53;
}

static inline double score_normal(uint64_t *state) {
  const double u = 1 - score_uniform(state), v = score_uniform(state);
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* n rows of probabilities: the true class stands about `margin` above the rest. labels [n] may be NULL. */
static inline void score_rows(uint64_t *state, float *rows, int32_t *labels, size_t n, double margin) {
  for (size_t i = 0; i < n; i++) {
    const int label = (int)(score_uniform(state) * SCORE_K);
    double raised[SCORE_K], sum = 0;
    for (int j = 0; j < SCORE_K; j++)
      sum += raised[j] = exp(score_normal(state) + (j == label) * (margin + score_normal(state)));
    for (int j = 0; j < SCORE_K; j++) rows[i * SCORE_K + (size_t)j] = (float)(raised[j] / sum);
    if (labels != NULL) labels[i] = label;
  }
}

/* The caller frees. */
static inline score_world *score_world_make(void) {
  score_world *w = calloc(1, sizeof *w);
  if (w == NULL) abort();
  uint64_t state = 5;
  score_rows(&state, w->reference, w->reference_labels, SCORE_REFERENCE, 2);
  score_rows(&state, w->members, w->member_labels, SCORE_MEMBERS, 3.5);
  score_rows(&state, w->fresh, NULL, SCORE_FRESH, 2);
  return w;
}

static inline scrim_scores_data score_data(const score_world *w, int with_members) {
  return (scrim_scores_data){.classes = SCORE_K,
                             .reference = w->reference,
                             .n_reference = SCORE_REFERENCE,
                             .reference_labels = w->reference_labels,
                             .members = with_members ? w->members : NULL,
                             .n_members = with_members ? SCORE_MEMBERS : 0,
                             .member_labels = with_members ? w->member_labels : NULL};
}

static inline scrim_key *score_key(unsigned char fill) {
  unsigned char bytes[SCRIM_KEY_BYTES];
  memset(bytes, fill, sizeof bytes);
  scrim_key *key = NULL;
  if (scrim_key_create(&key, bytes, NULL) != SCRIM_OK) abort();
  return key;
}

/* The settings "a=1 b=2"; the later one of two counts. */
static inline scrim_config score_config(const char *settings) {
  scrim_config config;
  char text[256], *rest = NULL;
  snprintf(text, sizeof text, "%s", settings);
  if (scrim_config_init(&config, "scores", NULL) != SCRIM_OK) abort();
  for (char *one = strtok_r(text, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
    if (scrim_config_parse(&config, one, NULL) != SCRIM_OK) abort();
  return config;
}

/* The same for training: a small network and few epochs. */
static inline scrim_config score_quick(const char *settings) {
  char text[256];
  snprintf(text, sizeof text, "hidden1=8 hidden2=8 hidden3=16 epochs=4 %s", settings);
  return score_config(text);
}

static inline const char *score_info(const scrim_filter *filter, const char *wanted) {
  const char *name, *value;
  for (size_t i = 0; scrim_filter_info(filter, i, &name, &value); i++)
    if (strcmp(name, wanted) == 0) return value;
  return NULL;
}

#endif
