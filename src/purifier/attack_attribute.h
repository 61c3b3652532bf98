/*
 * Attribute inference: a network that reads a private attribute of the person out of the scores that the classifier
 * gives on him, trained on people whose attribute the attacker knows.
 */
#ifndef PURIFIER_ATTACK_ATTRIBUTE_H
#define PURIFIER_ATTACK_ATTRIBUTE_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct attribute_rows {
  const float *scores;      /* [n, K] as the attacker has them */
  const int32_t *attribute; /* [n] 0..values-1 */
  size_t n;
} attribute_rows;

typedef struct attribute_attack {
  size_t classes, values; /* K; values that the attribute can take */
  attribute_rows known;   /* the attacker's own people */
  attribute_rows audited;
  uint64_t seed;
} attribute_attack;

typedef struct attribute_result {
  double accuracy; /* guesses the most likely value */
  /* Mean over values of the share found; guesses the value that the scores raise most above how frequent it is. */
  double balanced_accuracy;
  double auc;         /* one value against the others, mean over the values that the audited rows have; 0.5: nothing */
  double majority;    /* accuracy of always guessing the most frequent value */
  double label_guess; /* accuracy of guessing the most frequent value of the predicted class */
} attribute_result;

scrim_status attack_attribute(attribute_result *result, const attribute_attack *attack, scrim_error *error);

#endif
