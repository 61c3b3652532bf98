/*
 * Training of the target sampler, which targets it may give, and what shows that they are many, plausible and nobody.
 */
#ifndef VOICE_DEID_TARGET_TRAIN_H
#define VOICE_DEID_TARGET_TRAIN_H

#include "voice_deid/target_sampler.h"

/* Embeddings of clips, all encoders' one after the other, each of unit length. */
typedef struct target_data {
  size_t n, speakers;
  const float *rows;     /* [n, width] */
  const int *class;      /* [n] of pitch */
  const size_t *speaker; /* [n] 0..speakers - 1 */
} target_data;

typedef struct target_training {
  size_t epochs;
  double concentration; /* of an encoder's embeddings about what is decoded */
  double near;          /* quantile of the cosines between nearest speakers that no target may exceed to any */
  uint64_t seed;
  const char *checkpoint; /* as for nn_train */
  int resume;
  scrim_progress_fn progress;
  void *progress_context;
  const backend *backend; /* NULL: the CPU's */
} target_training;

/* Cosines are means over encoders; of speakers, those of their mean embeddings. */
typedef struct target_figures {
  double real_nearest[3];                   /* 5, 50 and 95 % of speakers' cosines to the nearest other speaker */
  double drawn_nearest[3];                  /* of drawn targets' to the nearest speaker */
  double bound;                             /* the most that is allowed */
  double allowed;                           /* share of the bank */
  double real_pair, drawn_pair;             /* mean cosine of two */
  double real_dimensions, drawn_dimensions; /* that they spread over: (sum of variances)^2 / sum of their squares */
  double drawn_classes; /* mean cosine of the class means of drawn targets: 1 if the condition says nothing */
  int active;           /* latent units that say something: divergence above 0.05 */
  double divergence;    /* from the prior, nats */
  double validation;    /* mean cosine of held-out speakers' clips to what they are decoded to */
} target_figures;

/* s has its first weights; afterwards it is trained and knows which targets are allowed. 20 speakers at least. */
scrim_status target_train(target_sampler *s, const target_data *data, const target_training *training,
                          target_figures *figures, scrim_error *error);

#endif
