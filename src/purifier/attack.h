/*
 * Membership inference attacks: what an attacker sees, and the table of what he can do with it.
 *
 * An attack gives each audited row a number: larger is more likely a member, above 0 is its own verdict "member".
 * Cuts and networks are learned on the attacker's examples, never on the rows that they are scored on.
 *
 * All scores here are probabilities, float32 [.., K], as the attacker sees them: the audited system's after its
 * defence, the shadows' after whatever he passes them through (audit_attacker.c).
 */
#ifndef PURIFIER_ATTACK_H
#define PURIFIER_ATTACK_H

#include <scrim/scores.h>
#include <stddef.h>
#include <stdint.h>

/* One labelled example of the attacker's. */
typedef struct attack_example {
  const float *scores; /* [K] */
  uint32_t row;        /* the audited row that they are about */
  int32_t shadow;      /* the shadow that gave them; -1: the audited classifier itself */
  unsigned char in;    /* 1: the classifier was trained on the row */
} attack_example;

/* The audited system as something to query. */
typedef struct attack_interface {
  scrim_status (*release)(void *state, const float *raw, float *released, size_t n, scrim_error *error);
  void *state;
  const float *raw;           /* [rows, K] what the classifier answers inside; attacks use it only to play queries */
  scrim_classify_fn classify; /* or NULL; answers probabilities */
  void *classify_context;
  size_t features;
  const float *member_inputs, *nonmember_inputs; /* [.., features] */
} attack_interface;

typedef struct attack_view {
  size_t classes;            /* K */
  size_t rows, n_members;    /* audited rows, members first */
  const int32_t *labels;     /* [rows] true classes */
  const unsigned char *open; /* [rows] 1: the row may be scored; the others went into examples or the defence */
  const float *target;       /* [rows, K] released scores */
  attack_interface interface;

  size_t n_shadows;
  const float *shadows;           /* [n_shadows, rows, K] */
  const float *raw_shadows;       /* [n_shadows, rows, K] as the shadows answered, before any defence */
  const unsigned char *shadow_in; /* [n_shadows, rows] */
  size_t n_population;            /* 0: none */
  const float *population;        /* [n_population, K] released scores */
  const float *shadow_population; /* [n_shadows, n_population, K] */
  const int32_t *population_labels;

  size_t n_examples;
  const attack_example *examples; /* in random order; of both kinds */
  uint64_t seed;
} attack_view;

enum {
  ATTACK_NEEDS_SHADOWS = 1,
  ATTACK_NEEDS_CLASSIFIER = 2,
  ATTACK_LEAN = 4, /* among the few that sweeps run */
  ATTACK_ONCE = 8, /* asks the audited system only: run for one attacker, since all would get the same */
  ATTACK_RAW = 16  /* undoes the defence before it compares: run for the attacker who has raw shadow scores */
};

typedef struct attack {
  const char *name;
  unsigned flags;
  int option; /* the attack's own: which statistic, how many queries */
  /* Fills score [rows]. scored [rows] comes as view->open; an attack that queries may clear more. */
  scrim_status (*run)(const struct attack *self, const attack_view *view, double *score, unsigned char *scored,
                      scrim_error *error);
} attack;

/* Ends at an entry whose name is NULL. */
extern const attack attacks[];

scrim_status attack_threshold(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                              scrim_error *error); /* option: a statistic, perhaps ranked */
scrim_status attack_gap(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                        scrim_error *error);
scrim_status attack_network(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                            scrim_error *error); /* option: a network_features */
enum { LIRA_ONLINE = 1, LIRA_RANKED = 2 };
scrim_status attack_lira(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                         scrim_error *error); /* option: these bits */
scrim_status attack_rmia(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                         scrim_error *error);
scrim_status attack_hardness(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                             scrim_error *error); /* option: near copies of each row to ask about */
scrim_status attack_averaging(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                              scrim_error *error); /* option: queries; below 0: of near copies */
scrim_status attack_averaging_lira(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                                   scrim_error *error); /* option: queries */
scrim_status attack_swap(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                         scrim_error *error); /* option: 0 changes scores, 1 changes inputs */
scrim_status attack_boundary(const attack *self, const attack_view *view, double *score, unsigned char *scored,
                             scrim_error *error);

#endif
