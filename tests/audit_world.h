/* The small world of attack_world.h as an audit's input, and filters trained on it. */
#ifndef TESTS_AUDIT_WORLD_H
#define TESTS_AUDIT_WORLD_H

#include "attack_world.h"
#include <scrim/filter.h>
#include <scrim/key.h>
#include <scrim/scores.h>

enum { WORLD_REFERENCE = 400 };

static inline scrim_scores_audit world_audit(const world *w) {
  return (scrim_scores_audit){.classes = WORLD_CLASSES,
                              .members = w->target,
                              .member_labels = w->labels,
                              .n_members = WORLD_MEMBERS,
                              .nonmembers = w->target + WORLD_MEMBERS * WORLD_CLASSES,
                              .nonmember_labels = w->labels + WORLD_MEMBERS,
                              .n_nonmembers = WORLD_ROWS - WORLD_MEMBERS,
                              .n_shadows = WORLD_SHADOWS,
                              .shadow_scores = w->shadows,
                              .shadow_in = w->shadow_in,
                              .n_population = WORLD_POPULATION,
                              .shadow_population = w->shadow_population,
                              .population = w->population,
                              .population_labels = w->population_labels,
                              .seed = 1};
}

static inline scrim_key *world_key(unsigned char fill) {
  unsigned char bytes[SCRIM_KEY_BYTES];
  memset(bytes, fill, sizeof bytes);
  scrim_key *key = NULL;
  if (scrim_key_create(&key, bytes, NULL) != SCRIM_OK) abort();
  return key;
}

/* A filter for the world's target: 20 epochs, as the tests are about the audit. setting: "name=value", or NULL. */
static inline scrim_status world_filter(scrim_filter **out, world *w, const scrim_key *key, const char *setting,
                                        scrim_error *error) {
  static float reference[WORLD_REFERENCE * WORLD_CLASSES];
  static int32_t labels[WORLD_REFERENCE];
  for (int i = 0; i < WORLD_REFERENCE; i++) {
    labels[i] = i % WORLD_CLASSES;
    world_answer(w, reference + i * WORLD_CLASSES, labels[i], 2 + world_normal(w));
  }
  scrim_scores_data data = {
      .classes = WORLD_CLASSES, .reference = reference, .n_reference = WORLD_REFERENCE, .reference_labels = labels};
  scrim_config config;
  scrim_status status = scrim_config_init(&config, "scores", error);
  if (status == SCRIM_OK) status = scrim_config_set(&config, "epochs", 20, error);
  if (status == SCRIM_OK && setting) status = scrim_config_parse(&config, setting, error);
  if (status == SCRIM_OK && setting && strcmp(setting, "swap=1") == 0) {
    data.members = w->target;
    data.n_members = WORLD_MEMBERS;
    data.member_labels = w->labels;
    status = scrim_config_set(&config, "swap_rate", 0.3, error);
    /* Finer than usual: with four classes, changes that leave the label alone must still leave the cell. */
    if (status == SCRIM_OK) status = scrim_config_set(&config, "swap_step", 0.1, error);
  }
  const scrim_train_options options = {.seed = 1};
  return status == SCRIM_OK ? scrim_scores_train(out, &data, &config, key, &options, error) : status;
}

#endif
