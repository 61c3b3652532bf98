/* What the attacks that query the audited system share: a few rows to ask about, since each costs many queries. */
#ifndef PURIFIER_ATTACK_QUERY_H
#define PURIFIER_ATTACK_QUERY_H

#include "core/random.h"
#include "purifier/attack.h"

typedef struct query {
  const attack_view *view;
  size_t n;        /* chosen rows, in random order */
  uint32_t *row;   /* [n] */
  float *scores;   /* [n, K] scratch: what the classifier answers to the copies */
  float *released; /* [n, K] the last answers */
  float *inputs;   /* [n, features] scratch, where there is a classifier; else NULL */
  float *scale;    /* [features] standard deviation of each input feature, likewise */
  float *normal;   /* [QUERY_NORMALS] N(0, 1), drawn once: copies take runs of it from random places */
  random_source *random;
} query;

enum { QUERY_NORMALS = 8191 };

/*
 * Chooses up to `per_kind` open members and as many non-members and clears `scored` of all other rows. query_close is
 * due whether or not this succeeds.
 */
scrim_status query_open(query *q, const attack_view *view, size_t per_kind, const char *purpose, unsigned char *scored,
                        scrim_error *error);
void query_close(query *q);

/* Asks once about each row; every logit of the classifier's answer is moved by size * N(0, 1). Fills released. */
scrim_status query_scores(query *q, double size, scrim_error *error);

/* The same through the classifier, with noise of `size` standard deviations on every input feature. */
scrim_status query_inputs(query *q, double size, scrim_error *error);

/* The label in the i-th answer. */
size_t query_label(const query *q, size_t i);

#endif
