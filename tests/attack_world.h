/*
 * A small world with a known leak, for the tests of the attacks: rows of known hardness, a target and shadows that
 * answer softmax(logits), where being trained on a row raises the logit of its true class by `leak`.
 */
#ifndef TESTS_ATTACK_WORLD_H
#define TESTS_ATTACK_WORLD_H

#include "purifier/attack.h"
#include "purifier/metrics.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORLD_CLASSES = 5, WORLD_ROWS = 1600, WORLD_MEMBERS = 800, WORLD_SHADOWS = 8, WORLD_POPULATION = 400 };

typedef struct world {
  uint64_t state;
  int32_t labels[WORLD_ROWS], population_labels[WORLD_POPULATION];
  double hardness[WORLD_ROWS];
  unsigned char open[WORLD_ROWS], member[WORLD_ROWS], shadow_in[WORLD_SHADOWS * WORLD_ROWS];
  float target[WORLD_ROWS * WORLD_CLASSES];
  float shadows[WORLD_SHADOWS * WORLD_ROWS * WORLD_CLASSES];
  float population[WORLD_POPULATION * WORLD_CLASSES];
  float shadow_population[WORLD_SHADOWS * WORLD_POPULATION * WORLD_CLASSES];
  attack_example examples[WORLD_SHADOWS * WORLD_ROWS];
  attack_view view;
} world;

static inline double world_uniform(world *w) {
  w->state = w->state * 6364136223846793005u + 1442695040888963407u;
  return (double)(w->state >> 11) * 0x1p-53;
}

static inline double world_normal(world *w) {
  double u = 1 - world_uniform(w), v = world_uniform(w);
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* One answer [K]: the true class stands `margin` above the rest. */
static inline void world_answer(world *w, float *row, int32_t label, double margin) {
  double logit[WORLD_CLASSES], sum = 0;
  for (int j = 0; j < WORLD_CLASSES; j++) {
    logit[j] = 0.5 * world_normal(w) + (j == label ? margin : 0);
    sum += exp(logit[j]);
  }
  for (int j = 0; j < WORLD_CLASSES; j++) row[j] = (float)(exp(logit[j]) / sum);
}

static inline void world_population(world *w, float *scores) {
  for (int z = 0; z < WORLD_POPULATION; z++)
    world_answer(w, scores + z * WORLD_CLASSES, w->population_labels[z], 2 + world_normal(w));
}

/* Shadow rows as examples, in an order that mixes shadows and rows. */
static inline void world_examples(world *w) {
  enum { N = WORLD_SHADOWS * WORLD_ROWS };
  for (size_t i = 0; i < N; i++) {
    size_t at = i * 7919 % N; /* 7919 is prime and divides N not */
    w->examples[i] = (attack_example){w->shadows + at * WORLD_CLASSES, (uint32_t)(at % WORLD_ROWS),
                                      (int32_t)(at / WORLD_ROWS), w->shadow_in[at]};
  }
}

/* hardness: spread of the rows' own margins, which only shadow models can tell from the leak. The caller frees. */
static inline world *world_make(uint64_t seed, double leak, double hardness) {
  world *w = calloc(1, sizeof *w);
  if (!w) abort();
  w->state = seed * 0x9e3779b97f4a7c15u + 1;
  for (int z = 0; z < WORLD_POPULATION; z++) w->population_labels[z] = z % WORLD_CLASSES;
  for (int i = 0; i < WORLD_ROWS; i++) {
    w->labels[i] = (int32_t)(world_uniform(w) * WORLD_CLASSES);
    w->hardness[i] = 2 + hardness * world_normal(w);
    w->open[i] = 1;
    w->member[i] = i < WORLD_MEMBERS;
    world_answer(w, w->target + i * WORLD_CLASSES, w->labels[i], w->hardness[i] + leak * w->member[i]);
  }
  for (size_t s = 0; s < WORLD_SHADOWS; s++) {
    for (size_t i = 0; i < WORLD_ROWS; i++) {
      size_t at = s * WORLD_ROWS + i;
      w->shadow_in[at] = world_uniform(w) < 0.5;
      world_answer(w, w->shadows + at * WORLD_CLASSES, w->labels[i], w->hardness[i] + leak * w->shadow_in[at]);
    }
    world_population(w, w->shadow_population + s * WORLD_POPULATION * WORLD_CLASSES);
  }
  world_population(w, w->population);
  world_examples(w);
  w->view = (attack_view){.classes = WORLD_CLASSES,
                          .rows = WORLD_ROWS,
                          .n_members = WORLD_MEMBERS,
                          .labels = w->labels,
                          .open = w->open,
                          .target = w->target,
                          .n_shadows = WORLD_SHADOWS,
                          .shadows = w->shadows,
                          .raw_shadows = w->shadows,
                          .shadow_in = w->shadow_in,
                          .n_population = WORLD_POPULATION,
                          .population = w->population,
                          .shadow_population = w->shadow_population,
                          .population_labels = w->population_labels,
                          .n_examples = WORLD_SHADOWS * WORLD_ROWS,
                          .examples = w->examples,
                          .seed = seed};
  return w;
}

/* Runs an attack and measures it on the rows that it scored. */
static inline scrim_status world_attack(world *w, const attack *a, scrim_attack_result *result) {
  static double score[WORLD_ROWS];
  unsigned char scored[WORLD_ROWS], member[WORLD_ROWS];
  memcpy(scored, w->open, sizeof scored);
  scrim_status status = a->run(a, &w->view, score, scored, NULL);
  size_t n = 0;
  for (size_t i = 0; i < WORLD_ROWS; i++) {
    if (!scored[i]) continue;
    score[n] = score[i];
    member[n++] = w->member[i];
  }
  return status == SCRIM_OK ? metrics_attack(result, score, member, n, 1, NULL) : status;
}

/*
 * The attack on eight worlds without a leak. *mean: of the AUCs, whose standard error is 0.005 each way; answers how
 * many intervals cover a half. -1: the attack failed.
 */
static inline int world_without_leak(const attack *a, double hardness, double *mean) {
  int covered = 0;
  *mean = 0;
  for (uint64_t seed = 21; seed < 29; seed++) {
    world *w = world_make(seed, 0, hardness);
    w->view.n_examples = 2000;
    scrim_attack_result r;
    scrim_status status = world_attack(w, a, &r);
    free(w);
    if (status != SCRIM_OK) return -1;
    covered += r.auc.low <= 0.5 && 0.5 <= r.auc.high;
    *mean += r.auc.value / 8;
  }
  return covered;
}

#endif
