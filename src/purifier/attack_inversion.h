/*
 * Adversarial model inversion (Yang et al., CCS 2019): a network that the attacker trains on data of his own to turn
 * scores back into the inputs that gave them.
 */
#ifndef PURIFIER_ATTACK_INVERSION_H
#define PURIFIER_ATTACK_INVERSION_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct inversion inversion;

typedef struct inversion_training {
  size_t classes, features;
  const float
      *scores; /* [n, K] as the attacker has them: raw if he knows of no defence, released if he adapts to one */
  const float *inputs; /* [n, features] what they are the scores of */
  size_t n;
  size_t epochs; /* at most; the best on a tenth of the rows counts. 0: 60 */
  uint64_t seed;
} inversion_training;

scrim_status inversion_create(inversion **out, const inversion_training *training, scrim_error *error);
void inversion_free(inversion *v);

/* scores [n, K] -> inputs [n, features], within the range that each feature had in training. */
scrim_status inversion_run(const inversion *v, const float *scores, size_t n, float *inputs, scrim_error *error);

/*
 * Mean squared error of the inputs rebuilt from `scores`, over rows and features: the larger, the better the defence.
 */
scrim_status inversion_error(const inversion *v, const float *scores, const float *inputs, size_t n, double *mse,
                             scrim_error *error);

#endif
